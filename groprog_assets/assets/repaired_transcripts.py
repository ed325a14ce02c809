"""Transcription units mended with the annotation, for those who want them to follow genes."""

from __future__ import annotations

from typing import Any

from groprog_assets.artifacts import Bundle
from groprog_assets.asset_definition import study_asset
from groprog_assets.results import Materialized, materialized
from groprog_assets.workspace import StudyView


@study_asset(
    group="transcription", kinds={"parquet"}, table="repaired_transcripts", sections=("parameters.annotation",)
)
def repaired_transcripts(
    study: StudyView,
    transcripts: Any,
    transcript_hmm: Bundle,
    coverage: dict[str, Any],
    filtered_alignments: dict[str, Bundle],
    gene_models: Bundle,
) -> Materialized:
    """Units broken where they run over several genes and combined where a gene is under several, each with what was done."""
    from groprog_assets.methods import repaired_transcripts as method

    table = method.repaired_transcripts(
        transcripts,
        gene_models.consensus,
        coverage,
        {library: item.positions for library, item in filtered_alignments.items()},
        transcript_hmm.fit,
        gene_models.chrom_sizes,
        study.parameters.annotation,
    )
    done = table["status"].value_counts()
    return materialized(
        table, units=len(table), broken=int(done.get("broken", 0)), combined=int(done.get("combined", 0))
    )
