"""The figures of the nascent libraries: reads to key loci."""

from __future__ import annotations

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(
    group="report",
    kinds={"png", "svg"},
    sections=(
        *("libraries", "contrast", "compare_with_paper"),
        *("parameters.differential", "parameters.enrichment", "parameters.initiation"),
    ),
    gathered=(
        *("read_quality", "filtered_alignments", "transcript_hmm", "transcript_density", "tss_profile", "genes"),
        *("differential_transcription", "pausing", "enrichment", "loci", "chromatin_signal", "gene_signal"),
        *("library_similarity", "initiation_regions", "differential_initiation"),
    ),
    unread=("filtered_alignments",),
)
def nascent_figures(study: StudyView, values: Bundle) -> Materialized:
    """The paper's figures 2 to 9 and what stands beside them, each as PNG and SVG; none needs a cohort."""
    from groprog_assets.report.figure_list import drawn, nascent_drawings

    images = drawn(nascent_drawings(study, values))
    return materialized(images, figures=len(images.png))
