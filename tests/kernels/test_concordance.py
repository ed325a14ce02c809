"""Equation 15 and its switches against the definition and scikit-survival, ties everywhere."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_kernels.concordance import concordance, harrell
from groprog_kernels.concordance_reference import concordance_reference

TIED = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 4)), min_size=2, max_size=20)


def _tied(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    time = random.integers(1, 40, n).astype(float)
    event = random.random(n) < 0.5
    time[0], event[0] = 41.0, False
    return np.round(random.normal(size=n) - time / 20, 1), time, event


@settings(deadline=None)
@given(TIED)
def test_every_switch_equals_the_definition(rows: list[tuple[int, bool, int]]) -> None:
    time, event, risk = (np.array([row[k] for row in rows], dtype=float) for k in range(3))
    for ties, at, power, tau, method in product(
        ("strict", "comparable"), ("t", "t-"), (0, 2), (None, 4.0), ("sorted", "pairs")
    ):
        ours = concordance(
            risk,
            time,
            event,
            ties=ties,
            censoring_at=at,
            weight_power=power,
            tau=tau,
            unsupported="drop",
            method=method,
        )
        if ours.unsupported:
            continue
        expected = concordance_reference(risk, time, event, ties=ties, censoring_at=at, weight_power=power, tau=tau)
        np.testing.assert_allclose(ours.cindex, expected, rtol=1e-12)


@pytest.mark.parametrize("levels", [None, 20_000])
def test_both_methods_agree_where_bits_span_words_groups_and_ranges(levels: int | None) -> None:
    random = np.random.default_rng(4)
    n = 140_000
    risk = random.normal(size=n) if levels is None else random.integers(0, levels, n).astype(float)
    time, event = random.integers(1, 5000, n).astype(float), random.random(n) < 0.002
    result = {
        method: concordance(risk, time, event, tau=4000.0, ties="comparable", method=method)
        for method in ("sorted", "pairs")
    }
    counts = [(each.concordant, each.tied, each.comparable) for each in result.values()]
    assert counts[0] == counts[1]
    assert (counts[0][1] > 0) == (levels is not None)
    assert result["sorted"].cindex == pytest.approx(result["pairs"].cindex, rel=1e-13)


def test_training_sample_and_both_methods_on_tied_data() -> None:
    risk, time, event = _tied(120, 1)
    train_time, train_event = _tied(80, 2)[1:]
    switches = {"train_time": train_time, "train_event": train_event, "tau": 30.0}
    expected = concordance_reference(risk, time, event, **switches)
    for method in ("sorted", "pairs"):
        ours = concordance(risk, time, event, method=method, **switches)
        assert ours.cindex == pytest.approx(expected, rel=1e-13)
    assert concordance(risk, time, event, **switches) == concordance(risk, time, event, method="sorted", **switches)


def test_equals_scikit_survival() -> None:
    metrics = pytest.importorskip("sksurv.metrics", reason="scikit-survival is a test-time oracle")
    util = pytest.importorskip("sksurv.util")
    risk, time, event = _tied(600, 5)
    train_time, train_event = _tied(500, 6)[1:]
    test, train = util.Surv.from_arrays(event, time), util.Surv.from_arrays(train_event, train_time)
    for tau in (10.0, 35.0):
        theirs = metrics.concordance_index_ipcw(train, test, risk, tau=tau)
        ours = concordance(
            risk, time, event, train_time=train_time, train_event=train_event, tau=tau, ties="comparable"
        )
        assert ours.cindex == pytest.approx(theirs[0], abs=4e-15)
    assert harrell(risk, time, event).cindex == pytest.approx(
        metrics.concordance_index_censored(event, time, risk)[0], abs=1e-15
    )


def test_equals_lifelines() -> None:
    from lifelines.utils import concordance_index

    risk, time, event = _tied(300, 7)
    assert harrell(risk, time, event).cindex == pytest.approx(concordance_index(time, -risk, event), abs=1e-14)


def test_without_ties_all_conventions_agree_on_order() -> None:
    random = np.random.default_rng(0)
    time, event, risk = random.exponential(size=200), random.random(200) < 0.5, random.normal(size=200)
    values = {
        round(concordance(risk, time, event, ties=ties, censoring_at=at, tau=1.0).cindex, 14)
        for ties in ("strict", "comparable")
        for at in ("t", "t-")
    }
    assert len(values) == 1


def test_known_order_and_symmetry() -> None:
    time, event = np.arange(1.0, 9.0), np.ones(8)
    assert concordance(-time, time, event).cindex == 1
    assert concordance(time, time, event).cindex == 0
    assert concordance(np.zeros(8), time, event).cindex == 0.5
    risk, time, event = _tied(50, 3)
    up, down = concordance(risk, time, event, tau=30), concordance(-risk, time, event, tau=30)
    assert up.cindex + down.cindex == pytest.approx(1)
    assert concordance(np.exp(risk), time, event, tau=30).cindex == up.cindex


def test_edges() -> None:
    time = np.array([1.0, 2.0, 3.0])
    assert np.isnan(concordance([1, 2, 3], time, [0, 0, 0]).cindex)
    assert np.isnan(concordance([1, 2, 3], [2.0, 2.0, 2.0], [1, 1, 1], ties="comparable").cindex)
    assert concordance([1, 2, 3], [2.0, 2.0, 2.0], [1, 1, 0]).comparable == 0
    only = concordance([3, 2, 1], time, [1, 0, 0])
    assert (only.cindex, only.comparable, only.effective_sample_size) == (1.0, 2, 1.0)
    with pytest.raises(ValueError, match=r"risk\[0\]"):
        concordance([np.nan, 2, 3], time, [1, 1, 0])
    with pytest.raises(ValueError, match="both or neither"):
        concordance([1, 2, 3], time, [1, 1, 0], train_time=time)
    with pytest.raises(ValueError, match="censoring_at"):
        concordance([1, 2, 3], time, [1, 1, 0], censoring_at="now")


def test_an_index_called_weighted_is_weighted() -> None:
    """Regression: an index without censoring weights, published under the name of one with them; the result says which it is."""
    risk, time, event = _tied(200, 9)
    weighted = concordance(risk, time, event, tau=30.0)
    plain = harrell(risk, time, event, tau=30.0, ties="strict")
    assert (weighted.weight_power, plain.weight_power) == (2, 0)
    assert (weighted.concordant, weighted.tied, weighted.comparable) == (plain.concordant, plain.tied, plain.comparable)
    assert abs(weighted.cindex - plain.cindex) > 1e-3
    assert weighted.effective_sample_size < plain.effective_sample_size
    uncensored = np.ones(200)
    assert concordance(risk, time, uncensored).cindex == pytest.approx(
        harrell(risk, time, uncensored).cindex, abs=1e-15
    )


def test_events_without_a_weight_are_refused_or_dropped_by_name() -> None:
    train = {"train_time": [1.0, 2.0], "train_event": [1, 0]}
    data = ([3.0, 2.0, 1.0, 0.0], [0.5, 3.0, 4.0, 5.0], [1, 1, 1, 0])
    with pytest.raises(ValueError, match="2 events lie where"):
        concordance(*data, **train)
    dropped = concordance(*data, **train, unsupported="drop")
    assert (dropped.unsupported, dropped.cindex, dropped.comparable) == (2, 1.0, 3)
    assert concordance(*data, **train, tau=2.0).unsupported == 0


def test_weights_of_the_liver_cohort_explain_why_tau_is_needed(shared) -> None:
    import pandas as pd

    table = pd.read_csv(shared / "data/cohorts/tcga_lihc/data_clinical_patient.txt", sep="\t", comment="#")
    time, event = table["OS_MONTHS"].to_numpy(), table["OS_STATUS"].str.startswith("1").to_numpy()
    free = concordance(np.zeros(len(time)), time, event, unsupported="drop")
    held = concordance(np.zeros(len(time)), time, event, tau=60.0)
    assert event.sum() == 115
    assert free.effective_sample_size < 15
    assert held.effective_sample_size > 3 * free.effective_sample_size
