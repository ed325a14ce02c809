"""The ladder of sequence models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.checks import sequence as checks
from groprog_assets.compute.compute_pool import Here, Pool
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.tables.values import Document, Progress

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet", "safetensors"},
    tables={"predictions": "sequence_predictions", "random": "sequence_predictions", "links": "sequence_links"},
    sections=("genome.fasta", "sequence"),
    files=("genome.fasta", "sequence.motifs", "sequence.contacts", "sequence.aliases"),
    checks=("predictions_vary", "champion_beats_mean"),
)
def sequence_model(
    study: StudyView,
    workspace: Workspace,
    pool: Pool,
    progress: Progress,
    scratch: Path,
    sequence_windows: pd.DataFrame,
    sequence_targets: Bundle,
    sequence_splits: Bundle,
    reference_sequence: Document,
    sequence_side: Bundle | None,
) -> Materialized:
    """Every rung of the ladder on genes whose chromosome it never saw, the champion of each view, and its files."""
    from groprog_assets.compute.shards.sequence_net import fitter_of
    from groprog_assets.methods.sequence import batches, side, splits, study_model
    from groprog_assets.prognosis.sequence_rungs import every_rung

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    genes, codes = study_model.used_windows(sequence_windows, genome, reference_sequence, study.sequence)
    held = splits.restored(sequence_splits)
    made = study_model.fit_study(
        genes,
        codes,
        sequence_targets["values"],
        held,
        study.sequence,
        reference_sequence,
        progress,
        every_rung,
        fitter_of(pool, Here(progress, scratch)),
        study_model.used_fragments(genes, genome, reference_sequence, study.sequence),
        side.stored_side(sequence_side),
        batches.stored_batches(sequence_targets.get("batches")),
    )
    files = Bundle({name: Blob(content, f".{name.rpartition('.')[2]}") for name, content in made.files.items()})
    verdicts = checks.models(made.summary["views"], study_model.MINIMUM_SPREAD)
    champions = made.summary["card"]["champions"]
    return materialized(Bundle({**made._asdict(), "files": files}), verdicts=verdicts, **champions)
