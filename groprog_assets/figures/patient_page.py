"""Page of one patient, self-contained: risk, percentile, survival with interval, contributions to the score, missing values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.figures.html_templates import html_templates
from groprog_assets.figures.numbers import number, percent
from groprog_assets.figures.style import (
    CONTROL,
    DOWN,
    NEUTRAL,
    SOFT_INK,
    UP,
    data_uri,
    figure_bytes,
    new_figure,
    style,
)
from groprog_assets.tables.values import Document, Value, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATES = Path(__file__).with_name("templates")
MOST_DRIVERS = 14
ENDPOINTS = {
    "OS": "overall survival",
    "PFS": "progression-free survival",
    "DSS": "disease-specific survival",
    "DFS": "disease-free survival",
}
THIRDS = ("lowest", "middle", "highest")


def drivers(context: Values, most: int = MOST_DRIVERS) -> list[Document]:
    """[{name, value, contribution}], largest first, ending with what the rest adds: with `reference` they sum to the risk."""
    rows = [
        {"name": name, "value": _shown(context["values"].get(name)), "contribution": float(part), "kind": kind}
        for kind, parts in (("clinical", context["fields"]), ("assay", context["assays"]))
        for name, part in parts.items()
    ]
    rows += [
        {"name": name, "value": "", "contribution": float(part), "kind": "gene"}
        for name, part in context["genes"].items()
    ]
    rows.sort(key=lambda row: (-abs(row["contribution"]), row["name"]))
    shown = [row for row in rows[:most] if row["contribution"] != 0]
    rest = rows[len(shown) :]
    others = ("clinical", "other clinical fields"), ("assay", "other covariates of assays"), ("gene", "other genes")
    for kind, label in others:
        parts = [row["contribution"] for row in rest if row["kind"] == kind]
        if any(parts):
            shown.append({"name": f"{len(parts)} {label}", "value": "", "contribution": sum(parts), "kind": kind})
    if abs(context["unexplained"]) > 5e-4:
        shown.append(
            {"name": "not split by gene", "value": "", "contribution": context["unexplained"], "kind": "remainder"}
        )
    return shown


def survival_figure(
    months: Sequence[float],
    survival: Sequence[float],
    lower: Sequence[float],
    upper: Sequence[float],
    average: Sequence[float],
    words: str,
) -> Figure:
    """Predicted survival probability against months with the ensemble's 95 % band, beside the average training patient's.

    words: label of the y axis. A band without width (one member) is not drawn.
    """
    figure, axes = new_figure((5.2, 3.2))
    with style():
        if list(lower) != list(upper):
            axes.fill_between(
                months, lower, upper, color=CONTROL, alpha=0.18, linewidth=0, label="95 % of the ensemble"
            )
        axes.plot(months, average, color=NEUTRAL, linestyle="--", label="average training patient")
        axes.plot(months, survival, color=CONTROL, label="this patient")
        axes.set(xlabel="months", ylabel=f"probability, {words}", ylim=(0, 1.02), xlim=(0, max(months)))
        axes.set_xticks(range(0, int(max(months)) + 1, 12))
        axes.legend(loc="lower left" if survival[-1] > 0.4 else "upper right")
    return figure


def drivers_figure(rows: Sequence[Values]) -> Figure:
    """Horizontal bars of the contributions, largest on top; right of zero raises the risk."""
    figure, axes = new_figure((5.2, max(1.6, 0.24 * len(rows) + 0.7)))
    with style():
        values = [row["contribution"] for row in rows]
        axes.barh(range(len(rows)), values, color=[UP if value > 0 else DOWN for value in values], height=0.7)
        axes.axvline(0, color=SOFT_INK, linewidth=0.8)
        labels = [f"{row['name']} = {row['value']}" if row["value"] else row["name"] for row in rows]
        axes.set_yticks(range(len(rows)), labels)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("log hazard: left lowers, right raises the risk")
    return figure


def median_month(months: Sequence[float], survival: Sequence[float]) -> float | None:
    """First of `months` at which the predicted survival is at most one half; None where it stays above."""
    return next((month for month, value in zip(months, survival) if value <= 0.5), None)


def render_patient(context: Values) -> bytes:
    """The page as UTF-8 HTML bytes, equal for equal contexts; nothing is fetched.

    context: study, endpoint, score (a row of risk_scores), notes, horizons, months, survival, survival_lower, survival_upper,
    average (the average patient's survival), reference (his risk), fields, assays and genes ({name: contribution}; assays: of
    the covariates that assays gave), labels ({function: sum over its genes}), values ({field or covariate: value}), unexplained
    (omics not split by gene), genes_total (the vocabulary), members of the ensemble, patients and events of the training cohort,
    landmark (months, None without one), files (rows of role, file, sha256: what was read of the patients).
    """
    rows = drivers(context)
    score = context["score"]
    total = context["reference"] + sum(row["contribution"] for row in rows)
    words = str(ENDPOINTS.get(context["endpoint"], context["endpoint"]))
    curve = survival_figure(
        context["months"],
        context["survival"],
        context["survival_lower"],
        context["survival_upper"],
        context["average"],
        words,
    )
    ratios = [math.exp(score[name] - context["reference"]) for name in ("risk", "risk_lower", "risk_upper")]
    table = [
        {
            "month": f"{month:g}",
            "survival": score[f"survival_{month:g}"],
            "lower": score[f"survival_lower_{month:g}"],
            "upper": score[f"survival_upper_{month:g}"],
        }
        for month in context["horizons"]
    ]
    template = html_templates(TEMPLATES).get_template("patient.html")
    html = template.render(
        {
            **context,
            "drivers": rows,
            "ratios": ratios,
            "words": words,
            "surpassed": percent(score["percentile"] / 100).replace("<", "under ").replace(">", "over "),
            "third": THIRDS[min(int(score["percentile"] * 3 / 100), 2)],
            "median": median_month(context["months"], context["survival"]),
            "sums": {kind: sum(context[kind].values()) for kind in ("fields", "assays", "genes")},
            "genes_weigh": any(context["genes"].values()),
            "labels": [item for item in sorted(context["labels"].items(), key=lambda item: -abs(item[1])) if item[1]],
            "horizon_rows": table,
            "total": total,
            "curve": data_uri(figure_bytes(curve, "svg")),
            "bars": data_uri(figure_bytes(drivers_figure(rows), "svg")) if rows else "",
        }
    )
    return html.encode()


def _shown(value: Value) -> str:
    if value is None or value != value or value == "":
        return "missing"
    return number(value, 4) if isinstance(value, float) else str(value)
