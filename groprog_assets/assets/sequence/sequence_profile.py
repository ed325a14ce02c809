"""Where the reads of a gene's start fall, base by base."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.checks import sequence as checks
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
    tables={"metrics": "sequence_profile_metrics", "genes": "sequence_profile_genes"},
    sections=("genome.fasta", "libraries", "contrast", "sequence"),
    files=("genome.fasta",),
    checks=("profile_beats_mean_profile",),
)
def sequence_profile(
    study: StudyView,
    workspace: Workspace,
    pool: Pool,
    progress: Progress,
    scratch: Path,
    sequence_windows: pd.DataFrame,
    sequence_splits: Bundle,
    sequence_targets: Bundle,
    reference_sequence: Document,
    filtered_alignments: dict[str, Bundle],
) -> Materialized:
    """The profile of reads around the start of every gene by a net that never saw its chromosome, beside the mean profile and the
    replicates."""
    from groprog_assets.compute.shards.sequence_profile import on_pool
    from groprog_assets.methods.sequence import splits, study_model
    from groprog_assets.prognosis.sequence_profile import judged_profiles, judged_trunks, profile_inputs

    genome = study_model.genome_of(study.genome.fasta, reference_sequence, workspace)
    genes = sequence_windows[sequence_windows["used"]].reset_index(drop=True)
    held, parameters = splits.restored(sequence_splits), study.sequence.parameters
    positions = {library: item.positions for library, item in filtered_alignments.items()}
    given = (positions, study.libraries, study.contrast.control, parameters.nets)
    inputs = profile_inputs(genes, genome, reference_sequence["names"], *given)
    targets = sequence_targets["values"].drop(columns="gene")
    found = on_pool(pool, inputs, targets.to_numpy(float), held, parameters, Here(progress, scratch))
    made = judged_profiles(inputs, genes, held, found.predicted["profile"], parameters)
    made.summary.update(judged_trunks(targets, found.values, found.choices, held))
    nets = {f"fold{fold}": arrays for fold, arrays in enumerate(found.weights)}
    value = Bundle({**made._asdict(), "predicted": found.predicted, **nets})
    return materialized(value, verdicts=[checks.profile(made.summary)], windows=made.summary["windows"])
