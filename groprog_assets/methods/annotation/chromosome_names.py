"""Chromosome names: UCSC and Ensembl names, RefSeq and GenBank accessions of one chromosome. Names in, names out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_ACCESSION = re.compile(r"(?:^|_)((?:n[ctwzg]_)?[a-z]{0,4}\d{5,9})(?:[v.](\d+))?(?:_random|_alt|_fix)?$")

_SCAFFOLD = re.compile(r"(?:n[ctwzg]_)?[a-z]{0,4}\d{5,9}")

_ACCESSION_RUNS = (
    # prefix, first number, digits, chromosomes in order
    ("nc_", 1, 6, (*map(str, range(1, 23)), "x", "y")),  # human GRCh37 and GRCh38, RefSeq
    ("cm", 663, 6, (*map(str, range(1, 23)), "x", "y")),  # human GRCh37 and GRCh38, GenBank
    ("nc_", 60925, 6, (*map(str, range(1, 23)), "x", "y")),  # human T2T-CHM13v2.0, RefSeq
    ("nc_", 67, 6, (*map(str, range(1, 20)), "x", "y")),  # mouse GRCm38 and GRCm39, RefSeq
    ("cm", 994, 6, (*map(str, range(1, 20)), "x", "y")),  # mouse GRCm38 and GRCm39, GenBank
)

CHROMOSOME_OF_ACCESSION = {
    **{
        f"{prefix}{first + place:0{digits}d}": chromosome
        for prefix, first, digits, chromosomes in _ACCESSION_RUNS
        for place, chromosome in enumerate(chromosomes)
    },
    **{"nc_012920": "mt", "j01415": "mt", "nc_005089": "mt", "ay172335": "mt"},
}
"""Accession without version, in lower case -> chromosome, for human and mouse. Source: the assembly reports of NCBI."""

_GRCH37_VERSIONS = dict(
    zip(
        range(1, 25),
        (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9),
        strict=True,
    )
)
"""Versions of NC_000001 to NC_000024 in GRCh37; in GRCh38 each is one higher. Source: the assembly reports of NCBI."""


def canonical_name(name: str) -> str:
    """One canonical name for the names of a chromosome: `chr1`, `1`, `Chr1`, `NC_000001.11` -> `1`; `chrM`, `MT` -> `mt`;
    `chrUn_GL000220v1`, `GL000220.1` -> `gl000220`. Names that match no pattern are only put in lower case."""
    low = name.lower()
    found = _ACCESSION.search(low)
    if found is not None:
        return CHROMOSOME_OF_ACCESSION.get(found[1], found[1])
    short = low.removeprefix("chr")
    return "mt" if short in ("m", "mt") else short or low


def other_names(found: Iterable[str], chrom_sizes: Mapping[str, int]) -> dict[str, str]:
    """{name of `found` that `chrom_sizes` lacks: name of the same chromosome in `chrom_sizes`}.

    Where two names of `chrom_sizes` are one chromosome, the first is used. Chromosomes that are not in `chrom_sizes` are left
    out.
    """
    known: dict[str, str] = {}
    for chrom in chrom_sizes:
        known.setdefault(canonical_name(chrom), chrom)
    renamed = {}
    for name in dict.fromkeys(found):
        other = known.get(canonical_name(name)) if name not in chrom_sizes else None
        if other is not None and not _two_versions(name, other):
            renamed[name] = other
    return renamed


def is_scaffold(name: str) -> bool:
    """Whether a name is the accession of a scaffold or patch. GENCODE uses these accessions beside names such as `chr1`."""
    return _SCAFFOLD.fullmatch(canonical_name(name)) is not None


def _two_versions(name: str, other: str) -> bool:
    """Whether two accessions differ in their version alone. They are then two sequences, not two names of one."""
    (base, dot, version), (base_other, _, version_other) = name.rpartition("."), other.rpartition(".")
    return bool(dot) and base == base_other and version != version_other and (version + version_other).isdecimal()


def assembly_of(name: str) -> str:
    """GRCh37 or GRCh38 for the RefSeq accession of a human chromosome with its version; empty for any other name."""
    found = re.fullmatch(r"NC_0000(\d\d)\.(\d+)", name, re.IGNORECASE)
    version = _GRCH37_VERSIONS.get(int(found[1])) if found is not None else None
    if found is None or version is None:
        return ""
    return {version: "GRCh37", version + 1: "GRCh38"}.get(int(found[2]), "")


def elsewhere_remedy(found: Iterable[str], chrom_sizes: Mapping[str, int]) -> str:
    """The remedy, if any, for lines on sequences that `chrom_sizes` lacks, when other lines match it."""
    renamed = other_names(found, chrom_sizes)
    if renamed:
        shown = ", ".join(f"{name} to {other}" for name, other in list(renamed.items())[:3])
        return f"To keep them, rename {shown}{' and so on' if len(renamed) > 3 else ''} in this file."
    return "Nothing, where the study leaves these chromosomes out on purpose."


def naming_remedy(found: Iterable[str], chrom_sizes: Mapping[str, int]) -> str:
    """The remedy for names that `chrom_sizes` lacks: rename them, or use the right assembly."""
    renamed = other_names(found, chrom_sizes)
    if not renamed:
        return "Was the file made for another assembly?"
    shown = ", ".join(f"{name} to {other}" for name, other in list(renamed.items())[:3])
    more = " and so on" if len(renamed) > 3 else ""
    assemblies = sorted({assembly for name in renamed if (assembly := assembly_of(name))})
    condition = f" (they are names of {' and '.join(assemblies)}: is that the study's assembly?)" if assemblies else ""
    return f"Rename {shown}{more} in this file{condition}. Reads, sizes, annotation and masks use one naming."
