"""Chromosome sizes, annotated transcripts and masked regions from the user's files. Files in, tables out.

Coordinates become 0-based half-open here and stay so. Every problem of a file is collected before raising; of many alike the
first few are named and the rest counted.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.annotation.consensus import consensus_annotation
from groprog_assets.study.schema import Genome
from groprog_assets.tables import conform

__all__ = ["annotated_genes", "consensus_annotation", "read_annotation", "read_chrom_sizes", "read_masks"]

NAMED_PROBLEMS = 5
"""Problems of one kind that are spelt out; the rest are counted."""

BUILT_IN_MASKS: dict[str, tuple[tuple[str, int, int | None, str], ...]] = {
    "hg38": (
        ("chr21", 0, 8_679_600, "High Signal Region (rDNA), ENCODE blacklist v2"),
        ("chrUn_GL000220v1", 0, None, "45S rDNA repeat on an unplaced contig"),
    ),
    "hg19": (("chrUn_gl000220", 0, None, "45S rDNA repeat on an unplaced contig"),),
}
"""Regions masked whatever the study names (F5, A32); an end of None is the chromosome's."""

ASSEMBLY_SYNONYMS = {"grch38": "hg38", "grch37": "hg19", "hg38": "hg38", "hg19": "hg19"}

_GENE_NAME = re.compile(r'\b(?:gene_name|gene_symbol|gene) "([^"]+)"')
_GENE_ID = re.compile(r'\bgene_id "([^"]+)"')
_TRANSCRIPT_ID = re.compile(r'\btranscript_id "([^"]+)"')

_Row = tuple[str, int, int, str, str, str]
"""chrom, start, end, strand, transcript, gene."""


class _Collector:
    """Problems of one file, at most NAMED_PROBLEMS of each rule spelt out."""

    def __init__(self, path: Path):
        self.path = path
        self.problems: list[Problem] = []
        self.counts: dict[str, int] = {}

    def add(self, where: str, value: str, rule: str, remedy: str) -> None:
        self.counts[rule] = self.counts.get(rule, 0) + 1
        if self.counts[rule] <= NAMED_PROBLEMS:
            self.problems.append(Problem(f"{self.path}{where}", value, rule, remedy))

    def raise_any(self) -> None:
        for rule, count in self.counts.items():
            if count > NAMED_PROBLEMS:
                more = f"{count - NAMED_PROBLEMS} more lines of the same kind"
                self.problems.append(Problem(str(self.path), more, rule, "Mend the file and run again."))
        if self.problems:
            raise AnnotationError(self.problems)


def read_chrom_sizes(path: str | Path) -> dict[str, int]:
    """Chromosome -> length in bp, in the file's order, from a two-column table (`chrom.sizes`; a `.fai` index works too).

    Blank lines and lines starting with # are skipped. Raises AnnotationError: unreadable or empty file, a line without a
    positive whole length, a chromosome named twice.
    """
    problems = _Collector(Path(path))
    sizes: dict[str, int] = {}
    for number, line in _lines(Path(path)):
        fields = line.split()
        if len(fields) < 2 or not fields[1].isdecimal() or int(fields[1]) < 1:
            rule = "Each line is a chromosome and its length in bp."
            problems.add(f", line {number}", line[:60], rule, "UCSC's <assembly>.chrom.sizes has this form.")
        elif fields[0] in sizes:
            rule = "A chromosome may stand once."
            problems.add(f", line {number}", f"{fields[0]} again", rule, "Remove one of the lines.")
        else:
            sizes[fields[0]] = int(fields[1])
    if not sizes and not problems.problems:
        problems.add("", "no chromosome", "At least one is needed.", "Give the assembly's chrom.sizes file.")
    problems.raise_any()
    return sizes


def annotated_genes(path: str | Path) -> Iterator[tuple[str, str]]:
    """(chromosome, gene) of each annotated transcript in the file's order, read only as far as it is asked for.

    Formats and names as in `read_annotation`; malformed lines are passed over here and named there. Raises AnnotationError for
    an unreadable file or unknown format.
    """
    problems = _Collector(Path(path))
    for chrom, _, _, _, _, gene in _transcripts(Path(path), problems):
        yield chrom, gene
    problems.raise_any()


