"""Reader of transcripts in a GTF of any dialect: UCSC, iGenomes, RefSeq, NCBI, GENCODE, Ensembl, StringTie. Lines in, rows out.

A transcript is read from its transcript line. Without one it is built from its exons, and without exons from its coding
sequence. One file may hold transcripts of all three kinds.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from groprog_assets.study.annotation_files import ProblemCollector, coordinate, lines

Interval = tuple[int, int]


class Row(NamedTuple):
    """One annotated transcript, 0-based half-open; line: where the file first names it."""

    chrom: str
    start: int
    end: int
    strand: str
    transcript: str
    gene: str
    line: int


class Placed(NamedTuple):
    """rows: the transcripts as the file has them, on any chromosome; counts: transcripts that do not come from one transcript
    line: `from exons`, `from CDS` (transcripts), `split` (transcripts placed at several loci under one id);
    without_transcript: genes that have a gene line only."""

    rows: list[Row]
    counts: Counter[str]
    without_transcript: list[str]


SYMBOLS = ("gene_name", "gene_symbol", "ref_gene_name", "gene")
"""Attributes that hold the gene symbol, in order of preference; without them `gene_id` is used."""

PARTS = frozenset({"exon", "CDS", "start_codon", "stop_codon"})
"""Features from which a transcript without a line is built: exons, else CDS with stop_codon, which holds its last codon."""

SIMILAR_LENGTH = 0.03
"""Share of the longer exon by which two placements of a transcript may differ. Over hg38 refGene, where UCSC marks a further
placement by `_dup`, this and the next rule tell 338 of the 431 transcripts apart that lie several times on one strand, and cut
none of the 53,121 others in two."""

EQUAL_EXONS_APART = 5_000
"""Exons of equal length with longer introns (bp) than this are placements of a one-exon transcript. With shorter introns they
may as well be exons of one transcript."""

_PLACEHOLDERS = frozenset({"", ".", "-"})
_VERSIONED = re.compile(r"^(ENS[A-Z]*G\d{11})(?:\.\d+(?:_\d+)?)?(?:_PAR_[XY])?$")
_DUPLICATE = re.compile(r"_dup\d+$")
_ATTRIBUTE = re.compile(r'(?<![^\s";=])([^\s";=]++)\s++(?:"((?:[^"\\]|\\.)*+)"\s*+|([^";]*+))(?:;|$)')
"""Each name is tried once, from its first letter: a line of any length is read in one pass."""
_IDENTIFIERS = {
    name: re.compile(rf'(?:^|;)\s*{name}\s+(?:"([^"]*)"|([^";\s]+))') for name in ("transcript_id", "gene_id")
}


def is_gtf(fields: list[str]) -> bool:
    """Whether a line has the nine columns of GTF or GFF3."""
    return len(fields) == 9 and fields[3].isdecimal() and fields[4].isdecimal()


def interval_of(fields: list[str], number: int, form: str, problems: ProblemCollector) -> Interval | None:
    """(start, end) of a line of nine columns, 0-based half-open; None for a malformed line, which goes to `problems`.

    form: GTF or GFF3, named in what is told.
    """
    first, last = (coordinate(fields[3]), coordinate(fields[4])) if len(fields) >= 9 else (None, None)
    if first is None or last is None:
        rule = f"{form} lines have nine columns, start and end in the fourth and fifth."
        problems.add(f", line {number}", "\t".join(fields)[:60], rule, "Is the file cut short?")
        return None
    if not 1 <= first <= last:
        value = f"{fields[2]} {fields[0]}:{fields[3]}-{fields[4]}"
        rule = "A feature starts at 1 or later and covers at least one base."
        problems.add(f", line {number}", value, rule, "Remove the line or mend its coordinates.")
        return None
    return first - 1, last


def names_a_gene(attributes: str) -> bool:
    """Whether attributes are written as GTF does, with a gene_id or a transcript_id."""
    return any(pattern.search(attributes) for pattern in _IDENTIFIERS.values())


def gtf_transcripts(path: Path, problems: ProblemCollector, maximum_intron: int) -> Placed:
    """Every transcript of a GTF, in the file's order: those with a line, then those built from exons or CDS.

    The gene is the symbol (SYMBOLS), of the transcript's own lines, else the only one that its gene_id has elsewhere in the
    file, else the gene_id without the version of an Ensembl id and without UCSC's `_dup1`. A transcript without a
    transcript_id is named by its gene. One id at several loci of a strand (UCSC places an accession wherever it aligns) is
    several transcripts, see `placements`; so is a transcript line that spans more than `maximum_intron` (bp) and was joined
    from such exons. Malformed lines go to `problems`.
    """
    held = _Transcripts(maximum_intron)
    there = again = None  # chromosome, and text behind the interval, of the part that was passed over last
    for number, line in lines(path):
        begun = line.split("\t", 5)
        if begun[-1] == again and begun[0] == there and begun[2] in PARTS:  # the next exon: most lines are one
            first, last = coordinate(begun[3]), coordinate(begun[4])
            if first and last and first <= last:
                continue
        fields = [*begun[:5], *begun[-1].split("\t")] if len(begun) == 6 else begun
        place = interval_of(fields, number, "GTF", problems)
        if place is None:
            continue
        feature, attributes = fields[2], fields[8]
        if feature == "gene":
            held.add_gene(attributes)
        elif feature in PARTS and held.passes_over(fields[0], fields[6], attributes):
            there, again = fields[0], begun[-1]
        elif (feature == "transcript" or feature in PARTS) and not held.add(
            feature, fields[0], fields[6], attributes, place, number
        ):
            rule = f"A GTF {feature} line names its transcript_id and its gene."
            problems.add(f", line {number}", attributes[:60], rule, "Add the attributes or remove the line.")
    return held.placed()


class _Key(NamedTuple):
    """The key that the lines of one transcript share. It has the gene, as NCBI repeats transcript ids in several genes."""

    chrom: str
    strand: str
    transcript: str
    gene: str


class _Transcripts:
    """The lines of a GTF, grouped by transcript."""

    def __init__(self, maximum_intron: int):
        self.maximum_intron = maximum_intron
        self.lines: dict[_Key, list[Interval]] = {}
        self.exons: dict[_Key, list[Interval]] = {}
        self.coding: dict[_Key, list[Interval]] = {}
        self.with_cds: set[_Key] = set()
        self.first_line: dict[_Key, int] = {}
        self.symbols: dict[_Key, str] = {}
        self.symbols_of_gene: dict[str, set[str]] = {}
        self.gene_lines: dict[str, None] = {}
        self.passed: tuple[str, str, str, str] | None = None
        self.named, self.names = "", ("", "")

    def passes_over(self, chrom: str, strand: str, attributes: str) -> bool:
        """Whether a part belongs to the transcript that `add` skipped last. Its text is compared, to save time."""
        if self.passed is None:
            return False
        there, turned, gene_text, transcript_text = self.passed
        return transcript_text in attributes and gene_text in attributes and chrom == there and strand == turned

    def add_gene(self, attributes: str) -> None:
        gene, symbol = identifier("gene_id", attributes), symbol_of(attributes)
        self.gene_lines.setdefault(gene)
        self.symbols_of_gene.setdefault(gene, set()).update({symbol} if symbol else ())

    def add(self, feature: str, chrom: str, strand: str, attributes: str, interval: Interval, number: int) -> bool:
        """Add a transcript line or one of PARTS; False when it names no gene or transcript.

        Parts of a transcript that has a line are skipped, unless the line is long enough to hold two placements.
        """
        if attributes != self.named:  # a transcript and its first exon are often written alike
            self.named = attributes
            self.names = identifier("transcript_id", attributes), identifier("gene_id", attributes)
        key = _Key(chrom, strand, *self.names)
        if feature == "transcript":
            there = self.lines
        else:
            stated = self.lines.get(key)
            if stated is not None and not self._long(stated):
                self.passed = (chrom, strand, f'gene_id "{key.gene}"', f'transcript_id "{key.transcript}"')
                return True
            there = self.exons if feature == "exon" else self.coding
            if feature == "CDS":
                self.with_cds.add(key)
        if key not in there:
            symbol = symbol_of(attributes)
            if (feature == "transcript" and not key.transcript) or not (key.gene or symbol):
                return False
            self.first_line.setdefault(key, number)
            if symbol:
                self.symbols.setdefault(key, symbol)
                self.symbols_of_gene.setdefault(key.gene, set()).add(symbol)
        there.setdefault(key, []).append(interval)
        return True

    def _long(self, stated: list[Interval]) -> bool:
        return len(set(stated)) == 1 and stated[0][1] - stated[0][0] > self.maximum_intron

    def placed(self) -> Placed:
        rows: list[Row] = []
        counts: Counter[str] = Counter()
        for key, stated in self.lines.items():
            apart = stated
            if key in self.exons and self._long(stated):
                apart = placements(self.exons[key], self.maximum_intron)
                counts["split"] += len(apart) > 1
                apart = apart if len(apart) > 1 else stated
            rows += [self._row(key, interval) for interval in apart]
        for key, exons in self.exons.items():
            if key not in self.lines:
                rows += self._made(key, exons, counts, "from exons")
        for key, coding in self.coding.items():
            if key in self.with_cds and key not in self.lines and key not in self.exons:
                rows += self._made(key, coding, counts, "from CDS")
        told = {key.gene for held in (self.lines, self.exons, self.with_cds) for key in held}
        untold = [self._gene_name(gene) for gene in self.gene_lines if gene not in told]
        return Placed(rows, counts, untold)

    def _made(self, key: _Key, parts: list[Interval], counts: Counter[str], origin: str) -> list[Row]:
        apart = placements(parts, self.maximum_intron)
        counts[origin] += 1
        counts["split"] += len(apart) > 1
        return [self._row(key, interval) for interval in apart]

    def _row(self, key: _Key, interval: Interval) -> Row:
        gene = self.symbols.get(key) or self._gene_name(key.gene)
        transcript = key.transcript or key.gene or gene
        return Row(key.chrom, *interval, key.strand, transcript, stable_gene(gene), self.first_line[key])

    def _gene_name(self, gene: str) -> str:
        """The only symbol that a gene_id has in the file, else the id."""
        symbols = self.symbols_of_gene.get(gene, set())
        return next(iter(symbols)) if len(symbols) == 1 else gene


def placements(exons: Iterable[Interval], maximum_intron: int) -> list[Interval]:
    """From first to last exon of each place where one transcript lies on a chromosome strand, by start.

    exons: 0-based half-open, in any order; those that overlap or touch count as one. An intron longer than `maximum_intron`
    (bp) separates two places. A repeated sequence of exon lengths, to within SIMILAR_LENGTH, does too: 500, 1000, 500, 1000
    is 500, 1000 twice. Exons that are all of one length (two: to the base) are places of their own when
    EQUAL_EXONS_APART lies between them.
    """
    joined: list[Interval] = []
    for start, end in sorted(exons):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    runs = [[joined[0]]]
    for before, exon in itertools.pairwise(joined):
        if exon[0] - before[1] > maximum_intron:
            runs.append([])
        runs[-1].append(exon)
    found = []
    for run in runs:
        period = _period(run)
        found += [(run[at][0], run[at + period - 1][1]) for at in range(0, len(run), period)]
    return found


def _period(run: list[Interval]) -> int:
    """The number of exons after which the sequence of their lengths repeats; all exons when it does not repeat."""
    lengths = [end - start for start, end in run]
    # two lengths are alike by chance far more often than three
    if max(lengths) - min(lengths) <= (SIMILAR_LENGTH * max(lengths) if len(run) > 2 else 0):
        introns = [after[0] - before[1] for before, after in itertools.pairwise(run)]
        return 1 if min(introns, default=0) > EQUAL_EXONS_APART else len(run)
    for period in range(2, len(run) // 2 + 1):
        pairs = zip(lengths, lengths[period:], strict=False)
        alike = all(abs(one - other) <= SIMILAR_LENGTH * max(one, other) for one, other in pairs)
        if len(run) % period == 0 and alike:
            return period
    return len(run)


def symbol_of(attributes: str) -> str:
    """The gene's symbol among the attributes of a GTF line; empty where there is none. Text within quotes is never a key."""
    found: dict[str, str] = {}
    for key, quoted, bare in _ATTRIBUTE.findall(attributes):
        if key in SYMBOLS and (value := (quoted or bare).strip()) not in _PLACEHOLDERS:
            found.setdefault(key, value)
    return next((found[key] for key in SYMBOLS if key in found), "")


def stable_gene(gene: str) -> str:
    """An Ensembl gene id without version and `_PAR_Y`, an accession without UCSC's `_dup1`; other names as they are."""
    versioned = _VERSIONED.match(gene)
    return versioned[1] if versioned else _DUPLICATE.sub("", gene)


def identifier(name: str, attributes: str) -> str:
    """The value of `gene_id` or `transcript_id` among the attributes of a GTF line; empty where there is none."""
    found = _IDENTIFIERS[name].search(attributes)
    return (found[1] or found[2] or "").strip() if found else ""
