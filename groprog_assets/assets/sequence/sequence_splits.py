"""Folds for the sequence models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import sequence as checks
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
    tables={"table": "sequence_splits"},
    sections=("genome.fasta", "sequence"),
    files=("genome.fasta", "sequence.families", "sequence.contacts", "sequence.aliases"),
    blocking=("no_component_crosses",),
)
def sequence_splits(
    study: StudyView, workspace: Workspace, sequence_windows: pd.DataFrame, reference_sequence: Document
) -> Materialized:
    """Folds of whole chromosomes; genes that overlap, share sequence, a family or a distal fragment never stand on both
    sides."""
    from groprog_assets.methods.sequence import splits as method
    from groprog_assets.methods.sequence import study_model

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    genes, codes = study_model.used_windows(sequence_windows, genome, reference_sequence, study.sequence)
    families = method.read_families(study.sequence.families)
    fragments = study_model.used_fragments(genes, genome, reference_sequence, study.sequence)
    layout, sharing = study_model.study_layout(study.sequence), study_model.shared_fragments(fragments, study.sequence)
    made = method.make_splits(genes, codes, layout, study.sequence.parameters, families, sharing)
    value = Bundle(method.stored(made))
    return materialized(value, verdicts=[checks.splits(method.crossing(made), len(made.roles))], folds=len(made.roles))
