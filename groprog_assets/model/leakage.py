"""Leakage check: input columns that reveal the outcome.

Only this check sees covariates and outcomes together. Its result goes to the check before a run and to an asset check, never
into an encoder. Clinical columns are judged here, the rows of expression and other matrices in `leaking_rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from groprog_assets.errors import Problem
from groprog_assets.fitting.clinical_encoder import ClinicalEncoder
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.fitting.ridge_cox import fit_ridge
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.leak_readings import in_few, readings, shared_with_time
from groprog_assets.model.leaking_rows import leaking_rows
from groprog_assets.model.leaking_times import time_alone, time_in_pairs
from groprog_assets.model.patient_matrix import PatientMatrix
from groprog_assets.study.outcome_names import names_outcome
from groprog_assets.study.parameters import CohortParameters
from groprog_kernels.concordance import harrell
from groprog_kernels.risk_sets import risk_sets

MOST_PATIENTS = 3000
"""Patients the guard looks at, drawn by event from a larger cohort: a column that leaks there leaks everywhere."""
REFERENCE_PENALTY = 10.0
"""Ridge penalty a column of the reference model: about half a dozen events' worth."""
LIKELY = 0.8
"""Below this concordance alone a column is not held against the reference model: single honest columns reach 0.75."""

STUDENT = (np.inf, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.09)
"""Two-sided 95 % quantiles of Student's t by the number of folds, the last for more."""


class Leak(NamedTuple):
    """One column that reveals the outcome: field or row, rule ("name", "date", "concordance", "event", "time", "model" or
    "together"), the value that broke it, reason."""

    field: str
    rule: str
    value: float
    reason: str

    def problem(self) -> Problem:
        """The leak as a Problem for checks and errors."""
        remedy = "Leave the column out, or state when it is known (known_at_days)."
        if self.rule == "name":
            remedy = "Leave the column out; if it is known at baseline, set the field's baseline_despite_name: true."
        elif self.rule == "row":
            remedy = "Remove the row from the matrix."
        return Problem(f"covariate {self.field}", self.reason, "Inputs must not know the outcome.", remedy)


def find_leaks(
    inputs: ModelInputs,
    outcomes: Outcomes,
    folds: Sequence[Fold],
    threshold: float,
    known_by_days: float = 0.0,
    parameters: CohortParameters | None = None,
) -> list[Leak]:
    """The input columns that leak the outcome, each with the first rule it breaks; an empty list when there is none.

    name: the name of the field or source column contains a word that names outcomes. date: the column becomes known later than
    `known_by_days` (0, or the landmark). The other rules are fitted on the training folds of the first repeat and judged on the
    held-out patients. concordance: the column alone ranks them with Harrell's C above `threshold`. event: the column alone, or
    its missing values, predict the event with an AUC above `leak_event_area`. time: for many patients the column equals the
    follow-up, in some unit, or it goes with the follow-up of patients with and without the event, is never above it, or differs
    from it by whole years (`leaking_times`). model: the column orders the outcome better than the cross-validated model of all
    other columns, by more than `leak_margin` and more than the interval of the difference. together: two or three columns, none
    of which leaks alone, predict the event, or the difference of two goes with the follow-up. Rows of expression and of further
    matrices: see `leaking_rows`.
    """
    parameters = parameters or CohortParameters()
    leaks = {leak.field: leak for leak in _by_name_and_date(inputs, known_by_days)}
    held, known, folds = _sample(inputs, outcomes, _first_repeat(folds))
    alone: dict[str, list[float]] = {}
    for spec in held.fields:
        alone[spec.name] = column_concordances(held, known, folds, spec)
        value = _mean(alone[spec.name])
        found = _alone(held, known, folds, spec, value, threshold, parameters.leak_event_area)
        if found is not None:
            leaks.setdefault(spec.name, found)
    by_model = _beyond_the_others(held, known, folds, alone, set(leaks), parameters.leak_margin)
    leaks = {**{leak.field: leak for leak in by_model}, **leaks}
    honest = [spec for spec in held.fields if spec.name not in leaks]
    for names, value in in_few(held, honest, known, folds, parameters.leak_event_area):
        reason = f"together they tell who had the event with an area under the curve of {value:.3f}"
        leaks[" and ".join(names)] = Leak(" and ".join(names), "together", value, reason)
    numbers = {spec.name: held.covariates[spec.name] for spec in honest if spec.kind == "continuous"}
    between = time_in_pairs(numbers, known)
    if between is not None:
        both = " and ".join(sorted(between[0]))
        told = "what {} has beyond {}: {}".format(*between[0], between[2])
        leaks[both] = Leak(both, "together", between[1], told)
    order = {spec.name: place for place, spec in enumerate(inputs.fields)}
    ordered = sorted(leaks.values(), key=lambda leak: order.get(leak.field, len(order)))
    given = [] if held.expression is None else [PatientMatrix("expression", "", held.genes, held.expression)]
    if given or held.matrices:
        reference = _mean(_reference(held, known, folds, [spec for spec in held.fields if spec.name not in leaks]))
    for matrix in (*given, *held.matrices):
        limits = (parameters.leak_event_area, threshold, reference, parameters.leak_margin)
        rows = leaking_rows(matrix.values, known, *limits)
        ordered += [Leak(f"{matrix.name} row {matrix.genes[row.row]}", "row", row.value, row.reason) for row in rows]
    return ordered


