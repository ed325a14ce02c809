"""The report section on external cohorts: performance of the finished model, and inputs that a cohort lacks."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, interval, median_quartiles, number, percent
from groprog_assets.report.blocks import Block, cell, details, facts, member, note, paragraph, table
from groprog_assets.report.genomics import picture as _picture
from groprog_assets.report.prognosis import label_of, metric_label
from groprog_assets.tables.values import Values
from groprog_assets.wording import count_of

WHOLE_LOSS = 0.25
"""A warning is shown from this share of missing contributions of the model."""


def external(context: Values) -> list[Block]:
    """One part per external cohort: patients, missing inputs, metrics with intervals, calibration, risk groups."""
    cohorts = context.get("external_validation") or []
    blocks: list[Block] = []
    if cohorts:
        blocks.append(
            paragraph(
                "The finished model scored these patients as it stands: no weight, constant or cut was changed for them. "
                "Intervals resample their patients; censoring weights come from their own follow-up."
            )
        )
    for document in cohorts:
        blocks += _cohort(context, document)
    return blocks


def captions(cohort: str) -> dict[str, tuple[str, str]]:
    """Figure name → (caption, alternative text) of the figures of an external cohort."""
    return {
        f"external_{cohort}_survival": (
            f"Patients of {cohort.replace('_', ' ')} by the training cohort's cuts of risk: the same group means the same risk.",
            "Kaplan-Meier survival curves of risk groups in the external cohort.",
        ),
        f"external_{cohort}_calibration": (
            "Predicted against observed event probability there. Off the diagonal, probabilities need recalibration before use.",
            "Calibration plot of the external cohort.",
        ),
    }


def _cohort(context: Values, document: Values) -> list[Block]:
    name, found, summary = document["name"], document["evaluation"], document["summary"]
    followed = (summary.get("follow_up") or {}).get("median")
    own = found["models"]["groprog"]["c_ipcw"]
    rows = [
        (
            f"Patients, {name.replace('_', ' ')}",
            number(document["patients"]),
            f"{number(document['events'])} with the event",
        ),
        ("Concordance there", fixed(own["estimate"]), f"95 % interval {interval(own['lower'], own['upper'], 2)}"),
        ("Median follow-up", "–" if followed is None else f"{followed:.0f}", "months, reverse Kaplan–Meier"),
    ]
    return [
        facts(rows),
        *what_was_lost(document),
        _metrics(found),
        _differences(found["differences"]),
        *(_picture(context, figure, captions(name)) for figure in captions(name)),
        _calibration(document),
        details("Who these patients are, and what was said of single ones", [_who(document)]),
    ]


def what_was_lost(document: Values) -> list[Block]:
    """The box of inputs that an external cohort lacks; a warning from a share WHOLE_LOSS of fields or genes."""
    lost, risk = document["lost"], document["risk"]
    genes, parts = lost["genes"], []
    share = sum(row["share"] or 0.0 for row in lost["fields"])
    for row in lost["fields"]:
        weight = "" if row["share"] is None else f", {percent(row['share'])} of what the fields contribute in training"
        parts.append(f"{row['field'].replace('_', ' ')} ({row['why']}{weight})")
    text = (
        f"Fields without a value: {'; '.join(parts)}. They count as the training median."
        if parts
        else "Every field is there."
    )
    if genes["model"]:
        missing = genes["model"] - genes["present"]
        weight = (
            "" if genes["share"] is None else f", which carry {percent(genes['share'])} of what the genes contribute"
        )
        text += f" {number(missing)} of {number(genes['model'])} genes are missing{weight}; they count as average."
    if document["without_omics"]:
        text += f" {count_of(document['without_omics'], 'patient')} without expression: scored by the clinical branch alone."
    text += (
        f" Harmonisation: {document['harmonization']}. Risks have mean {fixed(risk['mean'], 2)} and SD {fixed(risk['sd'], 2)}; "
        f"in training {fixed(risk['training_mean'], 2)} and {fixed(risk['training_sd'], 2)}."
    )
    if left_out := (document.get("shared_patients") or {}).get("left_out"):
        how = document["shared_patients"]["seen_by"]
        text += f" Left out: {count_of(left_out, 'patient who is', 'patients who are')} also in the training cohort ({how})."
    heavy = max(share, genes["share"] or 0.0) >= WHOLE_LOSS
    return [note(text, "warn" if heavy else "info", "What the model could not be given")]


def _metrics(found: Values) -> Block:
    models = list(found["models"])
    rows = []
    for metric in found["models"][models[0]]:
        row = [cell(metric_label(metric), strong=True)]
        for model in models:
            entry = found["models"][model][metric]
            bounds = "" if entry.get("lower") is None else f" ({interval(entry['lower'], entry['upper'], 2)})"
            row.append(cell(fixed(entry["estimate"]) + bounds, entry["estimate"]))
        rows.append(row)
    return table(["Metric", *map(label_of, models)], rows, "Metrics there, with 95 % intervals.")


def _differences(differences: list[Values]) -> Block:
    rows = [
        [
            cell(f"{label_of(row['model'])} − {label_of(row['against'])}", strong=True),
            metric_label(row["metric"]),
            cell(fixed(row["difference"]), row["difference"]),
            cell(interval(row["lower"], row["upper"]), row["lower"]),
        ]
        for row in differences
        if row["metric"] in ("c_ipcw", "harrell", "integrated_brier")
    ]
    return table(["Difference", "Metric", "Estimate", "95 % interval"], rows, "Paired differences on these patients.")


def _calibration(document: Values) -> Block:
    found = document["evaluation"]
    own, rows = found["calibration"]["groprog"], []
    for horizon, ratio in found["observed_expected"].items():
        error = (member(own["horizons"], horizon) or {}).get("error")
        rows.append([f"{horizon} months", cell(fixed(ratio, 2), ratio), cell(fixed(error), error)])
    test = (own.get("d_calibration") or {}).get("p_value")
    caption = (
        f"Calibration there: slope {fixed(own['slope'], 2)} (SE {fixed(own['slope_standard_error'], 2)}; 1 is right), "
        f"D-calibration p = {fixed(test)}. Observed over expected above 1: more events than predicted."
    )
    return table(["Horizon", "Observed / expected", "Mean error over tenths"], rows, caption)


def _who(document: Values) -> Block:
    rows = []
    for row in document["summary"].get("table_one") or []:
        group = row["all"]
        if row["kind"] == "continuous":
            text = median_quartiles(group["median"], group["quartile_1"], group["quartile_3"])
        else:
            text = f"{group['count']:,} of {group['known']:,}"
        rows.append(
            [cell(row["field"].replace("_", " ")), row["level"] or "median (quartiles)", text, number(row["missing"])]
        )
    rows += [[cell("said of patients"), item["note"], f"{item['patients']:,}", ""] for item in document["notes"]]
    return table(["Field", "Level", "There", "Missing"], rows, "Covariates there, and notes on single patients.")
