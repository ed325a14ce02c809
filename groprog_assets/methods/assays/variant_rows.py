"""Variants as rows: one form of an allele, its kind, its digest, and each variant once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, MutableMapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.annotation.chromosome_names import canonical_name
from groprog_assets.methods.sequence.alleles import shifted_left, trimmed
from groprog_assets.methods.sequence.genome_codes import RELEASE_EVERY, GenomeCodes, open_genome
from groprog_assets.study.assemblies import assembly_named
from groprog_kernels.bases import decode, encode_text

BUILDS = {"hg19": "GRCh37", "hg38": "GRCh38"}
HUMAN = {**{str(k): str(k) for k in range(1, 23)}, "x": "X", "y": "Y", "mt": "MT"}
NUMBERED = {"23": "X", "24": "Y"}
BASES = re.compile("[ACGTN]*", re.IGNORECASE)
VARIANT_COLUMNS = {
    "variant_ix": "int64",
    "genome_build": "str",
    "chrom": "str",
    "start": "int64",
    "end": "int64",
    "ref": "str",
    "alt": "str",
    "kind": "str",
    "digest": "str",
    "source_alt_index": "int64",
}
GENOTYPE_COLUMNS = {
    "sample": "str",
    "variant_ix": "int64",
    "alleles": "object",
    "dosage": "Int32",
    "phased": "bool",
    "phase_set": "Int64",
    "depth": "Int32",
    "alt_depth": "Int32",
    "quality": "float32",
    "filter": "object",
}
EFFECT_COLUMNS = {
    "variant_ix": "int64",
    **dict.fromkeys(
        ("gene_id", "symbol", "transcript", "consequence", "hgvs_c", "hgvs_p", "classification", "source"), "str"
    ),
}


class Genotype(NamedTuple):
    """One variant in one sample. alleles: 0 reference, 1 this variant, 2 another one at the place, None unknown; dosage: copies
    of this variant, None where an allele is unknown; filter: [] where none was applied."""

    sample: str
    variant_ix: int
    alleles: tuple[int | None, ...]
    dosage: int | None
    phased: bool = False
    phase_set: int | None = None
    depth: int | None = None
    alt_depth: int | None = None
    quality: float | None = None
    filter: tuple[str, ...] = ()


def genome_build(name: str) -> str:
    """GRCh37 or GRCh38 of any of their names (37, b37, hg19, GRCh37.p13); "" for another text."""
    plain = name.strip()
    return BUILDS.get(assembly_named(f"grch{plain}" if plain in ("37", "38") else plain), "")


def chromosome(name: str, numbered: bool = False) -> str:
    """A human chromosome as 1 to 22, X, Y, MT, from any of its names or accessions; another sequence as it stands.

    numbered: 23 and 24 are X and Y, as MAF and SEG files write.
    """
    plain = name.strip()
    known = HUMAN.get(canonical_name(plain), "")
    bare = plain[3:] if plain.lower().startswith("chr") else plain
    return known or (NUMBERED.get(bare, plain) if numbered else plain)


def dosage(alleles: Sequence[int | None]) -> int | None:
    """Copies of the variant itself; None where an allele is unknown."""
    return None if None in alleles else sum(allele == 1 for allele in alleles)


def seen_from(number: int, alleles: Iterable[int | None]) -> tuple[int | None, ...]:
    """Alleles by their numbers in the file, as those of its alternative `number`: 0 reference, 1 it, 2 another, None unknown."""
    return tuple(None if one is None else 0 if one == 0 else 1 if one == number else 2 for one in alleles)


class Reference:
    """The sequences of a FASTA, under the names that variants have here."""

    def __init__(self, fasta: Path):
        with TemporaryDirectory() as folder:
            self._codes: GenomeCodes = open_genome(fasta, Path(folder), "reference")
        self._names = {chromosome(record.name): record.name for record in self._codes.records}
        self._asked = 0
        self.path = fasta

    def has(self, chrom: str) -> bool:
        """Whether the FASTA holds the chromosome."""
        return chrom in self._names

    def normalised(self, chrom: str, start: int, ref: str, alt: str) -> tuple[int, str, str] | str:
        """(start, ref, alt) of an allele, trimmed and moved to the left; the bases that stand there where they are not `ref`."""
        self._asked += 1
        if self._asked % RELEASE_EVERY == 0:
            self._codes.release()
        codes = self._codes.chromosome(self._names[chrom])
        here = codes[start : start + len(ref)]
        old = encode_text(ref.encode()).codes
        if len(here) < len(ref) or not np.array_equal(here, old):
            return decode(here) or "nothing"
        bare = trimmed(start, old.tolist(), encode_text(alt.encode()).codes.tolist())
        place, removed, new = shifted_left(codes, *bare)
        return place, decode(np.array(removed, np.uint8)), decode(np.array(new, np.uint8))


class OtherBases(NamedTuple):
    """What stands where a reference allele was said to be, and the name of the FASTA that says so."""

    there: str
    fasta: str


def placed(
    reference: Reference | None, chrom: str, start: int, ref: str, alt: str, counts: MutableMapping[str, int]
) -> tuple[int, str, str] | OtherBases:
    """(start, ref, alt) of an allele, trimmed; with a reference that has the chromosome moved to the left too, or what stands
    there where it is not `ref`. Counted under moved_left, and off_reference where the chromosome is not in the reference."""
    plain = plain_allele(start, ref, alt)
    if reference is None:
        return plain
    if not reference.has(chrom):
        counts["off_reference"] += 1
        return plain
    moved = reference.normalised(chrom, start, ref, alt)
    if isinstance(moved, str):
        return OtherBases(moved, reference.path.name)
    counts["moved_left"] += moved[0] != plain[0]
    return moved


class VariantRows:
    """Variants of one build, each once, in the order in which they came."""

    def __init__(self, build: str):
        self.build = build
        self._rows: list[tuple[object, ...]] = []
        self._known: dict[str, int] = {}

    def add(self, chrom: str, start: int, end: int, ref: str, alt: str, kind: str, alt_index: int) -> int:
        """Its `variant_ix`; that of the same variant where it came before."""
        digest = variant_digest(self.build, chrom, start, end, ref, alt)
        if digest not in self._known:
            self._known[digest] = len(self._rows)
            row = (len(self._rows), self.build, chrom, start, end, ref, alt, kind, digest, alt_index)
            self._rows.append(row)
        return self._known[digest]

    def table(self) -> pd.DataFrame:
        """The rows with the columns VARIANT_COLUMNS."""
        return typed(self._rows, VARIANT_COLUMNS)


def variant_digest(build: str, chrom: str, start: int, end: int, ref: str, alt: str) -> str:
    """sha256 of build:chrom:start:end:ref:alt."""
    return hashlib.sha256(f"{build}:{chrom}:{start}:{end}:{ref}:{alt}".encode()).hexdigest()


def plain_allele(start: int, ref: str, alt: str) -> tuple[int, str, str]:
    """(0-based start, ref, alt) in upper case without the bases that both share; "" where nothing is left."""
    place, removed, added = trimmed(start, list(ref.upper()), list(alt.upper()))
    return place, "".join(removed), "".join(added)


def kind_of(ref: str, alt: str) -> str:
    """snv, mnv, ins, del or delins of a trimmed allele."""
    if not ref or not alt:
        return "ins" if not ref else "del"
    if len(ref) == len(alt):
        return "snv" if len(ref) == 1 else "mnv"
    return "delins"


def typed(rows: Sequence[Sequence[object]], columns: dict[str, str]) -> pd.DataFrame:
    """A table of these columns and types; None and "" in text are unknown."""
    frame = {}
    for k, (name, dtype) in enumerate(columns.items()):
        cells = [row[k] for row in rows]
        if dtype == "object":
            series = pd.Series(cells, dtype="object")
        elif dtype == "str" and name not in ("ref", "alt", "sample", "source"):
            series = pd.Series([cell or None for cell in cells], dtype="str")
        else:
            series = pd.Series(cells, dtype=dtype)
        frame[name] = series
    return pd.DataFrame(frame)


def genotype_table(rows: Sequence[Genotype]) -> pd.DataFrame:
    """Genotypes with the columns GENOTYPE_COLUMNS; alleles and filter are lists."""
    plain = [(row.sample, row.variant_ix, list(row.alleles), *row[3:-1], list(row.filter)) for row in rows]
    return typed(plain, GENOTYPE_COLUMNS)


def require_build(stated: str, found: str, where: str) -> str:
    """The build of the coordinates: what the file says, else what the study states. AssayError where they differ or neither
    says anything."""
    if stated and found and stated != found:
        rule = "The coordinates of an assay are of one build, and the study states which."
        raise AssayError(
            Problem(where, f"{found}, the study says {stated}", rule, "Correct genome_build, or lift over.")
        )
    if not (stated or found):
        rule = "Coordinates mean nothing without their build, and the file does not tell it."
        raise AssayError(Problem(where, "no genome build", rule, "State genome_build: GRCh37 or GRCh38."))
    return stated or found
