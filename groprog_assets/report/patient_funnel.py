"""The funnel of patients in the report: figure and table that open the section on the cohort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groprog_assets.report.blocks import Block, cell, member, number, table
from groprog_assets.report.genomics import picture

CAPTIONS: dict[str, tuple[str, str]] = {
    "patient_funnel": (
        "From the clinical table to the model: patients left after each step, by event. "
        "Who is left out may not depend on the event.",
        "Bar chart of the patients left after each step, with the event and censored.",
    ),
}
"""Figure name → (caption, alternative text)."""


def blocks(context: Mapping[str, Any], funnel: Any) -> list[Block]:
    """The funnel of patients as figure and table; nothing for a cohort that was stored before it had one."""
    if funnel is None:
        return []
    rows = [
        [
            cell(str(step.step), strong=True),
            *(
                cell(number(int(value)), int(value))
                for value in (
                    step.removed,
                    step.removed_events,
                    step.removed_censored,
                    step.remaining,
                    step.events,
                    step.censored,
                )
            ),
            str(step.reason),
        ]
        for step in funnel.itertuples()
    ]
    heads = ["Step", "Without it", "with event", "censored", "Left", "with event ", "censored ", "What it asks"]
    drawn = [picture(context, "patient_funnel", CAPTIONS)] if member(context.get("figures"), "patient_funnel") else []
    title = "From the clinical table to the model, by event; patients whose event is not known are in neither column."
    return [*drawn, {**table(heads, rows, title), "fixed_order": True}]
