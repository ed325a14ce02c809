"""Normalisation of an assay by its kind and scale: constants from training samples, applied to any sample alone.

Arrays in, arrays out: values are (features, samples), NaN = missing.
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.methylation import m_values
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.omics_assays import AssaySource

Floats = NDArray[np.floating]
RATIOS, LOG, MEDIANS, QUOTIENTS, M_VALUES, NONE = (
    *("median of ratios, log2(x + 1)", "log2(x + 1)", "log2, sample medians", "log2, probabilistic quotients"),
    *("M values", "none"),
)
LOGARITHMS = {"log2": 1.0, "log10": math.log2(10), "ln": math.log2(math.e)}
"""By scale: the factor that makes its values log2."""


class Normalisation(NamedTuple):
    """How values are normalised: method, scale before and after; constants of the training samples.

    reference (f,): what a sample is compared with, log counts or log2 levels, empty where the method needs none; level: the mean
    of training samples' medians.
    """

    method: str
    scale: str
    normalised_scale: str
    reference: Floats
    level: float


def usual_method(omics: str, scale: str) -> tuple[str, str]:
    """(method, scale after it) for values of this kind and scale.

    Counts: median of ratios, log2(x + 1). Transcripts, linear: log2(x + 1). Proteins: log2, sample medians. Metabolites: log2,
    probabilistic quotients. Beta values: M values. Genome assays, NPX, z-scores, M values and ordinal values stay; so do
    logarithms of transcripts, as log2.
    """
    if omics == "genome" or scale in ("npx", "zscore", "mvalue", "ordinal"):
        return NONE, scale
    if scale == "count":
        return RATIOS, "log2"
    if scale == "beta":
        return M_VALUES, "mvalue"
    if omics == "proteome":
        return MEDIANS, "log2"
    if omics == "metabolome":
        return QUOTIENTS, "log2"
    return LOG if scale == "linear" else NONE if scale == "log2" else "log2", "log2"


def normalisation_of(source: AssaySource, omics: str, scale: str) -> tuple[str, str]:
    """(method, scale after it) by which an assay of this kind and scale is normalised."""
    return (NONE, scale) if source.normalisation == "none" else usual_method(omics, scale)


def fit_normalisation(values: Floats, method: str, scale: str, normalised_scale: str) -> Normalisation:
    """Constants of the training samples `values` (f, n).

    Median of ratios: log geometric mean of each feature counted in every training sample, source Anders and Huber 2010,
    doi:10.1186/gb-2010-11-10-r106. Probabilistic quotients: median log2 level of each feature, source Dieterle et al. 2006,
    doi:10.1021/ac051632c. Raises AssayError where no feature is counted in every sample.
    """
    nothing = np.empty(0)
    if method == RATIOS:
        with np.errstate(divide="ignore", invalid="ignore"):
            reference = np.log(values.astype(np.float64)).mean(axis=1)
        reference[~np.isfinite(reference)] = np.nan
        if not np.isfinite(reference).any():
            rule = "Size factors compare features that are counted in every training sample."
            remedy = "Set normalisation: none, or leave out samples with few reads."
            raise AssayError(Problem("counts", "no feature is above 0 in every sample", rule, remedy))
        return Normalisation(method, scale, normalised_scale, reference, 0.0)
    if method == MEDIANS:
        level = float(np.nanmean(medians_of_samples(logarithms(values, scale))))
        return Normalisation(method, scale, normalised_scale, nothing, level)
    if method == QUOTIENTS:
        reference = medians_of_samples(logarithms(values, scale).T)
        return Normalisation(method, scale, normalised_scale, reference, 0.0)
    return Normalisation(method, scale, normalised_scale, nothing, 0.0)


def normalise(values: Floats, constants: Normalisation, parameters: MeasurementParameters) -> Floats:
    """`values` (f, n) of any samples, each by its own values and the constants alone; as float64, NaN stays.

    A sample without a feature that the constants compare has no values.
    """
    held = values.astype(np.float64)
    method = constants.method
    if method == RATIOS:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(held > 0, np.log(held), np.nan) - constants.reference[:, None]
            return np.asarray(np.log2(held / np.exp(medians_of_samples(ratios)) + parameters.added_to_counts))
    if method == LOG:
        return np.asarray(np.log2(held + parameters.added_to_counts))
    if method == MEDIANS:
        logs = logarithms(held, constants.scale)
        return np.asarray(logs - medians_of_samples(logs) + constants.level)
    if method == QUOTIENTS:
        logs = logarithms(held, constants.scale)
        return np.asarray(logs - medians_of_samples(logs - constants.reference[:, None]))
    if method == M_VALUES:
        return m_values(held, parameters.beta_offset)
    return logarithms(held, constants.scale) if constants.scale in ("log10", "ln") else held


def logarithms(values: Floats, scale: str) -> Floats:
    """log2 of `values` (f, n) of a linear scale, 0 becoming missing; of logarithms of another base, or log2 itself, likewise."""
    held = values.astype(np.float64)
    if scale in LOGARITHMS:
        return held * LOGARITHMS[scale]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(held > 0, np.log2(held), np.nan)


def medians_of_samples(values: Floats) -> Floats:
    """(n,) median of each column's known values; NaN for a column without one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy warns of columns without a value
        return np.asarray(np.nanmedian(values, axis=0))
