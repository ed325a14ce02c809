"""Differential transcription of called units (4.4): replicated through PyDESeq2, otherwise exploratory. Tables in, tables out."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.annotation.gene_assignment import assign_genes, representative_unit
from groprog_assets.methods.features.abundance import average_log_cpm, size_factors
from groprog_assets.methods.features.dispersion_trend import dispersion_trend
from groprog_assets.methods.features.exploratory import exploratory_test
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.features.wald import wald_test
from groprog_assets.study.parameters import DifferentialParameters
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.tables import conform


class Differential(NamedTuple):
    """table: `differential`; summary: JSON-able counts, ratio, size factors and how it was tested."""

    table: pd.DataFrame
    summary: dict[str, Any]


def differential_transcription(
    counts: pd.DataFrame,
    transcripts: pd.DataFrame,
    genes: pd.DataFrame,
    libraries: Sequence[Library],
    contrast: Contrast,
    parameters: DifferentialParameters,
    library_sizes: Mapping[str, float] | None = None,
) -> Differential:
    """Treatment against control for every unit, units in the order of `transcripts`.

    Two or more libraries on both sides: negative-binomial GLM with Wald test (PyDESeq2), `analysis="replicated"`. Otherwise the
    exact test at the assumed variation, `analysis="exploratory"` (A39, F7). Both normalise by median-of-ratios size factors over
    the units; `library_sizes` {library: reads} replaces them (exploratory) and the depths behind log_cpm. Libraries of other
    conditions are left out. direction is the paper's screen: |log2FC| above the threshold and the chosen p below significance.
    Raises ReadsError when a side of the contrast has no library or the libraries have no reads in any unit.
    """
    treated_ids = [library.id for library in libraries if library.condition == contrast.treatment]
    control_ids = [library.id for library in libraries if library.condition == contrast.control]
    _check_sides(treated_ids, control_ids, contrast)
    ids = control_ids + treated_ids
    matrix = (
        counts.pivot(index="transcript", columns="library", values="count")
        .reindex(index=transcripts["name"], columns=ids)
        .fillna(0)
        .to_numpy(np.int64)
    )
    _check_reads(matrix, ids)
    treated = np.array([library in treated_ids for library in ids])
    factors = size_factors(matrix)
    if library_sizes is not None:
        depths = np.array([float(library_sizes[library]) for library in ids])
        factors = depths / np.exp(np.log(depths).mean())
    else:
        depths = factors * np.exp(np.log(matrix.sum(axis=0).clip(min=1)).mean())
    replicated = len(treated_ids) >= 2 and len(control_ids) >= 2
    columns = (
        replicated_test(matrix, treated, factors)
        if replicated
        else _exploratory_columns(matrix, treated, depths, parameters)
    )
    adjusted = columns.pop("adjusted_p_value", None)
    under = assign_genes(transcripts, genes).groupby("transcript", sort=False)["gene"].agg(";".join)
    table = pd.DataFrame(
        {
            "transcript": transcripts["name"].to_numpy(),
            **{name: transcripts[name].to_numpy() for name in ("chrom", "start", "end", "strand")},
            "gene": transcripts["name"].map(under).fillna("").to_numpy(),
            "base_mean": (matrix / factors).mean(axis=1),
            "log_cpm": average_log_cpm(matrix, depths),
            **columns,
            "conservative_log2_fold_change": conservative_change(
                columns["log2_fold_change"], columns["standard_error"], parameters.conservative_quantile
            ),
            "adjusted_p_value": benjamini_hochberg(columns["p_value"]) if adjusted is None else adjusted,
            "analysis": "replicated" if replicated else "exploratory",
        }
    )
    table["direction"] = screen(table, parameters)
    table = conform(table, "differential")
    return Differential(table, _summary(table, genes, dict(zip(ids, factors, strict=True)), contrast, parameters))


def conservative_change(fold: NDArray, error: NDArray, quantile: float) -> NDArray[np.float64]:
    """The end nearest zero of the central interval that leaves out `quantile` on either side (u,), 0 where it holds zero.

    fold, error (u,) log2. A large change of few reads ranks below a smaller one that is certain, which is what a ranking without
    replicates needs; normal approximation, NaN stays. Source: Feng et al. 2012, GFOLD (10.1093/bioinformatics/bts515), whose
    posterior is replaced by the test's own standard error.
    """
    left = np.abs(fold) - norm.isf(quantile) * error
    return np.where(np.isnan(left), np.nan, np.sign(fold) * np.maximum(left, 0.0))


def screen(table: pd.DataFrame, parameters: DifferentialParameters) -> NDArray:
    """up, down or none (u,): |log2FC| > threshold and p < significance (Table 4, S1-P04); a missing value is none."""
    significant = (table[parameters.significance_column] < parameters.significance).to_numpy()
    fold = table["log2_fold_change"].to_numpy()
    limit = parameters.absolute_log2_fold_change
    return np.select([significant & (fold > limit), significant & (fold < -limit)], ["up", "down"], "none")


def replicated_test(counts: NDArray[np.int64], treated: NDArray[np.bool_], factors: NDArray) -> dict[str, NDArray]:
    """DESeq2's Wald test through PyDESeq2: log2_fold_change, standard_error, p_value, adjusted_p_value, each (u,).

    counts (u, l); treated (l,); factors (l,) size factors. Cook's filtering and independent filtering are on at alpha 0.05, so
    adjusted p may be missing. The trend of dispersions is fitted as in R (`dispersion_trend`), by PyDESeq2 where that fails,
    and fitted means are floored in the Wald test as in R (`wald_test`). Units without reads are missing throughout.
    Deterministic, one process, silent. Source: Love et al. 2014 (10.1186/s13059-014-0550-8).
    """
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.ds import DeseqStats

    names = [f"u{i}" for i in range(len(counts))]
    libraries = [f"l{i}" for i in range(counts.shape[1])]
    frame = pd.DataFrame(counts.T, index=libraries, columns=names)
    metadata = pd.DataFrame({"side": np.where(treated, "treatment", "control")}, index=libraries)
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        data = DeseqDataSet(counts=frame, metadata=metadata, design="~side", n_cpus=1, quiet=True)
        data.obs["size_factors"] = factors
        data.layers["normed_counts"] = data.X / factors[:, None]
        data.var["_normed_means"] = data.layers["normed_counts"].mean(axis=0)
        data.fit_genewise_dispersions()
        trend = dispersion_trend(data.var["_normed_means"], data.var["genewise_dispersions"])
        if trend is None:
            data.fit_dispersion_trend()
        else:
            # PyDESeq2 0.5 fits its trend to dispersions at the floor too, which lowers it and every p with it
            data.uns["trend_coeffs"] = pd.Series(trend, index=["a0", "a1"])
            data.uns["disp_function_type"] = "parametric"
            data.var["fitted_dispersions"] = np.where(
                data.var["non_zero"], data.disp_function(data.var["_normed_means"].clip(lower=1e-300)), np.nan
            )
        data.fit_dispersion_prior()
        data.fit_MAP_dispersions()
        data.fit_LFC()
        data.calculate_cooks()
        data.refit()
        data.cooks_outlier()
        test = DeseqStats(data, contrast=["side", "treatment", "control"], alpha=0.05, n_cpus=1, quiet=True)
        test.run_wald_test()
        floored = wald_test(
            test.design_matrix, test.LFC, data.var["dispersions"], factors, np.asarray(test.contrast_vector)
        )
        emptied = test.SE.to_numpy() == 0  # nothing is left once outlying counts were replaced
        for name, column in zip(("SE", "statistics", "p_values"), floored, strict=True):
            setattr(test, name, getattr(test, name).where(emptied, column))
        test.summary()
    result = test.results_df.reindex(names)
    wanted = {
        "log2_fold_change": "log2FoldChange",
        "standard_error": "lfcSE",
        "p_value": "pvalue",
        "adjusted_p_value": "padj",
    }
    return {ours: result[theirs].to_numpy(np.float64) for ours, theirs in wanted.items()}


def _exploratory_columns(
    counts: NDArray[np.int64], treated: NDArray[np.bool_], depths: NDArray, parameters: DifferentialParameters
) -> dict[str, NDArray]:
    test = exploratory_test(counts, treated, depths, parameters.exploratory_biological_variation**2)
    return {
        "log2_fold_change": test.log2_fold_change,
        "standard_error": test.standard_error,
        "p_value": test.p_value,
        "log_cpm": test.log_cpm,
    }


def _summary(
    table: pd.DataFrame,
    genes: pd.DataFrame,
    factors: dict[str, float],
    contrast: Contrast,
    parameters: DifferentialParameters,
) -> dict[str, Any]:
    analysis = str(table["analysis"].iloc[0])
    directions = table["direction"].value_counts()
    by_gene = representative_unit(table, genes)["direction"].value_counts()
    up, down = int(directions.get("up", 0)), int(directions.get("down", 0))
    return {
        "analysis": analysis,
        "treatment": contrast.treatment,
        "control": contrast.control,
        "method": "PyDESeq2 Wald test"
        if analysis == "replicated"
        else "exact negative-binomial test, assumed variation",
        "assumed_biological_variation": (
            parameters.exploratory_biological_variation if analysis == "exploratory" else None
        ),
        "units": len(table),
        "tested": int(table["p_value"].notna().sum()),
        "up": up,
        "down": down,
        "up_to_down": up / down if down else None,
        "genes_up": int(by_gene.get("up", 0)),
        "genes_down": int(by_gene.get("down", 0)),
        "size_factors": {library: float(factor) for library, factor in factors.items()},
        "screen": (
            f"|log2FC| > {parameters.absolute_log2_fold_change:g} and "
            f"{parameters.significance_column} < {parameters.significance:g}"
        ),
        "label": ""
        if analysis == "replicated"
        else "exploratory: no replicates, p-values rest on an assumed variation",
    }


def _check_sides(treated: list[str], control: list[str], contrast: Contrast) -> None:
    problems = [
        Problem(
            f"contrast.{side}",
            condition,
            "A condition of the contrast needs at least one library.",
            "Name a condition that a library has.",
        )
        for side, condition, ids in (
            ("treatment", contrast.treatment, treated),
            ("control", contrast.control, control),
        )
        if not ids
    ]
    if problems:
        raise ReadsError(problems)


def _check_reads(matrix: NDArray[np.int64], ids: list[str]) -> None:
    silent = [library for library, total in zip(ids, matrix.sum(axis=0), strict=True) if total == 0]
    if silent:
        raise ReadsError(
            [
                Problem(
                    f"library {library}",
                    "no reads in any transcription unit",
                    "Fold changes need reads on both sides.",
                    "Look at the library's filter funnel and strandedness, or leave it out.",
                )
                for library in silent
            ]
        )
