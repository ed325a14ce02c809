"""Covariates of patients from their assays, fitted on training patients: factors, scores of gene sets, strata. No Dagster.

`fit_covariates` sees the assays as read, of the patients that it is given: it normalises, leaves features out, removes batches,
and fits what becomes a covariate. `covariates` applies all of it to any patients, each by the own values and the constants alone.
Outcomes are no argument of either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, CohortError, Problem
from groprog_assets.methods.integration.factor_model import FittedFactors, factor_scores, fit_factors
from groprog_assets.methods.integration.pathway_scores import FittedScores, fit_pathway_scores, pathway_scores
from groprog_assets.methods.integration.row_spread import row_spread
from groprog_assets.methods.integration.similarity_fusion import fit_network
from groprog_assets.methods.integration.strata import fit_strata
from groprog_assets.methods.integration.stratum_profiles import StratumProfiles, fit_profiles, nearest_strata
from groprog_assets.methods.integration.subject_tables import fusion_settings, strata_settings
from groprog_assets.methods.measurements.batch_correction import BatchFit, batch_problems, correct, fit_batches
from groprog_assets.methods.measurements.missingness import kept_features
from groprog_assets.methods.measurements.normalisation import (
    LOGARITHMS,
    MEDIANS,
    QUOTIENTS,
    Normalisation,
    fit_normalisation,
    logarithms,
    medians_of_samples,
    normalise,
)
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import BatchCorrection
from groprog_assets.study.text_tables import count_of

Floats = NDArray[np.floating]


class PatientAssay(NamedTuple):
    """The samples of one assay, as read: values (f, m), owner (m,) the number of each sample's patient; batch (m,) and columns
    (by name) of the samples. method, scale, normalised_scale: how it is normalised. correction: None where batches stay.
    numbers: covariates of the correction that are numbers, told by everyone's values and so alike in every fold; others have
    levels. unit: of the values as read."""

    name: str
    method: str
    scale: str
    normalised_scale: str
    correction: BatchCorrection | None
    features: tuple[str, ...]
    symbols: tuple[str, ...]
    values: Floats
    owner: NDArray[np.int64]
    batch: list[str | None]
    columns: dict[str, list[str | None]]
    numbers: tuple[str, ...] = ()
    unit: str = ""

    def samples(self, rows: NDArray[np.int64]) -> PatientAssay:
        """The samples at `rows`."""
        columns = {name: [held[row] for row in rows] for name, held in self.columns.items()}
        batch = [self.batch[row] for row in rows]
        return self._replace(values=self.values[:, rows], owner=self.owner[rows], batch=batch, columns=columns)

    def aligned(self, features: Sequence[str]) -> PatientAssay:
        """The same with the features `features`; those that it lacks are missing."""
        if tuple(features) == self.features:
            return self
        at = {name: row for row, name in enumerate(self.features)}
        values = np.full((len(features), self.values.shape[1]), np.nan)
        for row, name in enumerate(features):
            if name in at:
                values[row] = self.values[at[name]]
        return self._replace(features=tuple(features), values=values)


class AssayFit(NamedTuple):
    """Constants of one assay: its features (f,) with their symbols, how they are normalised, which are kept, its batches; the
    unit of its values as read; mean and standard deviation (kept features,) of the training patients' values, normalised and
    corrected, NaN where a feature does not vary. level: mean of the training samples' medians, log2, and the distance that is
    usual between patients; NaN where the normalisation keeps the level of a sample."""

    features: tuple[str, ...]
    symbols: tuple[str, ...]
    normalisation: Normalisation
    kept: NDArray[np.bool_]
    batches: BatchFit | None
    unit: str = ""
    mean: Floats = np.empty(0)
    spread: Floats = np.empty(0)
    level: Floats = np.full(2, np.nan)


class Standing(NamedTuple):
    """What the constants of one assay make of n patients. measured (n,): who has a value; used (n,): whose values count.

    missing (n,): kept features without a value, of `features`. beyond (n,): share of the known features at `limit` standard
    deviations or more from the training mean; 0 where nothing is known. off_level (n,): distance of the samples' medians from the
    training level in usual distances, 0 where the level tells nothing. slope (n,): of a patient's values over the training means
    of the features, about 1 on the same scale; NaN where the features hardly differ in mean. why (n,): why measured values do
    not count, else "".
    """

    measured: NDArray[np.bool_]
    used: NDArray[np.bool_]
    missing: NDArray[np.int64]
    features: int
    beyond: Floats
    off_level: Floats
    slope: Floats
    why: tuple[str, ...]


class Fitted(NamedTuple):
    """Everything that training patients gave. assays, scores: by assay; factors and profiles: None where there are none.

    left_out: {assay or kind of covariate: why it is not among them}.
    """

    assays: dict[str, AssayFit]
    factors: FittedFactors | None
    scores: dict[str, FittedScores]
    profiles: StratumProfiles | None
    least_members: int
    measurements: MeasurementParameters
    left_out: dict[str, str]

    @property
    def names(self) -> dict[str, list[str]]:
        """{kind: what each covariate of it is called}, in the order of `covariates`."""
        return {
            "factors": [] if self.factors is None else [str(name) for name in self.factors.scores.columns],
            "pathway_scores": [f"{assay}: {name}" for assay, held in self.scores.items() for name in held.members],
            "strata": [] if self.profiles is None else [f"stratum {k}" for k in range(2, self.profiles.strata + 1)],
        }


def fit_covariates(
    assays: Sequence[PatientAssay],
    sets: dict[str, tuple[str, ...]],
    measurements: MeasurementParameters,
    integration: IntegrationParameters,
) -> Fitted:
    """Constants of the training patients whose samples `assays` hold. sets: genes of each gene set, {} for none.

    An assay, or a kind of covariate, that these patients do not allow (too few of them, no feature that varies, batches that
    cannot be told from covariates, no stable strata) is left out with its reason. A batch with fewer samples than its effect
    needs is left out of the fit; patients of such a batch, and of one that training does not have, count as not measured by this
    assay.
    """
    fits: dict[str, AssayFit] = {}
    frames: dict[str, pd.DataFrame] = {}
    left_out: dict[str, str] = {}
    for assay in assays:
        try:
            fit = _fit_assay(assay, measurements)
        except (AssayError, CohortError) as error:
            left_out[assay.name] = str(error)
            continue
        frame = _frame(assay, fit, measurements)
        spread = row_spread(frame)
        if spread.varies.any():
            scale = spread.scale.where(spread.varies).to_numpy()
            fit = fit._replace(mean=spread.mean.to_numpy(), spread=scale, level=_level(assay, fit, scale))
            fits[assay.name], frames[assay.name] = fit, frame
        else:
            left_out[assay.name] = "no feature varies between the training patients"
    asked = integration.covariates
    factors, profiles = None, None
    if "factors" in asked:
        try:
            made = fit_factors(frames, integration.factors, least_share=integration.least_share)
            # Who is in the fit is in no constant of it.
            nobody = made.model._replace(scores=made.model.scores[:0], included=(), bound=np.empty(0))
            factors = made._replace(scores=made.scores.iloc[:0], model=nobody)
        except CohortError as error:
            left_out["factors"] = str(error)
    scores = {}
    if "pathway_scores" in asked and sets:
        for name, frame in frames.items():
            held = fit_pathway_scores(_by_symbol(frame, fits[name]), sets, integration.set_members)
            if held.members:
                scores[name] = held
    if "strata" in asked:
        try:
            profiles = _profiles(frames, integration)
        except CohortError as error:
            left_out["strata"] = str(error)
    return Fitted(fits, factors, scores, profiles, integration.set_members, measurements, left_out)


def covariates(fitted: Fitted, assays: Sequence[PatientAssay], patients: int) -> Floats:
    """(patients, r) covariates of any patients, NaN where the assays of a patient do not give one; nothing is fitted.

    A factor's score is its posterior mean given the assays that the patient has, NaN without any of them.
    """
    held = {assay.name: assay for assay in assays}
    frames = {}
    for name, fit in fitted.assays.items():
        if name in held:
            frame = _frame(held[name].aligned(fit.features), fit, fitted.measurements)
            frames[name] = frame.loc[:, frame.notna().any()]
    everyone = pd.RangeIndex(patients).astype(str)
    parts: list[pd.DataFrame] = []
    if fitted.factors is not None:
        parts.append(factor_scores(fitted.factors, frames).reindex(everyone))
    for name, own in fitted.scores.items():
        if name in frames:
            made = pathway_scores(own, _by_symbol(frames[name], fitted.assays[name]), fitted.least_members).T
            parts.append(made.set_axis(made.index.astype(str), axis=0).reindex(everyone))
        else:
            parts.append(pd.DataFrame(np.nan, index=everyone, columns=list(own.members)))
    if fitted.profiles is not None:
        strata = nearest_strata(fitted.profiles, frames).reindex(everyone)
        for k in range(2, fitted.profiles.strata + 1):
            parts.append((strata == k).astype(np.float64).where(strata.notna()).to_frame())
    return np.hstack([np.zeros((patients, 0)), *(part.to_numpy(dtype=np.float64) for part in parts)])


def standing(fitted: Fitted, assays: Sequence[PatientAssay], patients: int, limit: float) -> dict[str, Standing]:
    """{assay of the fit: what its constants make of the patients}, also of an assay that none of them has. limit: standard
    deviations from the training mean from which a value counts as beyond."""
    held = {assay.name: assay for assay in assays}
    found = {}
    for name, fit in fitted.assays.items():
        kept = int(fit.kept.sum())
        measured, used = np.zeros(patients, bool), np.zeros(patients, bool)
        missing, beyond, off_level = np.full(patients, kept), np.zeros(patients), np.zeros(patients)
        slope, why = np.full(patients, np.nan), [""] * patients
        if name in held:
            assay = held[name].aligned(fit.features)
            measured[assay.owner[np.isfinite(assay.values[fit.kept]).any(axis=0)]] = True
            frame = _frame(assay, fit, fitted.measurements)
            known = np.isfinite(frame.to_numpy())
            rows = frame.columns.to_numpy(dtype=np.int64)
            used[rows] = known.any(axis=0)
            missing[rows] = kept - known.sum(axis=0)
            with np.errstate(invalid="ignore"):
                far = np.abs(frame.to_numpy() - fit.mean[:, None]) >= limit * fit.spread[:, None]
            beyond[rows] = far.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            distance = np.abs(_sample_medians(assay, fit) - fit.level[0]) / fit.level[1]
            np.fmax.at(off_level, assay.owner, distance)
            slope[rows] = _slopes(frame.to_numpy(), fit)
            for row in np.flatnonzero(measured & ~used):
                why[row] = _why_not(assay.samples(np.flatnonzero(assay.owner == row)), fit)
        found[name] = Standing(measured, used, missing, kept, beyond, off_level, slope, tuple(why))
    return found


def _sample_medians(assay: PatientAssay, fit: AssayFit) -> Floats:
    """(m,) median of each sample's logarithms over the kept features, where the normalisation takes it away; else NaN.

    Values on a logarithm of another base have another level, and look alike once it is gone."""
    if assay.scale not in LOGARITHMS or fit.normalisation.method not in (MEDIANS, QUOTIENTS):
        return np.full(assay.values.shape[1], np.nan)
    return medians_of_samples(logarithms(assay.values[fit.kept], assay.scale))


def _slopes(values: Floats, fit: AssayFit) -> Floats:
    """(n,) least-squares slope of each patient's `values` (kept features, n) over the training means.

    Logarithms read as counts rise a few times less than the means, counts read as logarithms many times more; median of ratios
    and medians of samples would hide it. NaN with fewer than 20 known features, or where the means differ by less than twice what
    patients do.
    """
    found = np.full(values.shape[1], np.nan)
    for row in range(values.shape[1]):
        known = np.isfinite(values[:, row]) & np.isfinite(fit.mean)
        mean = fit.mean[known]
        if known.sum() >= 20 and mean.std() >= 2 * np.nanmedian(fit.spread[known]):
            found[row] = np.cov(values[known, row], mean)[0, 1] / mean.var(ddof=1)
    return found


def _level(assay: PatientAssay, fit: AssayFit, scale: Floats) -> Floats:
    """Mean of the samples' medians, and their standard deviation, or that of a middling feature where it is larger."""
    medians = _sample_medians(assay, fit)
    if not np.isfinite(medians).any():
        return np.full(2, np.nan)
    return np.array([np.nanmean(medians), max(float(np.nanstd(medians)), float(np.nanmedian(scale)))])


