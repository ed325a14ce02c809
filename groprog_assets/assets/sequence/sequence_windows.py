"""The windows of the genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import sequence as checks
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet"},
    table="sequence_windows",
    sections=("genome.fasta", "sequence"),
    files=("genome.fasta",),
    checks=("no_empty_chromosome",),
)
def sequence_windows(
    study: StudyView, workspace: Workspace, genes: pd.DataFrame, reference_sequence: Document
) -> Materialized:
    """Which genes have a window of known bases around their start, and why the others have none."""
    from groprog_assets.methods.sequence import study_model, windows

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    layout, parameters = study_model.study_layout(study.sequence), study.sequence.parameters
    table = windows.window_table(genes, genome, reference_sequence["names"], layout, parameters)
    return materialized(table, verdicts=[checks.windows(table)], genes_used=int(table["used"].sum()))
