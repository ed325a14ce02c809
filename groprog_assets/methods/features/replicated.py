"""Differential transcription with replicates: DESeq2's analysis through PyDESeq2. Arrays in and out.

PyDESeq2 estimates the dispersion of each unit and fits the coefficients. This module adds the steps in which PyDESeq2 differs
from R or which it lacks: the trend of dispersions (`dispersion_trend`), the Wald test and its threshold form (`wald`), and
the shrinkage of fold changes (`shrinkage`).
"""

from __future__ import annotations

import threading
import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from groprog_assets.errors import Notice
from groprog_assets.methods.features.dispersion_trend import DispersionTrend, FitType, dispersion_trend
from groprog_assets.methods.features.shrinkage import prior_variance, shrunken_coefficients
from groprog_assets.methods.features.wald import wald_test

REPLACED_FROM = 7
"""Fewest replicates per side for replacing outlying counts (DESeq2, minReplicatesForReplace)."""
TRIMMED = 0.2
"""Share of the counts left out at either end of the mean that replaces an outlying count."""


_ONE_AT_A_TIME = threading.Lock()
"""Python keeps one list of warning filters for all threads: tests that overlap would leave it at "ignore", and the run mute."""


class ReplicatedTest(NamedTuple):
    """Columns (u,) of the test, log2 where they are fold changes; trend: of dispersions with means; prior_variance: of log2 fold
    changes in the shrinkage, NaN where it cannot be estimated."""

    log2_fold_change: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    shrunken_log2_fold_change: NDArray[np.float64]
    shrunken_standard_error: NDArray[np.float64]
    p_value: NDArray[np.float64]
    adjusted_p_value: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    trend: DispersionTrend
    prior_variance: float


def replicated_test(
    counts: NDArray[np.int64],
    treated: NDArray[np.bool_],
    factors: NDArray[np.float64],
    *,
    fit_type: FitType = "parametric",
    threshold: float = 0.0,
    false_discovery_rate: float = 0.05,
) -> ReplicatedTest:
    """DESeq2's Wald test of treated against other libraries.

    counts (u, l); treated (l,), two or more on either side; factors (l,) size factors. fit_type: of the dispersion trend, as
    asked; what was fitted is in the result. threshold: the null is |log2 fold change| <= threshold. Units with an outlying count
    have no p (three or more replicates); from seven replicates a side such counts are replaced and the unit is fitted again.
    Independent filtering is for calls at `false_discovery_rate`, so adjusted p may be missing too. Units without reads are
    missing throughout. Deterministic, one process, silent. Source: Love et al. 2014 (10.1186/s13059-014-0550-8).
    """
    from pydeseq2.ds import DeseqStats

    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", Notice)
        data = _data_set(counts, treated, factors)
        data.fit_genewise_dispersions()
        trend = dispersion_trend(data.var["_normed_means"], data.var["genewise_dispersions"], fit_type)
        _set_trend(data, trend)
        data.fit_dispersion_prior()
        if not np.isfinite(
            data.uns["_squared_logres"]
        ):  # every dispersion is at the floor: there is no spread to measure
            data.uns["_squared_logres"], data.uns["prior_disp_var"] = np.float64(0.0), np.float64(0.25)
        data.fit_MAP_dispersions()
        data.fit_LFC()
        data.calculate_cooks()
        fitted_counts = _refit_without_outliers(data, treated, factors, trend)
        data.cooks_outlier()
        test = DeseqStats(
            data, contrast=["side", "treatment", "control"], alpha=false_discovery_rate, n_cpus=1, quiet=True
        )
        test.run_wald_test()
        contrast = np.asarray(test.contrast_vector)
        floored = wald_test(
            test.design_matrix, test.LFC, data.var["dispersions"], factors, contrast, threshold * np.log(2)
        )
        emptied = test.SE.to_numpy() == 0  # nothing is left once outlying counts were replaced
        for name, column in zip(("SE", "statistics", "p_values"), floored, strict=True):
            setattr(test, name, getattr(test, name).where(emptied, column))
        test.summary()
    result = test.results_df
    fold = result["log2FoldChange"].to_numpy(np.float64)
    base_mean = data.var["_normed_means"].to_numpy(np.float64)
    dispersion = data.var["dispersions"].to_numpy(np.float64)
    variance = prior_variance(fold, base_mean, data.var["fitted_dispersions"].to_numpy(np.float64))
    shrunken = shrunken_coefficients(
        fitted_counts, test.design_matrix, factors, dispersion, np.array([1e6, variance]) * np.log(2) ** 2
    )
    return ReplicatedTest(
        fold,
        result["lfcSE"].to_numpy(np.float64),
        (shrunken.coefficient @ contrast) / np.log(2),
        np.sqrt(np.einsum("p,upq,q->u", contrast, shrunken.covariance, contrast)) / np.log(2),
        result["pvalue"].to_numpy(np.float64),
        result["padj"].to_numpy(np.float64),
        dispersion,
        trend,
        variance,
    )


