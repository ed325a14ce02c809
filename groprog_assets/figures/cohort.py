"""Overview of the cohort: follow-up, missing values, table 1. Summaries and tables in, matplotlib figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from groprog_assets.figures.numbers import MISSING, counted, median_quartiles, percent
from groprog_assets.figures.style import (
    CONTROL,
    NEUTRAL,
    SOFT_INK,
    TREATMENT,
    WIDE,
    new_figure,
    say_empty,
    style,
)
from groprog_assets.tables.values import Values
from groprog_assets.wording import count_of
from groprog_kernels.censoring import kaplan_meier

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_TABLE = 60
"""Largest number of rows of table 1 in the figure; a longer table is cut, with a note."""


def follow_up(outcomes: pd.DataFrame, summary: Values) -> Figure:
    """Kaplan-Meier of the endpoint and of follow-up (events and censorings exchanged), with 95 % bands, patients at risk below.

    `outcomes` as in tables/cohort.py, times in months; `summary` of methods/cohort_summary: its follow_up gives the medians,
    endpoint the label. No patients: the figure says so.
    """
    figure, (left, right) = new_figure(WIDE, 1, 2)
    with style():
        if outcomes.empty:
            say_empty(left, "No patients")
            say_empty(right, "No patients")
            return figure
        time, event = outcomes["time"].to_numpy(np.float64), outcomes["event"].to_numpy(bool)
        numbers = summary.get("follow_up", {})
        endpoint = str(summary.get("endpoint", "endpoint"))
        events = int(event.sum())
        _curve(left, time, event, TREATMENT, numbers.get("median_survival"))
        left.set_title(f"{endpoint}: {count_of(events, 'event')}, {count_of(len(time), 'patient')}")
        left.set_ylabel("Free of the event")
        _curve(right, time, ~event, CONTROL, numbers.get("median"))
        right.set_title("Follow-up (reverse Kaplan–Meier)")
        right.set_ylabel("Still followed")
    return figure


def _curve(axes: Axes, time: np.ndarray, event: np.ndarray, colour: str, median: float | None) -> None:
    curve = kaplan_meier(time, event)
    x = np.concatenate([[0.0], curve.time])
    axes.step(x, np.concatenate([[1.0], curve.survival]), where="post", color=colour)
    lower, upper = (np.where(np.isfinite(edge), edge, curve.survival) for edge in (curve.lower, curve.upper))
    lower, upper = np.concatenate([[1.0], lower]), np.concatenate([[1.0], upper])
    axes.fill_between(x, lower, upper, step="post", color=colour, alpha=0.15, linewidth=0)
    ticks = _months(float(time.max()))
    axes.set_xticks(ticks, [f"{tick:g}\n{int((time >= tick).sum())}" for tick in ticks])
    axes.set_xlabel("Months; below, patients at risk")
    axes.set(xlim=(0, float(time.max()) * 1.02), ylim=(0, 1.02))
    text = "median not reached"
    if median is not None:
        axes.plot([median, median, 0], [0, 0.5, 0.5], color=SOFT_INK, linewidth=0.8, linestyle=(0, (4, 3)))
        text = f"median {median:.1f} months"
    axes.text(0.97, 0.95, text, transform=axes.transAxes, ha="right", va="top", color=colour)


def _months(longest: float) -> list[float]:
    """Tick marks in whole years where follow-up is long enough, else in months."""
    for step in (1, 3, 6, 12, 24, 36, 60, 120):
        if longest / step <= 7:
            return [float(tick) for tick in np.arange(0, longest + 1e-9, step)]
    return [0.0, longest / 2, longest]


def patient_funnel(funnel: pd.DataFrame) -> Figure:
    """Patients left after each step from the clinical table to the model, one bar a step: with the event, censored, of unknown
    event; beside a bar how many are left and how many it removed.

    `funnel` as the patient_funnel table, counts of patients; without rows the figure says so.
    """
    figure, axes = new_figure((WIDE[0], max(1.6, 1.0 + 0.34 * len(funnel))))
    with style():
        if funnel.empty:
            say_empty(axes, "No patients")
            return figure
        rows = np.arange(len(funnel))
        events, censored = (funnel[name].to_numpy(np.float64) for name in ("events", "censored"))
        unknown = funnel["remaining"].to_numpy(np.float64) - events - censored
        axes.barh(rows, events, color=TREATMENT, height=0.7, label="with the event")
        axes.barh(rows, censored, left=events, color=CONTROL, height=0.7, label="censored")
        if unknown.any():
            axes.barh(rows, unknown, left=events + censored, color=NEUTRAL, height=0.7, label="event not known")
        for row, step, left, gone in zip(
            rows, funnel["step"], funnel["remaining"].tolist(), funnel["removed"].tolist()
        ):
            lost = f", {gone} fewer" if step == "with expression" else f", {gone} left out"
            axes.text(left, row, f" {left}{lost if gone else ''}", va="center", fontsize=7.5, color=SOFT_INK)
        axes.set_yticks(rows, [str(step) for step in funnel["step"]])
        axes.invert_yaxis()
        axes.set_xlim(0, float(funnel["remaining"].max()) * 1.3)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Patients left")
        axes.set_title("From the clinical table to the model")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncol=3)
    return figure


def missingness(summary: Values, fields: pd.DataFrame) -> Figure:
    """Share of patients without a value, one bar a covariate, most first; covariates that are not used are grey and say why.

    `summary` of methods/cohort_summary, `fields` as clinical_fields. No covariate with a gap: the figure says so.
    """
    missing = {name: share for name, share in summary.get("missing", {}).items() if share > 0}
    unused = dict(fields.loc[~fields["used"], ["field", "reason"]].itertuples(index=False, name=None))
    names = sorted({*missing, *unused}, key=lambda name: (missing.get(name, 0.0), name))
    figure, axes = new_figure((WIDE[0], max(1.6, 0.9 + 0.24 * len(names))))
    with style():
        if not names:
            say_empty(axes, "Every covariate is known for every patient")
            return figure
        shares = [100 * missing.get(name, 0.0) for name in names]
        colours = [NEUTRAL if name in unused else CONTROL for name in names]
        axes.barh(range(len(names)), shares, color=colours, height=0.7)
        for row, (name, share) in enumerate(zip(names, shares)):
            text = percent(share / 100) + (f" · not used: {unused[name]}" if name in unused else "")
            axes.text(share + 0.6, row, text, va="center", fontsize=7.5, color=SOFT_INK)
        axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        axes.set_xlim(0, min(100.0, max(30.0, max(shares) * 1.25)))
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Patients without a value (%)")
        axes.set_title(f"Missing values among {count_of(summary['patients'], 'patient')}")
    return figure


def table_one(summary: Values) -> Figure:
    """Table 1 as a picture: each covariate over all patients and by event.

    Medians with quartiles, or counts with per cent of the known. `summary` of methods/cohort_summary. More than
    LARGEST_TABLE rows are cut, and the last line says how many.
    """
    rows = list(summary.get("table_one", []))
    cut = len(rows) - LARGEST_TABLE
    rows = rows[:LARGEST_TABLE]
    figure, axes = new_figure((WIDE[0], max(1.6, 0.8 + 0.19 * (len(rows) + (cut > 0)))))
    with style():
        axes.set_axis_off()
        if not rows:
            say_empty(axes, "No covariates")
            return figure
        events, patients = summary["events"], summary["patients"]
        heads = ["", "", f"All ({patients})", f"Event ({events})", f"Censored ({patients - events})", "Missing"]
        columns = (0.0, 0.2, 0.50, 0.67, 0.84, 1.0)
        total = len(rows) + (cut > 0)
        axes.set(xlim=(0, 1), ylim=(total + 0.5, -0.9))
        for x, head in zip(columns, heads):
            axes.text(x, -0.35, head, ha="left" if x < 0.5 else "right", va="center", weight="bold", fontsize=8)
        axes.axhline(0.1, color=SOFT_INK, linewidth=0.8)
        previous = None
        for number, row in enumerate(rows):
            y, first = number + 0.65, row["field"] != previous
            previous = row["field"]
            if first and number:
                axes.axhline(number + 0.12, color=NEUTRAL, linewidth=0.3)
            label = row["field"].replace("_", " ") if first else ""
            level = row["level"] or row["unit"] or "median (quartiles)"
            level = level if len(level) <= 34 else level[:33] + "…"
            texts = [label, level, *(table_one_cell(row[group], row["kind"]) for group in ("all", "event", "censored"))]
            texts.append(f"{row['missing']}" if first else "")
            for column, (x, text) in enumerate(zip(columns, texts)):
                weight = "bold" if column == 0 else "normal"
                axes.text(x, y, text, ha="left" if x < 0.5 else "right", va="center", fontsize=7.5, weight=weight)
        if cut > 0:
            axes.text(0, total - 0.35, f"… and {count_of(cut, 'more row')}", va="center", fontsize=7.5, color=SOFT_INK)
    return figure


def table_one_cell(group: Values, kind: str) -> str:
    """One group of a row of table 1: its median with quartiles if continuous, else the count and its share of the known."""
    if not group["known"]:
        return MISSING
    if kind == "continuous":
        return median_quartiles(group["median"], group["quartile_1"], group["quartile_3"])
    return counted(group["count"], group["known"])