def _why_not(assay: PatientAssay, fit: AssayFit) -> str:
    """Why the samples of one patient do not count although they have values."""
    if fit.batches is not None and not _known(assay, fit.batches).size:
        strange = sorted({str(name) for name in assay.batch if name is not None} - set(fit.batches.batches))
        if strange:
            return f"batch {', '.join(map(repr, strange))} was not in training"
        if any(name is None for name in assay.batch):
            return "no batch given"
        for encoding in fit.batches.encodings:
            values = assay.columns.get(encoding.name, [None] * len(assay.batch))
            if not any(encoding.knows(value) for value in values):
                given = next((value for value in values if value is not None), None)
                return (
                    f"no {encoding.name} given" if given is None else f"{encoding.name} {given!r} was not in training"
                )
    return "no feature by which samples are compared"


def _fit_assay(assay: PatientAssay, parameters: MeasurementParameters) -> AssayFit:
    normalisation = fit_normalisation(assay.values, assay.method, assay.scale, assay.normalised_scale)
    held = normalise(assay.values, normalisation, parameters)
    kept = kept_features(held, [None] * held.shape[1], parameters.largest_missing_share)
    fit = AssayFit(assay.features, assay.symbols, normalisation, kept, None, assay.unit)
    if assay.correction is None:
        return fit
    correction = assay.correction.model_copy(update={"outcome": ""})  # no outcome takes part in what a fold fits
    rows = _with_batch(assay, least=1 if correction.mean_only else 2)
    own = assay.samples(rows)
    told = (own.batch, own.columns, correction, parameters, assay.numbers)
    problems = batch_problems(assay.name, *told) if rows.size else []
    if problems or not rows.size:
        rule = "A batch effect is estimated from at least two samples of the batch."
        raise AssayError(problems or Problem(f"assay {assay.name}", "no such batch in training", rule, ""))
    return fit._replace(batches=fit_batches(held[kept][:, rows], *told))


