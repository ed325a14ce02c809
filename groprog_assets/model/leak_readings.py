"""Predictors of the event from input columns, for the leakage check: fitted on training folds, evaluated on held-out patients.

Arrays in, numbers out. The event alone is asked about, whenever it happened: a column may know it without ordering the times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from groprog_assets.fitting.clinical_encoder import ClinicalEncoder
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes

NEIGHBOURS = 15
"""Training patients whose values are nearest, among whom the share with the event is taken."""
CHANCE_SDS = 3.0
"""An area counts only from this many standard deviations of an uninformative column above one half."""
CELLS = 5
"""Levels or quantile classes of a column where two are looked at together, missing apart."""
MOST_PAIRED = 60
"""Columns of which all pairs are looked at; of more, the first so many."""
MOST_TOGETHER = 3
PERMUTATIONS = 20
PAIRS_AT_ONCE = 500


def area(score: np.ndarray, event: np.ndarray) -> float:
    """Area under the receiver operating curve of `score` (n,) for `event` (n,) bool, ties one half; nan without both kinds."""
    happened = int(event.sum())
    others = event.size - happened
    if happened == 0 or others == 0:
        return float("nan")
    return float((average_ranks(score)[event].sum() - happened * (happened + 1) / 2) / (happened * others))


def average_ranks(score: np.ndarray) -> np.ndarray:
    """(n,) ranks from 1, equal values sharing the mean of theirs."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[inverse]


def readings(inputs: ModelInputs, spec: FieldSpec, outcomes: Outcomes, folds: Sequence[Fold]) -> dict[str, float]:
    """{how: area} of one column: by its value, by the share with the event among patients of nearly its value or of its level,
    and by which values are missing; areas that an uninformative column reaches by chance are left out."""
    values = inputs.covariates[spec.name]
    missing = np.isnan(values) if spec.kind == "continuous" else values == ""
    number = values if spec.kind == "continuous" else level_numbers(values, spec.levels)
    filled = np.where(missing, np.nanmedian(number) if (~missing).any() else 0.0, number)
    found = {"by its missing values": held_out(_signed, missing.astype(np.float64), outcomes, folds)}
    if spec.kind != "categorical":
        found["by its value"] = held_out(_signed, filled, outcomes, folds)
    near = nearest_shares if spec.kind == "continuous" else level_shares
    found["by its value"] = max(found.get("by its value", 0.0), held_out(near, filled, outcomes, folds))
    return {how: value for how, value in found.items() if np.isfinite(value) and value - 0.5 > chance(outcomes.event)}


def chance(event: np.ndarray) -> float:
    """How far above one half an uninformative column's area may lie: CHANCE_SDS of its standard deviation."""
    happened = int(event.sum())
    others = event.size - happened
    if not happened or not others:
        return 0.5
    return CHANCE_SDS * float(np.sqrt((happened + others + 1) / (12.0 * happened * others)))


def area_error(value: float, event: np.ndarray) -> float:
    """Standard error of an area `value` over these patients (Hanley and McNeil, doi:10.1148/radiology.143.1.7063747)."""
    happened, others = int(event.sum()), int((~event).sum())
    if not happened or not others:
        return 0.5
    one, two = value / (2 - value), 2 * value**2 / (1 + value)
    variance = value * (1 - value) + (happened - 1) * (one - value**2) + (others - 1) * (two - value**2)
    return float(np.sqrt(max(variance, 0.0) / (happened * others)))


