"""Drift: covariates of new patients against the training patients, observed against expected events. Tables in, numbers out; no
Dagster."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.tables.values import Document, Values
from groprog_kernels.cox import Baseline

DRIFT_BOUND = 0.25
"""Population stability index from which a change is called large. Source: Siddiqi, Credit Risk Scorecards (2006), ch. 9."""
BINS = 10
SMALLEST_SHARE = 0.005
CHANCE = 0.01
"""Allowed share of covariates called shifted by chance, because the stability index of few patients varies."""
DRAWS, SEED = 2000, 20260101
FEWEST_EXPECTED = 5.0
"""With fewer expected events, observed and expected events are not compared. Source: Cochran 1954, doi:10.2307/3001616."""


def describe_inputs(records: pd.DataFrame, fields: pd.DataFrame) -> Document:
    """{field: {"edges": inner decile bounds or [], "levels": names or [], "shares": share of patients a bin, missing last}}.

    records: clinical_records, one row a patient; fields: clinical_fields, of which the used ones count. JSON-able.
    """
    found: Document = {}
    used = fields.loc[fields["used"]]
    for name, sort in zip(used["field"].astype(str), used["kind"].astype(str), strict=True):
        values = records[name]
        known = values.dropna()
        if sort == "continuous":
            edges = (
                np.unique(np.quantile(known.astype(float), np.arange(1, BINS) / BINS)).tolist() if len(known) else []
            )
            kept: Document = {"edges": edges, "levels": []}
        else:
            kept = {"edges": [], "levels": sorted(set(known.astype(str)))}
        found[name] = {**kept, "shares": _shares(values, kept)}
    return found


def stability(reference: Values, records: pd.DataFrame) -> dict[str, float]:
    """{field: population stability index} of `records` against `reference` (describe_inputs); >= 0, 0 for equal shares.

    sum over bins of (p - q) log(p / q), shares floored at 0.005 so that an empty bin is finite; levels that the reference lacks
    are one further bin. Fields that `records` lacks are left out.
    """
    found = {}
    for name, kept in reference.items():
        if name in records:
            now = np.maximum(_shares(records[name], kept), SMALLEST_SHARE)
            then = np.maximum(kept["shares"], SMALLEST_SHARE)
            found[name] = float(((now - then) * np.log(now / then)).sum())
    return found


def drift_bounds(reference: Values, patients: int, before: int) -> dict[str, float]:
    """{field: stability index from which it counts as shifted}: DRIFT_BOUND, or the 99th percentile under chance if larger.

    Chance: indices of `patients` drawn from the shares of `reference` against `before` drawn from the same, DRAWS times with
    one seed. The chi-squared approximation (Yurdakul and Naranjo 2020, doi:10.21314/JRMV.2020.227) calls one field in twenty
    shifted when patients are few.
    """
    found = {}
    for name, kept in reference.items():
        random = np.random.default_rng(SEED)
        shares = np.asarray(kept["shares"]) / np.sum(kept["shares"])
        now, then = (
            np.maximum(random.multinomial(max(count, 1), shares, DRAWS) / max(count, 1), SMALLEST_SHARE)
            for count in (patients, before)
        )
        chance = np.quantile(((now - then) * np.log(now / then)).sum(axis=1), 1 - CHANCE, method="higher")
        found[name] = max(DRIFT_BOUND, float(np.nextafter(chance, np.inf)))
    return found


def arrivals(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """The rows of `now` (clinical_records) that are new: patients not in `before`, or with another value of a covariate."""
    shared = [name for name in now.columns if name in before.columns]
    merged = now[shared].merge(before[shared].drop_duplicates(), on=shared, how="left", indicator="seen")
    return now[(merged["seen"] == "left_only").to_numpy()].reset_index(drop=True)


def new_follow_up(before: pd.DataFrame, now: pd.DataFrame, until: float) -> pd.DataFrame:
    """Follow-up that `now` (outcomes) adds to `before`: patient_id, start, stop (months), event; up to month `until`.

    A known patient without the event adds the time since, a new one all of it. A shorter time, or an event that was already
    known, adds nothing.
    """
    held = before.set_index("patient_id")
    known = now["patient_id"].isin(held.index)
    start = np.where(known, now["patient_id"].map(held["time"]), 0.0)
    over = now["patient_id"].map(held["event"]).fillna(0).astype(bool).to_numpy()
    stop = np.minimum(now["time"].to_numpy(dtype=np.float64), until)
    event = now["event"].to_numpy(dtype=bool) & (now["time"].to_numpy() <= until)
    rows = pd.DataFrame({"patient_id": now["patient_id"], "start": start, "stop": stop, "event": event})
    return rows[(stop > start) & ~over].reset_index(drop=True)


def observed_and_expected(follow_up: pd.DataFrame, risk: pd.Series, baseline: Baseline) -> Document:
    """Events observed in `follow_up` (new_follow_up) and those a model expects: {observed, expected, ratio, lower, upper,
    p_value, patients}.

    risk: log relative hazard by patient_id on the scale of `baseline`. Expected: the sum of the cumulative hazards from start
    to stop. Under the model the events are Poisson with that mean: exact interval of the ratio (Garwood) and two-sided p.
    Ratio None under FEWEST_EXPECTED. Source: one-sample log-rank; Crowson et al. 2016, doi:10.1177/0962280213497434.
    """
    from scipy.stats import chi2, poisson

    held = np.concatenate(([-np.inf], baseline.log_cumulative_hazard))
    score = follow_up["patient_id"].map(risk).to_numpy(dtype=np.float64)

    def gathered(months: pd.Series) -> np.ndarray:
        return np.exp(score + held[np.searchsorted(baseline.time, months.to_numpy(), side="right")])

    observed = int(follow_up["event"].sum())
    expected = float((gathered(follow_up["stop"]) - gathered(follow_up["start"])).sum()) if len(follow_up) else 0.0
    found: Document = {"observed": observed, "expected": expected, "patients": len(follow_up)}
    if expected < FEWEST_EXPECTED:
        return {**found, "ratio": None, "lower": None, "upper": None, "p_value": None}
    tails = poisson.cdf(observed, expected), poisson.sf(observed - 1, expected)
    return {
        **found,
        "ratio": observed / expected,
        "lower": float(chi2.ppf(0.025, 2 * observed) / 2 / expected) if observed else 0.0,
        "upper": float(chi2.ppf(0.975, 2 * observed + 2) / 2 / expected),
        "p_value": min(1.0, 2 * float(min(tails))),
    }


def _shares(values: pd.Series, kept: Values) -> list[float]:
    """Shares by bin. The last bin is missing values; for levels, the one before it is all other levels."""
    known = values.dropna()
    if kept["levels"]:
        names = known.astype(str)
        counts = [int((names == level).sum()) for level in kept["levels"]]
        counts.append(len(names) - sum(counts))
    else:
        bins = np.searchsorted(kept["edges"], known.astype(float), side="right")
        counts = np.bincount(bins, minlength=len(kept["edges"]) + 1).tolist()
    counts.append(len(values) - len(known))
    return [count / max(1, len(values)) for count in counts]
