"""Tables of the raw reads."""

from __future__ import annotations

from groprog_assets.tables.columns import Column, Table

DECLARED = (
    Table(
        "read_quality",
        "one sequencing cycle of one mate",
        (
            Column("mate", "int32", "1 or 2", "mate in the pair; 1 for single reads"),
            Column("cycle", "int32", "1-based", "position in the read"),
            Column("mean_quality", "float64", "Phred", "arithmetic mean of the base qualities (FastQC)"),
            Column("error_mean_quality", "float64", "Phred", "quality of the mean error probability"),
            Column("minimum_quality", "int32", "Phred", "lowest base quality"),
            Column("maximum_quality", "int32", "Phred", "highest base quality"),
            Column("reads", "int64", "reads", "reads that reach this cycle"),
        ),
        ("mate", "cycle"),
    ),
)
