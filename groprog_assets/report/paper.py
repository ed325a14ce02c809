"""The appendix that lays a study beside the source paper, for studies that ask for it (`compare_with_paper`).

The report's context in, blocks out.
"""

from __future__ import annotations

import numpy as np

from groprog_assets.figures.numbers import fixed
from groprog_assets.report import paper_tables
from groprog_assets.report.blocks import Block, cell, figure, frame_of, member, note, paragraph, svg_of, table
from groprog_assets.tables.values import Values

DENSITY = {"five_prime_fp": 0.4125, "tp": 0.7197, "post_tts": 0.4872, "tua": 0.5972}
"""Paper, section 4.3 and figure 4: Huh7, OE and Mock."""
LABELS = {"five_prime_fp": "FivePrimeFP", "tp": "TP", "post_tts": "PostTTS", "tua": "TUA"}
UP_TO_DOWN = 312 / 145
"""Paper, section 4.4: units up and down."""
PAUSING = "−0.78 and −0.86 (Mock, OE)"
"""Paper, figure 9: medians of the log10 count ratio."""

CAPTIONS: dict[str, tuple[str, str]] = {
    "paper_wet_lab": (
        "Figure 1 of the paper: the days of the experiment, from the libraries' wet-lab record (`metadata: {day_1: ...}`).",
        "Flow chart of the days of the experiment, one box a day.",
    ),
    "paper_quality_control": (
        "Figure 2 of the paper: base quality of the control condition, mate 2 behind mate 1.",
        "Line chart of mean Phred quality against position for the control condition.",
    ),
    "paper_quality_treatment": (
        "Figure 3 of the paper: base quality of the treatment condition, mate 2 behind mate 1.",
        "Line chart of mean Phred quality against position for the treatment condition.",
    ),
    "paper_pausing": (
        "Figure 9 of the paper: pausing as the ratio of raw counts. The windows differ in length, so values lie lower than those "
        "of the density ratio, by the same step for every gene that fills the body's window.",
        "Violin and box plots of log10 promoter reads over body reads for each condition.",
    ),
}


def paper(context: Values) -> list[Block]:
    """Published figures of Huh7 beside those of this study, what the two do not share, figures 1 to 3 and 9 in the paper's forms
    and its six tables filled from this study; empty unless the study asks."""
    if not context["study"].get("compare_with_paper"):
        return []
    rows = []
    summary = member(context.get("transcript_density"), "summary") or {}
    for key, published in DENSITY.items():
        if summary.get(key) is not None:
            rows.append(_row("figure 4", LABELS[key], summary[key], 4, fixed(published, 4)))
    tested = frame_of(context.get("differential_transcription"))
    if tested is not None:
        up, down = (int((tested["direction"] == way).sum()) for way in ("up", "down"))
        ratio = up / down if down else None
        rows.append(_row("figure 5", "units up, per unit down", ratio, 2, f"{fixed(UP_TO_DOWN, 2)} (312 and 145)"))
    index = frame_of(context.get("pausing"))
    if index is not None:
        for condition, part in index[index["passes"]].groupby("condition", sort=True):
            with np.errstate(divide="ignore"):
                counts = np.log10(part["count_ratio"].to_numpy(float))
            kept = counts[np.isfinite(counts)]
            median = float(np.median(kept)) if len(kept) else None
            rows.append(_row("figure 9", f"median log₁₀ count ratio, {condition}", median, 2, PAUSING))
    drawn = [
        figure(image, *CAPTIONS[name], name, file=svg_of(name))
        for name in CAPTIONS
        if (image := member(context.get("figures"), name)) is not None
    ]
    forms = [*drawn, *paper_tables.tables(context)]
    if not rows:
        return forms
    heads = ["Of the paper", "Quantity", "This study", "Paper (Huh7)"]
    return [
        paragraph("The paper's cells, libraries and annotation are others; equal numbers are not to be expected."),
        table(heads, rows, "Published figures beside those of this study, in the paper's order."),
        note(
            "The paper reads FivePrimeFP as promoter-proximal polymerase and PostTTS and TUA as regions. They are "
            "scores of the calls: a FivePrimeFP of 0.41 says that calls reach far upstream of genes, not that "
            "polymerase is retained there.",
            "info",
            "Not what the paper says",
        ),
        *forms,
    ]


def _row(where: str, what: str, value: float | None, digits: int, published: str) -> list:
    return [where, cell(what, strong=True), cell(fixed(value, digits), value), published]
