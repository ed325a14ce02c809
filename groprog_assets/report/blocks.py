"""Blocks of a report section: facts, tables, figures, notes. Each is a plain dict with a `kind` for the template.

Numbers are formatted by `figures/numbers.py`, so that a number looks the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from groprog_assets.figures.numbers import number
from groprog_assets.figures.style import PNG_DPI
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Value, Values

SCREEN_DPI = 104
"""CSS pixels per inch of a figure."""

Block = Document
Cell = Document


def words(key: str) -> str:
    """A document key as words: underscores become spaces, the first letter a capital."""
    text = str(key).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def paragraph(text: str) -> Block:
    return {"kind": "paragraph", "text": text}


def note(text: str, level: str = "info", title: str = "") -> Block:
    """A box: `level` is info, warn, bad or good."""
    return {"kind": "note", "text": text, "level": level, "title": title}


def missing(reason: str) -> Block:
    return {"kind": "missing", "text": reason}


def facts(rows: Iterable[tuple[str, str, str]]) -> Block:
    """Headline numbers: (label, value, what it means)."""
    return {"kind": "facts", "rows": [{"label": a, "value": b, "note": c} for a, b, c in rows]}


def figure(image: bytes | str, caption: str, alt: str, name: str, file: str = "") -> Block:
    """A picture with its caption; all PNGs have one scale, so that text has the same size on the whole page.

    `file` is the drawing as SVG, by its path from the results folder; the caption links to it.
    """
    width = 0
    if isinstance(image, bytes) and image.startswith(b"\x89PNG"):
        width = round(int.from_bytes(image[16:20], "big") * SCREEN_DPI / PNG_DPI)
    return {
        "kind": "figure",
        "image": image,
        "caption": caption,
        "alt": alt,
        "name": name,
        "width": width,
        "file": file,
    }


def svg_of(name: str) -> str:
    """The path from the results folder of a figure of the study as SVG."""
    return f"figures/{name}.svg"


def links(targets: Iterable[tuple[str, str]]) -> Block:
    """Lines that lead to files of the results folder: (text, path from it)."""
    return {"kind": "links", "rows": [{"text": text, "file": file} for text, file in targets]}


def details(summary: str, blocks: Sequence[Block]) -> Block:
    """Blocks behind a line that opens them; printed open."""
    return {"kind": "details", "summary": summary, "blocks": list(blocks)}


def word(value: object) -> str:
    """A text of a table's cell; – where the table has none (empty, missing)."""
    return "–" if value is None or value != value or value == "" else str(value)


def cell(text: str, sort: Any = None, **extra: Any) -> Cell:
    """One table cell; `sort` is what a sortable column compares; `mono`, `strong`, `level`, `whisker` set its appearance."""
    order = sort if isinstance(sort, int | float) and not (isinstance(sort, float) and math.isnan(sort)) else None
    return {"text": text, "sort": order if order is not None else text, **extra}


def table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "", total: int = 0, file: str = ""
) -> Block:
    """A sortable table. A column is numeric when every filled cell of it sorts by a number. `total` is the number of rows
    there are when only the first are shown; `file`, by its path from the results folder, holds them all."""
    filled = [[item if isinstance(item, dict) else cell(item) for item in row] for row in rows]
    numeric = []
    for index in range(len(columns)):
        values = [row[index] for row in filled if row[index]["text"] not in ("–", "")]
        numeric.append(bool(values) and all(isinstance(value["sort"], int | float) for value in values))
    heads = [{"label": label, "numeric": is_numeric} for label, is_numeric in zip(columns, numeric, strict=True)]
    return {"kind": "table", "columns": heads, "rows": filled, "caption": caption, "total": total, "file": file}


def whisker(estimate: Any, lower: Any, upper: Any, domain: tuple[float, float], reference: float | None) -> Cell | None:
    """Positions in per cent of an estimate with its interval on `domain`, drawn beside the number; None if missing."""
    values = [estimate, lower, upper]
    if any(value is None or not math.isfinite(value) for value in values) or domain[1] <= domain[0]:
        return None

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - domain[0]) / (domain[1] - domain[0]))), 2)

    return {
        "left": place(lower),
        "width": round(place(upper) - place(lower), 2),
        "point": place(estimate),
        "reference": None if reference is None else place(reference),
    }


def document_rows(document: Values, prefix: str = "") -> list[tuple[str, str]]:
    """A nested document as (label, value) lines; lists of more than eight values are counted, not listed."""
    rows: list[tuple[str, str]] = []
    for key, value in document.items():
        label = f"{prefix}, {words(key).lower()}" if prefix else words(key)
        if isinstance(value, Mapping) and value:
            rows.extend(document_rows(value, label))
        elif isinstance(value, list | tuple) and (len(value) > 8 or any(isinstance(item, Mapping) for item in value)):
            rows.append((label, count_of(len(value), "value")))
        else:
            rows.append((label, number(value)))
    return rows


def document_table(document: Values, caption: str = "") -> Block:
    """A document as a two-column table."""
    return table(["What", "Value"], [[cell(a), cell(b)] for a, b in document_rows(document)], caption)


def member(value: Value, name: str) -> Value:
    """`value[name]` of a bundle or document, None where either is absent."""
    return value.get(name) if isinstance(value, Mapping) else None


def frame_of(value: Value, name: str = "table") -> pd.DataFrame | None:
    """The table itself or the member that is one; None when absent or without rows."""
    found = value if isinstance(value, pd.DataFrame) else member(value, name)
    return found if isinstance(found, pd.DataFrame) and len(found) else None
