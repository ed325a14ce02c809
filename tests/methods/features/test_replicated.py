"""The test with replicates beside R: each fit type, thresholds, replaced outliers, counts without spread."""

from __future__ import annotations

import sys
import threading
import warnings

import numpy as np
import pytest

from groprog_assets.errors import Notice, Problem
from groprog_assets.methods.features import replicated
from groprog_assets.methods.features.replicated import replicated_test
from tests.oracles import deseq2


def run(name, **options):
    found = deseq2.analysis(name)
    fit_type = "mean" if name == "mean" else "parametric"
    test = replicated_test(found["counts"], found["treated"], found["size_factors"], fit_type=fit_type, **options)
    return found, test


@pytest.mark.parametrize("name", ["parametric", "mean", "replaced"])
def test_equals_r(name):
    found, test = run(name)
    assert test.trend.document()["fit"] == found["fit"]
    assert np.abs(test.log2_fold_change - found["log2_fold_change"]).max() < 1e-3
    assert np.abs(np.log(test.dispersion / found["dispersion"])).max() < 0.02
    assert ((test.adjusted_p_value < 0.05) == (found["adjusted_p_value"] < 0.05)).all()
    if name != "replaced":  # R shrinks with the outlying counts, which its test has replaced
        assert np.abs(test.shrunken_log2_fold_change - found["shrunken"]).max() < 0.005


def test_falls_back_to_the_local_trend_as_r():
    """R's search for a unit's dispersion stops early, by up to a fifth; with the mean as weight the local trend feels it."""
    found, test = run("local")
    assert test.trend.document()["fit"] == found["fit"] == "local"
    assert np.abs(test.log2_fold_change - found["log2_fold_change"]).max() < 0.02
    ours, theirs = (p < 0.05 for p in (test.adjusted_p_value, found["adjusted_p_value"]))
    assert (ours == theirs).mean() > 0.98


@pytest.mark.parametrize("name", ["parametric", "mean"])
def test_a_threshold_calls_what_r_calls(name):
    found, test = run(name, threshold=0.5)
    assert ((test.adjusted_p_value < 0.05) == (found["beyond_adjusted"] < 0.05)).all()
    assert (test.p_value[np.abs(test.log2_fold_change) < 0.5] == 1).all()


def test_an_outlying_count_among_seven_replicates_is_replaced():
    generator = np.random.default_rng(0)
    counts = generator.poisson(100, (60, 14))
    plain = counts.copy()
    counts[5, 9], counts[6, :] = 50_000, 0
    counts[6, 2] = 3_000
    treated = np.arange(14) >= 7
    found, before = (replicated_test(one, treated, np.ones(14), fit_type="mean") for one in (counts, plain))
    assert np.abs(found.log2_fold_change[5] - before.log2_fold_change[5]) < 0.2
    assert found.p_value[5] > 0.001
    assert found.log2_fold_change[6] == 0  # only the replaced count was not zero
    assert found.p_value[6] == 1


def test_counts_without_spread_beyond_poisson_are_tested():
    counts = np.tile(np.arange(20, 140)[:, None], (1, 6))
    counts[:5, 3:] *= 3
    test = replicated_test(counts, np.arange(6) >= 3, np.ones(6))
    assert test.trend.document()["fit"] == "mean"
    assert np.isfinite(test.p_value).all()
    assert (test.p_value[:5] < 1e-6).all()
    assert (test.p_value[5:] > 0.9).all()


def test_two_at_once_are_silent_and_leave_output_and_warnings_as_they_were(monkeypatch, capsys):
    counts = np.random.default_rng(0).poisson(50, (40, 4))
    heard, outputs, made = [], [], replicated._data_set

    def tested() -> None:
        replicated_test(counts, np.arange(4) >= 2, np.ones(4), fit_type="mean")

    other = threading.Thread(target=tested)

    def begun(*given):
        if threading.current_thread() is not other:
            other.start()
            other.join(0.2)
            assert other.is_alive(), "it waits for the first, or both would restore what the other had set"
        outputs.append((sys.stdout, sys.stderr))
        warnings.warn(Notice(Problem("somewhere", "said", "by another asset.", "")), stacklevel=1)
        return made(*given)

    monkeypatch.setattr(replicated, "_data_set", begun)
    before, own = list(warnings.filters), (sys.stdout, sys.stderr)
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_, **__: heard.append(str(message)))
    tested()
    other.join()
    assert outputs == [own, own]
    assert len(heard) == 2, "only notices are heard"
    assert "said" in heard[0]
    assert list(warnings.filters) == before
    assert capsys.readouterr() == ("", "")
