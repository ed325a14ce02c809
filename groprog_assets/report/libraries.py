"""The report section on the comparison of libraries: scale, test, similarity.

Each function takes the report's context and returns blocks; an empty list means there was nothing to show.
"""

from __future__ import annotations

from typing import Any

from groprog_assets.figures.numbers import fixed, number, p_value
from groprog_assets.report.blocks import Block, Cell, cell, details, frame_of, member, note, paragraph, table
from groprog_assets.report.genomics import picture
from groprog_assets.tables.values import Values

CAPTIONS: dict[str, tuple[str, str]] = {
    "library_components": (
        "Libraries by the first two principal components of their variance-stabilised counts. Replicates should lie together, "
        "and the conditions apart along the first component; a library far from its replicates deserves a look.",
        "Scatter plot of the libraries on the first two principal components, coloured by condition.",
    ),
    "library_correlation": (
        "Pearson correlation of every two libraries by their variance-stabilised counts.",
        "Heat map of the correlation of every two libraries.",
    ),
}

SHOWN = 12

FIT_TYPES = {
    "parametric": "the parametric curve, a constant plus a term that falls with the mean",
    "local": "a local regression",
    "mean": "one level for all",
}


def libraries(context: Values) -> list[Block]:
    """The common scale of the libraries, and their similarity."""
    return [*scale(context), *similarity(context)]


def test(context: Values) -> list[Block]:
    """How units were tested, and the same test by gene."""
    return [*tested(context), *genes(context)]


def scale(context: Values) -> list[Block]:
    """The spike-in's scale and each library's size; nothing for a study without a spike-in."""
    sizes = frame_of(context.get("library_sizes"))
    if sizes is None or not len(sizes) or sizes["basis"].iloc[0] != "spike-in":
        return []
    rows = [_size(row) for row in sizes.itertuples()]
    heads = ["Library", "Reads used", "Spike-in reads", "Size (reads)", "Size per read used"]
    return [
        note(
            "Libraries are compared by their spike-in reads. Fold changes, densities, tracks of loci and what is computed from "
            "them are on that scale: a change of all genes together remains, where a comparison by the reads themselves would "
            "remove it. The pausing index compares windows within a library and does not depend on the scale.",
            "info",
            "Spike-in",
        ),
        table(heads, rows, "What each library's counts are divided by."),
    ]


def _size(row: Any) -> list[Cell]:
    per_read = row.size / row.reads if row.reads else None
    return [
        cell(str(row.library), strong=True),
        cell(number(row.reads), int(row.reads)),
        cell(number(row.spike_in_reads), int(row.spike_in_reads)),
        cell(number(round(row.size)), float(row.size)),
        cell("–" if per_read is None else fixed(per_read, 3), per_read),
    ]


def tested(context: Values) -> list[Block]:
    """How the test of treatment against control normalised, which dispersion trend it fitted, and what its null was."""
    summary = member(context.get("differential_transcription"), "summary") or {}
    trend = summary.get("dispersion_trend") or {}
    if not trend:
        return []
    sentences = []
    if summary.get("normalisation") == "spike-in":
        sentences.append("Libraries are normalised by their spike-in reads.")
    else:
        sentences.append("Libraries are normalised by the median of ratios over the tested units.")
    if trend["fit"] == "assumed":
        sentences.append(f"The dispersion is assumed: {trend['dispersion']:g} for every unit.")
    else:
        sentences.append(f"The trend of dispersion with mean is {FIT_TYPES[trend['fit']]} (fit type {trend['fit']}).")
        if trend["fit"] != trend["asked"]:
            sentences.append(f"Fit type {trend['asked']} was asked for and did not fit these data.")
    threshold = summary.get("tested_log2_fold_change") or 0.0
    if threshold > 0:
        sentences.append(f"The p-values are of changes larger than {threshold:g} (log₂) in either direction.")
    return [paragraph(" ".join(sentences))]


def similarity(context: Values) -> list[Block]:
    """Principal components and correlation of the libraries, where they were drawn."""
    names = [name for name in CAPTIONS if member(context.get("figures"), name) is not None]
    return [picture(context, name, CAPTIONS) for name in names]


def genes(context: Values) -> list[Block]:
    """The same test by gene: how many pass the screen, and the strongest."""
    found = frame_of(context.get("gene_differential"))
    if found is None or not len(found):
        return []
    up, down = (found[found["direction"] == way] for way in ("up", "down"))
    exploratory = bool(context.get("exploratory"))
    count = int(found["p_value"].notna().sum())
    text = (
        f"By gene, counting the reads of gene bodies: {number(count)} of {number(len(found))} genes "
        f"tested, {number(len(up))} up, {number(len(down))} down (`gene_differential.tsv`)."
    )
    changed = found[found["direction"] != "none"]
    certain = changed["conservative_log2_fold_change"].abs()
    order = changed.loc[certain.sort_values(ascending=False, kind="stable").index]
    rows = [
        [
            cell(str(row.gene), strong=True),
            cell(fixed(row.log2_fold_change, 2), row.log2_fold_change),
            cell(fixed(row.log_cpm, 2), row.log_cpm),
            cell(p_value(row.adjusted_p_value), row.adjusted_p_value),
        ]
        for row in order.head(SHOWN).itertuples()
    ]
    heads = ["Gene", "log₂ fold change", "log₂ CPM", "Adjusted p" + (" (exploratory)" if exploratory else "")]
    caption = "Strongest changes of genes, by the change that is at least there."
    shown = [details("Genes that changed", [table(heads, rows, caption, len(order))])] if rows else []
    return [paragraph(text), *shown]
