"""The differencing attack, small: it learns everything from exact counts, and little from ours."""

from __future__ import annotations

import pytest

from benchmarks.disclosure import POLICIES, attacked


@pytest.fixture(scope="module")
def learnt() -> dict[str, dict[int, float]]:
    return {name: attacked(kind, populations=80, simulated=40) for name, kind in POLICIES.items()}


def test_exact_counts_and_refusals_tell_everything(learnt: dict[str, dict[int, float]]):
    for name in ("exact, at least 5", "refused where answered sets differ by fewer than 5"):
        assert learnt[name][2] > 0.95
    assert learnt["rounded down to 5"][100] > 0.95


def test_ours_tells_little_and_the_budget_ends_it(learnt: dict[str, dict[int, float]]):
    ours = learnt["as here: epsilon 0.2, rounded to 5, budget of 20 questions"]
    assert max(ours.values()) < 0.7
    assert ours[100] == pytest.approx(ours[20], abs=0.05), "the answers after the twentieth tell nothing"


def test_the_attack_would_find_noise_that_is_too_small(learnt: dict[str, dict[int, float]]):
    assert learnt["noise of epsilon 0.5 without a budget"][100] > 0.65
