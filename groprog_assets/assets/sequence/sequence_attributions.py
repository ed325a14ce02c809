"""Contributions of bases to predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import sequence_explanations as checks
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document, Progress

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet", "bigwig"},
    tables={"table": "sequence_attributions"},
    sections=("genome.fasta", "sequence"),
    files=("genome.fasta",),
    checks=("contributions_sum_to_prediction",),
)
def sequence_attributions(
    study: StudyView,
    workspace: Workspace,
    progress: Progress,
    gene_models: Bundle,
    sequence_windows: pd.DataFrame,
    sequence_splits: Bundle,
    sequence_model: Bundle,
    reference_sequence: Document,
    sequence_side: Bundle | None,
) -> Materialized:
    """What each base around a start adds to the predictions, by models that never saw the gene's chromosome; a track a task."""
    from groprog_assets.methods.sequence import explanations, side, study_model
    from groprog_assets.prognosis.sequence_rungs import stored_model

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    genes, codes = study_model.used_windows(sequence_windows, genome, reference_sequence, study.sequence)
    genes = genes.assign(fold=sequence_splits.table["fold"].to_numpy())
    model = stored_model(sequence_model)
    made = explanations.study_attributions(
        model, genes, codes, gene_models.chrom_sizes, progress, side.stored_side(sequence_side)
    )
    tracks = Bundle({task: Blob(content, ".bw") for task, content in made.tracks.items()})
    value = Bundle({"table": made.table, "tracks": tracks, "summary": made.summary})
    return materialized(value, verdicts=[checks.attributions(made.summary)], tracks=len(made.tracks))
