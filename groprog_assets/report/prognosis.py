"""The report's prognosis sections: cohort, evaluation beside the baselines, training, model card.

Each function takes the report's context and returns blocks; an empty list means there was nothing to show.
"""

from __future__ import annotations

from collections.abc import Mapping

from groprog_assets.figures.ablation import PARTS
from groprog_assets.figures.cohort import table_one_cell
from groprog_assets.figures.numbers import fixed, interval, number, p_value, percent, span
from groprog_assets.report import matrices, patient_funnel, related_work, robustness, signature, strata, transfer
from groprog_assets.report.blocks import (
    Block,
    Cell,
    cell,
    details,
    document_table,
    facts,
    frame_of,
    member,
    note,
    paragraph,
    table,
    whisker,
    words,
)
from groprog_assets.report.calibration import calibration_table
from groprog_assets.report.genomics import picture as _picture
from groprog_assets.report.model_card import described_model, limits
from groprog_assets.tables.values import Values

MODEL = "groprog"
LABELS = {
    "groprog": "GroProg",
    "groprog_uncalibrated": "GroProg, before recalibration",
    "groprog_clinical": "GroProg, clinical branch alone",
    "groprog_without_omics": "GroProg, omics withheld",
    "clinical_cox": "Cox, clinical",
    "penalised_cox": "Penalised Cox, clinical + expression",
    "boosted_cox": "Boosted Cox, clinical (XGBoost)",
}
"""Display names of models; a model without one is shown by its own name."""
HEADLINE_METRIC = "c_ipcw"
CLINICAL = ("clinical_cox", "groprog_clinical")
"""Models that the omics are compared with, in order of preference."""

LANDMARK = (
    "Time counts from the landmark, {months} months after baseline: {left} patients whose follow-up ended or who had the event "
    "by then are left out, and what was recorded until then enters."
)
NO_NETWORK = " The network weighs nothing: its held-out risks added nothing to the linear path's."
FEW_EVENTS = (
    " The network is not used: {events} training events are fewer than the {least} from which it is (network.least_events), and "
    "the score is the ridge Cox path alone."
)
FALLBACK = (
    " {share} of the score (of its log hazard) is clinical Cox: {events} training events are fewer than the {enough} from which "
    "the model alone scores (linear_path.fallback_events; without omics, fallback_events_of_fields)."
)
FOLDS_FALLBACK = " Share of clinical Cox in the scores of folds with few events: {share}."
METRIC_LABELS = {
    "c_ipcw": "C, censoring-weighted",
    "c_ipcw_untruncated": "C, censoring-weighted, untruncated",
    "harrell": "C, Harrell",
    "integrated_brier": "Integrated Brier score",
}
LOWER_IS_BETTER = ("brier", "calibration_error")

CAPTIONS: dict[str, tuple[str, str]] = {
    **patient_funnel.CAPTIONS,
    "follow_up": (
        "Left: the endpoint over time with its 95 % band. Right: follow-up, with events and censorings exchanged.",
        "Kaplan-Meier curves of the endpoint and of follow-up.",
    ),
    "missingness": (
        "Share of patients without a value, by covariate.",
        "Bar chart of the percentage of missing values of each covariate.",
    ),
    "calibration": (
        "Predicted against observed event probability at each horizon, by tenth of predicted risk. On the diagonal "
        "the probabilities can be taken at their word.",
        "Calibration plot: observed against predicted event probability with the diagonal.",
    ),
    "auc": (
        "How well the score tells who has had the event by a time from who has not, at every time. 0.5 is chance.",
        "Line chart of time-dependent AUC against follow-up time for each model.",
    ),
    "roc": (
        "Share of events found against share of false alarms at each horizon, averaged over test folds.",
        "ROC curves of each model at each horizon.",
    ),
    "decision": (
        "Net benefit of acting on patients whose predicted event probability reaches a threshold, out of fold, beside "
        "acting on everybody and on nobody (zero). A model is of use where its line lies above both.",
        "Decision curves: net benefit against threshold probability for each model at each horizon.",
    ),
    "ablation": (
        "What each part is worth: held-out concordance of the model without it less that of the whole model, same patients and "
        "folds, with corrected 95 % intervals. Left of zero the part helps; an interval over zero shows neither help nor harm.",
        "Forest plot of the change in concordance when each part of the model is left out.",
    ),
    "training": (
        "Losses, validation concordance, learning rates of the branches (by gradient energy) and dimensions in use, by "
        "epoch. Where the fits have warm-ups, dashed lines end the genomic and the clinical one. The lines end where early "
        "stopping took the model.",
        "Line charts of training losses and validation concordance by epoch.",
    ),
    "energy": (
        "Weight of the omics against the clinical branch in the fused representation of each patient (eta).",
        "Histogram of the modality weight eta over patients.",
    ),
    **signature.CAPTIONS,
    **transfer.CAPTIONS,
    "attributions": (
        "What moves the score: contributions of fields, blocks and genes, averaged over patients.",
        "Bar chart of mean absolute contributions to the risk score.",
    ),
}


