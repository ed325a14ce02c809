"""The report's section on pausing: both forms of the index, their windows, and the tests whether pausing changed.

The report's context in, blocks out.
"""

from __future__ import annotations

import math

import numpy as np

from groprog_assets.figures.numbers import fixed, number
from groprog_assets.report.blocks import Block, cell, details, document_table, frame_of, member, paragraph, table
from groprog_assets.report.genomics import picture, settings
from groprog_assets.study.parameters import PausingParameters
from groprog_assets.tables.values import Values

CAPTIONS: dict[str, tuple[str, str]] = {
    "pausing": (
        "Distribution of log10 pausing index per condition: violin, quartiles, median. Index 1 (zero here) means the "
        "promoter is as dense as the gene body.",
        "Violin and box plots of log10 pausing index for each condition.",
    ),
}


def pausing(context: Values) -> list[Block]:
    """Pausing index per condition, both forms, classes and the tests for 'stable'."""
    index = frame_of(context.get("pausing"))
    if index is None:
        return []
    rows = []
    for condition, part in index[index["passes"]].groupby("condition", sort=True):
        with np.errstate(divide="ignore"):
            ratio = np.log10(part["pausing_index"].to_numpy(float))
            counts = np.log10(part["count_ratio"].to_numpy(float))
        classes = part["pause_class"].value_counts()
        rows.append(
            [
                cell(str(condition), strong=True),
                cell(number(len(part)), len(part)),
                cell(fixed(np.nanmedian(part["pausing_index"]), 2), float(np.nanmedian(part["pausing_index"]))),
                cell(fixed(_median(ratio), 3), _median(ratio)),
                cell(fixed(_median(counts), 3), _median(counts)),
                cell(number(int(classes.get("high", 0))), int(classes.get("high", 0))),
                cell(number(int(classes.get("low", 0))), int(classes.get("low", 0))),
            ]
        )
    windows = settings(context).pausing
    heads = [
        "Condition",
        "Genes",
        "Median index",
        "Median log₁₀ index",
        "Median log₁₀ count ratio",
        "High pause",
        "Low pause",
    ]
    blocks = [
        paragraph(
            f"The pausing index compares polymerase near the promoter ({_places(windows)}) with the gene body "
            f"(+{windows.promoter_downstream:,} to +{windows.body_end:,} bp, or the gene's end). It is given as a ratio of "
            f"densities; the ratio of raw counts, which others report, {_shift(windows)}."
        ),
        picture(context, "pausing", CAPTIONS),
        table(
            heads,
            rows,
            "Genes with enough body reads in every library.",
            file="pausing.tsv",
        ),
    ]
    summary = member(context.get("pausing"), "summary")
    if summary:
        blocks.append(details("Is it stable? Shift, tests and equivalence", [document_table(summary)]))
    return blocks


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def _places(windows: PausingParameters) -> str:
    upstream = f"−{windows.promoter_upstream:,}" if windows.promoter_upstream else "0"
    return f"{upstream} to +{windows.promoter_downstream:,} bp"


def _shift(windows: PausingParameters) -> str:
    """How far the log10 of the count ratio lies from that of the density ratio, of a gene that fills the body window."""
    body = windows.body_end - windows.promoter_downstream
    shift = math.log10(body / (windows.promoter_upstream + windows.promoter_downstream)) if body > 0 else math.nan
    if not math.isfinite(shift):
        return "does not exist with these windows"
    if fixed(abs(shift), 2) == "0.00":
        return "is the same here because the windows are equally long"
    side = "lower" if shift > 0 else "higher"
    return f"lies {fixed(abs(shift), 2)} {side} on this scale because the windows differ in length"
