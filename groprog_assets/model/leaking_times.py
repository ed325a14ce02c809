"""Input columns that hold the follow-up, for the leakage check: with noise, below it, beneath another column, in whole years.

Arrays in, reasons out. A covariate of baseline may go with the time of the event. It cannot go with how long patients without the
event were followed as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.leak_readings import average_ranks

FOLLOWS = 0.35
"""Least rank correlation with the follow-up, at its lower limit, among patients with the event and among those without."""
LIMIT_SDS = 2.0
"""Standard deviations from an estimated correlation (Fisher's z) to its lower limit."""
FEWEST = 15
"""Patients of either kind from which a correlation is taken."""
EXPECTED = 12.0
"""Values above the follow-up that must be expected by chance where none may be: none then has a probability below 1e-5."""
UNITS = {"months": 1.0, "days": 365.25 / 12, "years": 1.0 / 12}
"""Unit of a column: its number in a month."""
DRAWS = 20
MOST_COLUMNS = 60
"""Continuous columns of which all pairs are looked at."""


def time_alone(values: np.ndarray, outcomes: Outcomes) -> tuple[float, str]:
    """(value, reason) by which one continuous column holds the follow-up; (0, "") when it does not."""
    known = np.isfinite(values)
    held = outcomes.take(np.flatnonzero(known))
    value, said = follows(values[known], held)
    if said:
        return value, said
    expected, unit = never_above(values[known], held.time)
    if expected:
        return expected, f"no value is above the follow-up in {unit}, where {expected:.0f} would be by chance"
    share = whole_beside_time(values[known], held.time)
    if share:
        return share, f"for {100 * share:.0f} % of patients it differs from the follow-up by a whole number of years"
    return 0.0, ""


def time_in_pairs(columns: Mapping[str, np.ndarray], outcomes: Outcomes) -> tuple[tuple[str, str], float, str] | None:
    """((column, the other), value, reason) of the pair whose difference follows the follow-up most; None without one.

    The difference is the residual of a line fitted to the patients who have both, so that AGE at the last contact and AGE at
    diagnosis are found in any units.
    """
    best: tuple[tuple[str, str], float, str] | None = None
    names = list(columns)[:MOST_COLUMNS]
    for one, other in permutations(names, 2):
        both = np.isfinite(columns[one]) & np.isfinite(columns[other])
        if both.sum() < 2 * FEWEST:
            continue
        x, y = columns[other][both], columns[one][both]
        spread = float(x.var())
        if spread <= 0:
            continue
        slope = float(((x - x.mean()) * (y - y.mean())).mean()) / spread
        residual = y - slope * x
        if residual.std() <= 1e-9 * max(float(y.std()), 1e-30):
            continue
        value, said = follows(residual, outcomes.take(np.flatnonzero(both)))
        if said and (best is None or value > best[1]):
            best = (one, other), value, said
    return best


def follows(values: np.ndarray, outcomes: Outcomes) -> tuple[float, str]:
    """(the smaller rank correlation, reason) of values (n,) that go with the follow-up, in the same direction, among patients
    with the event and among those without; (0, "") otherwise."""
    found = []
    for kind in (outcomes.event, ~outcomes.event):
        if kind.sum() < FEWEST:
            return 0.0, ""
        found.append(rank_correlation(values[kind], outcomes.time[kind]))
    with_event, without = found
    if with_event * without <= 0:
        return 0.0, ""
    sizes = (int(outcomes.event.sum()), int((~outcomes.event).sum()))
    for value, size in zip(found, sizes):
        if np.tanh(np.arctanh(min(abs(value), 0.999999)) - LIMIT_SDS / np.sqrt(size - 3)) < FOLLOWS:
            return 0.0, ""
    said = (
        f"it goes with the follow-up: rank correlation {with_event:.2f} among patients with the event and {without:.2f} among "
        "those without, whose follow-up nothing at baseline can know"
    )
    return min(abs(with_event), abs(without)), said


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's; 0 where a side does not vary."""
    left, right = average_ranks(one), average_ranks(other)
    if left.std() == 0 or right.std() == 0:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def never_above(values: np.ndarray, time: np.ndarray) -> tuple[float, str]:
    """(values above the follow-up expected by chance, unit) where none of `values` (n,) is, in one unit; (0, "") otherwise."""
    if values.size < 2 * FEWEST or np.unique(values).size < 10:
        return 0.0, ""
    random = np.random.default_rng(0)
    for unit, factor in UNITS.items():
        bound = factor * time * 1.005
        if (values > bound).any():
            continue
        expected = float(np.mean([(random.permutation(values) > bound).sum() for _ in range(DRAWS)]))
        if expected >= EXPECTED:
            return expected, unit
    return 0.0, ""


def whole_beside_time(values: np.ndarray, time: np.ndarray) -> float:
    """Share of `values` (n,) that are a whole number of years more or less than the follow-up; 0 where it is what chance gives.

    An age in whole years to which the follow-up was added is found so, though the sum looks like an age.
    """
    years = time / 12.0
    if (
        values.size < 2 * FEWEST
        or np.unique(np.round(years % 1.0, 2)).size < 5
        or (values == np.round(values)).mean() > 0.5
    ):
        return 0.0
    random = np.random.default_rng(0)
    best = 0.0
    for sign in (1.0, -1.0):
        difference = values - sign * years
        share = float(_whole(difference).mean())
        # One number for many is a date of diagnosis, whose follow-up ends on the day of the data.
        if np.unique(np.round(difference), return_counts=True)[1].max() > 0.2 * values.size:
            continue
        by_chance = float(np.mean([_whole(values - sign * random.permutation(years)).mean() for _ in range(DRAWS)]))
        if share > 0.3 and share > 3 * by_chance + 0.1:
            best = max(best, share)
    return best


def _whole(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(values - np.round(values)) < 0.011)
