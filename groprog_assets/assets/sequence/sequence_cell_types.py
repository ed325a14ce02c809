"""How well a cell type is predicted from others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document, Progress

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet", "torch"},
    tables={"table": "sequence_cell_types"},
    sections=("genome.fasta", "sequence", "marks"),
    files=("genome.fasta", "sequence.aliases", "marks.bigwig"),
)
def sequence_cell_types(
    study: StudyView,
    workspace: Workspace,
    pool: Pool,
    progress: Progress,
    scratch: Path,
    sequence_windows: pd.DataFrame,
    sequence_targets: Bundle,
    sequence_splits: Bundle,
    reference_sequence: Document,
) -> Materialized:
    """Each cell type by nets that learnt the targets of the others, with and without an adversarial head; made where the study
    names cell types."""
    from groprog_assets.compute.shards.sequence_cell_types import on_pool
    from groprog_assets.methods.sequence import cell_types, splits, study_model

    section, held = study.sequence, splits.restored(sequence_splits)
    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    genes, codes = study_model.used_windows(sequence_windows, genome, reference_sequence, section)
    inputs = cell_types.cell_type_inputs(genes, codes, sequence_targets["values"], study.marks, section)
    names = [kind.name for kind in section.cell_types]
    predicted = on_pool(pool, *inputs[:3], names, held, section.parameters, Here(progress, scratch))
    table = cell_types.judged_cell_types(inputs, genes, predicted, section.cell_types, held, section)
    return materialized(
        Bundle({"table": table, "predicted": predicted, "summary": {"view": inputs.view}}), cell_types=len(names)
    )
