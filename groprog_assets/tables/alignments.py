"""Tables of the reads that passed the filters."""

from __future__ import annotations

from groprog_assets.tables.columns import CHROM_CATEGORY, STRAND_CATEGORY, Column, Table

DECLARED = (
    Table(
        "filter_funnel",
        "one filtering step, in order",
        (
            Column("step", "str", "name", "rule applied at this step"),
            Column("removed", "int64", "reads", "reads the step removed"),
            Column("remaining", "int64", "reads", "reads left after it"),
            Column("reason", "str", "text", "the rule in words, with its threshold"),
        ),
        ("step",),
    ),
    Table(
        "positions",
        "one base with at least one read on one strand",
        (
            CHROM_CATEGORY,
            STRAND_CATEGORY,
            Column("position", "int32", "bp", "0-based base of the chosen read end"),
            Column(
                "count",
                "int32",
                "reads",
                "reads at the base; in the table of coverage mode, reads over it",
            ),
        ),
        ("chrom", "strand", "position"),
    ),
)
