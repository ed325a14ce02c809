"""Checks of the cohort: enough events, no leakage of the outcome, variation between patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    import pandas as pd

LOST_BY_EVENT = (
    "Survival is misjudged where the times of one kind are lost: look for a column with the time of the event "
    "(endpoint.event_time_column)."
)


def enough_events(outcomes: pd.DataFrame, parameters: CohortParameters) -> Verdict:
    """Fails under the minimum number of events."""
    events = int(outcomes["event"].sum())
    return Verdict(
        "enough_events",
        events >= parameters.minimum_events,
        f"{count_of(events, 'event')} in {count_of(len(outcomes), 'patient')}; at least {parameters.minimum_events} are needed",
        {"events": events, "patients": len(outcomes)},
        blocking=True,
    )


def outcome_coding(questions: list[str], read: str) -> Verdict:
    """Fails when the codes or the unit of the outcome may be right but seldom are; `read` says how they were read."""
    return Verdict("outcome_coding", not questions, "; ".join(questions) or read, {"questions": len(questions)})


def exclusions_by_event(p_value: float, counts: str, parameters: CohortParameters) -> Verdict:
    """Fails when who is left out without an outcome depends on the event; `counts` in words, by event."""
    passed = p_value >= parameters.dependent_exclusions
    told = counts + ("" if passed else f". {LOST_BY_EVENT}")
    return Verdict("exclusions_by_event", passed, told, {"p_value": p_value})


def no_leakage(leaks: list[tuple[str, str]], parameters: CohortParameters) -> Verdict:
    """Fails when a covariate or a row of the expression knows the outcome: (name, reason and remedy)."""
    return Verdict(
        "no_leakage",
        not leaks,
        "; ".join(f"{name}: {reason}" for name, reason in leaks)
        or f"no covariate is named like an outcome, tells who had the event with an area above {parameters.leak_event_area:g}, "
        f"alone or with others, or orders the outcome with C above {parameters.leak_concordance:g} or far better than all others",
        {"columns": ", ".join(name for name, _ in leaks)},
        blocking=True,
    )


def between_patient_variance(variance: float | None, mode: str) -> Verdict:
    """Fails when every patient has the same genomic representation: the genomic branch would carry nothing."""
    if variance is None:
        return Verdict("between_patient_variance", True, f"mode {mode}: no omics enter", {"mode": mode})
    return Verdict(
        "between_patient_variance",
        variance > 0,
        f"mean variance of the genomic inputs between patients {variance:.4g}"
        + (
            ""
            if variance > 0
            else "; it must be positive. Give omics that differ, or set representation.mode: clinical."
        ),
        {"variance": variance, "mode": mode},
        blocking=True,
    )
