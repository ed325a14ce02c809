"""Hyperparameter search on the inner folds of one training cohort: Optuna proposes, the out-of-fold score decides.

Only the training cohort is used. Every trial is logged, and a killed search continues from its log to the same result.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np

from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.training_state import write_whole
from groprog_assets.study.parameters import Parameters
from groprog_kernels.cox import cox_efron

STARTUP = 8
"""Trials that are drawn at random before the sampler uses earlier trials."""
Score = Callable[[Parameters, int], float]


Setting = dict[str, object]
"""{parameter: value}, the parameter as group.field."""
Place = dict[str, int]
"""{parameter: which of its values}."""


class Trial(TypedDict):
    """A tried setting and its score."""

    place: Place
    score: float


class TrialRow(TypedDict):
    """A row of table search_log without the fold; setting is JSON."""

    trial: int
    setting: str
    score: float
    chosen: bool


class Searched(NamedTuple):
    """The parameters with the best setting, and one row a trial: trial, setting (JSON), score, chosen."""

    parameters: Parameters
    log: list[TrialRow]


def search_settings(parameters: Parameters, score: Score, seed: int, folder: Path | None = None) -> Searched:
    """Try `search.trials` settings of `search.grid`; `score(parameters, trial)` is higher for a better one.

    Trial 0 is the current setting, so the chosen setting is never worse; ties go to the earlier trial. A setting that is
    proposed again keeps its score. Trial k is proposed by a tree-structured Parzen estimator seeded with `seed` + k from the
    trials before it (Bergstra et al. 2011), so a search resumed from `folder` gives the same result as an uninterrupted one.
    """
    choices = grid_of(parameters)
    done = _recalled(folder, choices)
    for trial in range(len(done), parameters.search.trials):
        place = _proposed(choices, done, seed + trial) if trial else dict.fromkeys(choices, 0)
        known = [row["score"] for row in done if row["place"] == place]
        value = known[0] if known else score(with_setting(parameters, _setting(choices, place)), trial)
        done.append({"place": place, "score": float(value)})
        if folder is not None:
            content = json.dumps({"choices": choices, "trials": done}).encode()
            write_whole(Path(folder) / "search.json", content)
    scores = np.array([row["score"] for row in done])
    best = int(np.argmax(np.where(np.isfinite(scores), scores, -np.inf)))
    log: list[TrialRow] = [
        {
            "trial": trial,
            "setting": json.dumps(_setting(choices, row["place"]), sort_keys=True),
            "score": row["score"],
            "chosen": trial == best,
        }
        for trial, row in enumerate(done)
    ]
    return Searched(with_setting(parameters, _setting(choices, done[best]["place"])), log)


def grid_of(parameters: Parameters) -> dict[str, list[object]]:
    """The values of each searched parameter, the current one first."""
    found = {}
    for name, values in sorted(parameters.search.grid.items()):
        group, _, field = name.partition(".")
        present = getattr(getattr(parameters, group), field)
        found[name] = [present, *(value for value in values if value != present)]
    return found


def with_setting(parameters: Parameters, setting: Setting) -> Parameters:
    """The parameters with some values changed; groups that were not declared stay unreadable."""
    groups: dict[str, Setting] = {}
    for name, value in setting.items():
        group, _, field = name.partition(".")
        groups.setdefault(group, {})[field] = value
    changed = {group: getattr(parameters, group).model_copy(update=values) for group, values in groups.items()}
    return parameters.model_copy(update=changed)


def inner_score(risk: np.ndarray, outcomes: Outcomes) -> float:
    """Cox log partial likelihood per event (Efron's ties) of the risks (n,) that are known; -inf without an event among them."""
    held = np.isfinite(risk)
    if not outcomes.event[held].any():
        return float("-inf")
    found = cox_efron(risk[held], outcomes.time[held], outcomes.event[held])
    return -found.loss / found.events


def _setting(choices: dict[str, list[object]], place: Place) -> Setting:
    return {name: choices[name][at] for name, at in place.items()}


def _proposed(choices: dict[str, list[object]], done: list[Trial], seed: int) -> Place:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution
    from optuna.samplers import TPESampler
    from optuna.trial import create_trial

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Places instead of values: a category may be a list, and an order of magnitude is no distance.
    space: dict[str, BaseDistribution] = {
        name: CategoricalDistribution(tuple(range(len(values)))) for name, values in choices.items()
    }
    study = optuna.create_study(direction="maximize", sampler=TPESampler(seed=seed, n_startup_trials=STARTUP))
    told = [row for row in done if np.isfinite(row["score"])]
    study.add_trials([create_trial(params=row["place"], distributions=space, value=row["score"]) for row in told])
    return {name: int(value) for name, value in study.ask(space).params.items()}


def _recalled(folder: Path | None, choices: dict[str, list[object]]) -> list[Trial]:
    # Trials of a killed search of the same choices; a file that cannot be read counts as none.
    try:
        document = json.loads((Path(folder) / "search.json").read_bytes()) if folder is not None else {}
    except (OSError, ValueError):
        return []
    same = json.loads(json.dumps(choices)) == document.get("choices")
    return list(document["trials"]) if same else []
