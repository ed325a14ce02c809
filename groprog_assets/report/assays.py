"""Sections of the omics page about the assays: what was read, from whom, and what became of the values."""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed
from groprog_assets.report.blocks import Block, Cell, cell, paragraph, table, word
from groprog_assets.store.artifacts import Bundle
from groprog_assets.tables.values import Document

Section = tuple[str, str, list[Block]]


def assay_sections(values: Bundle) -> list[Section]:
    """(anchor, title, blocks) of the assays of a study that has them."""
    return [("assays", "Assays", _assays(values)), ("batches", "Batches and missing values", _stages(values))]


def _assays(values: Bundle) -> list[Block]:
    """One row an assay: what it is, its size and what is missing of it."""
    heads = ["Assay", "Omics", "Scale", "Unit", "Features", "Samples", "Missing", "Values are missing"]
    rows = [
        [
            *(row.assay_id, row.omics, word(row.scale), word(row.unit)),
            *(cell(f"{row.features:,}", row.features), cell(f"{row.samples:,}", row.samples)),
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


def _stages(values: Bundle) -> list[Block]:
    """What each stage did: methods, features left out, and the shares of variance of batch and biology before and after."""
    done = {name: values[name] for name in ("assay_normalised", "assay_corrected", "assay_filled")}
    first, second, third = (stage.table.set_index("assay_id") for stage in done.values())
    rows = [
        [
            *(name, first.loc[name, "method"], cell(f"{done['assay_normalised'].summary[name]['left_out']:,}")),
            *(_shown(done["assay_normalised"].summary[name]["missing_correlation"], 2), second.loc[name, "method"]),
            third.loc[name, "method"],
        ]
        for name in first.index
    ]
    heads = ["Assay", "Normalised", "Left out", "Missing and mean", "Batches", "Filled"]
    shares = [
        [
            *(row.assay_id, "yes" if row.corrected else str(row.why_not), cell(f"{row.batches:,}", row.batches)),
            *(_shown(row.batch_share_before), _shown(row.batch_share_after), word(row.factor)),
            *(_shown(row.factor_share_before), _shown(row.factor_share_after)),
        ]
        for row in done["assay_corrected"].effects.itertuples(index=False)
    ]
    return [
        table(
            heads, rows, "Left out: features missing too often in every group. Missing and mean: Spearman correlation."
        ),
        table(
            [
                *("Assay", "Corrected", "Batches", "Of batches", "afterwards"),
                *("Factor", "Of the factor", "afterwards"),
            ],
            shares,
            "Share of variance (median R squared over features) between batches and between the levels of the biological factor.",
        ),
        paragraph(
            "Tests use values that were measured; filled values serve methods that need a whole matrix. A covariate that is to "
            "be predicted would be put into the values by the correction, so it is refused."
        ),
    ]


def _shown(value: float, digits: int = 3) -> Cell:
    return cell(fixed(value, digits), value)


def _counted(counts: Document) -> str:
    """What was dropped, merged and left out on reading, in words."""
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items() if count)
