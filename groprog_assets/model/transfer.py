"""The linear path with what other cohorts say: fixed columns of their scores, and ridge penalties towards their coefficients.

Arrays in, arrays out; NumPy only. Everything is decided on the inner folds of the training patients; no coefficient of a fixed
column is learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from groprog_assets.fitting.ridge_cox import fit_ridge, held_out_log_likelihood
from groprog_assets.model.linear import (
    Branch,
    Capped,
    LinearPath,
    choose_branch,
    combined_path,
    earned_weights,
    stacking_weights,
)
from groprog_assets.model.source_columns import SourceColumns
from groprog_assets.study.model_parameters import LinearPathParameters, TransferParameters
from groprog_kernels.risk_sets import risk_sets

SOURCE_CLINICAL, SOURCE_MOLECULAR = "source_clinical", "source_molecular"
"""Names of the branches with a fixed column."""
NOBODY = -1
"""The set of sources after all were dropped."""


class Training(NamedTuple):
    """Patients of a training cohort: columns (n, p) of the path, time, event (n,); partitions: inner fold (n,), one or more."""

    columns: np.ndarray
    time: np.ndarray
    event: np.ndarray
    partitions: Sequence[np.ndarray]


def transferred_path(
    training: Training,
    branches: Mapping[str, np.ndarray],
    sources: SourceColumns,
    earning: Sequence[Sequence[str]],
    path: LinearPathParameters,
    asked: TransferParameters,
    capped: Capped | None = None,
) -> LinearPath:
    """The linear path of `branches` with the sources' fixed columns beside them and ridge penalties towards their coefficients.

    branches: {name: places of its columns}, with the scores of each set of sources under SOURCE_MOLECULAR, where there are any.
    earning: groups of branches that earn their weights, as in `combined_path`. The set of sources is chosen first, against the
    path without any. capped: as in `choose_branch`.
    """
    columns, time, event, partitions = training
    grid = tuple(sorted(path.penalties))
    scores = branches.get(SOURCE_MOLECULAR, np.zeros(0, np.int64))
    own = {name: used for name, used in branches.items() if name != SOURCE_MOLECULAR}
    chosen = {
        name: choose_branch(name, columns, used, time, event, partitions, grid, capped=capped)
        for name, used in own.items()
    }
    base = [branch for branch in chosen.values() if not any(branch.name in group for group in earning)]
    clinical = own.get("clinical", np.zeros(0, np.int64))
    # The design comes first among the columns; curves that the branch leaves out are 0 in a source anyway.
    said = np.zeros((columns.shape[0], 0, 2))
    if len(sources.kept):
        of_fields = columns[:, clinical] @ sources.clinical[clinical]
        of_genes = columns[:, scores] if scores.size else np.zeros_like(of_fields)
        said = np.stack([of_fields, of_genes], axis=2)
    number = chosen_set(_base_score(base, training, path), said, sources.kept, training, asked)
    kept = np.zeros(len(sources.names), bool) if number == NOBODY else sources.kept[number]
    towards: dict[str, float] = {}
    fixed: list[Branch] = []
    if number != NOBODY:
        centres = {"clinical": sources.clinical[clinical, number]}
        if asked.recipe == "earn" and "omics" in own:
            centres["omics"] = sources.adjusted[:, number]
        for name in centres:
            if name in own and centres[name].any():
                chosen[name], towards[name] = _towards(chosen[name], own[name], centres[name], training, grid, asked)
        places = {SOURCE_CLINICAL: clinical, SOURCE_MOLECULAR: scores[number : number + 1]}
        values = {SOURCE_CLINICAL: sources.clinical[clinical, number], SOURCE_MOLECULAR: np.ones(min(scores.size, 1))}
        for name in places:
            vector = np.zeros(columns.shape[1])
            vector[places[name]] = values[name]
            if vector.any():
                fixed.append(_fixed(name, vector, training))
    groups = [tuple(branch.name for branch in fixed), *earning] if asked.recipe == "earn" else list(earning)
    made = combined_path(
        columns,
        [*chosen.values(), *fixed],
        time,
        event,
        partitions,
        path.stacking_prior,
        groups,
        path.earning_priors,
    )
    weight = {branch.name: float(value) for branch, value in zip(made.branches, made.weights)}
    spread = {branch.name: weight[branch.name] * float(branch.out_of_fold.std()) for branch in made.branches}
    whole = sum(spread.values())
    told = Transferred(
        tuple(name for name, used in zip(sources.names, kept) if used),
        tuple(name for name, used in zip(sources.names, kept) if not used),
        towards,
        {name: spread.get(name, 0.0) / whole if whole > 0 else 0.0 for name in (SOURCE_CLINICAL, SOURCE_MOLECULAR)},
    )
    return made._replace(transferred=told._asdict())


class Transferred(NamedTuple):
    """What was taken from other cohorts: names of the sources kept and dropped; towards: {branch: rho}, its ridge penalty being
    towards rho times the sources' coefficients; share: {fixed column: its share of the path's spread}."""

    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    towards: dict[str, float]
    share: dict[str, float]


def chosen_set(
    base: np.ndarray, said: np.ndarray, kept: np.ndarray, training: Training, asked: TransferParameters
) -> int:
    """The row of `kept` (C, S) bool whose scores said (n, C, 2) are used beside the base score (n,); NOBODY for none.

    It begins with all sources. One is dropped when the inner folds are predicted better without it, by more than
    `transfer.drop_margin` of held-out log partial likelihood; then the next one may be.
    """
    found: dict[int, float] = {}

    def worth(number: int) -> float:
        if number not in found:
            new = np.zeros((base.size, 0)) if number == NOBODY else said[:, number]
            found[number] = _held_out(base, new, training, asked.earning_prior)
        return found[number]

    rows = {tuple(row.tolist()): place for place, row in enumerate(kept)}
    now = 0 if len(kept) else NOBODY
    while now != NOBODY:
        if kept[now].sum() == 1:
            fewer = [NOBODY]
        else:
            without = [
                np.where(np.arange(kept.shape[1]) == gone, False, kept[now]) for gone in np.flatnonzero(kept[now])
            ]
            fewer = [rows[tuple(row.tolist())] for row in without if tuple(row.tolist()) in rows]
        best = max(fewer, key=worth, default=now)
        if worth(best) <= worth(now) + asked.drop_margin:
            break
        now = best
    return now


def _base_score(base: Sequence[Branch], training: Training, path: LinearPathParameters) -> np.ndarray:
    # The out-of-fold score of the branches that share their weights; 0 where there is none.
    useful = [branch for branch in base if branch.gain > 0] or list(base)
    if not useful:
        return np.zeros(training.time.size)
    scores = np.column_stack([branch.out_of_fold for branch in useful])
    return np.asarray(scores @ stacking_weights(scores, training.time, training.event, path.stacking_prior))


def _held_out(base: np.ndarray, new: np.ndarray, training: Training, prior: float) -> float:
    # Log partial likelihood of each inner fold under earned weights of the others, summed.
    time, event, inner = training.time, training.event, training.partitions[0]
    paths, everyone, total = np.column_stack([base, new]), risk_sets(time, event), 0.0
    for fold in np.unique(inner):
        fit = inner != fold
        if event[fit].any():
            weights = earned_weights(base[fit], new[fit], time[fit], event[fit], prior)
            total += held_out_log_likelihood(paths @ weights, everyone, fit, risk_sets(time[fit], event[fit]))
    return total


def _towards(
    plain: Branch,
    used: np.ndarray,
    centre: np.ndarray,
    training: Training,
    grid: tuple[float, ...],
    asked: TransferParameters,
) -> tuple[Branch, float]:
    # The branch whose penalty is towards rho times the centre, rho by the inner folds; `plain` is that of rho = 0.
    found = {0.0: plain}
    for rho in asked.shares_of_sources:
        if rho not in found:
            found[rho] = choose_branch(
                plain.name,
                training.columns,
                used,
                training.time,
                training.event,
                training.partitions,
                grid,
                rho * centre,
            )
    best = max(found, key=lambda rho: found[rho].gain)
    return found[best], best


def _fixed(name: str, vector: np.ndarray, training: Training) -> Branch:
    # A branch of one fixed score; its gain is that of the score times a slope from the other inner folds.
    columns, time, event, partitions = training
    score, inner = columns @ vector, partitions[0]
    spread = max(float(score.std()), 1e-12)
    z, everyone, gain = (score - score.mean())[:, None] / spread, risk_sets(time, event), 0.0
    for fold in np.unique(inner):
        fit = inner != fold
        sets, weakly = risk_sets(time[fit], event[fit]), np.array([1e-3 * max(int(event[fit].sum()), 1)])
        slope = max(float(fit_ridge(z[fit], sets, weakly).coefficients[0]), 0.0)
        for sign, factor in ((1.0, slope), (-1.0, 0.0)):
            gain += sign * held_out_log_likelihood(z[:, 0] * factor, everyone, fit, sets)
    members = [vector] * np.unique(inner).size
    return Branch(name, 0.0, gain / max(int(event.sum()), 1), score, members, vector, [])
