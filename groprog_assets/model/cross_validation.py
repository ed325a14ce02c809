"""Cross-validation and the final model. Each step that is fitted sees the training fold alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from groprog_assets.errors import ModelError, Problem
from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.model.device import single_threaded
from groprog_assets.model.encoded_files import EncodedFold, encoded_for_model, name_of
from groprog_assets.model.encoders import Encoded, Encoders
from groprog_assets.model.few_events import Mixture, toward_clinical_cox, with_cox_columns
from groprog_assets.model.fold_rows import held_out_rows, rows_before, stacked, table_of
from groprog_assets.model.inputs import Fold, ModelInputs, Outcomes
from groprog_assets.model.linear import (
    SIGNATURE,
    BranchRow,
    LinearPath,
    PenaltyRow,
    branch_columns,
    branch_rows,
    capped_columns,
    chosen_earning,
    earned_weights,
    path_columns,
    search_rows,
    stacked_linear_path,
    stacking_weights,
)
from groprog_assets.model.network import RiskNetwork, input_widths
from groprog_assets.model.predict import predict, predict_encoded
from groprog_assets.model.recalibration import calibration_factor
from groprog_assets.model.representation import Batch
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.model.search import TrialRow, inner_score, search_settings
from groprog_assets.model.signature_weights import SignatureWeights, signature_of_path
from groprog_assets.model.training import Member, train_member
from groprog_assets.model.training_state import EpochRow
from groprog_assets.model.transfer import SOURCE_MOLECULAR, Training, transferred_path
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.text_tables import count_of
from groprog_kernels.cox import Baseline, breslow_baseline


class HistoryRow(EpochRow):
    """A row of table training_history: one epoch of one ensemble member in one fold."""

    repeat: int
    fold: int
    seed: int


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

    before: the factor by which risks were recalibrated, and the baseline hazard without it. history: columns of table
    training_history. out_of_fold (n,): risk of each training patient from the members that were
    not trained on the patient, NaN where all were. stacking: weights (linear path, network). search: one row for each
    penalty tried. trials: one row for each setting tried under `search.trials` (table search_log). signature: weight of a gene
    as a function of its descriptor; None without a signature branch. branches: what each branch of the linear path weighs.
    transferred: what was taken from other cohorts; None without any. clinical_cox_share: how much of the score is clinical Cox,
    because events are few.
    """

    model: RiskModel
    before: tuple[float, Baseline]
    history: dict[str, np.ndarray]
    out_of_fold: np.ndarray
    stacking: tuple[float, float]
    search: list[PenaltyRow]
    trials: list[FoldTrialRow]
    signature: SignatureWeights | None = None
    branches: Sequence[BranchRow] = ()
    transferred: dict[str, Any] | None = None
    clinical_cox_share: float = 0.0


class CrossValidation(NamedTuple):
    """Out-of-fold results over all folds.

    out_of_fold: columns of table out_of_fold (repeat, fold, patient_id, risk, risk_lower, risk_upper, percentile, eta,
    linear_risk and network_risk (either part alone), survival_<month> at each of `survival_months`, row = index of the patient
    in the inputs). history: columns of table training_history. encoders, models: one a fold, in the order of `folds`. search:
    the inner searches, one row a tried penalty pair. trials: columns of table search_log. transferred: what each fold took from
    other cohorts, with its repeat and fold; empty without any. before: columns of table uncalibrated. clinical_cox_shares: of
    each fold's model, as in `Fitted`.
    """

    out_of_fold: dict[str, np.ndarray]
    history: dict[str, np.ndarray]
    encoders: list[Encoders]
    models: list[RiskModel]
    folds: list[Fold]
    search: dict[str, np.ndarray]
    trials: dict[str, np.ndarray]
    transferred: list[dict[str, Any]]
    before: dict[str, np.ndarray]
    clinical_cox_shares: list[float]


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
    encoded: Mapping[str, EncodedFold] | None = None,
) -> CrossValidation:
    """Fit on each training fold and score its held-out patients.

    Encoders, linear path, stacking weights, Breslow baseline and early stopping see the training fold alone. `progress` gets
    {"repeat", "fold", "seed", "epoch", "stage", ...} each epoch. With `checkpoint_folder` a killed run continues from its
    last saved epoch. `inspect` gets each fold with its model and the inputs of its held-out patients. `paths` holds the
    linear paths of earlier runs on these folds, which are reused, and receives those that are fitted here. `encoded` holds the
    encoders and encoded patients of each fold by `name_of`; without it they are fitted and encoded here. Raises ModelError
    when patients and outcomes differ in number, or a training fold has too few events.
    """
    _check(inputs, outcomes)
    held_out, before, histories, models = [], [], [], []
    searches: list[FoldPenaltyRow] = []
    trials: list[FoldTrialRow] = []
    taken: list[dict[str, Any]] = []
    fallen: list[float] = []
    for fold in folds:
        folder = (
            None if checkpoint_folder is None else Path(checkpoint_folder) / f"repeat-{fold.repeat}-fold-{fold.fold}"
        )
        training = outcomes.take(fold.train)
        given = None if encoded is None else encoded[name_of(fold.repeat, fold.fold)]
        fitted = _fit_searched(
            inputs.take(fold.train), training, parameters, fold.repeat, fold.fold, progress, folder, paths, given
        )
        held = inputs.take(fold.test)
        if given is not None and given.test is not None and fitted.model.encoders.clinical is given.encoders.clinical:
            test = with_cox_columns(given.test.of(held.patient_id), fitted.model.encoders.clinical_cox, held)
            prediction = predict_encoded(fitted.model, held.patient_id, test)
        else:
            prediction = predict(fitted.model, held)
        if inspect is not None:
            inspect(fold, fitted.model, held)
        held_out.append(held_out_rows(fitted.model, prediction, fold))
        before.append(rows_before(fitted.model, prediction, fold, *fitted.before))
        histories.append(fitted.history)
        models.append(fitted.model)
        searches.extend({"repeat": fold.repeat, "fold": fold.fold, **row} for row in fitted.search)
        trials.extend(fitted.trials)
        fallen.append(fitted.clinical_cox_share)
        if fitted.transferred is not None:
            taken.append({"repeat": fold.repeat, "fold": fold.fold, **fitted.transferred})
    return CrossValidation(
        stacked(held_out),
        stacked(histories),
        [model.encoders for model in models],
        models if keep_models else [],
        list(folds),
        table_of(searches),
        table_of(trials),
        taken,
        stacked(before),
        fallen,
    )


