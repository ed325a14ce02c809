"""Cell types: r of two sets of predictions by hand, the paired gain, and tasks that were dropped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ModelError
from groprog_assets.methods.sequence.cell_types import cell_type_inputs, judged_cell_types
from groprog_assets.methods.sequence.splits import Splits
from groprog_assets.study.sequence_study import Sequence

KINDS = [{"name": "a", "tasks": ["x"]}, {"name": "b", "tasks": ["y"]}]
SECTION = Sequence.model_validate(
    {
        "windows": {"tss": [100, 100], "tts": None},
        "cell_types": KINDS,
        "parameters": {"bootstrap_samples": 100, "bootstrap_block": 1000},
    }
)
RANDOM = np.random.default_rng(0)
GENES = pd.DataFrame({"gene": [f"g{n}" for n in range(60)], "chrom": "c", "strand": "+", "tss": 1000 * np.arange(60)})
GENES["tts"] = GENES["tss"] + 400
VALUES = GENES[["gene"]].assign(x=RANDOM.normal(size=60), y=RANDOM.normal(size=60))
CODES = RANDOM.integers(0, 4, (60, 200)).astype(np.uint8)
FOLD = np.arange(60) % 2
SPLITS = Splits(
    pd.DataFrame({"gene": GENES["gene"], "fold": FOLD}),
    np.array([np.where(f == FOLD, "test", "train") for f in range(2)]),
    {},
)


def test_inputs_are_those_of_the_promoter_and_a_dropped_task_is_named():
    inputs = cell_type_inputs(GENES, CODES, VALUES, [], SECTION)
    assert (inputs.view, inputs.codes.shape, inputs.tracks.shape) == ("promoter", (60, 150), (2, 60, 0, 150))
    assert np.array_equal(inputs.targets[1, :, 0], VALUES["y"])
    with pytest.raises(ModelError, match="task y"):
        cell_type_inputs(GENES, CODES, VALUES.drop(columns="y"), [], SECTION)


def test_r_is_the_mean_over_folds_and_the_gain_is_paired():
    inputs = cell_type_inputs(GENES, CODES, VALUES, [], SECTION)
    plain = inputs.targets + RANDOM.normal(size=inputs.targets.shape)
    better = inputs.targets + 0.1 * RANDOM.normal(size=inputs.targets.shape)
    predicted = {"plain": plain, "adversarial": better}
    table = judged_cell_types(inputs, GENES, predicted, SECTION.cell_types, SPLITS, SECTION).set_index("cell_type")
    y, p = VALUES["x"].to_numpy(), plain[0, :, 0]
    expected = np.mean([np.corrcoef(y[f == FOLD], p[f == FOLD])[0, 1] for f in range(2)])
    assert table.loc["a", "pearson"] == pytest.approx(expected)
    assert table.loc["a", "gain"] == pytest.approx(table.loc["a", "adversarial"] - expected)
    assert (table["gain_lower"] > 0).all()
    same = {"plain": plain, "adversarial": plain}
    table = judged_cell_types(inputs, GENES, same, SECTION.cell_types, SPLITS, SECTION)
    assert not table[["gain", "gain_lower", "gain_upper"]].to_numpy().any(), "the same resamples"
