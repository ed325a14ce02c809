"""Cross-validation and the final model. Each step that is fitted sees the training fold alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np
import torch

from groprog_assets.errors import ModelError, Problem
from groprog_assets.fitting.ridge_cox import ridge_covariance
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.model.device import single_threaded
from groprog_assets.model.encoders import Encoded, Encoders
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.linear import (
    SIGNATURE,
    BranchRow,
    LinearPath,
    branch_columns,
    branch_rows,
    chosen_earning,
    path_columns,
    stacked_linear_path,
    stacking_weights,
)
from groprog_assets.model.network import RiskNetwork, input_widths
from groprog_assets.model.predict import Prediction, predict
from groprog_assets.model.representation import Batch
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.model.search import TrialRow, inner_score, search_settings
from groprog_assets.model.signature_weights import SignatureWeights, signature_weights
from groprog_assets.model.training import Member, train_member
from groprog_assets.model.training_state import EpochRow
from groprog_assets.study.parameters import Parameters
from groprog_kernels.cox import breslow_baseline, survival_probability
from groprog_kernels.risk_sets import risk_sets


class HistoryRow(EpochRow):
    """A row of table training_history: one epoch of one ensemble member in one fold."""

    repeat: int
    fold: int
    seed: int


class PenaltyRow(TypedDict):
    """A penalty that was tried for a branch of the linear path, with its cross-validated gain per event."""

    branch: str
    penalty: float
    score: float


class FoldPenaltyRow(PenaltyRow):
    """The same, with its fold."""

    repeat: int
    fold: int


class FoldTrialRow(TrialRow):
    """A row of table search_log."""

    repeat: int
    fold: int


Progress = Callable[[HistoryRow], None]
Inspection = Callable[[Fold, RiskModel, ModelInputs], None]
Paths = dict[tuple[int, int], LinearPath | None]
"""Linear paths by (repeat, fold)."""
MINIMUM_BASELINE_EVENTS = 20
PARTITION_STEP = 15485863


class Fitted(NamedTuple):
    """A fitted model with the record of its training.

    history: columns of table training_history. out_of_fold (n,): risk of each training patient from the members that were
    not trained on the patient, NaN where all were. stacking: weights (linear path, network). search: one row for each
    penalty tried. trials: one row for each setting tried under `search.trials` (table search_log). signature: weight of a gene
    as a function of its descriptor; None without a signature branch. branches: what each branch of the linear path weighs.
    """

    model: RiskModel
    history: dict[str, np.ndarray]
    out_of_fold: np.ndarray
    stacking: tuple[float, float]
    search: list[PenaltyRow]
    trials: list[FoldTrialRow]
    signature: SignatureWeights | None = None
    branches: Sequence[BranchRow] = ()


class CrossValidation(NamedTuple):
    """Out-of-fold results over all folds.

    out_of_fold: columns of table out_of_fold (repeat, fold, patient_id, risk, risk_lower, risk_upper, percentile, eta,
    linear_risk and network_risk (either part alone), survival_<month> at each of `survival_months`, row = index of the patient
    in the inputs). history: columns of table training_history. encoders, models: one a fold, in the order of `folds`. search:
    the inner searches, one row a tried penalty pair. trials: columns of table search_log.
    """

    out_of_fold: dict[str, np.ndarray]
    history: dict[str, np.ndarray]
    encoders: list[Encoders]
    models: list[RiskModel]
    folds: list[Fold]
    search: dict[str, np.ndarray]
    trials: dict[str, np.ndarray]


def cross_validate(
    inputs: ModelInputs,
    outcomes: Outcomes,
    folds: Sequence[Fold],
    parameters: Parameters,
    progress: Progress | None = None,
    checkpoint_folder: Path | None = None,
    keep_models: bool = True,
    inspect: Inspection | None = None,
    paths: Paths | None = None,
) -> CrossValidation:
    """Fit on each training fold and score its held-out patients.

    Encoders, linear path, stacking weights, Breslow baseline and early stopping see the training fold alone. `progress` gets
    {"repeat", "fold", "seed", "epoch", "stage", ...} each epoch. With `checkpoint_folder` a killed run continues from its
    last saved epoch. `inspect` gets each fold with its model and the inputs of its held-out patients. `paths` holds the
    linear paths of earlier runs on these folds, which are reused, and receives those that are fitted here. Raises ModelError
    when patients and outcomes differ in number, or a training fold has too few events.
    """
    _check(inputs, outcomes)
    columns: dict[str, list[np.ndarray]] = {}
    histories, models = [], []
    searches: list[FoldPenaltyRow] = []
    trials: list[FoldTrialRow] = []
    for fold in folds:
        folder = (
            None if checkpoint_folder is None else Path(checkpoint_folder) / f"repeat-{fold.repeat}-fold-{fold.fold}"
        )
        training = outcomes.take(fold.train)
        fitted = _fit_searched(
            inputs.take(fold.train), training, parameters, fold.repeat, fold.fold, progress, folder, paths
        )
        held = inputs.take(fold.test)
        prediction = predict(fitted.model, held)
        if inspect is not None:
            inspect(fold, fitted.model, held)
        for name, values in _rows(fitted.model, prediction, fold).items():
            columns.setdefault(name, []).append(values)
        histories.append(fitted.history)
        models.append(fitted.model)
        searches.extend({"repeat": fold.repeat, "fold": fold.fold, **row} for row in fitted.search)
        trials.extend(fitted.trials)
    return CrossValidation(
        {name: np.concatenate(parts) for name, parts in columns.items()},
        _stack(histories),
        [model.encoders for model in models],
        models if keep_models else [],
        list(folds),
        _table(searches),
        _table(trials),
    )


def train_final(
    inputs: ModelInputs,
    outcomes: Outcomes,
    parameters: Parameters,
    progress: Progress | None = None,
    checkpoint_folder: Path | None = None,
) -> Fitted:
    """The final model: the same fit on the whole cohort. In its history, repeat is -1."""
    _check(inputs, outcomes)
    folder = None if checkpoint_folder is None else Path(checkpoint_folder) / "final"
    return _fit_searched(inputs, outcomes, parameters, -1, 0, progress, folder)


def _fit_searched(
    inputs: ModelInputs,
    outcomes: Outcomes,
    parameters: Parameters,
    repeat: int,
    fold: int,
    progress: Progress | None,
    folder: Path | None,
    paths: Paths | None = None,
) -> Fitted:
    # fit_model with the setting that the inner folds prefer; without trials, as the parameters say.
    if not parameters.search.trials:
        return fit_model(inputs, outcomes, parameters, repeat, fold, progress, folder, paths)

    def score(tried: Parameters, trial: int) -> float:
        where = None if folder is None else Path(folder) / f"trial-{trial}"
        found = fit_model(inputs, outcomes, tried, repeat, fold, progress=progress, folder=where)
        return inner_score(found.out_of_fold, outcomes)

    found = search_settings(parameters, score, parameters.training.seed, folder)
    fitted = fit_model(inputs, outcomes, found.parameters, repeat, fold, progress=progress, folder=folder)
    return fitted._replace(trials=[{"repeat": repeat, "fold": fold, **row} for row in found.log])


def fit_model(
    inputs: ModelInputs,
    outcomes: Outcomes,
    parameters: Parameters,
    repeat: int = -1,
    fold: int = 0,
    progress: Progress | None = None,
    folder: Path | None = None,
    paths: Paths | None = None,
) -> Fitted:
    """Fit an ensemble on one training cohort.

    Inner folds, stratified by event, number 1 / validation_fraction. The linear path's penalties are chosen on them. Member
    s is trained on all inner folds but one, and stops early on that one: inner fold s modulo their number. Its scores on that
    fold, and those of its linear path, are therefore out of fold. The stacking weights and the Breslow baseline are fitted to
    them.
    """
    training = parameters.training
    seed = training.seed + 7919 * (repeat + 1) + 104729 * fold
    encoders = Encoders.fit(inputs, parameters)
    encoded = encoders.transform(inputs)
    inner_count = min(round(1.0 / training.validation_fraction), int(outcomes.event.sum()) // 2)
    if inner_count < 2:
        raise ModelError(
            Problem(
                f"training fold {repeat}.{fold}",
                f"{int(outcomes.event.sum())} events",
                "At least 4 are needed to stop early on events that were not trained on.",
                "Use fewer folds or a longer follow-up.",
            )
        )
    inner = _inner_folds(outcomes, inner_count, seed)
    paths = {} if paths is None else paths
    if (repeat, fold) not in paths:
        paths[repeat, fold] = _linear_path(encoders, encoded, outcomes, inner, seed, parameters)
    path = paths[repeat, fold]
    members: list[Member] = []
    places = []
    history: list[HistoryRow] = []
    for number in range(training.ensemble_seeds):
        place = number % inner_count
        where = None if folder is None else Path(folder) / f"member-{number}"
        trained = train_member(
            encoded,
            outcomes,
            encoders,
            parameters,
            np.flatnonzero(inner != place),
            np.flatnonzero(inner == place),
            seed + number,
            progress=_labelled(progress, repeat, fold, number),
            folder=where,
        )
        members.append(trained)
        places.append(place)
        history.extend({"repeat": repeat, "fold": fold, "seed": number, **row} for row in trained.history)
    risk, weights = _stacked(members, places, path, inner, outcomes, parameters)
    networks = []
    for member, place in zip(members, places):
        networks.append(_assembled(member.network, path, place, places, weights))
    held = np.isfinite(risk)
    if int(outcomes.event[held].sum()) < MINIMUM_BASELINE_EVENTS:
        with single_threaded(), torch.no_grad():
            everyone = _ensemble_risk(networks, encoded)
        risk = np.where(held, risk, everyone)
        held = np.ones(len(outcomes), bool)
    baseline = breslow_baseline(risk[held], outcomes.time[held], outcomes.event[held])
    model = RiskModel(
        parameters,
        encoders,
        tuple(networks),
        input_widths(encoded),
        baseline,
        np.sort(risk[held]),
        () if path is None else tuple(branch.penalty for branch in path.branches),
        len(outcomes),
        int(outcomes.event.sum()),
    )
    search = [] if path is None else _search_rows(path)
    told = (
        None if path is None else _signature_weights(encoders, encoded, inputs, outcomes, path, weights[0], parameters)
    )
    rows = [] if path is None else branch_rows(path, float(weights[0]))
    return Fitted(model, _table(history), risk, (float(weights[0]), float(weights[1])), search, [], told, rows)


def _signature_weights(
    encoders: Encoders,
    encoded: Encoded,
    inputs: ModelInputs,
    outcomes: Outcomes,
    path: LinearPath,
    factor: float,
    parameters: Parameters,
) -> SignatureWeights | None:
    # What the signature branch says, as the score weighs it; factor: weight of the whole path.
    place = next((place for place, branch in enumerate(path.branches) if branch.name == SIGNATURE), None)
    if place is None or encoders.signature is None or inputs.descriptors is None:
        return None
    branch, weight = path.branches[place], float(path.weights[place] * factor)
    stopped = outcomes.stopped(parameters.linear_path.stop_after_events)
    sets = risk_sets(stopped.time, stopped.event)
    columns = encoded.signature.astype(np.float64)
    own = branch.whole[branch_columns(encoded, encoders.further)[SIGNATURE]]
    penalty = np.full(own.size, max(int(stopped.event.sum()), 1) * branch.penalty)
    seen = branch.out_of_fold.size / len(outcomes)  # less than one beyond linear_path.most_patients
    covariance = weight**2 / seen * ridge_covariance(columns, sets, penalty / seen, own)
    spread = np.array([each.out_of_fold.std() for each in path.branches]) * path.weights
    share = float(spread[place] / spread.sum()) if spread.sum() > 0 else 0.0
    names, table = inputs.descriptor_names, inputs.descriptors
    return signature_weights(
        encoders.signature, table, names, weight * own, covariance, float(spread[place] * factor), share
    )


def _inner_folds(outcomes: Outcomes, count: int, seed: int) -> np.ndarray:
    return stratified_folds(outcomes.event, count, np.random.default_rng([seed, count]))


def _linear_path(
    encoders: Encoders, encoded: Encoded, outcomes: Outcomes, inner: np.ndarray, seed: int, parameters: Parameters
) -> LinearPath | None:
    chosen = parameters.linear_path
    columns = path_columns(encoded)
    if not chosen.enabled or columns.shape[1] == 0:
        return None
    branches = branch_columns(encoded, encoders.further)
    stopped = outcomes.stopped(chosen.stop_after_events)
    if outcomes.event.sum() < chosen.events_per_curve * encoders.clinical.curved_fields():
        clinical = branches["clinical"]
        branches["clinical"] = clinical[: clinical.size - encoders.clinical.curve_columns()]
    repeats = chosen.partitions if len(outcomes) <= parameters.training.full_batch_limit else 1
    count = int(inner.max()) + 1
    partitions = [inner, *(_inner_folds(outcomes, count, seed + PARTITION_STEP * more) for more in range(1, repeats))]
    grid = tuple(sorted(chosen.penalties))
    # A subset beyond most_patients: the fits see it alone, and score everyone whose inner fold they left out.
    seen = np.random.default_rng([seed, len(outcomes)]).permutation(len(outcomes))[: chosen.most_patients]
    seen = np.sort(seen)
    path = stacked_linear_path(
        columns[seen],
        branches,
        stopped.time[seen],
        stopped.event[seen],
        [partition[seen] for partition in partitions],
        grid,
        chosen.stacking_prior,
        ((SIGNATURE,), tuple(encoders.further)),
        chosen.earning_priors,
    )
    if seen.size == len(outcomes):
        return path
    out_of_fold = np.einsum("np,np->n", columns, np.array(path.members)[inner])
    return path._replace(out_of_fold=out_of_fold)


def _search_rows(path: LinearPath) -> list[PenaltyRow]:
    return [
        {"branch": branch.name, "penalty": penalty, "score": gain}
        for branch in path.branches
        for penalty, gain in branch.log
    ]


def _stacked(
    members: list[Member],
    places: list[int],
    path: LinearPath | None,
    inner: np.ndarray,
    outcomes: Outcomes,
    parameters: Parameters,
) -> tuple[np.ndarray, np.ndarray]:
    # Out-of-fold risk (n,) under the learned weights (linear path, network); NaN where no member left the patient out.
    n = len(outcomes)
    sums, counts = np.zeros(n), np.zeros(n)
    for member, place in zip(members, places):
        rows = np.flatnonzero(inner == place)
        sums[rows] += member.validation_score
        counts[rows] += 1
    held = counts > 0
    network = sums[held] / counts[held]
    linear = path.out_of_fold[held] if path is not None else np.zeros(network.size)
    scores = np.column_stack([linear, network])
    chosen = parameters.linear_path
    judged = outcomes.take(np.flatnonzero(held)).stopped(chosen.stop_after_events)
    if path is None:
        weights = np.array([0.0, *stacking_weights(network[:, None], judged.time, judged.event, chosen.stacking_prior)])
    else:
        priors = chosen.earning_priors
        weights = chosen_earning(linear, network[:, None], judged.time, judged.event, inner[held], priors)
    risk = np.full(n, np.nan)
    risk[held] = scores @ weights
    return risk, weights


def _assembled(
    network: RiskNetwork, path: LinearPath | None, place: int, places: list[int], weights: np.ndarray
) -> RiskNetwork:
    # The members' linear paths average to the fit on all patients and spread as the inner fits do.
    if path is not None:
        centre = np.mean([path.members[other] for other in places], axis=0)
        network.linear.copy_(torch.from_numpy(path.whole + path.members[place] - centre))
    network.mixture.copy_(torch.from_numpy(weights))
    return network


def _ensemble_risk(networks: list[RiskNetwork], encoded: Encoded) -> np.ndarray:
    batch = Batch.of(encoded, "cpu", torch.float64)
    return np.mean([network(batch).risk.numpy() for network in networks], axis=0)


def _rows(model: RiskModel, prediction: Prediction, fold: Fold) -> dict[str, np.ndarray]:
    size = fold.test.size
    rows = {
        "repeat": np.full(size, fold.repeat, np.int32),
        "fold": np.full(size, fold.fold, np.int32),
        "patient_id": prediction.patient_id,
        "risk": prediction.risk,
        "risk_lower": prediction.lower,
        "risk_upper": prediction.upper,
        "percentile": prediction.percentile,
        "eta": prediction.eta,
        "linear_risk": prediction.linear,
        "network_risk": prediction.network,
        "row": fold.test,
    }
    months = np.array(model.parameters.evaluation.survival_months)
    survival = survival_probability(model.baseline, prediction.risk, months)
    for place, month in enumerate(months):
        rows[f"survival_{month:g}"] = survival[:, place]
    return rows


def _labelled(progress: Progress | None, repeat: int, fold: int, seed: int) -> Callable[[EpochRow], None] | None:
    if progress is None:
        return None
    return lambda row: progress({"repeat": repeat, "fold": fold, "seed": seed, **row})


def _table(rows: Sequence[Mapping[str, object]]) -> dict[str, np.ndarray]:
    if not rows:
        return {}
    whole = ("repeat", "fold", "seed", "epoch", "trial")
    return {name: np.array([row[name] for row in rows], np.int32 if name in whole else None) for name in rows[0]}


def _stack(tables: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    names = tables[0] if tables else {}
    return {name: np.concatenate([table[name] for table in tables]) for name in names}


def _check(inputs: ModelInputs, outcomes: Outcomes) -> None:
    if len(inputs) != len(outcomes):
        raise ModelError(
            Problem("outcomes", f"{len(outcomes)} for {len(inputs)} patients", "One outcome a patient, in order.", "")
        )
    if not outcomes.event.any():
        raise ModelError(Problem("outcomes", "no event", "A risk model learns from events.", "Check the event column."))