def _data_set(counts: NDArray, treated: NDArray[np.bool_], factors: NDArray) -> Any:
    from pydeseq2.dds import DeseqDataSet

    names = [f"u{i}" for i in range(len(counts))]
    libraries = [f"l{i}" for i in range(counts.shape[1])]
    frame = pd.DataFrame(counts.T, index=libraries, columns=names)
    metadata = pd.DataFrame({"side": np.where(treated, "treatment", "control")}, index=libraries)
    data = DeseqDataSet(counts=frame, metadata=metadata, design="~side", n_cpus=1, quiet=True)
    data.obs["size_factors"] = factors
    data.layers["normed_counts"] = data.X / factors[:, None]
    data.var["_normed_means"] = data.layers["normed_counts"].mean(axis=0)
    return data


def _set_trend(data: Any, trend: DispersionTrend) -> None:
    means, read = data.var["_normed_means"].to_numpy(), data.var["non_zero"].to_numpy()
    data.var["fitted_dispersions"] = np.nan
    data.var.loc[read, "fitted_dispersions"] = trend.at(means[read])


def _refit_without_outliers(data: Any, treated: NDArray[np.bool_], factors: NDArray, trend: DispersionTrend) -> NDArray:
    """The counts (u, l) with outlying ones replaced by the unit's trimmed mean; units that had one are fitted again in `data`.

    PyDESeq2's own `refit` has no local trend, so its steps are repeated here with `trend`.
    """
    counts = np.array(data.X.T)
    data.var["replaced"] = data.var["refitted"] = False
    replaceable = np.where(treated, treated.sum(), (~treated).sum()) >= REPLACED_FROM
    coefficients = data.obsm["design_matrix"].shape[1]
    cutoff = stats.f.ppf(0.99, coefficients, len(treated) - coefficients)
    outlying = (cutoff < data.layers["cooks"].T) & replaceable
    units = np.flatnonzero((data.layers["cooks"] > cutoff).any(axis=0)) if replaceable.any() else np.empty(0, int)
    if not len(units):
        return counts
    usual = stats.trim_mean(counts[units] / factors, TRIMMED, axis=1)[:, None] * factors
    counts[units] = np.where(outlying[units], usual.astype(np.int64), counts[units])
    kept = counts[units].any(axis=1)
    emptied, units = units[~kept], units[kept]
    data.new_all_zeroes_genes = data.var_names[emptied]
    place = {name: data.var.columns.get_loc(name) for name in ("replaced", "refitted", "_normed_means")}
    data.var.iloc[np.concatenate([units, emptied]), place["replaced"]] = True
    data.var.iloc[units, place["refitted"]] = True
    data.var.iloc[emptied, place["_normed_means"]] = 0.0
    data.varm["LFC"].iloc[emptied] = 0.0
    if len(units):
        again = _data_set(counts[units], treated, factors)
        again.fit_genewise_dispersions()
        _set_trend(again, trend)
        for name in ("_squared_logres", "prior_disp_var"):
            again.uns[name] = data.uns[name]
        again.fit_MAP_dispersions()
        again.fit_LFC()
        for name in ("_normed_means", "genewise_dispersions", "fitted_dispersions", "dispersions"):
            data.var.iloc[units, data.var.columns.get_loc(name)] = again.var[name].to_numpy()
        data.varm["LFC"].iloc[units] = again.varm["LFC"].to_numpy()
        data.layers["replace_cooks"] = np.where(outlying.any(axis=1) & replaceable[:, None], 0.0, data.layers["cooks"])
    return counts
