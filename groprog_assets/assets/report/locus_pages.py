"""Interactive pages of the key loci."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="report",
    kinds={"html"},
    sections=("contrast", "genome"),
    files=("genome.annotation",),
    code_files=("groprog_assets/figures/templates/locus.html", "groprog_assets/figures/templates/igv"),
)
def locus_pages(
    study: StudyView,
    loci: Bundle,
    genes: pd.DataFrame,
    gene_models: Bundle,
    initiation_regions: Bundle,
    transcripts: pd.DataFrame,
) -> Materialized:
    """Figures 7 and 8 as interactive pages, one a locus, each with its data and its program inside (igv.js)."""
    from groprog_assets.figures.locus_page import extents
    from groprog_assets.figures.locus_page import locus_pages as drawn
    from groprog_assets.methods.annotation.exons import Place, with_exons

    contrast = (study.contrast.control, study.contrast.treatment)
    given = (loci.table, loci.tracks, loci.fine, genes, gene_models.chrom_sizes, contrast, study.genome.name)
    places = [Place(*extent) for extent in extents(loci.table, loci.tracks).values()]
    annotated = with_exons(study.genome.annotation, gene_models.transcripts, places)
    found = drawn(*given, initiation_regions.table, loci.libraries, transcripts, annotated)
    pages = Bundle({name: Blob(page, ".html") for name, page in found.items()})
    return materialized(pages, pages=len(pages))
