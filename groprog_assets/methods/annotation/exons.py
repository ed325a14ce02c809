"""Exons of the transcripts near a few places, for pictures of loci. An annotation file and its gene models in, a table out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groprog_assets.methods.annotation.gene_tables import table_layout
from groprog_assets.methods.annotation.gff3 import attributes_of, parents, transcript_name
from groprog_assets.methods.annotation.gtf import Interval, identifier, names_a_gene
from groprog_assets.study.annotation_files import coordinate, lines

Exon = tuple[str, str, str, Interval]
"""chromosome, strand, transcript, and the place on the chromosome, 0-based half-open."""


class Place(NamedTuple):
    """0-based half-open."""

    chrom: str
    start: int
    end: int


def with_exons(path: str | Path, models: pd.DataFrame, places: Collection[Place]) -> pd.DataFrame:
    """The rows of `models` (table gene_models) that overlap one of `places`, with a column `exons`: its (start, end), by start.

    Exons are `exon` lines of a GTF or GFF3, or those of a UCSC gene table, that bear the transcript's name and lie within the
    row, so that a name with two placements has each its own. A transcript without any, such as one made from its coding
    sequence, has none. The file is read once, after `gene_models` has accepted it; a line that cannot be read is passed over
    here.
    """
    near = pd.Series(False, index=models.index)
    for place in places:
        near |= (models["chrom"] == place.chrom) & (models["start"] < place.end) & (models["end"] > place.start)
    kept = models[near].reset_index(drop=True)
    wanted = set(kept["transcript"].astype(str))
    reach = {
        str(chrom): (int(rows["start"].min()), int(rows["end"].max()))
        for chrom, rows in kept.groupby("chrom", observed=True)
    }
    found: dict[tuple[str, str, str], set[Interval]] = {}
    for chrom, strand, transcript, interval in _exons(Path(path), reach) if wanted else ():
        if transcript in wanted:
            found.setdefault((chrom, strand, transcript), set()).add(interval)
    columns = (kept[name] for name in ("chrom", "strand", "transcript", "start", "end"))
    exons = [
        [
            (first, last)
            for first, last in sorted(found.get((str(chrom), str(strand), str(transcript)), ()))
            if start <= first and last <= end
        ]
        for chrom, strand, transcript, start, end in zip(*columns)
    ]
    return kept.assign(exons=pd.Series(exons, index=kept.index, dtype=object))


def _exons(path: Path, reach: Mapping[str, tuple[int, int]]) -> Iterator[Exon]:
    """Exons of the file; reach: chromosome -> the bases outside which nobody asks for one, so that its names are not read."""
    layout: tuple[int, int] | None = None
    asked = tuple(f"{chrom}\t" for chrom in reach)
    for count, (_, line) in enumerate(lines(path)):
        if count == 0:
            layout = table_layout(line.split("\t"))
        if layout is not None:
            yield from _of_table(line.split("\t"), layout[0])
            continue
        if not line.startswith(asked) or "\texon\t" not in line:
            continue
        if len(fields := line.split("\t")) >= 9 and fields[2] == "exon":
            low, high = reach[fields[0]]
            first, last = coordinate(fields[3]), coordinate(fields[4])
            if first and last and low < first and last <= high:
                own = identifier("transcript_id", fields[8]) if names_a_gene(fields[8]) else ""
                names = [own] if own else [transcript_name(name) for name in parents(attributes_of(fields[8]))]
                for name in names:
                    yield fields[0], fields[6], name, (first - 1, last)


def _of_table(fields: list[str], strand_column: int) -> Iterator[Exon]:
    """Exons of one line of a gene table: starts and ends are lists six and seven columns after the strand."""
    if len(fields) <= strand_column + 7:
        return
    starts, ends = ([coordinate(cell) for cell in fields[strand_column + at].split(",") if cell] for at in (6, 7))
    for start, end in zip(starts, ends):
        if start is not None and end is not None and start < end:
            yield fields[strand_column - 1], fields[strand_column], fields[strand_column - 2], (start, end)
