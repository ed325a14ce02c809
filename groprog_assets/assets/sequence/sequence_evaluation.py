"""How well sequence predicts transcription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.report import plots
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet"},
    tables={"metrics": "sequence_metrics", "words": "sequence_words", "windows": "sequence_window_ablation"},
    sections=("genome.fasta", "sequence"),
    files=("genome.fasta",),
)
def sequence_evaluation(
    study: StudyView,
    workspace: Workspace,
    sequence_windows: pd.DataFrame,
    sequence_targets: Bundle,
    sequence_splits: Bundle,
    sequence_model: Bundle,
    reference_sequence: Document,
) -> Materialized:
    """Metrics of every rung with intervals, beside the random split; words that go with the targets, on training and test
    genes; what each stretch of the window is worth."""
    from groprog_assets.methods.sequence import splits, study_model

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    genes, codes = study_model.used_windows(sequence_windows, genome, reference_sequence, study.sequence)
    held = splits.restored(sequence_splits)
    model = study_model.StudyModel(**sequence_model)
    made = study_model.evaluate_study(model, genes, codes, held, sequence_targets.tasks, study.sequence)
    return materialized(made, plot=plots.sequence_evaluation(made), **study_model.headline(made))
