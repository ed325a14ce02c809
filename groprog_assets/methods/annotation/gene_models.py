"""Reader of the annotation: transcripts, consensus genes and masks of a genome. Files in, tables out.

Coordinates are converted to 0-based half-open here. All problems of a file are collected before an error is raised; of many
similar ones the first few are named and the rest counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groprog_assets.errors import AnnotationError, Problem, why_unreadable
from groprog_assets.methods.annotation.chromosome_names import (
    elsewhere_remedy,
    is_scaffold,
    naming_remedy,
    other_names,
)
from groprog_assets.methods.annotation.consensus import consensus_annotation
from groprog_assets.methods.annotation.gene_tables import table_layout, table_transcripts
from groprog_assets.methods.annotation.gff3 import gff3_transcripts, is_gff3
from groprog_assets.methods.annotation.gtf import Placed, Row, gtf_transcripts, is_gtf, names_a_gene
from groprog_assets.methods.annotation.masks import mask_files, mask_notices, read_masks
from groprog_assets.study.annotation_files import ProblemCollector, lines, some
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from groprog_assets.study.parameters import AnnotationParameters
from groprog_assets.study.schema import Genome
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

__all__ = [
    "annotation_file",
    "consensus_annotation",
    "read_annotation",
    "read_genome",
    "read_masks",
]


class AnnotationFile(NamedTuple):
    """transcripts: table `gene_models`; notices: what was built, joined or left out, none of it an error; kept, stated:
    transcripts of the file in the table, and in all, both including repeated ones."""

    transcripts: pd.DataFrame
    notices: list[Problem]
    kept: int
    stated: int


class GenomeAnnotation(NamedTuple):
    """chrom_sizes: chromosome -> length in bp; transcripts, consensus, masks: tables; notices: what was left out and why;
    counts: JSON-able, how much of each file is used."""

    chrom_sizes: dict[str, int]
    transcripts: pd.DataFrame
    consensus: pd.DataFrame
    masks: pd.DataFrame
    notices: list[Problem]
    counts: Document


def read_genome(genome: Genome, parameters: AnnotationParameters) -> GenomeAnnotation:
    """Chromosome sizes, annotated transcripts, consensus genes and masks of a study. Raises AnnotationError as the readers do."""
    chrom_sizes = read_chrom_sizes(genome.chrom_sizes)
    read = annotation_file(genome.annotation, chrom_sizes, parameters.maximum_intron)
    masked = mask_files(genome, chrom_sizes)
    notices = [*read.notices, *mask_notices(genome, chrom_sizes)]
    counts = {
        "chromosomes": len(chrom_sizes),
        "genes": int(read.transcripts["gene"].nunique()),
        "transcripts": f"{read.kept:,} of {read.stated:,}",
        "masks": f"{sum(len(file.rows) for file in masked):,} of {sum(file.total for file in masked):,}",
        "read": [notice.value for notice in notices],
    }
    consensus = consensus_annotation(read.transcripts, parameters.minimum_gap, parameters.minimum_width)
    return GenomeAnnotation(chrom_sizes, read.transcripts, consensus, read_masks(genome, chrom_sizes), notices, counts)


def read_annotation(
    path: str | Path, chrom_sizes: Mapping[str, int], maximum_intron: int = AnnotationParameters().maximum_intron
) -> pd.DataFrame:
    """The annotated transcripts as table `gene_models`, by chromosome (order of `chrom_sizes`), start, end.

    GTF in any dialect (`gtf_transcripts`), GFF3 (`gff3_transcripts`) or a UCSC gene table (`table_transcripts`), plain or
    gzip. A gene is named by its symbol, else by its id. Transcripts on chromosomes that `chrom_sizes` does not name and those
    without a strand are left out; repeated rows are kept once; `annotation_file` counts all of it. Raises AnnotationError:
    unreadable or unknown format, malformed or empty intervals, an interval beyond its chromosome (another assembly), no
    transcript on a chromosome of the study, or some on a chromosome (not a scaffold) that the study names otherwise.
    """
    return annotation_file(path, chrom_sizes, maximum_intron).transcripts


def annotation_file(
    path: str | Path, chrom_sizes: Mapping[str, int], maximum_intron: int = AnnotationParameters().maximum_intron
) -> AnnotationFile:
    """`read_annotation` with counts: where transcripts come from and what is left out."""
    try:
        status = Path(path).stat()
    except OSError as error:
        value = f"cannot be read: {why_unreadable(error)}"
        raise AnnotationError(
            Problem(str(path), value, "The annotation must be there.", "Correct the path.")
        ) from error
    return _read(Path(path), status.st_size, status.st_mtime_ns, tuple(chrom_sizes.items()), maximum_intron)


@lru_cache(maxsize=1)
def _read(
    path: Path, size: int, changed: int, chrom_sizes: tuple[tuple[str, int], ...], maximum_intron: int
) -> AnnotationFile:
    """A file is read once per process, for the check before a run and for the run. Size and time identify its version."""
    sizes = dict(chrom_sizes)
    problems = ProblemCollector(path)
    placed = _transcripts(path, problems, maximum_intron)
    kept, elsewhere, unstranded = _on_chromosomes(placed.rows, sizes, problems)
    others = other_names((row.chrom for row in elsewhere), sizes)
    renamed = {name: other for name, other in others.items() if not is_scaffold(name)}
    if unstranded and not kept and not problems.problems:
        value = f"strand {unstranded[0].strand!r} of every transcript"
        rule = "Nascent transcription is read by strand: a transcript's strand is + or -."
        problems.add(f", line {unstranded[0].line}", value, rule, "Give an annotation with strands.")
    elif renamed or (elsewhere and not kept and not problems.problems):
        lost = [row for row in elsewhere if row.chrom in renamed or not renamed]
        rule = f"A name that chrom_sizes does not have ({some(sizes)}) loses its genes."
        value = f"{len(lost)} of {len(placed.rows)} transcripts on {some(dict.fromkeys(row.chrom for row in lost))}"
        problems.add(f", line {lost[0].line}", value, rule, naming_remedy((row.chrom for row in lost), sizes))
    if not placed.rows and not problems.problems:
        value = f"no transcript, {count_of(len(placed.without_transcript), 'gene')} with a gene line only"
        rule = "A gene is known by its transcripts, or by exons or CDS that they can be made from."
        problems.add("", value, rule, "Give a GTF with transcript or exon lines, or a UCSC gene table.")
    problems.raise_any()
    columns = list(Row._fields[:6])
    frame = pd.DataFrame([row[:6] for row in kept], columns=columns).drop_duplicates(columns[:5])
    repeated = len(kept) - len(frame)
    rank = frame["chrom"].map({chrom: place for place, chrom in enumerate(sizes)})
    frame = frame.assign(rank=rank).sort_values(["rank", "start", "end", "strand"], kind="stable").drop(columns="rank")
    notices = _notices(placed, kept, repeated, elsewhere, unstranded, sizes)
    return AnnotationFile(conform(frame, "gene_models"), notices, len(kept), len(placed.rows))


def _on_chromosomes(
    rows: list[Row], sizes: Mapping[str, int], problems: ProblemCollector
) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows on a chromosome of the study, on other chromosomes, and without a strand. Invalid intervals go to `problems`."""
    kept, elsewhere, unstranded = [], [], []
    for row in rows:
        if row.chrom not in sizes:
            elsewhere.append(row)
        elif row.strand not in ("+", "-"):
            unstranded.append(row)
        elif row.start < 0 or row.end <= row.start:
            rule = "A transcript covers at least one base."
            value = f"{row.chrom}:{row.start}-{row.end} (0-based)"
            problems.add(
                f", line {row.line}, {row.transcript}", value, rule, "Remove the record or mend its coordinates."
            )
        elif row.end > sizes[row.chrom]:
            rule = "Transcripts lie within their chromosome."
            value = f"ends at {row.end}, {row.chrom} at {sizes[row.chrom]}"
            problems.add(f", line {row.line}, {row.transcript}", value, rule, "Is the annotation of another assembly?")
        else:
            kept.append(row)
    return kept, elsewhere, unstranded


