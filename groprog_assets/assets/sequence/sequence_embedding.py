"""Vectors of genes from their sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import sequence_explanations as checks
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet"},
    tables={"table": "sequence_embedding"},
    sections=("genome.fasta", "sequence"),
    files=("genome.fasta",),
    checks=("embedding_does_not_repeat_targets",),
)
def sequence_embedding(
    study: StudyView,
    workspace: Workspace,
    sequence_windows: pd.DataFrame,
    sequence_model: Bundle,
    reference_sequence: Document,
) -> Materialized:
    """Out-of-fold predictions and k-mer axes of each gene, 16 numbers; whether they tell more of its measured values than a model
    that never saw it."""
    from groprog_assets.methods.sequence import embedding, explanations, study_model, windows

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    genes, codes = study_model.used_windows(sequence_windows, genome, reference_sequence, study.sequence)
    card = sequence_model.summary["card"]
    view = explanations.explained_view_of(card["views"])
    rows = sequence_model.predictions
    rows = rows[(rows["view"] == view) & (rows["rung"] == card["champions"][view])]
    layout = windows.view_layout(study_model.study_layout(study.sequence), view, study.sequence.parameters)
    made = embedding.gene_embedding(
        genes["gene"].tolist(), codes[:, : layout.width], layout, rows, card["tasks"], study.sequence.parameters
    )
    verdicts = [checks.embedding(made.summary)]
    return materialized(Bundle(made._asdict()), verdicts=verdicts, excess=made.summary["excess"])
