"""What the sequence models read beside the bases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.graph.asset_definition import study_asset
from groprog_assets.graph.materialized import Materialized, materialized
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import StudyView

if TYPE_CHECKING:
    import pandas as pd


@study_asset(
    group="sequence",
    kinds={"numpy"},
    sections=("sequence", "marks"),
    files=("sequence.side.table", "marks.bigwig"),
)
def sequence_side(study: StudyView, sequence_windows: pd.DataFrame) -> Materialized:
    """Numbers of the study's side table and chromatin tracks along the windows, of the genes that are used; made where the study
    asks for either."""
    from groprog_assets.methods.sequence import side, study_model

    genes = sequence_windows[sequence_windows["used"]].reset_index(drop=True)
    made = side.study_side(study.sequence, study.marks, genes, study_model.study_layout(study.sequence))
    value = Bundle({"inputs": made.inputs._asdict(), "described": made.described})
    return materialized(value, columns=len(made.described["columns"]), channels=len(made.described["channels"]))
