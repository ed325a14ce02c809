"""The report's words on mutations, copy number and further matrices: what each branch of the linear path weighs."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, percent
from groprog_assets.report.blocks import Block, cell, member, paragraph, table
from groprog_assets.tables.values import Values

BRANCHES = {
    "clinical": "clinical fields",
    "omics": "directions of expression",
    "signature": "signature columns",
    "clinical_cox": "clinical Cox, because events are few",
}


def blocks(context: Values) -> list[Block]:
    """A table of the branches, and a sentence for each matrix that weighs nothing; nothing without a further matrix."""
    rows = member(member(context.get("model_card"), "model"), "branches") or []
    further = [row["branch"] for row in rows if row["branch"] not in BRANCHES]
    if not further:
        return []
    shown = [
        [
            cell(BRANCHES.get(row["branch"], row["branch"].replace("_", " "))),
            cell(fixed(row["weight"], 2), row["weight"]),
            cell(percent(row["share"]), row["share"]),
            cell(fixed(row["gain"], 4), row["gain"]),
        ]
        for row in rows
    ]
    silent = [row["branch"].replace("_", " ") for row in rows if row["branch"] in further and not row["weight"]]
    told = [
        paragraph(
            f"The branch of {name} weighs nothing: on held-out patients it added nothing to the branches before it."
        )
        for name in silent
    ]
    header = [
        "branch of the linear path",
        "log hazard ratio per SD of its held-out score",
        "share",
        "gain per event, alone",
    ]
    first = paragraph("Each branch has a ridge penalty of its own; what comes after expression earns its weight.")
    return [first, table(header, shown), *told]
