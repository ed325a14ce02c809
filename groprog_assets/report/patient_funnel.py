"""The funnel of patients in the report: figure and table that open the section on the cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.report.blocks import Block, cell, member, number, table
from groprog_assets.report.genomics import picture
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    import pandas as pd

CAPTIONS: dict[str, tuple[str, str]] = {
    "patient_funnel": (
        "From the clinical table to the model: patients left after each step, by event. "
        "Who is left out may not depend on the event.",
        "Bar chart of the patients left after each step, with the event and censored.",
    ),
}
"""Figure name → (caption, alternative text)."""


def blocks(context: Values, funnel: pd.DataFrame | None) -> list[Block]:
    """The funnel of patients as figure and table; nothing for a cohort stored by an earlier version without one."""
    if funnel is None:
        return []
    counted = ["removed", "removed_events", "removed_censored", "remaining", "events", "censored"]
    rows = [
        [
            cell(str(step["step"]), strong=True),
            *(cell(number(int(step[name])), int(step[name])) for name in counted),
            str(step["reason"]),
        ]
        for step in funnel.to_dict("records")
    ]
    heads = ["Step", "Without it", "with event", "censored", "Left", "with event ", "censored ", "What it asks"]
    drawn = [picture(context, "patient_funnel", CAPTIONS)] if member(context.get("figures"), "patient_funnel") else []
    title = "From the clinical table to the model, by event; patients whose event is not known are in neither column."
    return [*drawn, {**table(heads, rows, title), "fixed_order": True}]
