"""What the page of a subject tells of their assays and of their risk score; for stewards alone."""

from __future__ import annotations

from typing import Any

from groprog_assets.beacon.desk import Desk, Held
from groprog_assets.beacon.links import link
from groprog_assets.figures.numbers import fixed, members_interval, number
from groprog_assets.report.blocks import Block, cell, details, facts, paragraph, table
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.readings import load_asset

SHOWN = 30
SCORES = "risk_scores"


def outside_range(held: Held, name: str) -> list[Block]:
    """Values of the subject that lie out of the range of the reference samples, the farthest first, and how many were judged."""
    judged = held.catalog.rows("SELECT * FROM judged_samples WHERE subject_id = ? ORDER BY assay_id, sample_id", name)
    if not judged:
        return [paragraph("No assay measures the subject.")]
    lines = [
        [
            row["assay_id"],
            cell(row["sample_id"], mono=True),
            cell(f"{row['reference_samples']:,}", row["reference_samples"]),
            cell(f"{row['judged']:,}", row["judged"]),
            cell(f"{row['outside']:,}", row["outside"]),
        ]
        for row in judged
    ]
    stages = sorted({row["stage"] for row in judged})
    heads = ["Assay", "Sample", "Reference samples", "Features judged", "Out of range"]
    blocks = [
        table(heads, lines, f"Assays of the subject, {', '.join(stages)} values. Without references none is judged.")
    ]
    found = held.catalog.rows(
        "SELECT o.*, f.symbol, f.feature_id FROM out_of_range o JOIN features f USING (assay_id, feature_ix)"
        f" WHERE subject_id = ? ORDER BY abs(robust_z) DESC, feature_ix LIMIT {SHOWN}",
        name,
    )
    if found:
        heads = ["Feature", "Assay", "Value", "Median of references", "Robust z", "References"]
        rows = [
            [
                link(row["symbol"], "gene", row["symbol"]) if row["symbol"] else row["feature_id"],
                row["assay_id"],
                cell(number(row["value"]), row["value"]),
                cell(number(row["median"]), row["median"]),
                cell(fixed(row["robust_z"], 1), row["robust_z"]),
                cell(f"{row['reference_samples']:,}", row["reference_samples"]),
            ]
            for row in found
        ]
        total = sum(row["outside"] for row in judged)
        more = f", the farthest {SHOWN} of {total:,}" if total > len(rows) else ""
        blocks.append(table(heads, rows, f"Values out of the range of the reference samples{more}."))
    return blocks


def risk(desk: Desk, held: Held, name: str) -> list[Block]:
    """The subject's risk score by the model in use, what it is worth, and the command that tells where it came from."""
    row = _score(desk, held, name)
    if row is None:
        return [paragraph("No risk score: the study has none, or the subject is no patient of its cohort.")]
    told = [
        (
            "Risk",
            fixed(row["risk"], 3),
            f"log relative hazard; interval {members_interval(row['risk_lower'], row['risk_upper'])}",
        ),
        ("Percentile", fixed(row["percentile"], 0), "of the training cohort"),
        ("Held out", fixed(row["out_of_fold_risk"], 3), "by models that had not seen the subject"),
        ("Genes used", f"{row['genes_used']:,}", "of the model's vocabulary"),
    ]
    command = f"groprog lineage trace {SCORES} --patient {name}"
    lines = [["model", cell(row["model_version"][:16], mono=True)], ["where it comes from", cell(command, mono=True)]]
    return [
        {"kind": "heading", "text": "Risk score", "note": ""},
        facts(told),
        details("Lineage of the score", [table(["What", "It is"], lines)]),
    ]


def _score(desk: Desk, held: Held, name: str) -> dict[str, Any] | None:
    """The row of `risk_scores` of a pseudonym; the table names patients, so its pseudonyms are made once for each version."""
    current = desk.workspace.derivations.current(SCORES) if desk.workspace.has(SCORES) else None
    if current is None:
        return None
    key = ("risk", current)
    if key not in held.kept:
        scores = load_asset(desk.workspace, SCORES)
        own = study_key(desk.workspace.state)
        held.kept[key] = {pseudonym(str(row["patient_id"]), own): row for row in scores.to_dict("records")}
    return held.kept[key].get(name)