def label_of(model: str) -> str:
    return LABELS.get(model, words(model))


def metric_label(metric: str) -> str:
    """`auc_36` is the AUC at 36 months; known names have their words, others are spelt out."""
    if metric.startswith("auc_") and metric[4:].replace(".", "").isdigit():
        return f"AUC at {metric[4:]} months"
    return METRIC_LABELS.get(metric, words(metric))


def headline_difference(context: Values) -> Values | None:
    """The paired difference that decides the headline: the document's own, else this model against the clinical one."""
    document = context.get("evaluation")
    if stated := member(document, "headline"):
        return stated
    for against in CLINICAL:
        for row in member(document, "differences") or []:
            if (row["model"], row["against"], row["metric"]) == (MODEL, against, HEADLINE_METRIC):
                return row
    return None


def verdict(context: Values) -> dict[str, str] | None:
    """The sentence about the benefit of the omics, determined by the paired interval; None without one.

    Where the document has a second, bootstrap interval, a benefit is stated only when both agree.
    """
    row = headline_difference(context)
    if row is None or row.get("lower") is None or row.get("upper") is None:
        return None
    lower = min(row["lower"], row.get("bootstrap_lower") or row["lower"])
    upper = max(row["upper"], row.get("bootstrap_upper") or row["upper"])
    amount = f"{fixed(row['difference'])} (95 % interval {interval(row['lower'], row['upper'])})"
    if member(context.get("study"), "mode") == "clinical":
        title, level, end = "Clinical covariates alone: no omics enter this model", "info", ""
    elif lower > 0:
        title, level, end = "Adding the omics improves the prediction in this cohort", "good", ""
    elif upper < 0:
        title, level, end = "Adding the omics makes the prediction worse in this cohort", "bad", ""
    else:
        title, level, end = (
            "No gain from the omics is shown in this cohort",
            "info",
            " The data agree with no gain at all.",
        )
        if row.get("margin") is not None and upper < row["margin"]:
            end = f" A gain of {fixed(row['margin'], 2)} or more is ruled out."
    against = label_of(row["against"])
    end += _same_data(member(context.get("evaluation"), "differences") or [])
    text = f"Concordance of {label_of(row['model'])} minus {against}, same patients and folds: {amount}.{end}"
    return {"title": title, "level": level, "text": text}


def _same_data(differences: list[Values]) -> str:
    """Result of a linear model on the same omics: a gain over the clinical model may not be due to the network."""
    for row in differences:
        if (row["model"], row["against"], row["metric"]) == (MODEL, "penalised_cox", HEADLINE_METRIC):
            against = f"{fixed(row['difference'])} ({interval(row.get('lower'), row.get('upper'))})"
            return f" Against a penalised Cox model with the same expression data: {against}."
    return ""


def headlines(context: Values) -> list[dict[str, str]]:
    """Headline facts of the prognosis sections, for the top of the page."""
    found = []
    outcomes = frame_of(context.get("cohort"), "outcomes")
    if outcomes is not None:
        found.append(("Patients", number(len(outcomes)), f"{number(int(outcomes['event'].sum()))} with the event"))
    scores = member(member(member(context.get("evaluation"), "models"), MODEL), HEADLINE_METRIC)
    if scores:
        note_text = f"95 % interval {interval(scores.get('lower'), scores.get('upper'), 2)}; 0.5 is chance"
        found.append(("Concordance", fixed(scores.get("estimate"), 3), note_text))
    return [{"label": label, "value": value, "note": text} for label, value, text in found]


