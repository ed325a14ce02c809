"""Tables of signal along the genome."""

from __future__ import annotations

from groprog_assets.tables.columns import CHROM_CATEGORY, GENE, STRAND_CATEGORY, Column, Table

DECLARED = (
    Table(
        "library_sizes",
        "one library",
        (
            Column("library", "str", "id", "library"),
            Column("condition", "str", "name", "condition"),
            Column("reads", "int64", "reads", "used reads on the study's chromosomes"),
            Column("spike_in_reads", "int64", "reads", "unique reads on spike-in chromosomes"),
            Column("size", "float64", "reads", "what counts are divided by to be compared between libraries"),
            Column("basis", "str", "reads or spike-in", "what the size is in proportion to"),
        ),
        ("library",),
    ),
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