def _with_batch(assay: PatientAssay, least: int) -> NDArray[np.int64]:
    """Samples of a batch that has `least` of them, with every covariate of the correction."""
    count = Counter(assay.batch)
    assert assay.correction is not None
    told = [
        all(assay.columns[name][row] is not None for name in assay.correction.covariates)
        for row in range(len(assay.batch))
    ]
    usable = [name is not None and count[name] >= least and told[row] for row, name in enumerate(assay.batch)]
    return np.flatnonzero(usable)


def _frame(assay: PatientAssay, fit: AssayFit, parameters: MeasurementParameters) -> pd.DataFrame:
    """Kept features x patients, normalised and without batches; a patient's samples are averaged. Samples of which the fit does
    not know the batch, or the level of a covariate, are not among them."""
    if fit.batches is not None:
        assay = assay.samples(_known(assay, fit.batches))
    values = normalise(assay.values, fit.normalisation, parameters)[fit.kept]
    if fit.batches is not None and values.shape[1]:
        values = correct(values, assay.batch, assay.columns, fit.batches)
    names = pd.Index([name for name, kept in zip(fit.features, fit.kept, strict=True) if kept])
    frame = pd.DataFrame(values, index=names, columns=assay.owner)
    return frame if frame.columns.is_unique else frame.T.groupby(level=0).mean().T


