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

from groprog_assets.figures.style import CONTROL, INK, SOFT_INK, figure_bytes, new_figure, style
from groprog_assets.methods.features.abundance import size_factors
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.features.replicated import replicated_test

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT.parent / "shared" / "data" / "oracle" / "deseq2"
DESIGNS = (
    ("groseq_tx_nb_sim", "S40m", "821 units, 3 + 3 libraries, simulated on real GRO-seq means"),
    ("sultan2008_real", "Ramos_B cell", "9,010 genes, 2 + 2 libraries of two cell lines (Sultan 2008)"),
)
SIGNIFICANCE = 0.05


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
    ours = replicated_test(counts.to_numpy(), treated, factors)._asdict()
    seconds = time.process_time() - begin
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
        "p, Spearman correlation": f"{ranks:.4f}",
        "p, difference in decades: median, 99 %, largest": _three(decades, "{:.2f}"),
        "the same where R's p > 0.001": _three(decades[near], "{:.2f}"),
        f"adjusted p < {SIGNIFICANCE:g}: ours, R, both": f"{called.sum()}, {expected.sum()}, {(called & expected).sum()}",
        "calls in common of all calls of either": f"{(called & expected).sum() / (called | expected).sum():.1%}",
        "the same by Benjamini-Hochberg over all, unfiltered: ours, R, both": (
            f"{plain[0].sum()}, {plain[1].sum()}, {(plain[0] & plain[1]).sum()}"
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
        f"A study with replicates is tested with PyDESeq2 {version('pydeseq2')}, not with R, and two steps of our own: the trend",
        "of dispersions (`groprog_assets/methods/features/dispersion_trend.py`) and the Wald test",
        "(`groprog_assets/methods/features/wald.py`), in which PyDESeq2 departs from R. How far the result agrees with the",
        "tables of DESeq2 1.38.3 for the same counts:",
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
        "Size factors are equal; fold changes agree to the fourth decimal. **p-values do not agree digit for digit:** they",
        "rest on each unit's dispersion, which both programs find by numerical search and sometimes place apart, more so with",
        "two libraries a side, where there is little to estimate it from. The scatter shows every unit; nothing is left out.",
        "Filtered calls agree less than unfiltered ones because independent filtering here is for the level reported (0.05)",
        "and in the stored R run for R's default (0.1): other units have no adjusted p at all.",
        "",
        "What the two steps change, measured once with PyDESeq2 0.5.4 alone (3 + 3, 2 + 2 libraries): p-values up to 3.5 and 13",
        "decades away, fold changes up to 0.018 and 0.003, 99.3 % and 84.5 % of calls in common. Its trend is fitted to",
        "dispersions at the floor of their estimate too, and its Wald test lets the mean of a silent condition go to zero.",
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
