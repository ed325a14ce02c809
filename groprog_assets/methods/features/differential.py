"""Differential transcription of units (paper 4.4): as DESeq2 with replicates, exploratory without. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.annotation.gene_assignment import assign_genes, representative_unit
from groprog_assets.methods.features.abundance import average_log_cpm, size_factors
from groprog_assets.methods.features.exploratory import exploratory_test
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.features.replicated import replicated_test
from groprog_assets.study.parameters import DifferentialParameters
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document


class Differential(NamedTuple):
    """table: `differential` or `gene_differential`; summary: JSON-able counts, ratio, size factors and how it was tested."""

    table: pd.DataFrame
    summary: Document


REPLICATES = 2
"""Libraries of a condition from which on the variation between them is measured."""


class Comparison(NamedTuple):
    """columns: results that units and genes share, one row each; summary: size factors and how it was tested, JSON-able."""

    columns: pd.DataFrame
    summary: Document


def differential_transcription(
    counts: pd.DataFrame,
    transcripts: pd.DataFrame,
    genes: pd.DataFrame,
    libraries: Sequence[Library],
    contrast: Contrast,
    parameters: DifferentialParameters,
    library_sizes: Mapping[str, float] | None = None,
) -> Differential:
    """Treatment against control for every unit, units in the order of `transcripts`; see `compare`."""
    wide = counts.pivot(index="transcript", columns="library", values="count").reindex(transcripts["name"])
    compared = compare(wide, libraries, contrast, parameters, library_sizes)
    under = assign_genes(transcripts, genes).groupby("transcript", sort=False)["gene"].agg(";".join)
    table = pd.DataFrame(
        {
            "transcript": transcripts["name"].to_numpy(),
            **{name: transcripts[name].to_numpy() for name in ("chrom", "start", "end", "strand")},
            "gene": transcripts["name"].map(under).fillna("").to_numpy(),
        }
    )
    table = conform(pd.concat([table, compared.columns], axis=1), "differential")
    by_gene = representative_unit(table, genes)["direction"].value_counts()
    return Differential(
        table,
        {
            **compared.summary,
            "units": len(table),
            "genes_up": int(by_gene.get("up", 0)),
            "genes_down": int(by_gene.get("down", 0)),
        },
    )


def compare(
    counts: pd.DataFrame,
    libraries: Sequence[Library],
    contrast: Contrast,
    parameters: DifferentialParameters,
    library_sizes: Mapping[str, float] | None = None,
) -> Comparison:
    """Treatment against control for every row of `counts`, a column a library; a count that is missing is 0.

    Two or more libraries on both sides: negative-binomial GLM with Wald test as DESeq2, `analysis="replicated"`. Otherwise the
    exact test at the assumed variation, `analysis="exploratory"`; shrunken changes are missing there. Both normalise by
    median-of-ratios size factors over the rows; `library_sizes` {library: reads} replaces them, and the depths behind log_cpm
    and the exploratory test. Libraries of other conditions are left out; the others are taken by name, so that their order does
    not matter: where the likelihood of a dispersion is flat, rounding decides where its search ends. direction is the paper's
    screen: |log2FC| above the threshold and the chosen p below significance. Raises ReadsError when a side of the contrast has
    no library, a library has no reads in any row, or a threshold is to be tested without replicates.
    """
    treated_ids = [library.id for library in libraries if library.condition == contrast.treatment]
    control_ids = [library.id for library in libraries if library.condition == contrast.control]
    _check_sides(treated_ids, control_ids, contrast)
    ids = sorted(control_ids) + sorted(treated_ids)
    matrix = counts.reindex(columns=ids).fillna(0).to_numpy(np.int64)
    _check_reads(matrix, ids)
    treated = np.array([library in treated_ids for library in ids])
    factors = library_factors(matrix, ids, library_sizes)
    depths = (
        factors * np.exp(np.log(matrix.sum(axis=0).clip(min=1)).mean())
        if library_sizes is None
        else np.array([float(library_sizes[library]) for library in ids])
    )
    replicated = min(len(treated_ids), len(control_ids)) >= REPLICATES
    run = _replicated if replicated else _exploratory
    tested, trend = run(matrix, treated, factors, depths, parameters)
    columns = pd.DataFrame(
        {
            "base_mean": (matrix / factors).mean(axis=1),
            "log_cpm": average_log_cpm(matrix, depths),
            **tested,
            "conservative_log2_fold_change": conservative_change(
                tested["log2_fold_change"], tested["standard_error"], parameters.conservative_quantile
            ),
            "analysis": "replicated" if replicated else "exploratory",
        }
    )
    columns["direction"] = screen(columns, parameters)
    summary = _summary(columns, dict(zip(ids, factors, strict=True)), contrast, parameters)
    if not replicated:
        lacking = unreplicated(len(treated_ids), len(control_ids), contrast)
        summary |= {
            "lacking": lacking,
            "label": f"exploratory: {lacking}, so p-values rest on an assumed variation",
        }
    normalisation = "median of ratios" if library_sizes is None else "spike-in"
    return Comparison(columns, {**summary, "normalisation": normalisation, "dispersion_trend": trend})


def library_factors(
    counts: NDArray[np.int64], libraries: Sequence[str], library_sizes: Mapping[str, float] | None = None
) -> NDArray[np.float64]:
    """Size factors (l,) of a counts matrix (u, l): median of ratios, or `library_sizes` over their geometric mean where given."""
    if library_sizes is None:
        return size_factors(counts)
    sizes = np.array([float(library_sizes[library]) for library in libraries])
    return sizes / np.exp(np.log(sizes).mean())


def _replicated(
    counts: NDArray[np.int64],
    treated: NDArray[np.bool_],
    factors: NDArray,
    depths: NDArray,
    parameters: DifferentialParameters,
) -> tuple[dict[str, NDArray], Document]:
    """Columns of the test with replicates, and its dispersion trend with the requested fit type."""
    test = replicated_test(
        counts,
        treated,
        factors,
        fit_type=parameters.fit_type,
        threshold=parameters.tested_log2_fold_change,
        false_discovery_rate=parameters.significance,
    )
    columns = {name: value for name, value in test._asdict().items() if name not in ("trend", "prior_variance")}
    prior = float(test.prior_variance) if np.isfinite(test.prior_variance) else None
    return columns, {"asked": parameters.fit_type, **test.trend.document(), "fold_change_prior_variance": prior}


def _exploratory(
    counts: NDArray[np.int64],
    treated: NDArray[np.bool_],
    factors: NDArray,
    depths: NDArray,
    parameters: DifferentialParameters,
) -> tuple[dict[str, NDArray], Document]:
    """Columns of the test without replicates, and the dispersion it assumes."""
    if parameters.tested_log2_fold_change > 0:
        raise ReadsError(
            Problem(
                "parameters.differential.tested_log2_fold_change",
                f"{parameters.tested_log2_fold_change:g}",
                "Testing against a threshold needs two or more libraries in both conditions.",
                "Set it to 0; absolute_log2_fold_change screens the changes by size.",
            )
        )
    dispersion = parameters.exploratory_biological_variation**2
    test = exploratory_test(counts, treated, depths, dispersion)
    missing = np.full(len(counts), np.nan)
    columns = {
        **test._asdict(),
        "shrunken_log2_fold_change": missing,
        "shrunken_standard_error": missing,
        "adjusted_p_value": benjamini_hochberg(test.p_value),
        "dispersion": np.full(len(counts), dispersion),
    }
    return columns, {"asked": parameters.fit_type, "fit": "assumed", "dispersion": dispersion}


def unreplicated(treated: int, control: int, contrast: Contrast) -> str:
    """Why a comparison of so many libraries is exploratory, to follow "there are" or "with": which side has one library."""
    alone = [name for name, count in ((contrast.treatment, treated), (contrast.control, control)) if count < REPLICATES]
    return "no replicates" if len(alone) > 1 else f"no replicates of {alone[0]}"


def conservative_change(fold: NDArray, error: NDArray, quantile: float) -> NDArray[np.float64]:
    """The end nearest zero of the central interval that leaves out `quantile` on each side (u,); 0 where the interval
    contains zero.

    fold, error (u,) log2. A large but uncertain change of few reads ranks below a smaller, certain one, which suits a ranking
    without replicates. Normal approximation; NaN is kept. Source: Feng et al. 2012, GFOLD (10.1093/bioinformatics/bts515), whose
    posterior is replaced by the test's own standard error.
    """
    left = np.abs(fold) - norm.isf(quantile) * error
    return np.where(np.isnan(left), np.nan, np.sign(fold) * np.maximum(left, 0.0))


def screen(table: pd.DataFrame, parameters: DifferentialParameters) -> NDArray:
    """up, down or none (u,): |log2FC| > threshold and p < significance (Table 4); a missing value is none."""
    significant = (table[parameters.significance_column] < parameters.significance).to_numpy()
    fold = table["log2_fold_change"].to_numpy()
    limit = parameters.absolute_log2_fold_change
    return np.select([significant & (fold > limit), significant & (fold < -limit)], ["up", "down"], "none")


def _summary(
    table: pd.DataFrame,
    factors: dict[str, float],
    contrast: Contrast,
    parameters: DifferentialParameters,
) -> Document:
    analysis = str(table["analysis"].iloc[0])
    directions = table["direction"].value_counts()
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
        "tested_log2_fold_change": parameters.tested_log2_fold_change,
        "tested": int(table["p_value"].notna().sum()),
        "up": up,
        "down": down,
        "up_to_down": up / down if down else None,
        "size_factors": {library: float(factor) for library, factor in factors.items()},
        "screen": (
            f"|log2FC| > {parameters.absolute_log2_fold_change:g} and "
            f"{parameters.significance_column} < {parameters.significance:g}"
        ),
        "label": "",
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