def cohort(context: Values) -> list[Block]:
    """Table 1, follow-up, and patients and columns that were left out."""
    bundle = context.get("cohort")
    outcomes, summary = frame_of(bundle, "outcomes"), member(bundle, "summary")
    if outcomes is None or not summary:
        return []
    events, follow_up = int(outcomes["event"].sum()), summary.get("follow_up") or {}
    followed = "–" if follow_up.get("median") is None else f"{follow_up['median']:.0f}"
    blocks = [
        facts(
            [
                ("Patients", number(len(outcomes)), "with a usable outcome"),
                ("Events", number(events), f"{percent(events / len(outcomes))} of patients"),
                ("Median follow-up", followed, "months, reverse Kaplan–Meier"),
            ]
        )
    ]
    blocks += patient_funnel.blocks(context, frame_of(bundle, "funnel"))
    excluded = frame_of(bundle, "exclusions")
    if landmark := summary.get("landmark_months"):
        left = 0 if excluded is None else int(excluded["reason"].str.contains("by the landmark").sum())
        blocks.append(note(LANDMARK.format(months=f"{landmark:g}", left=left), "info"))
    if rows := summary.get("table_one"):
        fields = frame_of(bundle, "fields")
        unused = set() if fields is None else set(fields.loc[~fields["used"], "field"])
        blocks.append({**_table_one(rows, unused), "fixed_order": True})
    if units := summary.get("units"):
        blocks.append(_units(units))
    drawn = [name for name in ("follow_up", "missingness") if member(context.get("figures"), name)]
    blocks += [_picture(context, name, CAPTIONS) for name in drawn]
    if excluded is not None:
        lines = []
        for (what, reason), rows in excluded.groupby(["what", "reason"], sort=True):
            who = f"column {', '.join(rows['id'])}" if what == "column" else what
            lines.append([who, reason, cell(number(len(rows)), len(rows))])
        blocks.append(table(["What", "Why it was left out", "How many"], lines, "Left out, by reason."))
    return blocks


def _table_one(rows: list[Values], unused: set[str]) -> Block:
    lines, previous = [], None
    for row in rows:
        first = row["field"] != previous
        previous = row["field"]
        label = row["field"].replace("_", " ") + (f" ({row['unit']})" if row.get("unit") else "")
        label += ", not used" if row["field"] in unused else ""
        texts = [table_one_cell(row[group], row["kind"]) for group in ("all", "event", "censored")]
        gap = cell(number(row["missing"]), row["missing"]) if first else cell("", 0)
        lines.append([cell(label if first else "", strong=True), row["level"] or "median (quartiles)", *texts, gap])
    heads = ["Covariate", "Level", "All", "With event", "Censored", "Missing"]
    return table(heads, lines, "Table 1. Covariates by outcome; percentages are of patients with a value.")


def _units(told: Values) -> Block:
    lines = [
        [field.replace("_", " "), known["unit"], unit, cell(number(count), count)]
        for field, known in told.items()
        for unit, count in known["recorded"].items()
    ]
    title = "Units the file mixes: how many values were recorded in each and converted; values in no stated unit are missing."
    return table(["Covariate", "Unit used", "Recorded in", "Values"], lines, title)


def evaluation(context: Values) -> list[Block]:
    """Out-of-fold metrics with intervals beside the baselines, paired differences, strata, calibration."""
    document = context.get("evaluation")
    models = member(document, "models")
    if not isinstance(document, Mapping) or not models:
        return []
    how = " ".join(
        part
        for part in (
            f"{number(document['repeats'])} × {number(document['folds'])}-fold cross-validation."
            if document.get("repeats") and document.get("folds")
            else "",
            f"Censoring-weighted figures are truncated at {number(document['tau_months'])} months."
            if document.get("tau_months")
            else "",
        )
        if part
    )
    blocks: list[Block] = [
        paragraph(
            "Every patient is scored by models that never saw that patient; every fitted step, from imputation to "
            f"weights, happened inside the training part. {how} A concordance of 0.5 is a coin toss, 1 a perfect "
            "order."
        )
    ]
    found = verdict(context)
    if found:
        blocks.append(note(found["text"], found["level"], found["title"]))
    metrics = list(dict.fromkeys(metric for scores in models.values() for metric in scores))
    metrics.sort(key=lambda metric: metric != HEADLINE_METRIC)
    ordered = [MODEL] * (MODEL in models) + [model for model in models if model != MODEL]
    first = metrics[0]
    if rows := _metric_rows(models, ordered, first):
        heads = ["Model", metric_label(first), "95 % interval", ""]
        blocks.append(table(heads, rows, f"{metric_label(first)}, out of fold."))
    if len(metrics) > 1:
        blocks.append(_all_metrics(models, ordered, metrics[1:]))
    differences = document.get("differences") or []
    if differences:
        first_rows = [row for row in differences if row["metric"] == HEADLINE_METRIC]
        others = [row for row in differences if row["metric"] != HEADLINE_METRIC]
        blocks += [_differences(first_rows)] if first_rows else []
        blocks += [details("Differences in the other metrics", [_differences(others)])] if others else []
    blocks += [strata.curves(context), _picture(context, "calibration", CAPTIONS)]
    if document.get("calibration"):
        judged = [*ordered[:1], "groprog_uncalibrated", *ordered[1:]]
        blocks.append(calibration_table(document["calibration"], judged, label_of))
    blocks += [
        _picture(context, name, CAPTIONS) for name in ("auc", "roc", "decision") if member(context.get("figures"), name)
    ]
    blocks += _parts_and_disturbance(context)
    blocks += related_work.blocks(context, LABELS)
    shown = {
        "models",
        "differences",
        "headline",
        "auc_curves",
        "roc",
        "strata",
        "calibration",
        "decision_curves",
        "robustness",
    }
    rest = {key: value for key, value in document.items() if key not in shown}
    if rest:
        blocks.append(details("All other figures of the evaluation", [document_table(rest)]))
    return blocks


