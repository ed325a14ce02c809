"""Can this cohort carry a model: enough events, nothing that gives the outcome away, patients that differ?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.parameters import CohortParameters

if TYPE_CHECKING:
    import pandas as pd


def enough_events(outcomes: pd.DataFrame, parameters: CohortParameters) -> Verdict:
    """Fails under the minimum number of events."""
    events = int(outcomes["event"].sum())
    return Verdict(
        "enough_events",
        events >= parameters.minimum_events,
        f"{events} events in {len(outcomes)} patients; at least {parameters.minimum_events} are needed",
        {"events": events, "patients": len(outcomes)},
        blocking=True,
    )


def no_leakage(leaks: list[tuple[str, str]], parameters: CohortParameters) -> Verdict:
    """Fails when a covariate knows the outcome, by its concordance, its name or its date."""
    text = "; ".join(f"{name}: {reason}" for name, reason in leaks)
    return Verdict(
        "no_leakage",
        not leaks,
        f"{text}. Leave the column out or state when it is known (known_at_days)."
        if leaks
        else f"no covariate reaches a concordance of {parameters.leak_concordance:g} by itself or is named like an outcome",
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