def held_out(
    score: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    values: np.ndarray,
    outcomes: Outcomes,
    folds: Sequence[Fold],
) -> float:
    """Mean area over the folds of `score(training values, their events, test values)`; nan where no fold has both kinds."""
    areas = [
        area(score(values[fold.train], outcomes.event[fold.train], values[fold.test]), outcomes.event[fold.test])
        for fold in folds
    ]
    known = [value for value in areas if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def level_numbers(values: np.ndarray, levels: Sequence[str]) -> np.ndarray:
    """(n,) index of each level, in the order of `levels` or of the alphabet; nan where missing or no level."""
    order = list(levels) or sorted({str(value) for value in values if value != ""})
    place = {level: float(k) for k, level in enumerate(order)}
    return np.array([place.get(str(value), np.nan) for value in values])


def _signed(train: np.ndarray, event: np.ndarray, test: np.ndarray) -> np.ndarray:
    learned = area(train, event)
    return test if not learned < 0.5 else -test


def nearest_shares(train: np.ndarray, event: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(m,) share with the event among the NEIGHBOURS training patients around each test value; equal values taken together."""
    order = np.argsort(train, kind="stable")
    value, total = train[order], np.r_[0.0, np.cumsum(event[order])]
    low = np.searchsorted(value, test, side="left")
    high = np.searchsorted(value, test, side="right")
    pad = np.maximum(NEIGHBOURS - (high - low) + 1, 0) // 2
    low, high = np.maximum(low - pad, 0), np.minimum(high + pad, value.size)
    return (total[high] - total[low] + event.mean()) / (high - low + 1.0)


def level_shares(train: np.ndarray, event: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(m,) share with the event among the training patients of each test patient's level, shrunk by one patient."""
    return cell_shares(train[:, None], event, test[:, None])


def cell_shares(train: np.ndarray, event: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(m,) share with the event among the training rows (n, k) equal to each test row (m, k), shrunk by one patient."""
    _, inverse = np.unique(np.vstack([train, test]), axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    cells, size = inverse[: len(train)], int(inverse.max()) + 1
    events = np.bincount(cells, weights=event, minlength=size)
    counts = np.bincount(cells, minlength=size)
    return ((events + event.mean()) / (counts + 1.0))[inverse[len(train) :]]


def shared_with_time(values: np.ndarray, time: np.ndarray) -> float:
    """Share of the known `values` (n,) that are the follow-up `time` (n,) itself, in months, days or years; 0 where it is no
    more than values shuffled among patients would have."""
    known = np.isfinite(values) & (time > 0)
    values, time = values[known], time[known]
    if values.size < 20 or np.unique(values).size < 10:
        return 0.0
    random = np.random.default_rng(0)
    best = 0.0
    for factor in (1.0, 365.25 / 12, 1 / 12):
        expected = factor * time
        within = 0.005 * expected
        share = float((np.abs(values - expected) <= within).mean())
        by_chance = np.mean(
            [(np.abs(random.permutation(values) - expected) <= within).mean() for _ in range(PERMUTATIONS)]
        )
        if share > 0.2 and share > 3 * by_chance + 0.1:
            best = max(best, share)
    return best


def in_few(
    inputs: ModelInputs, fields: Sequence[FieldSpec], outcomes: Outcomes, folds: Sequence[Fold], most: float
) -> Iterator[tuple[tuple[str, ...], float]]:
    """(names, area) of the best pair, or of the best set of two or three in a logistic model, whose held-out area is above `most`
    by its standard error, as the best of many is chosen.

    Pairs are looked at in classes of both columns, missing being a class, so that also an exclusive or is seen; a set is made of
    the columns that weigh most in a logistic model of all. Only columns that do not leak alone are given.
    """
    if outcomes.event.size == 0 or most <= 0.5 + chance(outcomes.event) or len(fields) < 2:
        return
    paired = fields[:MOST_PAIRED]
    classes = np.column_stack([_classes(inputs.covariates[spec.name], spec) for spec in paired])
    areas = _pair_areas(classes, outcomes, folds)
    best = int(np.argmax(areas))
    if areas[best] - area_error(float(areas[best]), outcomes.event) > most:
        one, other = (int(side[best]) for side in np.triu_indices(len(paired), 1))
        yield (paired[one].name, paired[other].name), float(areas[best])
        return
    yield from _in_a_logistic_model(inputs, fields, outcomes, folds, most)


def _pair_areas(classes: np.ndarray, outcomes: Outcomes, folds: Sequence[Fold]) -> np.ndarray:
    """(pairs,) mean held-out area of `cell_shares` of every two columns of `classes` (n, p), ordered as np.triu_indices."""
    p = classes.shape[1]
    one, other = np.triu_indices(p, 1)
    size = CELLS + 2
    total, counted = np.zeros(one.size), 0
    for fold in folds:
        event, happened = outcomes.event[fold.train], outcomes.event[fold.test]
        if not event.any() or not happened.any() or happened.all():
            continue
        flags = (classes[fold.train][:, :, None] == np.arange(size)).reshape(fold.train.size, -1).astype(np.float64)
        counts = (flags.T @ flags).reshape(p, size, p, size)
        events = ((flags * event[:, None]).T @ flags).reshape(p, size, p, size)
        share = (events + event.mean()) / (counts + 1.0)
        tested = classes[fold.test]
        for start in range(0, one.size, PAIRS_AT_ONCE):
            left, right = one[start : start + PAIRS_AT_ONCE], other[start : start + PAIRS_AT_ONCE]
            score = share[left, tested[:, left], right, tested[:, right]]
            ranks = column_ranks(score)
            above = ranks[happened].sum(axis=0) - happened.sum() * (happened.sum() + 1) / 2
            total[start : start + PAIRS_AT_ONCE] += above / (happened.sum() * (~happened).sum())
        counted += 1
    return total / counted if counted else np.zeros(one.size)


def column_ranks(block: np.ndarray) -> np.ndarray:
    """(n, g) ranks from 1 within each column, ties sharing their mean; infinite values come last."""
    order = np.argsort(block, axis=0, kind="stable")
    ordered = np.take_along_axis(block, order, axis=0)
    n = len(block)
    new = np.ones_like(ordered, bool)
    new[1:] = ordered[1:] != ordered[:-1]
    ends = np.ones_like(new)
    ends[:-1] = new[1:]
    place = np.broadcast_to(np.arange(n)[:, None], block.shape)
    first = np.maximum.accumulate(np.where(new, place, 0), axis=0)
    last = np.minimum.accumulate(np.where(ends, place, n)[::-1], axis=0)[::-1]
    ranks = np.empty_like(ordered, dtype=np.float64)
    np.put_along_axis(ranks, order, (first + last) / 2.0 + 1.0, axis=0)
    return ranks


def _classes(values: np.ndarray, spec: FieldSpec) -> np.ndarray:
    """(n,) int: class of each value, 0 where missing; quantile classes of numbers, the most frequent levels of the others."""
    if spec.kind == "continuous":
        known = np.isfinite(values)
        if not known.any():
            return np.zeros(values.size, np.int64)
        edges = np.unique(np.quantile(values[known], np.linspace(0, 1, CELLS + 1)[1:-1]))
        return np.where(known, np.searchsorted(edges, values, side="left") + 1, 0)
    levels, counts = np.unique(values[values != ""], return_counts=True)
    kept = levels[np.argsort(-counts, kind="stable")[:CELLS]].tolist()
    return np.array([kept.index(value) + 1 if value in kept else (0 if value == "" else CELLS + 1) for value in values])


def _in_a_logistic_model(
    inputs: ModelInputs, fields: Sequence[FieldSpec], outcomes: Outcomes, folds: Sequence[Fold], most: float
) -> Iterator[tuple[tuple[str, ...], float]]:
    """The two or three columns that weigh most in a ridge logistic model of all, where they alone reach `most`."""
    designs = []
    for spec in fields:
        held = ModelInputs(inputs.patient_id, (spec,), {spec.name: inputs.covariates[spec.name]})
        designs.append(ClinicalEncoder.fit(held, 0.0, known_by_days=np.inf).transform(held).design)
    together = np.hstack(designs)
    centred = together - together.mean(axis=0)
    beta = logistic_coefficients(centred, outcomes.event)
    ends = np.cumsum([design.shape[1] for design in designs])
    parts = [
        centred[:, end - design.shape[1] : end] @ beta[end - design.shape[1] : end]
        for end, design in zip(ends, designs)
    ]
    heaviest = np.argsort([-float(part.std()) for part in parts], kind="stable")
    for count in range(2, min(MOST_TOGETHER, len(fields)) + 1):
        chosen = sorted(heaviest[:count].tolist())
        value = held_out(_logistic, np.hstack([designs[place] for place in chosen]), outcomes, folds)
        if value - area_error(value, outcomes.event) > most:
            yield tuple(fields[place].name for place in chosen), value
            return


def logistic_coefficients(x: np.ndarray, event: np.ndarray, penalty: float = 1.0, steps: int = 12) -> np.ndarray:
    """(p,) coefficients of a ridge logistic regression on centred columns `x` (n, p), by Newton steps."""
    beta, intercept = np.zeros(x.shape[1]), float(np.log((event.mean() + 1e-3) / (1 - event.mean() + 1e-3)))
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(intercept + x @ beta, -30, 30)))
        weight = np.maximum(p * (1 - p), 1e-4)
        curvature = (x * weight[:, None]).T @ x + penalty * np.eye(x.shape[1])
        step = np.linalg.solve(curvature, x.T @ (event - p) - penalty * beta)
        beta, intercept = beta + step, intercept + float((event - p).sum() / weight.sum())
        if np.abs(step).max(initial=0.0) < 1e-4:
            break
    return beta


def _logistic(train: np.ndarray, event: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(m,) linear predictor of a ridge logistic regression learned on `train` (n, p)."""
    centre = train.mean(axis=0)
    return (test - centre) @ logistic_coefficients(train - centre, event)