def _known(assay: PatientAssay, fit: BatchFit) -> NDArray[np.int64]:
    """Samples whose batch the fit has seen, with a known value of each of its covariates."""
    usable = np.isin(np.array([name or "" for name in assay.batch], dtype=str), fit.batches)
    for encoding in fit.encodings:
        told = assay.columns.get(encoding.name, [None] * len(assay.batch))
        usable &= [encoding.knows(value) for value in told]
    return np.flatnonzero(usable)


def _by_symbol(frame: pd.DataFrame, fit: AssayFit) -> pd.DataFrame:
    symbols = [name for name, kept in zip(fit.symbols, fit.kept, strict=True) if kept]
    return frame.set_axis(symbols, axis=0)


def _profiles(frames: dict[str, pd.DataFrame], integration: IntegrationParameters) -> StratumProfiles:
    """Profiles of the stable strata. CohortError where there are none, or more patients than a network is made for."""
    most = max((frame.shape[1] for frame in frames.values()), default=0)
    if most > integration.most_network_patients:
        rule = f"A fold's network has at most {integration.most_network_patients} patients: time grows with their cube."
        remedy = "Raise parameters.integration.most_network_patients, or leave strata out of the covariates."
        raise CohortError(Problem("strata", count_of(most, "patient"), rule, remedy))
    found = fit_strata(fit_network(frames, fusion_settings(integration)), strata_settings(integration))
    if found.strata.empty:
        rule = "Strata are covariates where subsamples give them again."
        raise CohortError(Problem("strata", "no number of them is stable", rule, ""))
    return fit_profiles(found, frames)
