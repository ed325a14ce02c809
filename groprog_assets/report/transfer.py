"""The report's words on other cohorts that the model learned from: who they are, what was taken, what it is worth."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, interval, number, percent
from groprog_assets.report.blocks import Block, cell, member, paragraph, table
from groprog_assets.report.genomics import picture
from groprog_assets.tables.values import Values

CAPTIONS: dict[str, tuple[str, str]] = {
    "transfer_gain": (
        "Harrell's C of the linear path with the other cohorts less that without, on held-out patients of this study, by the "
        "number of training patients. Placebo: the other cohorts' weights of the genes, permuted between the genes. Bars: "
        "corrected 95 % intervals over test folds.",
        "Line chart of the gain in concordance from other cohorts against the number of training patients, beside a placebo.",
    )
}
CALLED = {"with_sources": "with the other cohorts", "placebo": "placebo"}


def blocks(context: Values) -> list[Block]:
    """A table of the sources, what the final model took from them, and the gain; nothing where the study names none."""
    sources, taken = context.get("source_cohorts"), member(context.get("transferred"), "final")
    if not sources:
        return []
    rows = [
        [
            cell(source["name"], strong=True),
            cell(number(source["patients"]), source["patients"]),
            cell(number(source["events"]), source["events"]),
            ", ".join(source["fields"]) or "none",
            cell(number(source["genes"]), source["genes"]),
            "; ".join(f"{number(count)} {why}" for why, count in source["left_out"].items()) or "nobody",
        ]
        for source in sources
    ]
    heads = ["Cohort", "Patients", "Events", "Shared fields", "Shared genes", "Left out"]
    found = [table(heads, rows, "Other cohorts that the model learned from. None of their patients is tested on.")]
    if taken:
        found.append(paragraph(_taken(taken, member(context.get("transferred"), "folds") or [])))
    gains = member(context.get("transfer_gain"), "gains") or []
    if gains:
        found.append(_gains(gains))
    if member(context.get("figures"), "transfer_gain"):
        found.append(picture(context, "transfer_gain", CAPTIONS))
    return found


def _taken(taken: Values, folds: list[Values]) -> str:
    share = taken["share"]
    told = (
        f"In the final model the other cohorts' score of the fields is {percent(share['source_clinical'])} of the linear path, "
        f"and their score of the genes {percent(share['source_molecular'])}"
    )
    if not any(share.values()):
        told = "In the final model the other cohorts' scores weigh nothing: they added nothing on held-out patients"
    rho = {name: value for name, value in taken["towards"].items() if value}
    words = {"clinical": "the fields", "omics": "the genes"}
    if rho:
        towards = " and ".join(
            f"{fixed(value, 1)} times theirs for {words.get(name, name)}" for name, value in rho.items()
        )
        told += f"; its own coefficients are shrunken towards {towards}"
    told += "."
    if taken["dropped"]:
        told += f" Dropped, because held-out patients were predicted better without: {', '.join(taken['dropped'])}."
    dropped = sum(bool(row["dropped"]) for row in folds)
    if dropped:
        told += f" In {number(dropped)} of {number(len(folds))} training folds a cohort was dropped."
    return told


def _gains(gains: list[Values]) -> Block:
    rows = [
        [
            cell(fixed(row["patients"], 0), row["patients"]),
            cell(fixed(row["events"], 0), row["events"]),
            CALLED.get(row["variant"], row["variant"]),
            cell(fixed(row["without"]), row["without"]),
            cell(fixed(row["gain"]), row["gain"]),
            cell("" if row["lower"] is None else interval(row["lower"], row["upper"])),
        ]
        for row in gains
    ]
    heads = ["Training patients", "Events", "Path", "C without", "Gain", "95 % interval"]
    return table(heads, rows, "Harrell's C of the linear path on held-out patients.")
