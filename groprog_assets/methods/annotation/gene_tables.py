"""Transcripts of a UCSC gene table: refGene, genePred, genePredExt, knownGene, refFlat. Lines in, rows out."""

from __future__ import annotations

from pathlib import Path

from groprog_assets.methods.annotation.gtf import Row, stable_gene
from groprog_assets.study.annotation_files import ProblemCollector, coordinate, lines


def table_layout(fields: list[str]) -> tuple[int, int] | None:
    """(column of the strand, column of the gene) of a gene table, from its first line; None when it is not a gene table.

    The gene is name2 where the table has one (refGene, genePredExt), the first column of refFlat, else the transcript's name.
    """
    for strand_column in (2, 3):
        if len(fields) >= strand_column + 8 and fields[strand_column] in ("+", "-"):
            if not all(field.isdecimal() for field in fields[strand_column + 1 : strand_column + 6]):
                continue
            if strand_column == 3 and not fields[0].isdecimal():
                return 3, 0
            name2 = strand_column + 9
            return strand_column, name2 if len(fields) > name2 + 2 else strand_column - 2
    return None


def table_transcripts(path: Path, layout: tuple[int, int], problems: ProblemCollector) -> list[Row]:
    """Every transcript of a gene table in its order; an accession placed several times has a row for each place.

    Malformed lines go to `problems`.
    """
    strand_column, gene_column = layout
    rows = []
    for number, line in lines(path):
        fields = line.split("\t")
        start, end = (coordinate(cell) for cell in [*fields[strand_column + 1 : strand_column + 3], "", ""][:2])
        if start is None or end is None or len(fields) <= gene_column:
            rule = "Every line has the columns of the first, and a start and an end that are whole numbers."
            problems.add(f", line {number}", line[:60], rule, "Mend or remove the line.")
            continue
        name = fields[strand_column - 2]
        gene = fields[gene_column].strip() or name
        place = (fields[strand_column - 1], start, end, fields[strand_column])
        rows.append(Row(*place, name, stable_gene(gene), number))
    return rows
