"""Exons of the transcripts that reach into a few places, for pictures of loci. An annotation file in, a table out."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groprog_assets.methods.annotation.gene_tables import table_layout
from groprog_assets.study.annotation_files import coordinate, lines

_TRANSCRIPT = re.compile(r'transcript_id\s+"?([^";]+)')


class Place(NamedTuple):
    """0-based half-open."""

    chrom: str
    start: int
    end: int


def exons_within(path: str | Path, places: Collection[Place]) -> pd.DataFrame:
    """Every exon of every transcript whose span overlaps one of `places`: chrom, start, end (bp, 0-based half-open), strand,
    transcript; by chromosome, transcript and start.

    A GTF's `exon` lines, or the exons of a UCSC gene table; an annotation of transcripts alone gives an empty table. The file
    is read once, after `gene_models` has accepted it; a line that cannot be read is passed over here.
    """
    chroms = {place.chrom for place in places}
    layout: tuple[int, int] | None = None
    rows: list[tuple[str, int, int, str, str]] = []
    for count, (_, line) in enumerate(lines(Path(path))):
        fields = line.split("\t")
        layout = table_layout(fields) if count == 0 else layout
        if layout is not None:
            rows += _of_table(fields, layout[0], chroms)
        elif len(fields) >= 9 and fields[2] == "exon" and fields[0] in chroms:
            first, last, named = coordinate(fields[3]), coordinate(fields[4]), _TRANSCRIPT.search(fields[8])
            if first and last and named:
                rows.append((fields[0], first - 1, last, fields[6], named[1]))
    columns = ["chrom", "start", "end", "strand", "transcript"]
    table = pd.DataFrame(rows, columns=columns).drop_duplicates().sort_values(["chrom", "transcript", "start", "end"])
    spans = table.groupby(["chrom", "strand", "transcript"], observed=True).agg(
        low=("start", "min"), high=("end", "max")
    )
    near = pd.Series(False, index=spans.index)
    chrom = spans.index.get_level_values("chrom")
    for place in places:
        near |= (chrom == place.chrom) & (spans["low"] < place.end) & (spans["high"] > place.start)
    kept = near[near].index
    return table[pd.MultiIndex.from_frame(table[["chrom", "strand", "transcript"]]).isin(kept)].reset_index(drop=True)


def _of_table(fields: list[str], strand_column: int, chroms: set[str]) -> list[tuple[str, int, int, str, str]]:
    """Exons of one line of a gene table: starts and ends are lists eight and nine columns after the transcript's name."""
    if len(fields) <= strand_column + 7 or fields[strand_column - 1] not in chroms:
        return []
    starts, ends = ([coordinate(cell) for cell in fields[strand_column + at].split(",") if cell] for at in (6, 7))
    place, name = (fields[strand_column - 1], fields[strand_column]), fields[strand_column - 2]
    return [
        (place[0], start, end, place[1], name)
        for start, end in zip(starts, ends)
        if start is not None and end is not None and start < end
    ]
