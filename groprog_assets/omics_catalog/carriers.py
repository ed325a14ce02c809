"""Who carries a variant: by the variants that records interpret, and by the genotypes of assays, as one question in SQL.

Places are compared as a VCF writes them (an insertion or deletion begins at the base before it), alleles without the bases that
both share, so that a variant is the same from a record, a VCF and a MAF.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from groprog_assets.omics_catalog.cohort_query import Carriers

KINDS = {
    "SNP": ("snv",),
    "INS": ("ins", "sym_ins"),
    "DEL": ("del", "sym_del"),
    "INDEL": ("mnv", "delins"),
    "DUP": ("sym_dup",),
    "INV": ("sym_inv",),
    "CNV": ("cnv",),
    "BND": ("bnd",),
}
"""Types of the protocol -> kinds of variants here."""
BUILDS = {"hg38": "GRCh38", "hg19": "GRCh37"}
IN_RECORDS = "SELECT subject_ix FROM packet_variants WHERE {where}"
CARRIED = "list_contains(alleles, 1) AND (len(filter) = 0 OR filter = ['PASS'])"
"""A genotype counts where it has the variant and failed no filter; with its other allele unknown too."""
IN_ASSAYS = (
    "SELECT subject_ix FROM genotypes JOIN samples USING (sample_id) JOIN subjects USING (subject_id)"
    f" WHERE {CARRIED} AND variant_ix IN (SELECT variant_ix FROM placed_variants WHERE {{where}})"
)
CARRIERS_OF_SYMBOLS = (
    "INSERT INTO symbol_carriers SELECT DISTINCT symbol, subject_ix, classification FROM ("
    "SELECT symbol, subject_id, classification FROM subject_variants UNION ALL"
    " SELECT symbol, subject_id, classification FROM variant_consequences JOIN genotypes USING (variant_ix)"
    f" JOIN samples USING (sample_id) WHERE {CARRIED}"
    ") JOIN subjects USING (subject_id) WHERE symbol IS NOT NULL ORDER BY ALL;"
)
"""Who has a variant in a gene, and how it is classified: by records and by assays."""
OF_GENE = (
    "(gene_id = ? OR symbol IN (SELECT symbol FROM gene_disease WHERE gene_id = ?"
    " UNION SELECT symbol FROM packet_variants WHERE gene_id = ? UNION SELECT symbol FROM features WHERE gene_id = ?))"
)
"""Variants of a gene by its identifier, or by a symbol that goes with it."""


class RecordVariant(NamedTuple):
    """An interpreted variant with its place as the VCF record has it, and its alleles trimmed."""

    subject_ix: int
    gene_id: str | None
    symbol: str | None
    genome_build: str | None
    chrom: str | None
    start: int | None
    end: int | None
    place: int | None
    removed: str | None
    added: str | None
    kind: str | None


Read = tuple[int, str | None, str | None, str | None, str | None, int | None, str | None, str | None]


def record_variants(rows: Iterable[Read]) -> Iterator[RecordVariant]:
    """rows: subject_ix, gene_id, symbol, genome_build, chrom, start, ref, alt as records have them; alleles may be missing."""
    for subject, gene, symbol, build, chrom, start, ref, alt in rows:
        named = BUILDS.get(build or "", build)
        end = None if start is None else start + len(ref or "")
        if start is None or ref is None or alt is None:
            yield RecordVariant(subject, gene, symbol, named, chrom, start, end, None, None, None, None)
            continue
        place, removed, added = _plain(start, ref, alt)
        kind = _kind(removed, added)
        yield RecordVariant(subject, gene, symbol, named, chrom, start, end, place, removed, added, kind)


def carriers_query(asked: Carriers, assays: bool) -> tuple[str, Sequence[object]]:
    """(query of subject_ix, its values) of who has a variant, by a record or by an assay; a subject with both is one.

    assays: whether the catalogue has genotypes; without any they are not asked, which is quicker.
    """
    places, values = _place(asked)
    known = OF_GENE if ":" in asked.gene else "symbol = ?"
    genes = (asked.gene,) * known.count("?") if asked.gene else ()
    of_assay = f"variant_ix IN (SELECT variant_ix FROM variant_consequences WHERE {known})"
    found = [
        template.format(where=" AND ".join([*([gene] if asked.gene else []), *places]) or "true")
        for template, gene in ((IN_RECORDS, known), *([(IN_ASSAYS, of_assay)] if assays else []))
    ]
    return " UNION ALL ".join(found), [*genes, *values] * len(found)


def _place(asked: Carriers) -> tuple[list[str], list[object]]:
    """(conditions that hold of records and of assays alike, their values).

    One allele without the other is a substitution by these bases, or an insertion or deletion of those behind the first.
    """
    parts: list[tuple[str, Sequence[object]]] = []
    both = bool(asked.ref and asked.alt)
    if asked.build:
        parts.append(("genome_build = ?", (asked.build,)))
    if asked.chrom:
        names = [asked.chrom, f"chr{asked.chrom}", *(("M", "MT", "chrM") if asked.chrom in ("M", "MT") else ())]
        parts.append((f"chrom IN ({', '.join('?' * len(names))})", names))
    if len(asked.start) == 2:
        parts.append(("start >= ? AND start < ?", asked.start))
        parts.append(('"end" >= ? AND "end" < ?', asked.end))
    elif asked.end:
        parts.append(('"end" > ? AND start < ?', (asked.start[0], asked.end[0])))
    elif asked.start and not both:
        parts.append(("start = ?", asked.start))
    if both:
        place, removed, added = _plain(asked.start[0] if asked.start else 0, asked.ref, asked.alt)
        parts.append(("removed = ? AND added = ?", (removed, added)))
        if len(asked.start) == 1 and not asked.end:
            parts.append(("place = ?", (place,)))
    for column, allele in (("removed", asked.ref), ("added", asked.alt)):
        if allele and not both:
            changed = "removed <> '' AND added <> ''"
            indel = f"{column} <> '' AND {column} = ?"
            parts.append((f"CASE WHEN {changed} THEN {column} = ? ELSE {indel} END", (allele, allele[1:])))
    if asked.kind:
        parts.append(("list_contains(?::VARCHAR[], kind)", (list(KINDS[asked.kind]),)))
    return [text for text, _ in parts], [value for _, given in parts for value in given]


def _plain(start: int, ref: str, alt: str) -> tuple[int, str, str]:
    from groprog_assets.methods.sequence.alleles import trimmed

    place, removed, added = trimmed(start, list(ref.upper()), list(alt.upper()))
    return place, "".join(removed), "".join(added)


def _kind(removed: str, added: str) -> str:
    """snv, mnv, ins, del or delins of a trimmed allele."""
    if not removed or not added:
        return "ins" if not removed else "del"
    if len(removed) == len(added):
        return "snv" if len(removed) == 1 else "mnv"
    return "delins"