def train_final(
    inputs: ModelInputs,
    outcomes: Outcomes,
    parameters: Parameters,
    progress: Progress | None = None,
    checkpoint_folder: Path | None = None,
    encoded: EncodedFold | None = None,
) -> Fitted:
    """The final model: the same fit on the whole cohort. In its history, repeat is -1. encoded: as in `fit_model`."""
    _check(inputs, outcomes)
    folder = None if checkpoint_folder is None else Path(checkpoint_folder) / "final"
    return _fit_searched(inputs, outcomes, parameters, -1, 0, progress, folder, None, encoded)


def _fit_searched(
    inputs: ModelInputs,
    outcomes: Outcomes,
    parameters: Parameters,
    repeat: int,
    fold: int,
    progress: Progress | None,
    folder: Path | None,
    paths: Paths | None = None,
    encoded: EncodedFold | None = None,
) -> Fitted:
    # fit_model with the setting that the inner folds prefer; without trials, as the parameters say.
    if not parameters.search.trials:
        return fit_model(inputs, outcomes, parameters, repeat, fold, progress, folder, paths, encoded)

    def of(tried: Parameters) -> EncodedFold | None:
        same = all(getattr(tried, group) == getattr(parameters, group) for group in ("representation", "signature"))
        return encoded if same and tried.training.full_batch_limit == parameters.training.full_batch_limit else None

    def score(tried: Parameters, trial: int) -> float:
        where = None if folder is None else Path(folder) / f"trial-{trial}"
        found = fit_model(inputs, outcomes, tried, repeat, fold, progress, where, None, of(tried))
        return inner_score(found.out_of_fold, outcomes)

    found = search_settings(parameters, score, parameters.training.seed, folder)
    best = found.parameters
    fitted = fit_model(inputs, outcomes, best, repeat, fold, progress, folder, None, of(best))
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
    given: EncodedFold | None = None,
) -> Fitted:
    """Fit an ensemble on one training cohort.

    Inner folds, stratified by event, number 1 / validation_fraction. The linear path's penalties are chosen on them. Member
    s is trained on all inner folds but one, and stops early on that one: inner fold s modulo their number. Its scores on that
    fold, and those of its linear path, are therefore out of fold. The stacking weights and the Breslow baseline are fitted to
    them. given: the encoders with these patients encoded, which are read instead of encoding them again.
    """
    training = parameters.training
    seed = training.seed + 7919 * (repeat + 1) + 104729 * fold
    if given is None:
        encoders = Encoders.fit(inputs, parameters)
        encoded = encoded_for_model(encoders, inputs, parameters)
    else:
        encoders, encoded = given.encoders, given.train.of(inputs.patient_id)
    inner = _inner_of_fold(outcomes, parameters, repeat, fold, seed)
    inner_count = int(inner.max()) + 1
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
    stacked = _stacked(members, places, path, inner, outcomes, parameters)
    of_fold = None if repeat < 0 else (repeat, fold)
    mixed = toward_clinical_cox(
        Mixture(encoders, encoded, path, *stacked), inputs, outcomes, inner, parameters, of_fold
    )
    encoders, encoded, path, risk, weights, fallen = mixed
    held = np.isfinite(risk)
    judged = outcomes.take(np.flatnonzero(held))
    few = int(judged.event.sum()) < MINIMUM_BASELINE_EVENTS
    prior = training.calibration_prior
    factor = 1.0 if few else calibration_factor(risk[held], judged.time, judged.event, prior)
    weights = factor * weights
    networks = []
    for member, place in zip(members, places):
        networks.append(_assembled(member.network, path, place, places, weights))
    if few:
        with single_threaded(), torch.no_grad():
            everyone = _ensemble_risk(networks, encoded)
        risk = np.where(held, risk, everyone)
        held = np.ones(len(outcomes), bool)
    earlier = breslow_baseline(risk[held], outcomes.time[held], outcomes.event[held])
    risk = factor * risk
    baseline = breslow_baseline(risk[held], outcomes.time[held], outcomes.event[held])
    model = RiskModel(
        parameters,
        encoders,
        tuple(networks),
        input_widths(encoded),
        baseline,
        np.sort(risk[held]),
        () if path is None else tuple(branch.penalty for branch in path.branches if branch.log),
        len(outcomes),
        int(outcomes.event.sum()),
    )
    search = [] if path is None else search_rows(path)
    told = (
        None if path is None else signature_of_path(encoders, encoded, inputs, outcomes, path, weights[0], parameters)
    )
    mixture, taken = (float(weights[0]), float(weights[1])), None if path is None else path.transferred
    rows = [] if path is None else branch_rows(path, float(weights[0]))
    return Fitted(model, (factor, earlier), table_of(history), risk, mixture, search, [], told, rows, taken, fallen)


