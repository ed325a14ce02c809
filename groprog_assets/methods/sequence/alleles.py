"""Alleles of a variant file as changes of the reference: trimmed of what both share, and shifted to the left as far as they go.

A file of another assembly is refused. Source: Tan, Abecasis, Kang, doi:10.1093/bioinformatics/btv112 (normalisation of variants).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.sequence.genome_codes import GenomeCodes
from groprog_assets.methods.sequence.reference import study_chromosomes
from groprog_assets.methods.sequence.vcf import VariantFile, VariantRow, contigs
from groprog_assets.study.annotation_files import some
from groprog_assets.wording import count_of
from groprog_kernels.bases import decode, encode_text

REF_MISMATCH, UNSUPPORTED, BEYOND_CHROMOSOME = "REF_MISMATCH", "UNSUPPORTED", "BEYOND_CHROMOSOME"
UNKNOWN_CONTIG, TELOMERE = "UNKNOWN_CONTIG", "TELOMERE"
MISMATCH_SHARE, MISMATCH_FILE = 0.01, 100
"""Above this share of mismatches, a file with so many variants compared is taken to be of another assembly; one with fewer, where
more than half are mismatches. By chance a quarter of the single bases of another assembly agree."""
Base = TypeVar("Base", int, str)


class Allele(NamedTuple):
    """A change of the reference: [start, start + len(ref)) of a sequence, 0-based, is replaced by `alt`; codes."""

    start: int
    ref: NDArray[np.uint8]
    alt: NDArray[np.uint8]


def trimmed(start: int, removed: list[Base], added: list[Base]) -> tuple[int, list[Base], list[Base]]:
    """The change without the bases that both alleles share, at the end first, then at the beginning; either may become empty."""
    end = 0
    while end < min(len(removed), len(added)) and removed[-1 - end] == added[-1 - end]:
        end += 1
    removed, added = removed[: len(removed) - end], added[: len(added) - end]
    first = 0
    while first < min(len(removed), len(added)) and removed[first] == added[first]:
        first += 1
    return start + first, removed[first:], added[first:]


def shifted_left(
    chromosome: NDArray[np.uint8], start: int, removed: list[int], added: list[int]
) -> tuple[int, list[int], list[int]]:
    """A trimmed insertion or deletion (codes) moved to the left while it stays the same change; any other as it is."""
    moving = list(removed or added)
    while (not removed or not added) and moving and start > 0 and moving[-1] == chromosome[start - 1]:
        moving.insert(0, moving.pop())
        start -= 1
    return start, moving if removed else removed, added if removed else moving


def normalised(chromosome: NDArray[np.uint8], position: int, ref: str, alt: str) -> Allele | str:
    """The allele, trimmed and shifted to the left as far as it goes, or the reason it cannot be scored (TELOMERE,
    UNSUPPORTED, BEYOND_CHROMOSOME, REF_MISMATCH). position: 1-based, as in a VCF; 0 is the telomere."""
    if not position:
        return TELOMERE
    if not re.fullmatch("[ACGTacgt]+", ref) or not re.fullmatch("[ACGTacgt]+", alt) or ref.upper() == alt.upper():
        return UNSUPPORTED
    start = position - 1
    old, new = (encode_text(text.encode()).codes for text in (ref, alt))
    if start + len(old) > len(chromosome):
        return BEYOND_CHROMOSOME
    if not np.array_equal(chromosome[start : start + len(old)], old):
        return REF_MISMATCH
    start, removed, added = trimmed(start, old.tolist(), new.tolist())
    start, removed, added = shifted_left(chromosome, start, removed, added)
    return Allele(start, np.array(removed, np.uint8), np.array(added, np.uint8))


class PlacedRow(NamedTuple):
    """A line of a variant file, the study's chromosome that it lies on ("" for none), and of each ALT the allele, or why there is
    none."""

    row: VariantRow
    chrom: str
    alleles: list[Allele | str]


def contig_problems(
    file: VariantFile, sizes: Mapping[str, int], aliases: Mapping[str, frozenset[str]]
) -> list[Problem]:
    """The contigs of a file's variants to which the header gives another length than the study's chromosome has. Those without a
    variant do not matter: assemblies that agree elsewhere have different mitochondria. sizes: chromosome -> bp."""
    with_variants = {row.chrom for row in file.rows}
    told = [(name, length) for name, length in contigs(file) if name in with_variants]
    of = study_chromosomes((name for name, _ in told), sizes, aliases)
    others = [
        f"{name} has {length:,} bp, the reference {sizes[of[name]]:,}"
        for name, length in told
        if name in of and length != sizes[of[name]]
    ]
    if not others:
        return []
    rule = "A contig of the header is as long as the reference's. Was the file made on another assembly?"
    remedy = "Give variants of the study's assembly (bcftools +liftover), or correct the header."
    return [Problem(str(file.path), some(others, 3), rule, remedy)]


def none_on_chromosomes(file: VariantFile, chromosomes: Iterable[str]) -> Problem:
    """The problem of a file whose variants lie on other chromosomes than the study's."""
    value = f"{count_of(len(file.rows), 'variant')}, none on {some(chromosomes)}"
    rule = "Variants are named by the chromosomes of the study."
    return Problem(str(file.path), value, rule, "Name aliases in sequence.aliases.")


