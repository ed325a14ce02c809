"""The figures of the nascent libraries: reads to key loci."""

from __future__ import annotations

from typing import Any

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView


@study_asset(group="report", kinds={"png", "svg"}, sections=("libraries", "contrast"))
def nascent_figures(
    study: StudyView,
    read_quality: dict[str, Any],
    filtered_alignments: dict[str, Bundle],
    transcript_hmm: Bundle,
    transcript_density: Bundle,
    tss_profile: Bundle,
    genes: Any,
    differential_transcription: Bundle,
    pausing: Bundle,
    enrichment: Bundle,
    loci: Bundle,
    chromatin_signal: Any,
    gene_signal: Any,
) -> Materialized:
    """The paper's figures 2 to 9 and what stands beside them, each as PNG and SVG; none needs a cohort."""
    from groprog_assets.report.figure_list import drawn, nascent_drawings

    values = {name: value for name, value in locals().items() if name not in ("study", "drawn", "nascent_drawings")}
    images = drawn(nascent_drawings(study, values))
    return materialized(images, figures=len(images.png))
