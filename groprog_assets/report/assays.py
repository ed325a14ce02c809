"""Sections of the omics page about the assays: what was read, from whom, and what became of the values."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, size
from groprog_assets.report.blocks import Block, cell, paragraph, table
from groprog_assets.store.artifacts import Bundle
from groprog_assets.tables.values import Document

Section = tuple[str, str, list[Block]]


def assay_sections(values: Bundle) -> list[Section]:
    """(anchor, title, blocks) of the assays of a study that has them."""
    return [("assays", "Assays", _assays(values))]


def _assays(values: Bundle) -> list[Block]:
    """One row an assay: what it is, its size and what is missing of it."""
    heads = ["Assay", "Omics", "Scale", "Unit", "Features", "Samples", "Missing", "Values are missing"]
    rows = [
        [
            *(row.assay_id, row.omics, row.scale or "–", row.unit or "–"),
            *(cell(size(row.features), row.features), cell(size(row.samples), row.samples)),
            cell(
                "–" if row.missing_share != row.missing_share else f"{fixed(100 * row.missing_share, 1)} %",
                row.missing_share,
            ),
            row.missing_kind,
        ]
        for row in values.assay_raw.table.itertuples(index=False)
    ]
    told = [f"{name}: {_counted(held['counts'])}." for name, held in values.assay_raw.summary.items()]
    return [
        table(heads, rows, "Assays as read. A sample of a subject without consent is in none of them."),
        *map(paragraph, told),
    ]


def _counted(counts: Document) -> str:
    """What was dropped, merged and left out on reading, in words."""
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items() if count)
