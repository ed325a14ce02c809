"""Tables of signal along the genome."""

from __future__ import annotations

from groprog_assets.tables.columns import CHROM_CATEGORY, GENE, STRAND_CATEGORY, Column, Table

DECLARED = (
    Table(
        "coverage",
        "one window with a non-zero count on one strand",
        (
            CHROM_CATEGORY,
            STRAND_CATEGORY,
            Column("window", "int32", "index", "0-based window; covers [window*bin_size, (window+1)*bin_size)"),
            Column("count", "int32", "reads", "sum of the position counts in the window"),
        ),
        ("chrom", "strand", "window"),
    ),
    Table(
        "chromatin_signal",
        "one gene under one mark",
        (
            GENE,
            Column("mark", "str", "name", "mark of the study"),
            Column("promoter_signal", "float64", "mean of the track", "around the TSS", True),
            Column("body_signal", "float64", "mean of the track", "over the gene body", True),
        ),
        ("gene", "mark"),
    ),
)
