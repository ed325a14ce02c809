"""What a column and a table are, and the columns that many tables share."""

from __future__ import annotations

from typing import NamedTuple

TEXT_LIST = "list[str]"
"""The dtype of a column whose cells are lists of text; an empty list where there is none."""

INTEGER_LIST = "list[int8]"
"""The dtype of a column whose cells are lists of small whole numbers, of which some may be missing (None)."""


class Column(NamedTuple):
    """One column: pandas dtype ("str", "category", "int16", "int32", "int64", "float32", "float64", "bool", "datetime64[us]", and
    "Int8", "Int32", "Int64" for whole numbers of which some are missing) or `TEXT_LIST`, `INTEGER_LIST`, unit, meaning.

    values: the only ones that it may hold, where these are fixed; empty where they are not.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    nullable: bool = False
    values: tuple[str, ...] = ()


class Table(NamedTuple):
    """One table: what a row is, its columns, the columns whose values identify a row."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    open_ended: bool = False

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]


CHROM = Column("chrom", "str", "name", "chromosome as named in the study's chromosome sizes")
CHROM_CATEGORY = Column("chrom", "category", "name", "chromosome as named in the study's chromosome sizes")
START = Column("start", "int64", "bp", "first base, 0-based")
END = Column("end", "int64", "bp", "base after the last, 0-based")
STRAND = Column("strand", "str", "+ or -", "strand of the RNA")
STRAND_CATEGORY = Column("strand", "category", "+ or -", "strand of the RNA")
GENE = Column("gene", "str", "symbol", "gene symbol of the annotation")
P = Column("p_value", "float64", "probability", "two-sided unless the table says otherwise", nullable=True)
PADJ = Column("adjusted_p_value", "float64", "probability", "Benjamini-Hochberg over the tested rows", nullable=True)