def _parts_and_disturbance(context: Values) -> list[Block]:
    """Ablation with its table, robustness; each only where it was made."""
    blocks: list[Block] = []
    parts = member(context.get("ablation"), "parts") or []
    if parts and member(context.get("figures"), "ablation"):
        rows = [
            [
                cell(PARTS.get(row["part"], words(row["part"])), strong=True),
                cell(fixed(row["estimate"]), row["estimate"]),
                cell(fixed(row["difference"]), row["difference"]),
                cell(interval(row["lower"], row["upper"]), row["lower"]),
                cell(interval(row["bootstrap_lower"], row["bootstrap_upper"]), row["bootstrap_lower"]),
                cell(p_value(row["p_value"]), row["p_value"]),
            ]
            for row in parts
        ]
        heads = ["Without", "C", "Difference", "95 %, over folds", "95 %, over patients", "p"]
        caption = f"Each part left out; the whole model has {fixed(context['ablation']['whole'])} on these folds."
        blocks += [
            _picture(context, "ablation", CAPTIONS),
            details("The parts in numbers", [table(heads, rows, caption)]),
        ]
    blocks += robustness.disturbed(context)
    return blocks


def _metric_rows(models: Values, ordered: list[str], metric: str) -> list[list[Cell]]:
    entries = [(model, models[model][metric]) for model in ordered if isinstance(models[model].get(metric), Mapping)]
    bounds = [
        entry[key] for _, entry in entries for key in ("estimate", "lower", "upper") if entry.get(key) is not None
    ]
    if not bounds:
        return []
    chance = 0.5 if metric.startswith("auc") or metric in ("c_ipcw", "harrell") else None
    low, high = min([*bounds, *([chance] if chance else [])]), max(bounds)
    domain = (low - 0.04 * (high - low), high + 0.04 * (high - low))
    rows = []
    for model, entry in entries:
        estimate, lower, upper = (entry.get(key) for key in ("estimate", "lower", "upper"))
        rows.append(
            [
                cell(label_of(model), strong=model == MODEL),
                cell(fixed(estimate), estimate),
                cell(interval(lower, upper), lower),
                cell("", estimate, whisker=whisker(estimate, lower, upper, domain, chance)),
            ]
        )
    return rows


def _all_metrics(models: Values, ordered: list[str], metrics: list[str]) -> Block:
    rows = []
    for metric in metrics:
        row = [cell(metric_label(metric), strong=True)]
        for model in ordered:
            entry = models[model].get(metric)
            entry = entry if isinstance(entry, Mapping) else {"estimate": entry}
            bounds = "" if entry.get("lower") is None else f" ({fixed(entry['lower'], 2)}–{fixed(entry['upper'], 2)})"
            row.append(cell(fixed(entry.get("estimate")) + bounds, entry.get("estimate")))
        rows.append(row)
    return table(["Metric", *map(label_of, ordered)], rows, "All other metrics, out of fold, with 95 % intervals.")