def placed_alleles(
    file: VariantFile,
    genome: GenomeCodes,
    names: Mapping[str, str],
    aliases: Mapping[str, frozenset[str]],
    width: int,
) -> Iterator[PlacedRow]:
    """The lines of a file on the reference. names: chromosome of the study -> name in the FASTA; alleles of more than `width` bp
    are UNSUPPORTED.

    Raises AnnotationError, before the first line: what `contig_problems` names; after the last: none on a chromosome of the
    study; too many whose REF is not the reference's (MISMATCH_SHARE), of those that can be compared.
    """
    if problems := contig_problems(file, {ours: genome.lengths[theirs] for ours, theirs in names.items()}, aliases):
        raise AnnotationError(problems)
    of = study_chromosomes((row.chrom for row in file.rows), names, aliases)
    compared, others = 0, []
    for row in genome.releasing(file.rows):
        chrom = of.get(row.chrom, "")
        if not chrom:
            yield PlacedRow(row, "", [UNKNOWN_CONTIG] * len(row.alts))
            continue
        chromosome = genome.chromosome(names[chrom])
        found = [
            UNSUPPORTED if max(len(row.ref), len(alt)) > width else normalised(chromosome, row.position, row.ref, alt)
            for alt in row.alts
        ]
        compared += any(allele not in (UNSUPPORTED, TELOMERE) for allele in found)
        detail = {}
        if REF_MISMATCH in found:
            here = decode(chromosome[row.position - 1 : row.position - 1 + len(row.ref)])[:20]
            others.append(f"{row.chrom}:{row.position} has {row.ref[:20]}, the reference {here}")
            detail[REF_MISMATCH] = f":{here}"
        elif BEYOND_CHROMOSOME in found:
            others.append(f"{row.chrom}:{row.position} has {row.ref[:20]}, {row.chrom} ends at {len(chromosome)}")
            detail[BEYOND_CHROMOSOME] = f":{len(chromosome)}"
        yield PlacedRow(
            row, chrom, [f"{each}{detail.get(each, '')}" if isinstance(each, str) else each for each in found]
        )
    if file.rows and not of:
        raise AnnotationError(none_on_chromosomes(file, names))
    if len(others) > compared * (MISMATCH_SHARE if compared >= MISMATCH_FILE else 0.5):
        value = (
            f"REF of {len(others)} of {count_of(compared, 'variant')} is not the reference's: {'; '.join(others[:3])}"
        )
        rule = "REF equals the reference at its position (1-based). Was the file made on another assembly?"
        remedy = "Give variants of the study's assembly (bcftools +liftover), or correct REF and position."
        raise AnnotationError(Problem(str(file.path), value, rule, remedy))
