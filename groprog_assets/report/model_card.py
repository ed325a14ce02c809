"""The model card: description, training data, performance and limits of the model.

A document in, Markdown and report lines out. The limits are the same for every model this program trains.
"""

from __future__ import annotations

from collections.abc import Mapping

from groprog_assets.figures.numbers import percent, span
from groprog_assets.report.blocks import document_rows
from groprog_assets.report.matrices import BRANCHES
from groprog_assets.study.annotation_files import some
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Values

IN_WORDS = (
    "stacking",
    "network_from_events",
    "model_from_events",
    "clinical_cox_share",
    "clinical_cox_share_of_folds",
    "linear_penalties",
    "branches",
    "assays_left_out",
)
"""Members of the summary of `risk_model` that `described_model` puts into words."""

LIMITS = (
    (
        "Research use only",
        "Not a medical device. A score orders patients of a cohort like the training cohort; it is no basis for "
        "treatment.",
    ),
    (
        "One cell line cannot show cause",
        "The gene descriptors come from a perturbation of one cell line. That a gene responds there does not show "
        "that it drives the outcome of a patient.",
    ),
    (
        "Omics must earn their place",
        "The clinical-only model is shown beside every figure. Only the paired difference with its interval says "
        "whether the omics add anything.",
    ),
    (
        "One cohort",
        "All figures but those of other centres are out-of-fold within one cohort. Another hospital, another platform "
        "or another cancer may behave differently.",
    ),
    (
        "Baseline covariates only",
        "Treatment and response recorded after baseline are left out unless the study sets a landmark.",
    ),
    (
        "Pausing is not measured in patients",
        "Bulk expression cannot show polymerase pausing. In signature mode it is a weight on genes, not a patient's "
        "value.",
    ),
    (
        "Missing genes and fields",
        "Genes absent from a patient's matrix are masked, missing fields filled from the training fold; the score's "
        "interval does not show the whole cost of that.",
    ),
)


def described_model(summary: Values) -> Document:
    """The summary of `risk_model` with its lists in words: the weights of both paths, and a line a branch of the linear path."""
    told = {key: value for key, value in summary.items() if key not in IN_WORDS}
    for name, weight in zip(("linear path", "network"), summary.get("stacking") or (), strict=False):
        told[f"weight of the {name}"] = weight
    if summary.get("network_from_events"):  # 0: from any number
        told["a network is trained from"] = count_of(summary["network_from_events"], "event")
    if summary.get("clinical_cox_share"):
        told["share of clinical Cox, because events are few"] = percent(summary["clinical_cox_share"])
    if folds := summary.get("clinical_cox_share_of_folds"):
        told["share of clinical Cox in folds with few events"] = span(percent(min(folds)), percent(max(folds)))
    rows = summary.get("branches") or []
    penalties = summary.get("linear_penalties") or []
    for place, row in enumerate(rows):
        parts = [_share_of_path(row, summary.get("clinical_cox_share", 0.0))]
        if len(penalties) == len(rows):
            parts.append(f"ridge penalty {penalties[place]:g}")
        told[f"branch of {BRANCHES.get(row['branch'], row['branch'])}"] = ", ".join(parts)
    for row in summary.get("assays_left_out") or []:
        told[f"{row['name']} left out of {some(row['where'], 4)}"] = row["reason"]
    return told


def _share_of_path(row: Values, clinical_cox: float) -> str:
    """A branch's share of the path; where the score fell back towards clinical Cox, said apart from the share in the mixture."""
    if not clinical_cox:
        return f"{percent(row['share'])} of the linear path"
    spread = f"{percent(row['share'])} of the path's spread (SD of held-out scores)"
    return (
        f"{percent(clinical_cox)} of the log hazard, which is {spread}" if row["branch"] == "clinical_cox" else spread
    )


def model_card(card: Values) -> str:
    """The card as Markdown for `model/card.md`.

    `card` is a document: each top-level key becomes a heading, nested values its lines; `limits`, a list of sentences, is
    added to the limits every model has. Keys keep their order; an empty card gives the limits alone.
    """
    lines = ["# Model card", ""]
    for key, value in card.items():
        if key == "limits":
            continue
        title = str(key).replace("_", " ").capitalize()
        body = value if isinstance(value, Mapping) else {key: value}
        lines += [f"## {title}", ""]
        lines += [f"- {label}: {text}" for label, text in document_rows(body)]
        lines.append("")
    lines += ["## Limits", ""]
    lines += [f"- **{title}.** {text}" for title, text in limits(card)]
    return "\n".join([*lines, ""])


def limits(card: Values | None) -> list[tuple[str, str]]:
    """(title, text) of every limit: those of all models, then the card's own."""
    own = (card or {}).get("limits") or []
    return [*LIMITS, *(("This model", str(text)) for text in own if str(text) not in {text for _, text in LIMITS})]