def _differences(differences: list[Values]) -> Block:
    bounds = [row[key] for row in differences for key in ("lower", "upper") if row.get(key) is not None]
    widest = max([abs(bound) for bound in bounds] or [1.0])
    rows = []
    for row in differences:
        lower, upper = row.get("lower"), row.get("upper")
        if lower is None or upper is None:
            says, level = "no interval", "muted"
        elif lower <= 0 <= upper:
            says, level = "not distinguishable", "muted"
        else:
            worse = any(part in row["metric"] for part in LOWER_IS_BETTER)
            better = (lower > 0) != worse
            says, level = ("better", "good") if better else ("worse", "bad")
        rows.append(
            [
                cell(f"{label_of(row['model'])} − {label_of(row['against'])}", strong=True),
                metric_label(row["metric"]),
                cell(fixed(row["difference"]), row["difference"]),
                cell(interval(lower, upper), lower),
                cell("", row["difference"], whisker=whisker(row["difference"], lower, upper, (-widest, widest), 0.0)),
                cell(p_value(row.get("p_value")), row.get("p_value")),
                cell(says, level=level),
            ]
        )
    heads = ["Difference", "Metric", "Estimate", "95 % interval", "", "p", "Reads as"]
    return table(
        heads, rows, "Paired differences on the same patients and folds. Of Brier scores the lower is the better."
    )


def training(context: Values) -> list[Block]:
    """Curves, epochs per stage and where early stopping took the models."""
    history = frame_of(context.get("training_history"))
    drawn = [name for name in ("training", "energy") if member(context.get("figures"), name)]
    if history is None and not drawn:
        return []
    blocks: list[Block] = []
    if history is not None:
        fits = history.groupby(["repeat", "fold", "seed"])
        epochs = fits["epoch"].max() + 1
        best = fits["validation_concordance"].max()
        blocks.append(
            facts(
                [
                    ("Fits", number(len(epochs)), "folds × seeds, and the final model"),
                    (
                        "Epochs",
                        f"{number(int(epochs.median()))}",
                        f"median; {span(str(int(epochs.min())), str(int(epochs.max())))}",
                    ),
                    ("Best validation C", fixed(best.median(), 3), "median over fits; not an estimate of performance"),
                ]
            )
        )
    blocks += signature.blocks(context)
    blocks += matrices.blocks(context) + transfer.blocks(context)
    if weights := member(member(context.get("model_card"), "model"), "stacking"):
        told = (
            f"In the final model the linear path weighs {fixed(weights[0], 2)} and the network {fixed(weights[1], 2)}."
        )
        told += _fallback(context)
        blocks.append(
            paragraph(told + (" The curves below are of the network." if weights[1] else _no_network(context)))
        )
    return blocks + [_picture(context, name, CAPTIONS) for name in drawn]


def _fallback(context: Values) -> str:
    """How much of the score, and of those of the folds, is clinical Cox because events are few; nothing where none is."""
    model = context["model_card"]["model"]
    share, told = model.get("clinical_cox_share", 0.0), ""
    if share:
        events, enough = number(model["events"]), number(int(model["model_from_events"]))
        told = FALLBACK.format(share=percent(share), events=events, enough=enough)
    if folds := model.get("clinical_cox_share_of_folds"):
        told += FOLDS_FALLBACK.format(share=span(percent(min(folds)), percent(max(folds))))
    return told


def _no_network(context: Values) -> str:
    """Why the network weighs nothing; nothing to say where the whole score is clinical Cox."""
    model = context["model_card"]["model"]
    if model.get("clinical_cox_share", 0.0) == 1.0:
        return ""
    events, least = model.get("events", 0), model.get("network_from_events", 0)
    return NO_NETWORK if events >= least else FEW_EVENTS.format(events=number(events), least=number(least))


def card(context: Values) -> list[Block]:
    """The model card's document and the limits every model has."""
    document = context.get("model_card")
    blocks: list[Block] = [{"kind": "limits", "rows": [{"title": a, "text": b} for a, b in limits(document)]}]
    if member(context.get("figures"), "attributions"):
        blocks.append(_picture(context, "attributions", CAPTIONS))
    if document:
        shown = {key: value for key, value in document.items() if key != "limits"}
        shown |= {"model": described_model(document["model"])} if "model" in document else {}
        blocks.append(details("The card: data, parameters, versions", [document_table(shown)]))
    if context.get("champion"):
        blocks.append(details("Promotion: why this model is the current one", [document_table(context["champion"])]))
    return blocks
