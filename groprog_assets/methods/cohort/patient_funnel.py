"""Patient funnel: how many patients each step leaves out, from the clinical table to the model, by event.

Counts in, table out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from groprog_assets.tables import conform
from groprog_assets.wording import count_of


class Step(NamedTuple):
    """One rule: its name, the patients it removed (with the event, censored, of unknown event), and its requirement."""

    step: str
    events: int
    censored: int
    unknown: int
    reason: str


def patient_funnel(
    events: int, censored: int, steps: list[Step], with_expression: tuple[int, int] | None
) -> pd.DataFrame:
    """The `patient_funnel` table: all rows first, then each rule. Where the study has expression, the last row gives the
    remaining patients with expression (with the event, censored); the others stay in the cohort.

    `events`, `censored`: patients with and without the event after every step.
    """
    removed = pd.DataFrame([step[1:4] for step in steps], columns=["events", "censored", "unknown"]).astype("int64")
    left = {
        "events": events + int(removed["events"].sum()),
        "censored": censored + int(removed["censored"].sum()),
        "unknown": int(removed["unknown"].sum()),
    }
    rows = [_row(Step("read", 0, 0, 0, "rows of the clinical table"), left)]
    for step in steps:
        left = {name: left[name] - getattr(step, name) for name in left}
        rows.append(_row(step, left))
    if with_expression is not None:
        gone = Step(
            "with expression",
            events - with_expression[0],
            censored - with_expression[1],
            0,
            "patients without expression stay: their omics count as missing",
        )
        rows.append(_row(gone, {"events": with_expression[0], "censored": with_expression[1], "unknown": 0}))
    return conform(pd.DataFrame(rows), "patient_funnel")


def _row(step: Step, left: Mapping[str, int]) -> dict[str, object]:
    return {
        "step": step.step,
        "removed": step.events + step.censored + step.unknown,
        "removed_events": step.events,
        "removed_censored": step.censored,
        "remaining": sum(left.values()),
        "events": left["events"],
        "censored": left["censored"],
        "reason": step.reason,
    }


def told(funnel: pd.DataFrame) -> str:
    """The `patient_funnel` table in one sentence: patients read, left out by each step, kept and with expression, by event."""
    parts = []
    for row, remaining in zip(funnel.itertuples(), funnel["remaining"].tolist(), strict=True):
        by_event = f"{row.events} with the event, {row.censored} censored"
        if row.step == "read":
            parts.append(f"{count_of(remaining, 'patient')} read")
        elif row.step == "with expression":
            parts.append(f"{count_of(remaining, 'of them has', 'of them have')} expression ({by_event})")
        else:
            parts.append(
                f"{row.removed} left out, {row.step} ({row.removed_events} with the event, {row.removed_censored} censored)"
            )
    kept = [row for row in funnel.itertuples() if row.step != "with expression"][-1]
    place = len(parts) - (1 if funnel["step"].iloc[-1] == "with expression" else 0)
    parts.insert(place, f"{kept.remaining} in the cohort ({kept.events} with the event, {kept.censored} censored)")
    return "; ".join(parts)