def column_concordances(inputs: ModelInputs, outcomes: Outcomes, folds: Sequence[Fold], spec: FieldSpec) -> list[float]:
    """Out-of-fold Harrell C of one covariate alone, by fold; nan where a fold has no comparable pairs.

    The largest value over its encoded columns and two predictors, both fitted on the training fold: the column itself, with
    its direction there, and the event rate (events over time) of the training patients with the nearest values, which also
    finds relations that are not monotone.
    """
    alone = ModelInputs(
        inputs.patient_id,
        (FieldSpec(spec.name, spec.kind, spec.unit, spec.levels),),
        {spec.name: inputs.covariates[spec.name]},
    )
    values = []
    for fold in folds:
        encoder = ClinicalEncoder.fit(alone.take(fold.train), flag_above=0.0)
        train, test = (encoder.transform(alone.take(rows)).design for rows in (fold.train, fold.test))
        known, held_out = outcomes.take(fold.train), outcomes.take(fold.test)
        found = []
        for column in range(train.shape[1]):
            sign = -1.0 if _concordance(train[:, column], known) < 0.5 else 1.0
            found.append(_concordance(sign * test[:, column], held_out))
            found.append(_concordance(nearest_rates(train[:, column], known, test[:, column]), held_out))
        found = [value for value in found if np.isfinite(value)]
        values.append(max(found) if found else float("nan"))
    return values


def nearest_rates(train: np.ndarray, outcomes: Outcomes, test: np.ndarray, neighbours: int = 5) -> np.ndarray:
    """(m,) events per time among the training patients whose value (n,) is nearest to each test value (m,).

    Equal values are pooled. Where they are fewer than `neighbours`, the next values on both sides are added. Between
    training values the rate is interpolated.
    """
    order = np.argsort(train, kind="stable")
    value = train[order]
    events = np.r_[0.0, np.cumsum(outcomes.event[order])]
    times = np.r_[0.0, np.cumsum(outcomes.time[order])]
    unique, first = np.unique(value, return_index=True)
    last = np.r_[first[1:], value.size]
    pad = np.maximum(neighbours - (last - first) + 1, 0) // 2
    low, high = np.maximum(first - pad, 0), np.minimum(last + pad, value.size)
    rate = (events[high] - events[low]) / np.maximum(times[high] - times[low], 1e-12)
    return np.interp(test, unique, rate)


def _by_name_and_date(inputs: ModelInputs, known_by_days: float) -> list[Leak]:
    leaks = []
    for spec in inputs.fields:
        if spec.known_at_days > known_by_days:
            reason = f"known {spec.known_at_days:g} days after baseline, later than {known_by_days:g}"
            leaks.append(Leak(spec.name, "date", spec.known_at_days, reason))
        if not spec.baseline_despite_name:
            for name, what in ((spec.name, "its name is"), (spec.column, f"its column {spec.column} is named")):
                if names_outcome(name):
                    leaks.append(Leak(spec.name, "name", float("nan"), f"{what} that of an outcome"))
                    break
    return leaks


def _alone(
    inputs: ModelInputs,
    outcomes: Outcomes,
    folds: Sequence[Fold],
    spec: FieldSpec,
    concordance: float,
    threshold: float,
    most_area: float,
) -> Leak | None:
    """How one column alone knows the outcome, if it does; `concordance` is its out-of-fold C."""
    if concordance > threshold:
        reason = f"alone it orders held-out patients with C = {concordance:.3f}, above {threshold:g}"
        return Leak(spec.name, "concordance", concordance, reason)
    for reading, value in readings(inputs, spec, outcomes, folds).items():
        if value > most_area:
            reason = (
                f"{reading} it tells who had the event with an area under the curve of {value:.3f}, above {most_area:g}"
            )
            return Leak(spec.name, "event", value, reason)
    if spec.kind != "continuous":
        return None
    shared = shared_with_time(inputs.covariates[spec.name], outcomes.time)
    if shared:
        return Leak(spec.name, "time", shared, f"for {100 * shared:.0f} % of patients it is the follow-up itself")
    value, reason = time_alone(inputs.covariates[spec.name], outcomes)
    return Leak(spec.name, "time", value, reason) if reason else None


