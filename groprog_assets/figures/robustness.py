"""Robustness: change of held-out risks under perturbed omics. The evaluation document in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.figures.style import CONTROL, INK, NEUTRAL, WIDE, new_figure, say_empty, style
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = {
    "noise": "noise, {level:g} SD",
    "gene_dropout": "{share:g} % of genes lost",
    "permutation": "another's omics",
}


def robustness_figure(document: Values) -> Figure:
    """Left: rank correlation of perturbed with original risks. Right: loss of concordance. Means and 2.5 to 97.5 % over folds.

    How alike the ensemble's members represent the same patients is a number, not drawn: `robustness.members` of the document.
    """
    found = document.get("robustness") or {}
    rows = sorted(found.get("perturbations") or [], key=lambda row: (list(KINDS).index(row["kind"]), row["level"]))
    if not rows:
        figure, axes = new_figure()
        say_empty(axes, "No omics to disturb.")
        return figure
    figure, panels = new_figure((WIDE[0], 1.3 + 0.34 * len(rows)), 1, 2, sharey=True)
    labels = [KINDS[row["kind"]].format(level=row["level"], share=100 * row["level"]) for row in rows]
    with style():
        for panel, name, line, title, unit in (
            (
                panels[0],
                "spearman",
                1.0,
                "Order kept with disturbed omics",
                "rank correlation with the undisturbed risk",
            ),
            (panels[1], "loss", 0.0, "Concordance lost with disturbed omics", "concordance lost (Harrell)"),
        ):
            panel.axvline(line, color=NEUTRAL, linestyle="--", linewidth=1)
            for height, row in enumerate(reversed(rows)):
                part = row[name]
                if part["mean"] is not None:
                    panel.plot([part["lower"], part["upper"]], [height, height], color=CONTROL, linewidth=1.8)
                    panel.plot([part["mean"]], [height], "o", color=INK, markersize=5)
            panel.set(title=title, xlabel=unit)
            panel.set_yticks(range(len(rows)), labels[::-1])
            panel.grid(axis="y", visible=False)
    return figure
