"""The leak guard: which input columns know the outcome (A1, finding F1).

It alone may see covariates and outcomes together; its verdict goes to an asset check, never into an encoder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from groprog_assets.errors import Problem
from groprog_assets.fitting.clinical_encoder import ClinicalEncoder
from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_kernels.concordance import harrell

# Words by which clinical tables name outcomes; whole words of a name split at case changes, digits and punctuation.
OUTCOME_WORDS = frozenset(
    {"os", "pfs", "dss", "dfs", "rfs", "efs", "pfi", "dfi", "event", "outcome", "followup"}
    | {"death", "dead", "deceased", "died", "vital", "mortality", "survival", "survive", "survived"}
    | {"censor", "censored", "censoring", "relapse", "relapsed", "recurrence", "recurred", "progression", "progressed"}
)
OUTCOME_PHRASES = (("follow", "up"), ("days", "to"), ("time", "to"), ("last", "contact"), ("new", "tumor"))


class Leak(NamedTuple):
    """One column that knows the outcome: field, rule ("concordance", "name" or "date"), value that broke it, reason."""

    field: str
    rule: str
    value: float
    reason: str

    def problem(self) -> Problem:
        """The leak as a Problem for checks and errors."""
        return Problem(
            f"covariate {self.field}", self.reason, "Inputs must not know the outcome.", "Leave the column out."
        )


def find_leaks(
    inputs: ModelInputs,
    outcomes: Outcomes,
    folds: Sequence[Fold],
    threshold: float,
    known_by_days: float = 0.0,
) -> list[Leak]:
    """Every leaking column of the inputs, by three rules; an empty list when there is none.

    concordance: the column alone, encoded on each training fold and turned the way it points there, ranks the held-out
    patients with Harrell C above `threshold` (mean over folds). name: it holds a word by which outcomes are named. date: it
    becomes known later than `known_by_days` (0, or the landmark).
    """
    leaks = []
    for spec in inputs.fields:
        if names_outcome(spec.name):
            leaks.append(Leak(spec.name, "name", float("nan"), "its name is that of an outcome"))
        if spec.known_at_days > known_by_days:
            reason = f"known {spec.known_at_days:g} days after baseline, later than {known_by_days:g}"
            leaks.append(Leak(spec.name, "date", spec.known_at_days, reason))
        value = column_concordance(inputs, outcomes, folds, spec)
        if value > threshold:
            reason = f"alone it orders held-out patients with C = {value:.3f}, above {threshold:g}"
            leaks.append(Leak(spec.name, "concordance", value, reason))
    return leaks


def column_concordance(inputs: ModelInputs, outcomes: Outcomes, folds: Sequence[Fold], spec: FieldSpec) -> float:
    """Mean out-of-fold Harrell C of one covariate alone; nan when no fold has comparable pairs.

    The largest over its encoded columns of two readings, both learned on the training fold: the column itself, turned the way
    it points there, and the event rate (events over time) among the training patients with the nearest values, which also
    finds relations that rise and fall.
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
        if found:
            values.append(max(found))
    return float(np.mean(values)) if values else float("nan")


def nearest_rates(train: np.ndarray, outcomes: Outcomes, test: np.ndarray, neighbours: int = 5) -> np.ndarray:
    """(m,) events per time among the training patients whose value (n,) is nearest to each test value (m,).

    Equal values are taken together; fewer than `neighbours` of them are joined by the next values on both sides. Between
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


def names_outcome(name: str) -> bool:
    """Whether a column name holds a word or phrase by which clinical tables name outcomes."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    words = [word for word in re.split(r"[^a-z]+", split.lower()) if word]
    pairs = set(pairwise(words))
    return bool(OUTCOME_WORDS & set(words)) or any(phrase in pairs for phrase in OUTCOME_PHRASES)


def _concordance(risk: np.ndarray, outcomes: Outcomes) -> float:
    return float(harrell(risk, outcomes.time, outcomes.event).cindex)
