"""With few events the score falls back towards clinical Cox: a mixture of the model and a ridge Cox of the fields alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groprog_assets.model.encoders import Encoded, Encoders
from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.linear import LinearPath, branch_columns, choose_branch, path_columns
from groprog_assets.study.parameters import Parameters

FALLBACK = "clinical_cox"
"""Name of the branch that a fit with few events falls back to."""


def share_of_model(events: int, limits: Sequence[float]) -> float:
    """The share of the model in a score from `events` training events: 0 at the first limit or fewer, 1 at the second or more.

    >>> [share_of_model(events, (12, 30)) for events in (5, 21, 30)]
    [0.0, 0.5, 1.0]
    """
    least, enough = limits
    if events >= enough:
        return 1.0
    return (events - least) / (enough - least) if events > least else 0.0


def toward_clinical_cox(
    encoders: Encoders,
    encoded: Encoded,
    outcomes: Outcomes,
    inner: np.ndarray,
    path: LinearPath,
    risk: np.ndarray,
    weights: np.ndarray,
    parameters: Parameters,
) -> tuple[LinearPath, np.ndarray, np.ndarray, float]:
    """(path, out-of-fold risk (n,), weights of path and network, share of clinical Cox), mixed by the number of events.

    encoded, outcomes, inner (n,): the training patients and their inner folds; risk (n,) is NaN where no member left one out.
    Clinical Cox is a ridge Cox of the straight lines and levels of all fields over the whole follow-up, its penalty chosen on
    inner folds. The mixture is of log hazards, so it is a linear path again, with clinical Cox as one more branch. With enough
    events (`linear_path.fallback_events`), or without a clinical column, all come back as they are, with a share of 0.
    """
    share = share_of_model(int(outcomes.event.sum()), parameters.linear_path.fallback_events)
    columns = path_columns(encoded)
    clinical = branch_columns(encoded, encoders.further).get("clinical", np.zeros(0, np.int64))
    clinical = clinical[: clinical.size - encoders.clinical.curve_columns()]
    if share == 1.0 or not clinical.size:
        return path, risk, weights, 0.0
    grid = tuple(sorted(parameters.linear_path.penalties))
    cox = choose_branch(FALLBACK, columns, clinical, outcomes.time, outcomes.event, [inner], grid)
    own = share * float(weights[0])
    mixed = path._replace(
        out_of_fold=own * path.out_of_fold + (1.0 - share) * cox.out_of_fold,
        members=[own * ours + (1.0 - share) * theirs for ours, theirs in zip(path.members, cox.members)],
        whole=own * path.whole + (1.0 - share) * cox.whole,
        branches=[*path.branches, cox],
        weights=np.append(own * path.weights, 1.0 - share),
    )
    new = np.array([1.0, share * float(weights[1])])
    return mixed, share * risk + (1.0 - share) * cox.out_of_fold, new, 1.0 - share
