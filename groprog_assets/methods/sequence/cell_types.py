"""Cell types of a study's targets: what is read of each, and how well each is predicted from the others. Tables in and out."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as TypingSequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import ModelError, Problem
from groprog_assets.methods.sequence.metrics import block_weights, interval, resampled_r, task_metrics
from groprog_assets.methods.sequence.side import channel_tracks
from groprog_assets.methods.sequence.splits import Splits
from groprog_assets.methods.sequence.study_model import study_layout
from groprog_assets.methods.sequence.windows import view_layout
from groprog_assets.study.schema import Mark
from groprog_assets.study.sequence_study import CellType, Sequence
from groprog_assets.tables import conform


class CellTypeInputs(NamedTuple):
    """codes (g, L) of the view; tracks (k, g, c, L) float32 and targets (k, g, T) of each cell type; view: `promoter` where the
    study asks for it, as what lies downstream of the start is no regulation."""

    codes: NDArray[np.uint8]
    tracks: NDArray[np.float32]
    targets: NDArray[np.float64]
    view: str


def cell_type_inputs(
    genes: pd.DataFrame,
    codes: NDArray[np.uint8],
    values: pd.DataFrame,
    marks: TypingSequence[Mark],
    section: Sequence,
) -> CellTypeInputs:
    """What the nets read of every cell type of `section`; genes, codes and values in the same order.

    Raises ModelError for tasks that were dropped, because replicates disagree or no gene differs; ReadsError for tracks.
    """
    lacking = [name for kind in section.cell_types for name in kind.tasks if name not in values.columns]
    if lacking:
        rule = f"It was dropped (sequence_tasks says why); kept are {', '.join(values.columns[1:])}."
        raise ModelError(Problem("sequence.cell_types", f"task {lacking[0]}", rule, "Name tasks that are kept."))
    view = "promoter" if "promoter" in section.views else section.views[0]
    layout = view_layout(study_layout(section), view, section.parameters)
    tracks = [channel_tracks(marks, kind.channels, genes, layout) for kind in section.cell_types]
    targets = [values[kind.tasks].to_numpy(np.float64) for kind in section.cell_types]
    return CellTypeInputs(codes[:, : layout.width], np.stack(tracks), np.stack(targets), view)


def judged_cell_types(
    inputs: CellTypeInputs,
    genes: pd.DataFrame,
    predicted: Mapping[str, NDArray[np.float64]],
    kinds: TypingSequence[CellType],
    splits: Splits,
    section: Sequence,
) -> pd.DataFrame:
    """Table `sequence_cell_types`: r on each cell type whose targets were not seen, of the net alone (`plain` of predicted,
    (k, g, T)) and with the head (`adversarial`), and the gain with its interval on the same resamples."""
    fold = splits.table["fold"].to_numpy()
    weights = block_weights(genes["chrom"].to_numpy(), genes["tss"].to_numpy(), fold, section.parameters)
    nothing = np.zeros(len(splits.roles))
    rows = []
    for held, kind in enumerate(kinds):
        for place, task in enumerate(kind.tasks):
            y = inputs.targets[held, :, place]
            p = {form: each[held, :, place] for form, each in predicted.items()}
            r = {form: task_metrics(y, each, fold, nothing, nothing).pearson for form, each in p.items()}
            samples = {form: resampled_r(weights, y, each, fold) for form, each in p.items()}
            inside = {form: interval(each) for form, each in samples.items()}
            gain = interval(samples["adversarial"] - samples["plain"])
            rows.append(
                {
                    "cell_type": kind.name,
                    "task": task,
                    "genes": int(np.isfinite(y).sum()),
                    "pearson": r["plain"],
                    "lower": inside["plain"].lower,
                    "upper": inside["plain"].upper,
                    "adversarial": r["adversarial"],
                    "adversarial_lower": inside["adversarial"].lower,
                    "adversarial_upper": inside["adversarial"].upper,
                    "gain": r["adversarial"] - r["plain"],
                    "gain_lower": gain.lower,
                    "gain_upper": gain.upper,
                }
            )
    return conform(pd.DataFrame(rows), "sequence_cell_types")
