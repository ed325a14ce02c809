"""The signature branch: weight of a gene as a function of each part of its nascent descriptor, with 95 % intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.figures.style import CONTROL, NEUTRAL, SERIES, new_figure, say_empty, style
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = {
    "log2_fold_change": "Fold change, normalised",
    "significance": "Significance, normalised",
    "body_density": "Body density, normalised",
    "enhancer_response": "Response of enhancers near, normalised",
    "chromatin_coordination": "Coordination with marks",
}
MOST_STEPS = 16
SEQUENCE = "sequence_"


def signature_weights(document: Values) -> Figure:
    """One panel a curve of the document's `curves`, one for its `steps` (at most 16, the largest weights on top), and one for
    the steps of descriptors from sequence where there are any.

    y, and x of the last panel: log hazard ratio for one SD more of the gene's expression, as the score weighs it. Bands and bars
    are the ridge fit's 95 % intervals. A document without curves and steps gives a figure that says so.
    """
    curves = [curve for curve in document.get("curves", []) if curve["descriptor"] in CURVES]
    ranked = sorted(document.get("steps", []), key=lambda row: -abs(row["coefficient"]))
    of_sequence = [row["descriptor"].startswith(SEQUENCE) for row in ranked]
    found = {
        "With it less without it": [row for row, own in zip(ranked, of_sequence) if not own][:MOST_STEPS],
        "From sequence": [row for row, own in zip(ranked, of_sequence) if own][:MOST_STEPS],
    }
    groups = {title: steps for title, steps in found.items() if steps}
    panels = len(curves) + len(groups)
    if not panels:
        figure, axes = new_figure()
        say_empty(axes, "The model has no signature branch.")
        return figure
    figure, axes = new_figure((2.9 * panels + 0.6, 3.2), 1, panels, squeeze=False)
    with style():
        for panel, curve, colour in zip(axes[0], curves, SERIES):
            panel.axhline(0, color=NEUTRAL, linewidth=0.8)
            panel.fill_between(curve["value"], curve["lower"], curve["upper"], color=colour, alpha=0.2, linewidth=0)
            panel.plot(curve["value"], curve["weight"], color=colour)
            panel.set(title="Weight of a gene", xlabel=CURVES[curve["descriptor"]])
        if curves:
            axes[0][0].set_ylabel("log hazard ratio per SD of expression")
        for panel, (title, steps) in zip(axes[0][len(curves) :], groups.items()):
            places = range(len(steps))
            panel.axvline(0, color=NEUTRAL, linewidth=0.8)
            panel.hlines(places, [row["lower"] for row in steps], [row["upper"] for row in steps], color=CONTROL)
            panel.plot([row["coefficient"] for row in steps], places, "o", color=CONTROL, markersize=3.5)
            names = [row["function"].removeprefix(SEQUENCE).replace("_", " ") for row in steps]
            panel.set_yticks(places, names, fontsize=6.5)
            panel.invert_yaxis()
            panel.grid(axis="y", visible=False)
            panel.set(title=title, xlabel="log hazard ratio per SD")
    return figure