def _notices(
    placed: Placed,
    kept: list[Row],
    repeated: int,
    elsewhere: list[Row],
    unstranded: list[Row],
    sizes: Mapping[str, int],
) -> list[Problem]:
    notices = []

    def notice(value: str, rule: str, remedy: str) -> None:
        notices.append(Problem("genome.annotation", value, rule, remedy))

    genes = len({row.gene for row in kept})
    value = f"{len(kept):,} of {len(placed.rows):,} transcripts, of {count_of(genes, 'gene')}, lie on a chromosome of the study"
    if repeated:
        value += f"; {count_of(repeated, 'repeats another and is', 'repeat another and are')} kept once"
    if elsewhere:
        value += f"; {count_of(len(elsewhere), 'lies', 'lie')} elsewhere ({some(dict.fromkeys(row.chrom for row in elsewhere))})"
    rule = "A transcript on a chromosome that chrom_sizes does not name is left out." if elsewhere else ""
    remedy = elsewhere_remedy((row.chrom for row in elsewhere), sizes) if elsewhere else ""
    notice(value, rule, remedy)
    for origin, what in (("from exons", "exons"), ("from CDS", "coding sequence")):
        if placed.counts[origin]:
            one, many = (
                "transcript has no transcript line and is made from its",
                "transcripts have no transcript line and are made from their",
            )
            value = f"{count_of(placed.counts[origin], one, many)} {what}"
            ends = " Its ends are those of the coding sequence." if origin == "from CDS" else ""
            notice(value, f"A transcript reaches from its first to its last exon.{ends}", "")
    if placed.counts["split"]:
        lies = count_of(placed.counts["split"], "transcript lies", "transcripts lie")
        value = f"{lies} at several places of one strand under one id"
        rule = "Each place is a transcript of its own; genes at several places are marked as not reliable."
        notice(value, rule, "parameters.annotation.maximum_intron sets from which distance exons belong apart.")
    if placed.without_transcript:
        value = (
            f"{count_of(len(placed.without_transcript), 'gene has', 'genes have')} "
            f"a gene line only ({some(placed.without_transcript)})"
        )
        rule = "A gene without transcripts, exons and CDS is left out."
        notice(value, rule, "Add a transcript or exon line for each that matters.")
    if unstranded:
        names = some(dict.fromkeys(row.transcript for row in unstranded))
        rule = "Nascent transcription is read by strand; a transcript without one is left out."
        notice(
            f"{count_of(len(unstranded), 'transcript has', 'transcripts have')} no strand ({names})",
            rule,
            "Nothing, or give their strand.",
        )
    accessions = [row.gene for row in kept if row.gene == row.transcript]
    if len(accessions) > len(kept) / 2:
        value = f"{len(accessions)} of {len(kept)} transcripts have no gene but themselves (gene {accessions[0]})"
        rule = "Genes are then accessions: isoforms stay apart and no symbol is known to loci, ontology or expression."
        remedy = "Take a file with symbols: of UCSC, the GTF of bigZips/genes or refGene.txt instead of the Table Browser's GTF."
        notice(value, rule, remedy)
    return notices


def _transcripts(path: Path, problems: ProblemCollector, maximum_intron: int) -> Placed:
    """Rows of a GTF, a GFF3 or a gene table; the first data line shows which."""
    first = next(iter(lines(path)), None)
    if first is None:
        return Placed([], Counter(), [])
    fields = first[1].split("\t")
    if is_gtf(fields):
        if names_a_gene(fields[8]):
            return gtf_transcripts(path, problems, maximum_intron)
        if is_gff3(fields[8]):
            return gff3_transcripts(path, problems)
        rule = 'Attributes are written gene_id "..."; transcript_id "..."; (GTF) or ID=...;Parent=... (GFF3).'
        problems.add(f", line {first[0]}", fields[8][:60], rule, "Give a GTF, a GFF3 or a UCSC gene table.")
        return Placed([], Counter(), [])
    layout = table_layout(fields)
    if layout is None:
        rule = "The file is neither a GTF nor a GFF3 nor a UCSC gene table (refGene, genePred, refFlat)."
        problems.add(f", line {first[0]}", first[1][:60], rule, "Give one of these, tab-separated, plain or gzip.")
        return Placed([], Counter(), [])
    return Placed(table_transcripts(path, layout, problems), Counter(), [])
