"""Differential transcription beside DESeq2 1.38.3 (R) on two designs; writes docs/differential.md and its figure.

    python -m benchmarks.differential            # minutes: PyDESeq2 fits 9,010 genes
    python -m benchmarks.differential --print    # only the numbers

Counts, results and R's own dispersions are in shared/data/oracle/deseq2. What is compared is what a study runs:
`replicated_test` with the house's size factors. Nothing is left out of the scatter.
"""

from __future__ import annotations

import argparse
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from groprog_assets.figures.style import CONTROL, INK, SOFT_INK, figure_bytes, new_figure, style
from groprog_assets.methods.features.abundance import size_factors
from groprog_assets.methods.features.dispersion_trend import dispersion_trend
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.features.replicated import replicated_test
from groprog_assets.methods.features.variance_stabilizing import variance_stabilized

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT.parent / "shared" / "data" / "oracle" / "deseq2"
DESIGNS = (
    ("groseq_tx_nb_sim", "S40m", "821 units, 3 + 3 libraries, simulated on real GRO-seq means"),
    ("sultan2008_real", "Ramos_B cell", "9,010 genes, 2 + 2 libraries of two cell lines (Sultan 2008)"),
)
SIGNIFICANCE = 0.05
FILTERED_AT = 0.1
"""False discovery rate for which R's stored run filtered (its default); ours is run for the same."""
THRESHOLD = 1.0
"""log2 fold change of R's stored threshold test."""


class Comparison(NamedTuple):
    """ours, theirs: {column: (g,)} of one design in one order; numbers: {row of the page: text}."""

    ours: dict[str, NDArray[np.float64]]
    theirs: dict[str, NDArray[np.float64]]
    numbers: dict[str, str]


def compare(tag: str, treatment: str) -> Comparison:
    """One design run through the house's test, beside R's table."""
    counts, result, design = (
        pd.read_csv(FOLDER / f"{tag}.{name}.tsv", sep="\t", index_col=0) for name in ("counts", "results", "coldata")
    )
    result = result.reindex(counts.index)
    treated = (design.loc[counts.columns, "condition"] == treatment).to_numpy()
    factors = size_factors(counts.to_numpy())
    begin = time.process_time()
    test = replicated_test(counts.to_numpy(), treated, factors, false_discovery_rate=FILTERED_AT)
    seconds = time.process_time() - begin
    ours = test._asdict()
    shrunken, beyond, stable, genewise = (
        pd.read_csv(FOLDER / f"{tag}.{name}.tsv", sep="\t", index_col=0).reindex(counts.index)
        for name in ("lfcShrink_normal", "results_lfc1", "vst_notblind", "genewise")
    )
    trend = dispersion_trend(genewise["baseMean"], genewise["dispGeneEst"])
    measured = genewise[genewise["baseMean"] > 0]
    apart = np.abs(variance_stabilized(counts.to_numpy(), factors, trend) - stable.to_numpy())
    error = ours["standard_error"]
    over = 2 * norm.sf(np.maximum(np.abs(ours["log2_fold_change"]) - THRESHOLD, 0) / error)
    over = benjamini_hochberg(np.where(np.isnan(ours["p_value"]), np.nan, over)) < SIGNIFICANCE
    theirs_over = benjamini_hochberg(beyond["pvalue"].to_numpy(np.float64)) < SIGNIFICANCE
    names = {"log2_fold_change": "log2FoldChange", "p_value": "pvalue", "adjusted_p_value": "padj"}
    theirs = {name: result[column].to_numpy(np.float64) for name, column in names.items()}
    their_factors = pd.read_csv(FOLDER / f"{tag}.sizefactors.tsv", sep="\t").iloc[:, -1].to_numpy(np.float64)
    fold = np.abs(ours["log2_fold_change"] - theirs["log2_fold_change"])
    decades = np.abs(np.log10(_floor(ours["p_value"])) - np.log10(_floor(theirs["p_value"])))
    ranks = pd.Series(ours["p_value"]).corr(pd.Series(theirs["p_value"]), method="spearman")
    called, expected = ours["adjusted_p_value"] < SIGNIFICANCE, theirs["adjusted_p_value"] < SIGNIFICANCE
    plain = [benjamini_hochberg(side["p_value"]) < SIGNIFICANCE for side in (ours, theirs)]
    near = np.abs(np.log10(_floor(theirs["p_value"]))) < 3
    numbers = {
        "size factors, largest relative difference": f"{np.abs(factors / their_factors - 1).max():.0e}",
        "log2 fold change, difference: median, 99 %, largest": _three(fold, "{:.4f}"),
        "log2 fold change within 0.001": f"{(fold[~np.isnan(fold)] < 1e-3).mean():.2%}",
        "shrunken log2 fold change, difference: median, 99 %, largest": _three(
            np.abs(ours["shrunken_log2_fold_change"] - shrunken["log2FoldChange"]), "{:.4f}"
        ),
        "dispersion trend at R's own dispersions, largest relative difference": (
            f"{np.nanmax(np.abs(trend.at(measured['baseMean']) / measured['dispFit'] - 1)):.0e}"
        ),
        "variance-stabilised counts with that trend, largest difference": f"{np.nanmax(apart):.0e}",
        "p, Spearman correlation": f"{ranks:.4f}",
        "p, difference in decades: median, 99 %, largest": _three(decades, "{:.2f}"),
        "the same where R's p > 0.001": _three(decades[near], "{:.2f}"),
        f"adjusted p < {SIGNIFICANCE:g}: ours, R, both": f"{called.sum()}, {expected.sum()}, {(called & expected).sum()}",
        "calls in common of all calls of either": f"{(called & expected).sum() / (called | expected).sum():.1%}",
        "the same by Benjamini-Hochberg over all, unfiltered: ours, R, both": (
            f"{plain[0].sum()}, {plain[1].sum()}, {(plain[0] & plain[1]).sum()}"
        ),
        f"a log2 fold change beyond {THRESHOLD:g}, Benjamini-Hochberg over all: ours, R, both": (
            f"{over.sum()}, {theirs_over.sum()}, {(over & theirs_over).sum()}"
        ),
        "adjusted p missing (filtered): ours, R": (
            f"{np.isnan(ours['adjusted_p_value']).sum()}, {np.isnan(theirs['adjusted_p_value']).sum()}"
        ),
        "CPU seconds of the test": f"{seconds:.0f}",
    }
    return Comparison(ours, theirs, numbers)


