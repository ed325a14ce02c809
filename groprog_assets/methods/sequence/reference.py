"""The study's reference: the FASTA's sequences under the study's chromosome names, and whether they fit the annotation.
Files in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.annotation.chromosome_names import other_names
from groprog_assets.methods.sequence.genome_codes import FastaRecord, GenomeCodes, open_genome
from groprog_assets.methods.sequence.windows import Layout, gene_codes
from groprog_assets.study.annotation_files import ProblemCollector, lines, some
from groprog_assets.study.bed import BedLine
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

FOLDER = "sequence"
"""Folder of the codes in the study's state."""


class Reference(NamedTuple):
    """genome: codes; names: chromosome of the study -> sequence of the FASTA; missing: chromosomes that the FASTA lacks."""

    genome: GenomeCodes
    names: dict[str, str]
    missing: list[str]


def open_reference(
    fasta: Path, sha256: str, state: Path, chrom_sizes: Mapping[str, int], aliases: Path | None
) -> Reference:
    """The FASTA under the study's names; its codes are kept in the study's `state`. Raises AnnotationError: as `read_fasta`, a
    chromosome of another length, none in common."""
    genome = open_genome(fasta, state / FOLDER, sha256)
    names, missing, problems = matched(fasta, genome.records, chrom_sizes, read_aliases(aliases))
    if problems:
        raise AnnotationError(problems)
    return Reference(genome, names, missing)


def read_aliases(path: Path | None) -> dict[str, frozenset[str]]:
    """{name: all names of the same sequence} of a table with a line a sequence, as UCSC's chromAlias; nothing without a file.

    Lines that begin with # are left out. Raises AnnotationError for a name in two lines.
    """
    if path is None:
        return {}
    problems, found = ProblemCollector(path), {}
    for number, line in lines(path):
        names = frozenset(name for name in line.split() if name)
        for name in names:
            if name in found:
                problems.add(
                    f", line {number}", f"{name} again", "A name means one sequence.", "Remove one of the lines."
                )
            found[name] = names
    problems.raise_any()
    return found