def read_annotation(path: str | Path, chrom_sizes: Mapping[str, int]) -> pd.DataFrame:
    """The annotated transcripts as table `gene_models`, by chromosome (order of `chrom_sizes`), start, end.

    GTF (transcript lines; where there are none, exons joined by transcript_id) or a UCSC gene table (refGene, genePred,
    genePredExt, knownGene, refFlat), plain or gzip. The gene is gene_name, else gene_symbol or gene, else gene_id; in gene
    tables name2, else the name. Transcripts on chromosomes that `chrom_sizes` does not name are left out; repeated rows are
    kept once. Raises AnnotationError: unreadable or unknown format, malformed or empty intervals, an interval beyond its
    chromosome (another assembly), no transcript on a named chromosome (another naming).
    """
    path = Path(path)
    problems = _Collector(path)
    rows = list(_transcripts(path, problems))
    kept: list[_Row] = []
    for row in rows:
        chrom, start, end, strand, transcript, _ = row
        if chrom not in chrom_sizes:
            continue
        if strand not in "+-" or len(strand) != 1:
            rule = "A transcript's strand is + or -."
            problems.add(f", {transcript}", f"strand {strand!r}", rule, "Remove unstranded records.")
        elif start < 0 or end <= start:
            rule = "A transcript covers at least one base."
            value = f"{chrom}:{start}-{end} (0-based)"
            problems.add(f", {transcript}", value, rule, "Remove the record or mend its coordinates.")
        elif end > chrom_sizes[chrom]:
            rule = "Transcripts lie within their chromosome."
            value = f"ends at {end}, {chrom} at {chrom_sizes[chrom]}"
            problems.add(f", {transcript}", value, rule, "Is the annotation of another assembly?")
        else:
            kept.append(row)
    if not kept and not problems.problems:
        found = list(dict.fromkeys(row[0] for row in rows))
        if not found:
            problems.add("", "no transcript", "At least one is needed.", "Give a GTF or a UCSC gene table.")
        else:
            rule = f"None of the chromosomes is in the study's sizes ({_some(list(chrom_sizes))})."
            problems.add("", f"transcripts on {_some(found)}", rule, _naming_remedy(found, chrom_sizes))
    problems.raise_any()
    columns = ["chrom", "start", "end", "strand", "transcript", "gene"]
    frame = pd.DataFrame(kept, columns=columns).drop_duplicates(columns[:5])
    rank = frame["chrom"].map({chrom: place for place, chrom in enumerate(chrom_sizes)})
    frame = frame.assign(rank=rank).sort_values(["rank", "start", "end", "strand"], kind="stable").drop(columns="rank")
    return conform(frame, "gene_models")


def read_masks(genome: Genome, chrom_sizes: Mapping[str, int]) -> pd.DataFrame:
    """Regions whose reads say nothing about a gene, as table `masks` (may be empty).

    The study's blacklist and multi_copy BED files (plain or gzip; the reason is column 4 where there is one), and for hg19
    and hg38 the few rDNA regions of BUILT_IN_MASKS. Intervals on other chromosomes are left out, ends beyond a chromosome
    are cut. Raises AnnotationError: unreadable file, malformed or empty interval, no interval on a known chromosome although
    another naming would match.
    """
    rows: list[tuple[str, int, int, str]] = []
    for kind, path in (("blacklist", genome.blacklist), ("multi-copy", genome.multi_copy)):
        if path is not None:
            rows.extend(_read_bed(Path(path), kind, chrom_sizes))
    for chrom, start, end, reason in BUILT_IN_MASKS.get(ASSEMBLY_SYNONYMS.get(genome.name.lower(), ""), ()):
        if chrom in chrom_sizes:
            rows.append((chrom, start, min(end or chrom_sizes[chrom], chrom_sizes[chrom]), f"built in: {reason}"))
    rank = {chrom: place for place, chrom in enumerate(chrom_sizes)}
    rows = sorted(set(rows), key=lambda row: (rank[row[0]], *row[1:]))
    return conform(pd.DataFrame(rows, columns=["chrom", "start", "end", "reason"]), "masks")


def _read_bed(path: Path, kind: str, chrom_sizes: Mapping[str, int]) -> list[tuple[str, int, int, str]]:
    problems = _Collector(path)
    rows, elsewhere = [], []
    for number, line in _lines(path):
        fields = line.split("\t") if "\t" in line else line.split()
        if fields[0] in ("track", "browser"):
            continue
        if len(fields) < 3 or not (fields[1].isdecimal() and fields[2].isdecimal()):
            rule = "BED lines are chromosome, start, end."
            problems.add(f", line {number}", line[:60], rule, "Mend or remove the line.")
        elif int(fields[2]) <= int(fields[1]):
            rule = "An interval covers at least one base."
            problems.add(f", line {number}", line[:60], rule, "Mend or remove the line.")
        elif fields[0] not in chrom_sizes or int(fields[1]) >= chrom_sizes[fields[0]]:
            elsewhere.append(fields[0])
        else:
            reason = fields[3].strip() if len(fields) > 3 and fields[3].strip() not in ("", ".") else path.name
            rows.append((fields[0], int(fields[1]), min(int(fields[2]), chrom_sizes[fields[0]]), f"{kind}: {reason}"))
    if elsewhere and not rows and any(_renamed(chrom, chrom_sizes) for chrom in elsewhere):
        rule = f"None of the chromosomes is in the study's sizes ({_some(list(chrom_sizes))})."
        value = f"intervals on {_some(list(dict.fromkeys(elsewhere)))}"
        problems.add("", value, rule, _naming_remedy(elsewhere, chrom_sizes))
    problems.raise_any()
    return rows