def _beyond_the_others(
    inputs: ModelInputs,
    outcomes: Outcomes,
    folds: Sequence[Fold],
    alone: dict[str, list[float]],
    leaking: set[str],
    margin: float,
) -> list[Leak]:
    """Columns that alone order held-out patients better than a model of all other columns that do not leak.

    The difference of the two must be above `margin` and above its own interval over the folds (Nadeau and Bengio's corrected
    variance, doi:10.1023/A:1024068626366). Columns that follow the tested one closely are left out of its reference.
    """
    leaks = []
    for spec in inputs.fields:
        value = _mean(alone[spec.name])
        if spec.name in leaking or not value > LIKELY:
            continue
        others = [
            other
            for other in inputs.fields
            if other.name not in (spec.name, *leaking) and not _follows(inputs, spec, other)
        ]
        reference = _reference(inputs, outcomes, folds, others)
        difference = np.array(alone[spec.name]) - np.array(reference)
        difference = difference[np.isfinite(difference)]
        if difference.size < 2:
            continue
        ratio = np.mean([fold.test.size / fold.train.size for fold in folds])
        error = float(np.sqrt((1 / difference.size + ratio) * difference.var(ddof=1)))
        gain = float(difference.mean())
        half = STUDENT[min(difference.size, len(STUDENT)) - 1] * error
        if gain > margin and gain > half:
            reason = (
                f"alone it orders held-out patients with C = {value:.3f}, the cross-validated model of all other columns with "
                f"{value - gain:.3f} (difference {gain:.3f}, interval ±{half:.3f})"
            )
            leaks.append(Leak(spec.name, "model", value, reason))
    return leaks


def _reference(
    inputs: ModelInputs, outcomes: Outcomes, folds: Sequence[Fold], fields: Sequence[FieldSpec]
) -> list[float]:
    """Out-of-fold Harrell C, by fold, of a ridge Cox model of the fields; 0.5 without any."""
    if not fields:
        return [0.5] * len(folds)
    held = ModelInputs(inputs.patient_id, tuple(fields), {spec.name: inputs.covariates[spec.name] for spec in fields})
    values = []
    for fold in folds:
        known, held_out = outcomes.take(fold.train), outcomes.take(fold.test)
        encoder = ClinicalEncoder.fit(held.take(fold.train), flag_above=0.0)
        train, test = (encoder.transform(held.take(rows)).design for rows in (fold.train, fold.test))
        if not known.event.any() or not train.shape[1]:
            values.append(0.5)
            continue
        centre = train.mean(axis=0)
        penalty = np.full(train.shape[1], REFERENCE_PENALTY)
        fitted = fit_ridge(train - centre, risk_sets(known.time, known.event), penalty)
        values.append(_concordance((test - centre) @ fitted.coefficients, held_out))
    return values


def _follows(inputs: ModelInputs, one: FieldSpec, other: FieldSpec) -> bool:
    """Whether two continuous columns are nearly one: rank correlation above 0.9 in size."""
    if one.kind != "continuous" or other.kind != "continuous":
        return False
    left, right = inputs.covariates[one.name], inputs.covariates[other.name]
    known = np.isfinite(left) & np.isfinite(right)
    if known.sum() < 10:
        return False
    ranks = [np.argsort(np.argsort(values[known], kind="stable"), kind="stable") for values in (left, right)]
    return abs(float(np.corrcoef(ranks[0], ranks[1])[0, 1])) > 0.9


def _first_repeat(folds: Sequence[Fold]) -> list[Fold]:
    first = min((fold.repeat for fold in folds), default=0)
    return [fold for fold in folds if fold.repeat == first]


def _sample(inputs: ModelInputs, outcomes: Outcomes, folds: list[Fold]) -> tuple[ModelInputs, Outcomes, list[Fold]]:
    """At most MOST_PATIENTS patients, as many with the event as the cohort's share, and the folds among them."""
    n = len(inputs)
    if n <= MOST_PATIENTS:
        return inputs, outcomes, folds
    random = np.random.default_rng(n)
    event = np.flatnonzero(outcomes.event)
    wanted = min(max(round(MOST_PATIENTS * event.size / n), min(event.size, 300)), MOST_PATIENTS)
    without = np.flatnonzero(~outcomes.event)
    rest = min(MOST_PATIENTS - wanted, without.size)
    rows = np.sort(np.r_[random.choice(event, wanted, replace=False), random.choice(without, rest, replace=False)])
    place = np.full(n, -1)
    place[rows] = np.arange(rows.size)
    kept = [
        Fold(fold.repeat, fold.fold, *(place[part][place[part] >= 0] for part in (fold.train, fold.test)))
        for fold in folds
    ]
    return inputs.take(rows), outcomes.take(rows), [fold for fold in kept if fold.test.size]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _concordance(risk: np.ndarray, outcomes: Outcomes) -> float:
    return float(harrell(risk, outcomes.time, outcomes.event).cindex)