def drawn(comparisons: dict[str, Comparison]) -> Any:
    """One row a design: fold change and -log10 p against R's, every point, the diagonal."""
    with style():
        figure, grid = new_figure((8.2, 3.6 * len(comparisons)), len(comparisons), 2, squeeze=False)
        for row, (tag, item) in zip(grid, comparisons.items(), strict=True):
            fold = (item.theirs["log2_fold_change"], item.ours["log2_fold_change"])
            p_value = tuple(-np.log10(_floor(side["p_value"])) for side in (item.theirs, item.ours))
            for axes, (theirs, ours), name in zip(row, (fold, p_value), ("log2 fold change", "-log10 p"), strict=True):
                axes.scatter(theirs, ours, s=5, color=CONTROL, alpha=0.35, linewidths=0, rasterized=True)
                ends = [np.nanmin(theirs), np.nanmax(theirs)]
                axes.plot(ends, ends, color=SOFT_INK, lw=0.8)
                axes.set_xlabel(f"DESeq2: {name}")
                axes.set_ylabel(f"GroProg: {name}")
            row[0].set_title(tag, color=INK)
        return figure


def page(comparisons: dict[str, Comparison]) -> str:
    """The page with the numbers of this run."""
    lines = [
        "# Differential transcription beside DESeq2",
        "",
        "<!-- Written by `python -m benchmarks.differential`; change that script, not this file. -->",
        "",
        f"A study with replicates is tested with PyDESeq2 {version('pydeseq2')}, not with R, and steps of our own in which",
        "PyDESeq2 departs from R or which it lacks: the trend of dispersions with its local fallback",
        "(`dispersion_trend.py`, `local_regression.py`), the Wald test and its threshold form (`wald.py`), shrunken fold",
        "changes (`shrinkage.py`) and the variance-stabilising transform (`variance_stabilizing.py`), all in",
        "`groprog_assets/methods/features/`. How far the result agrees with the tables of DESeq2 1.38.3 for the same",
        "counts, filtered for the same false discovery rate (0.1):",
        "",
        "| | " + " | ".join(text for tag, _, text in DESIGNS if tag in comparisons) + " |",
        "| --- |" + " --- |" * len(comparisons),
    ]
    first = next(iter(comparisons.values()))
    for name in first.numbers:
        lines.append(f"| {name} | " + " | ".join(item.numbers[name] for item in comparisons.values()) + " |")
    lines += [
        "",
        "![Fold changes and p-values against DESeq2, every unit](differential.png)",
        "",
        "Size factors are equal; fold changes agree to the fourth decimal. **p-values do not agree digit for digit:**",
        "they rest on each unit's dispersion, which both programs find by numerical search and sometimes place apart,",
        "more so with two libraries a side, where there is little to estimate it from. The scatter shows every unit;",
        "nothing is left out.",
        "",
        "## Where the parametric trend fails",
        "",
        "R then fits a local regression (locfit) of log dispersion on log mean, weighted by the mean; so does GroProg,",
        "and the fit type stands in the asset's summary, in the lineage and in the report. Given R's dispersions of",
        "single units the trend is R's to 1e-6, and over 240 made data sets R and GroProg chose the same fit type every",
        "time. From end to end it is not as close as with a parametric trend: R's search for a unit's dispersion stops",
        "once a step gains less than 1e-6 in log-likelihood, up to a fifth away from the maximum that PyDESeq2 finds, and",
        "units of high mean, which weigh most in the local regression, are those where it does. Measured once on",
        "simulated counts, 3 + 3 libraries, whose dispersion rises with the mean:",
        "",
        "| | 6,000 units, dispersion 0.05 to 0.35 | 2,000 units, dispersion up to 0.7 | 200 units (`tests/oracles/deseq2.py`) |",
        "| --- | --- | --- | --- |",
        "| adjusted p < 0.05: ours, R, both | 484, 482, 482 | 140, 140, 139 | 29, 26, 26 |",
        "| calls in common of all calls of either | 99.6% | 98.6% | 89.7% |",
        "| log2 fold change within 0.001 | 80.7% | 87.3% | 77% |",
        "| log2 fold change, difference: median, 99 % | 0.0000, 0.0218 | 0.0000, 0.0272 | |",
        "| the second with the trend of R's dispersions: calls, within 0.001 | | 100.0%, 99.95% | |",
        "| the second with one level for all, PyDESeq2's fallback | | 63.1%, 30.7% | |",
        "",
        "Two departures are meant. R shrinks a fold change with the outlying counts that its test has replaced (seven or",
        "more replicates a side); here both use the replaced counts. R's quadrature of the variance-stabilising transform",
        "with a local trend is coarse where counts are few: up to 0.1 apart at zero counts, under 0.02 from ten reads on.",
        "",
        "`differential.fit_type` asks for a fit type, `differential.tested_log2_fold_change` for a test against a",
        "threshold.",
        "",
        "What trend and Wald test change, measured once with PyDESeq2 0.5.4 alone (3 + 3, 2 + 2 libraries): p-values up",
        "to 3.5 and 13 decades away, fold changes up to 0.018 and 0.003, 99.3 % and 84.5 % of calls in common. Its trend",
        "is fitted to dispersions at the floor of their estimate too, and its Wald test lets the mean of a silent",
        "condition go to zero.",
        "",
        "Without replicates neither program can be used; the exploratory mode is described in [methods.md](methods.md).",
    ]
    return "\n".join([*lines, ""])


def _floor(p_value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(p_value, 1e-300)


def _three(values: NDArray[np.float64], form: str) -> str:
    return ", ".join(form.format(value) for value in np.nanquantile(values, [0.5, 0.99, 1.0]))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--print", action="store_true", dest="only_print")
    chosen = options.parse_args()
    comparisons = {tag: compare(tag, treatment) for tag, treatment, _ in DESIGNS}
    text = page(comparisons)
    print(text)
    if not chosen.only_print:
        (ROOT / "docs" / "differential.md").write_text(text, encoding="utf-8")
        (ROOT / "docs" / "differential.png").write_bytes(figure_bytes(drawn(comparisons), "png", 110))


if __name__ == "__main__":
    main()