def fit_path(
    inputs: ModelInputs, outcomes: Outcomes, parameters: Parameters, repeat: int = -1, fold: int = 0
) -> tuple[Encoders, LinearPath | None]:
    """The encoders and the linear path that `fit_model` would fit, without the network."""
    seed = parameters.training.seed + 7919 * (repeat + 1) + 104729 * fold
    encoders = Encoders.fit(inputs, parameters)
    inner = _inner_of_fold(outcomes, parameters, repeat, fold, seed)
    return encoders, _linear_path(
        encoders, encoded_for_model(encoders, inputs, parameters), outcomes, inner, seed, parameters
    )


def _inner_of_fold(outcomes: Outcomes, parameters: Parameters, repeat: int, fold: int, seed: int) -> np.ndarray:
    # The inner fold (n,) of each training patient. ModelError with too few events.
    events = int(outcomes.event.sum())
    count = min(round(1.0 / parameters.training.validation_fraction), events // 2)
    if count < 2:
        raise ModelError(
            Problem(
                f"training fold {repeat}.{fold}",
                count_of(events, "event"),
                "At least 4 are needed to stop early on events that were not trained on.",
                "Use fewer folds or a longer follow-up.",
            )
        )
    return _inner_folds(outcomes, count, seed)


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
    fixed = 0 if encoders.expression is None else encoders.expression.fixed
    if fixed and "omics" in branches:
        branches["omics"], branches[SOURCE_MOLECULAR] = np.split(branches["omics"], [-fixed])
        branches = {name: used for name, used in branches.items() if used.size}
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
    earning = ((SIGNATURE,), tuple(encoders.further))
    held = Training(
        columns[seen], stopped.time[seen], stopped.event[seen], [partition[seen] for partition in partitions]
    )
    capped = capped_columns(encoders, encoded, parameters.representation.pausing_cap)
    if encoders.sources is not None:
        path = transferred_path(held, branches, encoders.sources, earning, chosen, parameters.transfer, capped)
    else:
        path = stacked_linear_path(
            held.columns,
            branches,
            held.time,
            held.event,
            held.partitions,
            grid,
            chosen.stacking_prior,
            earning,
            chosen.earning_priors,
            capped,
        )
    if seen.size == len(outcomes):
        return path
    out_of_fold = np.einsum("np,np->n", columns, np.array(path.members)[inner])
    return path._replace(out_of_fold=out_of_fold)


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
    few = int(outcomes.event.sum()) < parameters.network.least_events
    if path is None:
        weights = np.array([0.0, *stacking_weights(network[:, None], judged.time, judged.event, chosen.stacking_prior)])
    elif few:
        alone = earned_weights(linear, np.zeros((linear.size, 0)), judged.time, judged.event, chosen.stacking_prior)
        weights = np.array([*alone, 0.0])
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
        network.linear = torch.from_numpy(path.whole + path.members[place] - centre).to(network.linear)
    network.mixture.copy_(torch.from_numpy(weights))
    return network


def _ensemble_risk(networks: list[RiskNetwork], encoded: Encoded) -> np.ndarray:
    batch = Batch.of(encoded, "cpu", torch.float64)
    return np.mean([network(batch).risk.numpy() for network in networks], axis=0)


def _labelled(progress: Progress | None, repeat: int, fold: int, seed: int) -> Callable[[EpochRow], None] | None:
    if progress is None:
        return None
    return lambda row: progress({"repeat": repeat, "fold": fold, "seed": seed, **row})


def _check(inputs: ModelInputs, outcomes: Outcomes) -> None:
    if len(inputs) != len(outcomes):
        raise ModelError(
            Problem(
                "outcomes",
                f"{len(outcomes)} for {count_of(len(inputs), 'patient')}",
                "One outcome a patient, in order.",
                "",
            )
        )
    if not outcomes.event.any():
        raise ModelError(Problem("outcomes", "no event", "A risk model learns from events.", "Check the event column."))
