"""What the sequence half says of each gene, for the risk model."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    table="sequence_descriptors",
    sections=("genome.fasta", "sequence", "parameters.descriptors"),
    files=("genome.fasta", "sequence.pretrained.tables"),
)
def sequence_descriptors(
    study: StudyView,
    workspace: Workspace,
    genes: pd.DataFrame,
    sequence_embedding: Bundle,
    sequence_windows: pd.DataFrame,
    reference_sequence: Document,
) -> Materialized:
    """Vectors of all genes as descriptors of the signature: this study's where `parameters.descriptors.sequence` asks for them,
    and those of `sequence.pretrained`."""
    from groprog_assets.methods.sequence import embedding, pretrained, study_model

    names = genes["gene"].tolist()
    tasks = list(sequence_embedding.summary["tasks"])
    asked = study.parameters.descriptors.sequence
    table = embedding.descriptors(names, sequence_embedding.table, tasks) if asked else embedding.without_vectors(names)
    if study.sequence.pretrained:
        genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
        used, codes = study_model.used_windows(sequence_windows, genome, reference_sequence, study.sequence)
        windows = pretrained.window_hashes(used["gene"].tolist(), codes)
        table = table.join(pretrained.pretrained_descriptors(study.sequence.pretrained, names, windows))
    return materialized(
        table, genes=len(table), missing=int(table["sequence_missing"].sum()), columns=table.shape[1] - 1
    )
