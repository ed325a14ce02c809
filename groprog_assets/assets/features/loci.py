"""Key loci (figures 7 and 8) and the positive control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import positive_control as check
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored, tables_in_sequences
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="features",
    kinds={"parquet"},
    tables={"table": "loci", "tracks": "locus_tracks", "fine": "locus_tracks", "libraries": "library_tracks"},
    sections=("loci", "signature_target", "libraries", "contrast", "marks", "parameters.loci", "parameters.initiation"),
    files=("marks.bigwig",),
    checks=("positive_control", "named_regions"),
    unread=("filtered_alignments",),
)
def loci(
    study: StudyView,
    filtered_alignments: dict[str, Stored],
    genes: pd.DataFrame,
    gene_models: Bundle,
    library_sizes: pd.DataFrame,
    initiation_regions: Bundle,
) -> Materialized:
    """Signal of each key locus per condition and strand, whether it can be trusted, and the target's rise."""
    from groprog_assets.methods.features import loci as method
    from groprog_assets.methods.reads.library_sizes import spike_in_sizes

    positions = tables_in_sequences(filtered_alignments, "positions")
    result = method.loci(
        study.loci,
        study.signature_target,
        positions,
        study.libraries,
        study.contrast,
        genes,
        gene_models.masks,
        study.marks,
        gene_models.chrom_sizes,
        study.parameters.loci,
        spike_in_sizes(library_sizes),
        initiation_regions.table,
        study.parameters.initiation.counting_window,
    )
    return materialized(
        result,
        plot=plots.loci(result, genes, study.contrast) if len(result.table) else None,
        verdicts=[check.positive_control(result.summary), check.named_regions(result.summary)],
        loci=int(result.table["locus"].nunique()),
    )
