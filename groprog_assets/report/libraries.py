"""What the report says of how libraries are compared: their scale, the test, and how much they are alike.

Each function takes the report's context and returns blocks; an empty list means there was nothing to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groprog_assets.report.blocks import Block, cell, fixed, frame_of, member, note, number, paragraph, table

FIT_TYPES = {
    "parametric": "the parametric curve, a constant plus a term that falls with the mean",
    "local": "a local regression",
    "mean": "one level for all",
}


def scale(context: Mapping[str, Any]) -> list[Block]:
    """The spike-in's scale and each library's size; nothing for a study without a spike-in."""
    sizes = frame_of(context.get("library_sizes"))
    if sizes is None or not len(sizes) or sizes["basis"].iloc[0] != "spike-in":
        return []
    rows = [
        [
            cell(str(row.library), strong=True),
            cell(number(row.reads), int(row.reads)),
            cell(number(row.spike_in_reads), int(row.spike_in_reads)),
            cell(number(round(row.size)), float(row.size)),
            cell(fixed(row.size / row.reads, 3) if row.reads else "–", row.size / row.reads if row.reads else None),
        ]
        for row in sizes.itertuples()
    ]
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


def tested(context: Mapping[str, Any]) -> list[Block]:
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
