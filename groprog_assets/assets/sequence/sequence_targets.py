"""What the sequence models predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks import sequence as checks
from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"parquet"},
    tables={"values": "sequence_targets", "tasks": "sequence_tasks"},
    sections=("libraries", "contrast", "sequence"),
    files=("sequence.targets.table",),
    checks=("replicates_agree",),
)
def sequence_targets(
    study: StudyView,
    sequence_windows: pd.DataFrame,
    filtered_alignments: dict[str, Bundle],
    library_sizes: pd.DataFrame,
    gene_differential: Bundle,
) -> Materialized:
    """Densities of body, start and divergent antisense by condition and their changes; or the values of the study's table."""
    from groprog_assets.methods.sequence import targets as method

    positions = {library: item.positions for library, item in filtered_alignments.items()}
    sizes = dict(zip(library_sizes["library"], library_sizes["size"].astype(float), strict=True))
    used = sequence_windows[sequence_windows["used"]].reset_index(drop=True)
    made = method.study_targets(
        study.sequence, positions, study.libraries, study.contrast, sizes, used, gene_differential.table
    )
    batches = {} if made.batches is None else {"batches": made.batches._asdict()}
    value = Bundle({"values": made.values, "tasks": made.tasks, **batches})
    return materialized(value, verdicts=[checks.targets(made.tasks)], tasks_kept=int(made.tasks["kept"].sum()))
