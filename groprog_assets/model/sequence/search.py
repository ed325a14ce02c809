"""Search of a net's settings on the validation genes of one fold: Optuna proposes, epochs that fall behind are cut short.

Test genes are never asked. Off by default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np

from groprog_assets.model.sequence.training import EpochRow
from groprog_assets.study.sequence_net_parameters import NetParameters

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

STARTUP = 4
"""Trials without a proposal, and epochs of a trial that are never cut short."""
WIDTHS = (32, 64, 128)
REACHES = (0.25, 0.5, 1.0)
"""Shares of the window that are tried."""

Score = Callable[[NetParameters, int, Callable[[EpochRow], bool]], list[EpochRow]]
"""Settings, number of the trial and a rule that ends training in; the epochs out."""


class Trial(TypedDict):
    """A tried setting, its best score, how many epochs it was trained, and whether it was cut short."""

    setting: dict[str, float]
    score: float
    epochs: int
    cut: bool


class Searched(NamedTuple):
    """The settings with the best trial's values, and all trials in order."""

    settings: NetParameters
    trials: list[Trial]


def search_settings(settings: NetParameters, score: Score, seed: int, wide: bool = False) -> Searched:
    """Try `trials` settings: learning rate, width, blocks, dropout, weight decay and reach, in windows that are `wide`, beyond
    the promoter, also whether the promoter alone is read; the given settings are the first.

    The best is never worse than the given one on the validation genes. A tree-structured Parzen estimator proposes; a trial
    whose score after an epoch lies below the median of the earlier ones there is cut short. One seed gives the same trials.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=STARTUP),
    )
    searched = space(settings, wide)
    given = {name: getattr(settings, name) for name in searched}
    study.enqueue_trial({name: value for name, value in given.items() if value or name != "weight_decay"})
    done: list[Trial] = []
    for number in range(settings.trials):
        trial = study.ask(searched)
        setting = dict(trial.params) if number else given
        cut = False

        def behind(row: EpochRow, trial: optuna.trial.Trial = trial) -> bool:
            nonlocal cut
            if np.isfinite(row["score"]):
                trial.report(row["score"], row["epoch"])
            cut = trial.should_prune()
            return cut

        history = score(settings.model_copy(update=setting), number, behind)
        best = max((row["score"] for row in history if np.isfinite(row["score"])), default=float("-inf"))
        state = optuna.trial.TrialState.PRUNED if cut else optuna.trial.TrialState.COMPLETE
        study.tell(trial, None if cut else max(best, -1e9), state=state)
        done.append({"setting": setting, "score": best, "epochs": len(history), "cut": cut})
    if not done:
        return Searched(settings, [])
    chosen = max(done, key=lambda trial: trial["score"])
    return Searched(settings.model_copy(update=chosen["setting"]), done)


def space(settings: NetParameters, wide: bool = False) -> dict[str, BaseDistribution]:
    """What is searched, by name of the setting; the given values are always among it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    rate, drop, decay = settings.learning_rate, settings.dropout, settings.weight_decay
    return {
        "learning_rate": FloatDistribution(min(2e-4, rate), max(4e-3, rate), log=True),
        "width": CategoricalDistribution(sorted({*WIDTHS, settings.width})),
        "blocks": IntDistribution(1, max(5, settings.blocks)),
        "dropout": FloatDistribution(0.0, max(0.4, drop)),
        "weight_decay": FloatDistribution(min(1e-4, decay or 1e-4), max(0.2, decay), log=True),
        "reach": CategoricalDistribution(sorted({*REACHES, settings.reach})),
        **({"promoter_alone": CategoricalDistribution([False, True])} if wide else {}),
    }
