"""The report's table of related work: published forms of survival models, measured on this study's folds."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, interval
from groprog_assets.report.blocks import Block, Cell, cell, member, note, paragraph, table
from groprog_assets.tables.values import Values
from groprog_assets.wording import count_of

METRICS = (("harrell", "C, Harrell"), ("c_ipcw", "C, censoring-weighted"))


def blocks(context: Values, labels: dict[str, str]) -> list[Block]:
    """The table with what was left out; nothing where the study asks for no related work. labels: names of models."""
    document = member(context.get("related_work"), "document") or {}
    rows = document.get("rows") or []
    if not rows:
        return []
    shown: list[list[Cell]] = []
    for row in rows:
        cells = [cell(labels.get(row["method"], row["form"])), cell(row["source"], mono=True)]
        for name, _ in METRICS:
            held = row[name]
            cells.append(
                cell(f"{fixed(held['estimate'])} ({interval(held['lower'], held['upper'])})", held["estimate"])
            )
            difference = held.get("difference")
            told = (
                f"{fixed(difference)} ({interval(held['difference_lower'], held['difference_upper'])})"
                if difference is not None
                else "–"
            )
            cells.append(cell(told, difference))
        shown.append(cells)
    header = ["method", "source of its form"]
    for _, label in METRICS:
        header += [f"{label} (95 % interval)", "this model less it (corrected 95 % interval)"]
    told = (
        f"Table 1 of the paper, measured: every method on the {count_of(document['folds'], 'fold')} and "
        f"{count_of(document['repeats'], 'repeat')} of this study, with the model's own encoders. Each is a reproduction of the "
        "published form with one fixed setting, not of the authors' code. Graph methods join a new patient to training patients "
        "alone."
    )
    left = [
        note(f"{labels.get(name, name)} was not run: {why}.", "info")
        for name, why in document.get("left_out", {}).items()
    ]
    return [paragraph(told), table(header, shown), *left]
