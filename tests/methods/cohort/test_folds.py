"""Folds: each patient once a repeat, events spread, files checked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.cohort.folds import make_folds
from groprog_assets.study.parameters import EvaluationParameters


def _outcomes(n: int = 53, events: int = 12) -> pd.DataFrame:
    return pd.DataFrame(
        {"patient_id": [f"p{k:03d}" for k in range(n)], "time": np.arange(n) + 1.0, "event": np.arange(n) < events}
    )


def test_every_patient_once_a_repeat_and_events_spread() -> None:
    outcomes = _outcomes()
    folds = make_folds(outcomes, None, EvaluationParameters(folds=5, repeats=3), 7)
    assert (folds.groupby("repeat")["patient_id"].nunique() == 53).all()
    joined = folds.merge(outcomes, on="patient_id")
    events = joined.groupby(["repeat", "fold"])["event"].sum()
    sizes = joined.groupby(["repeat", "fold"]).size()
    assert events.max() - events.min() <= 1
    assert sizes.max() - sizes.min() <= 1
    again = make_folds(outcomes.sample(frac=1, random_state=1), None, EvaluationParameters(folds=5, repeats=3), 7)
    pd.testing.assert_frame_equal(folds, again)
    assert not folds.equals(make_folds(outcomes, None, EvaluationParameters(folds=5, repeats=3), 8))


def test_one_event_a_fold_is_enough_and_fewer_are_refused() -> None:
    folds = make_folds(_outcomes(events=5), None, EvaluationParameters(folds=5), 1)
    assert folds["fold"].nunique() == 5
    with pytest.raises(CohortError, match="4 events"):
        make_folds(_outcomes(events=4), None, EvaluationParameters(folds=5), 1)


def test_a_repeated_patient_is_refused() -> None:
    with pytest.raises(CohortError, match="p000"):
        make_folds(pd.concat([_outcomes(), _outcomes(1)]), None, EvaluationParameters(), 1)


def _file(tmp_path: Path, **change: object) -> Path:
    document = {
        "ids": ["p000", "p001", "p002", "p003"],
        "splits": [{"rep": 0, "fold": 0, "test": [0, 2]}, {"rep": 0, "fold": 1, "test": [1, 3]}],
    }
    path = tmp_path / "splits.json"
    path.write_text(json.dumps({**document, **change}), encoding="utf-8")
    return path


def test_a_splits_file_is_followed_for_the_cohort_that_is_left(tmp_path: Path) -> None:
    folds = make_folds(_outcomes(3, 2), _file(tmp_path), EvaluationParameters(), 1)
    assert dict(zip(folds["patient_id"], folds["fold"])) == {"p000": 0, "p001": 1, "p002": 0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"splits": [{"rep": 0, "fold": 0, "test": [0, 1]}, {"rep": 0, "fold": 1, "test": [1, 2, 3]}]},
            "p001 is in 2 folds",
        ),
        ({"splits": [{"rep": 0, "fold": 0, "test": [0]}, {"rep": 0, "fold": 1, "test": [1]}]}, "p002 is in no fold"),
        ({"splits": [{"rep": 0, "fold": 0, "test": [0, 9]}]}, "index 9"),
        ({"ids": ["p000", "p000", "p002", "p003"]}, "stands 2 times"),
        ({"ids": ["a", "b", "c", "d"]}, "no fold"),
        ({"splits": None}, "must hold"),
    ],
)
def test_a_wrong_splits_file_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(CohortError, match=message):
        make_folds(_outcomes(4, 2), _file(tmp_path, **change), EvaluationParameters(), 1)


def test_the_shared_files(shared: Path) -> None:
    folder = shared / "data/cohorts/tcga_lihc"
    document = json.loads((folder / "splits.json").read_text())
    outcomes = pd.DataFrame({"patient_id": document["ids"], "time": 1.0, "event": True})
    folds = make_folds(outcomes, folder / "splits.json", EvaluationParameters(), 1)
    assert (len(folds), folds["repeat"].nunique(), folds["fold"].nunique()) == (5 * 333, 5, 5)
