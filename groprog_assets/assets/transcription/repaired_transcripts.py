"""Transcription units repaired with the annotation, so that they follow genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.wire_format import Stored, tables_in_sequences
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="transcription",
    kinds={"parquet"},
    tables={"table": "repaired_transcripts", "counts": "transcript_counts"},
    sections=("parameters.annotation", "parameters.differential"),
    unread=("coverage", "filtered_alignments"),
)
def repaired_transcripts(
    study: StudyView,
    transcripts: pd.DataFrame,
    transcript_hmm: Bundle,
    coverage: dict[str, Stored],
    filtered_alignments: dict[str, Stored],
    gene_models: Bundle,
) -> Materialized:
    """Units broken where they run over several genes and combined where a gene is under several, each with what was done; and
    their reads in every library, counted as those of the called units."""
    from groprog_assets.methods.transcription import repaired_transcripts as method

    repaired = method.repaired_transcripts(
        transcripts,
        gene_models.consensus,
        tables_in_sequences(coverage),
        tables_in_sequences(filtered_alignments, "positions"),
        transcript_hmm.fit,
        gene_models.chrom_sizes,
        study.parameters.annotation,
        study.parameters.differential,
    )
    done = repaired.table["status"].value_counts()
    return materialized(
        repaired,
        units=len(repaired.table),
        broken=int(done.get("broken", 0)),
        combined=int(done.get("combined", 0)),
    )
