"""The survival kernels against R survival 3.5-3 on a cohort full of ties: stored values, and R itself where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groprog_assets.fitting.ridge_cox import fit_ridge
from groprog_assets.methods.evaluation.kaplan_meier import log_rank
from groprog_kernels.brier import brier_score
from groprog_kernels.censoring import censoring_distribution, kaplan_meier
from groprog_kernels.concordance import concordance, harrell
from groprog_kernels.cox import breslow_baseline, cox_efron
from groprog_kernels.risk_sets import risk_sets

ORACLES = Path(__file__).parents[1] / "oracles"
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """What R said, stored by tests/oracles/survival.R."""
    return {name: np.array(values) for name, values in json.loads((ORACLES / "survival.json").read_text()).items()}


@pytest.fixture(scope="module")
def cohort() -> dict[str, np.ndarray]:
    """Columns time, event, risk, x1, x2, group of 160 patients."""
    table = np.genfromtxt(ORACLES / "survival_cohort.csv", delimiter=",", names=True)
    return {name: table[name].copy() for name in table.dtype.names}


def test_the_stored_values_are_what_r_says(said: dict[str, Any]) -> None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("Rscript is not installed; the stored values stand in for it")
    call = [rscript, "survival.R", "survival_cohort.csv"]
    ran = subprocess.run(call, cwd=ORACLES, capture_output=True, text=True)
    if "no package called" in ran.stderr:
        pytest.skip("R is here without its survival package (Debian: r-cran-survival)")
    now = json.loads(ran.stdout)
    assert now.keys() == said.keys()
    for name in said.keys() - {"version"}:
        np.testing.assert_allclose(now[name], said[name], rtol=1e-11, atol=1e-13, err_msg=name)


def test_kaplan_meier(cohort: dict[str, np.ndarray], said: dict[str, Any]) -> None:
    ours = kaplan_meier(cohort["time"], cohort["event"])
    np.testing.assert_array_equal(ours.time, said["km_time"])
    np.testing.assert_array_equal(ours.at_risk, said["km_at_risk"])
    np.testing.assert_array_equal(ours.events, said["km_events"])
    np.testing.assert_allclose(ours.survival, said["km_survival"], **CLOSE)
    np.testing.assert_allclose(ours.standard_error, said["km_standard_error"], **CLOSE)
    np.testing.assert_allclose(ours.lower, said["km_lower"], **CLOSE)
    np.testing.assert_allclose(ours.upper, said["km_upper"], **CLOSE)


def test_censoring(cohort: dict[str, np.ndarray], said: dict[str, Any]) -> None:
    ours = censoring_distribution(cohort["time"], cohort["event"]).probability
    np.testing.assert_allclose(ours, said["censoring"], **CLOSE)


@pytest.mark.parametrize(("tau", "name"), [(None, ""), (24.0, "_tau")])
def test_concordance(cohort: dict[str, np.ndarray], said: dict[str, Any], tau: float | None, name: str) -> None:
    """R's conventions by our switches: a censoring at t is comparable with an event at t, weights 1/G(t-)^2."""
    outcome = cohort["risk"], cohort["time"], cohort["event"]
    unweighted = harrell(*outcome, tau=tau)
    assert unweighted.cindex == pytest.approx(said[f"concordance_harrell{name}"].item(), abs=1e-9)
    concordant, discordant, tied, _ = said[f"concordance_harrell{name}_counts"]
    assert (unweighted.concordant, unweighted.tied) == (concordant, tied)
    assert unweighted.comparable == concordant + discordant + tied
    weighted = concordance(*outcome, tau=tau, censoring_at="t-", ties="comparable")
    assert weighted.cindex == pytest.approx(said[f"concordance_ipcw{name}"].item(), abs=1e-9)


def test_cox(cohort: dict[str, np.ndarray], said: dict[str, Any]) -> None:
    ours = cox_efron(cohort["risk"], cohort["time"], cohort["event"])
    assert -ours.loss == pytest.approx(said["cox_efron_log_likelihood"].item(), rel=1e-12)
    np.testing.assert_allclose(-ours.gradient, said["cox_efron_martingale"], **CLOSE)
    assert -ours.loss != pytest.approx(said["cox_breslow_log_likelihood"].item(), rel=1e-6)
    columns = np.column_stack([cohort["x1"], cohort["x2"]])
    fitted = cox_efron(columns @ said["cox_coefficients"], cohort["time"], cohort["event"])
    assert -fitted.loss == pytest.approx(said["cox_log_likelihood"].item(), rel=1e-12)
    np.testing.assert_allclose(fitted.gradient @ columns, 0.0, atol=1e-9)
    sets = risk_sets(cohort["time"], cohort["event"])
    ridge = fit_ridge(columns, sets, np.full(2, 1e-12), tolerance=1e-14)
    np.testing.assert_allclose(ridge.coefficients, said["cox_coefficients"], rtol=1e-8)


def test_breslow_baseline(cohort: dict[str, np.ndarray], said: dict[str, Any]) -> None:
    ours = breslow_baseline(cohort["risk"] - said["baseline_shift"], cohort["time"], cohort["event"])
    at = np.searchsorted(said["baseline_time"], ours.time)
    np.testing.assert_allclose(np.exp(ours.log_cumulative_hazard), said["baseline_hazard"][at], **CLOSE)


def test_brier(cohort: dict[str, np.ndarray], said: dict[str, Any]) -> None:
    taus = np.array([6.5, 12.5, 24.5])
    survival = np.exp(-taus / 30 * np.exp(cohort["risk"][:, None] / 4))
    ours = brier_score(survival, cohort["time"], cohort["event"], taus, censoring_at="t-")
    np.testing.assert_allclose(ours.brier, said["brier"], **CLOSE)


def test_log_rank(cohort: dict[str, np.ndarray], said: dict[str, Any]) -> None:
    ours = log_rank(cohort["time"], cohort["event"].astype(bool), cohort["group"])
    assert ours.statistic == pytest.approx(said["log_rank"].item(), rel=1e-9)