def _transcripts(path: Path, problems: _Collector) -> Iterator[_Row]:
    """Rows of a GTF or a gene table, whichever the first data line looks like."""
    first = next(iter(_lines(path)), None)
    if first is None:
        return
    fields = first[1].split("\t")
    if len(fields) == 9 and fields[3].isdecimal() and fields[4].isdecimal():
        if 'transcript_id "' not in first[1] and 'gene_id "' not in first[1]:
            rule = 'GTF attributes are written gene_id "..."; transcript_id "...";.'
            problems.add(f", line {first[0]}", fields[8][:60], rule, "Convert GFF3 with `gffread -T`.")
            return
        found = False
        for row in _gtf(path, "transcript", problems):
            found = True
            yield row
        if not found:
            yield from _joined_exons(_gtf(path, "exon", problems))
        return
    layout = _table_layout(fields)
    if layout is None:
        rule = "The file is neither a GTF nor a UCSC gene table (refGene, genePred, refFlat)."
        problems.add(f", line {first[0]}", first[1][:60], rule, "Give one of these, tab-separated, plain or gzip.")
        return
    strand_column, gene_column = layout
    for number, line in _lines(path):
        fields = line.split("\t")
        try:
            chrom, strand, start, end = fields[strand_column - 1 : strand_column + 3]
            name = fields[strand_column - 2]
            gene = fields[gene_column].strip() or name
            yield chrom, int(start), int(end), strand, name, gene
        except (ValueError, IndexError):
            rule = "Every line has the columns of the first."
            problems.add(f", line {number}", line[:60], rule, "Mend or remove the line.")


def _gtf(path: Path, feature: str, problems: _Collector) -> Iterator[_Row]:
    for number, line in _lines(path):
        fields = line.split("\t")
        if len(fields) < 9 or not (fields[3].isdecimal() and fields[4].isdecimal()):
            rule = "GTF lines have nine columns, start and end in the fourth and fifth."
            problems.add(f", line {number}", line[:60], rule, "Is the file cut short?")
            continue
        if fields[2] != feature:
            continue
        transcript = _TRANSCRIPT_ID.search(fields[8])
        gene = _GENE_NAME.search(fields[8]) or _GENE_ID.search(fields[8])
        if transcript is None or gene is None:
            rule = f"A GTF {feature} line names its transcript_id and its gene."
            problems.add(f", line {number}", fields[8][:60], rule, "Add the attributes or remove the line.")
            continue
        yield fields[0], int(fields[3]) - 1, int(fields[4]), fields[6], transcript[1], gene[1]


def _joined_exons(exons: Iterator[_Row]) -> Iterator[_Row]:
    """From the first to the last exon of each transcript on one chromosome strand."""
    spans: dict[tuple[str, str, str, str], tuple[int, int]] = {}
    for chrom, start, end, strand, transcript, gene in exons:
        key = (chrom, strand, transcript, gene)
        known = spans.get(key, (start, end))
        spans[key] = (min(start, known[0]), max(end, known[1]))
    for (chrom, strand, transcript, gene), (start, end) in spans.items():
        yield chrom, start, end, strand, transcript, gene


def _table_layout(fields: list[str]) -> tuple[int, int] | None:
    """(column of the strand, column of the gene) of a UCSC gene table, from its first line."""
    for strand_column in (2, 3):
        if len(fields) >= strand_column + 8 and fields[strand_column] in "+-" and fields[strand_column]:
            if not all(field.isdecimal() for field in fields[strand_column + 1 : strand_column + 6]):
                continue
            if strand_column == 3 and not fields[0].isdecimal():
                return 3, 0
            name2 = strand_column + 9
            return strand_column, name2 if len(fields) > name2 + 2 else strand_column - 2
    return None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number, line) of a text file, plain or gzip, without blank lines and comments."""
    opener: Callable[..., IO[str]] = open
    try:
        with open(path, "rb") as start:
            if start.read(2) == b"\x1f\x8b":
                opener = gzip.open
        with opener(path, "rt", encoding="utf-8", errors="strict") as text:
            for number, line in enumerate(text, 1):
                if line[0] != "#" and (line := line.rstrip("\r\n")).strip():
                    yield number, line
    except (OSError, EOFError, UnicodeDecodeError) as error:
        value = f"cannot be read ({type(error).__name__}: {error})"
        raise AnnotationError(
            Problem(str(path), value, "It must be a text file, plain or gzip.", "Check the path and the file.")
        ) from error


def _renamed(chrom: str, chrom_sizes: Mapping[str, int]) -> str | None:
    """The name `chrom` has in `chrom_sizes` with or without "chr"; None where it has none."""
    other = chrom.removeprefix("chr") if chrom.startswith("chr") else f"chr{chrom}"
    other = {"MT": "M", "chrMT": "chrM"}.get(other, other)
    return other if other in chrom_sizes else None


def _naming_remedy(found: list[str], chrom_sizes: Mapping[str, int]) -> str:
    for chrom in found:
        if (other := _renamed(chrom, chrom_sizes)) is not None:
            return f"Rename {chrom} to {other} and so on: one naming for reads, sizes and annotation."
    return "Was the annotation made for another assembly?"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