def study_names(found: Iterable[str], wanted: Iterable[str], aliases: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """{name in `wanted`: the name in `found` of the same sequence}: the same name, else by the table of aliases, else by the
    names that UCSC, Ensembl and NCBI use."""
    held, asked = list(found), list(wanted)
    names = {name: name for name in asked if name in set(held)}
    for name in held:
        for other in sorted(aliases.get(name, ())):
            if other in asked:
                names.setdefault(other, name)
    left = {name: 0 for name in asked if name not in names}
    for name, other in other_names([name for name in held if name not in names.values()], left).items():
        names.setdefault(other, name)
    return {name: names[name] for name in asked if name in names}


def study_chromosomes(
    written: Iterable[str], sizes: Iterable[str], aliases: Mapping[str, frozenset[str]]
) -> dict[str, str]:
    """{chromosome as a file writes it: the study's}, without those that the study does not have; a file joined of several may
    name one in several ways. sizes: the study's chromosomes."""
    asked = list(sizes)
    return {name: ours for name in dict.fromkeys(written) for ours in study_names([name], asked, aliases)}


def lines_on_study(
    problems: ProblemCollector,
    rows: Sequence[BedLine],
    sizes: Mapping[str, int],
    aliases: Mapping[str, frozenset[str]],
    noun: str,
) -> list[str]:
    """The study's chromosome of each line of a file, "" for none. sizes: chromosome -> bp; noun: what a line is. A line that ends
    beyond its chromosome is a problem."""
    names = study_chromosomes((row.chrom for row in rows), sizes, aliases)
    found = [names.get(row.chrom, "") for row in rows]
    for row, chrom in zip(rows, found, strict=True):
        if chrom and row.end > sizes[chrom]:
            value = f"{row.chrom}:{row.start}-{row.end}, it ends at {sizes[chrom]}"
            rule = f"Every {noun} lies within its chromosome. Was the file made on another assembly?"
            problems.add(f", line {row.number}", value, rule, "Lift them over to the study's assembly.")
    return found


def matched(
    fasta: Path, records: Sequence[FastaRecord], chrom_sizes: Mapping[str, int], aliases: Mapping[str, frozenset[str]]
) -> tuple[dict[str, str], list[str], list[Problem]]:
    """(study name -> FASTA name, chromosomes the FASTA lacks, problems of lengths and names)."""
    lengths = {record.name: record.length for record in records}
    names = study_names(lengths, chrom_sizes, aliases)
    missing = [name for name in chrom_sizes if name not in names]
    problems = [
        Problem(
            str(fasta),
            f"{other} has {count_of(lengths[other], 'base')}, {name} in chrom_sizes {chrom_sizes[name]:,}",
            "FASTA and chromosome sizes are of one assembly.",
            "Give the FASTA that the reads were aligned to.",
        )
        for name, other in names.items()
        if lengths[other] != chrom_sizes[name]
    ]
    if not names:
        value = f"none of its sequences ({some(lengths)}) is a chromosome of the study ({some(chrom_sizes)})"
        rule = "The sequence half needs the study's chromosomes."
        remedy = "Give a table with both names on one line as sequence.aliases, or the FASTA of the study's assembly."
        problems.append(Problem(str(fasta), value, rule, remedy))
    return names, missing, problems


def missing_told(missing: Sequence[str], records: Sequence[FastaRecord], names: Mapping[str, str]) -> Problem:
    """What to say of chromosomes that the FASTA lacks, with the sequences of the FASTA that no chromosome has."""
    free = [record.name for record in records if record.name not in names.values()]
    rule = "Genes there have no window and are left out of the sequence half."
    offered = f" Unused sequences of the FASTA: {some(free)}." if free else ""
    remedy = f"Where one of them is the same sequence, put both names on one line of sequence.aliases.{offered}"
    return Problem("genome.fasta", f"lacks {some(missing)} of chrom_sizes", rule, remedy)


class Initiation(NamedTuple):
    """Share of TSSs whose bases -1 and 0 are C or T and A or G; the same share nearby; standard error of the latter; TSSs."""

    share: float
    expected: float
    error: float
    sites: int

    @property
    def fits(self) -> bool:
        """Whether the share lies 5 standard errors above that nearby."""
        return self.share >= self.expected + 5 * self.error


def initiation(genes: pd.DataFrame, reference: Reference) -> Initiation:
    """How far the annotated starts lie on initiators (YR), against the bases 50 to 150 bp away on both sides.

    Polymerase II starts at a purine after a pyrimidine; annotation and FASTA that do not belong together show no such bases.
    """
    held = genes[genes["chrom"].isin(list(reference.names))]
    codes = gene_codes(held, reference.genome, reference.names, Layout((150, 151)))
    before, at = codes[:, :-1], codes[:, 1:]
    known = (before < 4) & (at < 4)
    yr = ((before == 1) | (before == 3)) & ((at == 0) | (at == 2)) & known
    site, far = 149, np.r_[0:100, 200:300]
    sites = int(known[:, site].sum())
    expected = float(yr[:, far].sum() / max(known[:, far].sum(), 1))
    share = float(yr[:, site].sum() / max(sites, 1))
    return Initiation(share, expected, float(np.sqrt(expected * (1 - expected) / max(sites, 1))), sites)


def reference_document(fasta: Path, sha256: str, reference: Reference, starts: Initiation) -> Document:
    """JSON-able: what the FASTA holds, under which names, and whether it fits the annotation."""
    records = {record.name: record for record in reference.genome.records}
    bases = sum(records[name].length for name in reference.names.values())
    return {
        "file": fasta.name,
        "sha256": sha256,
        "names": reference.names,
        "missing": reference.missing,
        "bases": bases,
        "unknown": sum(records[name].unknown for name in reference.names.values()) / max(bases, 1),
        "soft_masked": sum(records[name].lower for name in reference.names.values()) / max(bases, 1),
        "iupac": sum(records[name].iupac for name in reference.names.values()),
        "initiation": {**starts._asdict(), "fits": starts.fits},
    }
