"""Known genome assemblies, recognised by name and by chromosome lengths, and whether the two agree. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping

from groprog_assets.wording import count_of

ALIASES = {
    **dict.fromkeys(("hg18", "ncbi36", "b36"), "hg18"),
    **dict.fromkeys(("hg19", "grch37", "b37", "hs37", "hs37d5"), "hg19"),
    **dict.fromkeys(("hg38", "grch38", "b38", "hs38", "hs38dh", "hs38d1"), "hg38"),
    **dict.fromkeys(("hs1", "chm13", "t2tchm13", "chm13v20", "t2tchm13v20"), "hs1"),
    **dict.fromkeys(("mm9", "ncbi37"), "mm9"),
    **dict.fromkeys(("mm10", "grcm38"), "mm10"),
    **dict.fromkeys(("mm39", "grcm39"), "mm39"),
    **dict.fromkeys(("dm3", "bdgp5"), "dm3"),
    **dict.fromkeys(("dm6", "bdgp6"), "dm6"),
    **dict.fromkeys(("ce10", "wbcel215"), "ce10"),
    **dict.fromkeys(("ce11", "wbcel235"), "ce11"),
    **dict.fromkeys(("saccer3", "r64", "r6411"), "sacCer3"),
}
"""Names as UCSC, NCBI and Ensembl give them, lower case, letters and digits only, without patch level."""

_ROWS = """
hg18    chr1 247249719 chr7 158821424
hg19    chr1 249250621 chr2 243199373 chr7 159138663 chr19 59128983 chr21 48129895 chr22 51304566 chrX 155270560
hg38    chr1 248956422 chr2 242193529 chr7 159345973 chr19 58617616 chr21 46709983 chr22 50818468 chrX 156040895
hs1     chr1 248387328 chr2 242696752 chr7 160567428 chr19 61707364 chr21 45090682 chr22 51324926 chrX 154259566
mm9     chr1 197195432 chr2 181748087 chr7 152524553 chr19 61342430 chrX 166650296
mm10    chr1 195471971 chr2 182113224 chr7 145441459 chr19 61431566 chrX 171031299
mm39    chr1 195154279 chr2 181755017 chr7 144995196 chr19 61420004 chrX 169476592
dm3     chrX 22422827 chr2L 23011544 chr3R 27905053
dm6     chrX 23542271 chr2L 23513712 chr3R 32079331
ce10    chrX 17718866 chrI 15072423 chrIV 17493793 chrV 20924149
ce11    chrX 17718942 chrI 15072434 chrIV 17493829 chrV 20924180
sacCer3 chrX 745751 chrI 230218 chrIV 1531933 chrV 576874
"""


def _lengths() -> dict[str, dict[str, int]]:
    table = {}
    for row in _ROWS.split("\n"):
        name, *cells = row.split() or [""]
        if name:
            table[name] = {chrom: int(length) for chrom, length in zip(cells[::2], cells[1::2], strict=True)}
    return table


LENGTHS = _lengths()
"""Assembly -> some of its chromosomes -> bp. Source: UCSC's chrom.sizes of each."""


def assembly_named(name: str) -> str:
    """The assembly a name stands for, under its UCSC name: hg38 for "GRCh38.p14"; "" for a name that is not known."""
    plain = re.sub(r"\.p\d+$", "", name.strip().lower())
    return ALIASES.get(re.sub(r"[^a-z0-9]", "", plain), "")


def known_lengths(name: str, sizes: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Chromosomes of `sizes` (chromosome -> bp) that have the length they have in the assembly of that name, and those that
    have another; only of chromosomes whose lengths stand here, with or without "chr"."""
    lengths = LENGTHS.get(assembly_named(name), {})
    here = [chrom for chrom in sizes if f"chr{chrom.removeprefix('chr')}" in lengths]
    same = [chrom for chrom in here if sizes[chrom] == lengths[f"chr{chrom.removeprefix('chr')}"]]
    return same, [chrom for chrom in here if chrom not in same]


def assembly_of(sizes: Mapping[str, int]) -> str:
    """The assembly that most of the known lengths in `sizes` belong to; "" where none does."""
    matched = {name: len(known_lengths(name, sizes)[0]) for name in LENGTHS}
    best = max(matched, key=lambda name: matched[name])
    return best if matched[best] else ""


def other_assembly(name: str, sizes: Mapping[str, int]) -> tuple[str, str, str] | None:
    """Value, rule and remedy where `name` stands for a known assembly and `sizes` are those of another; None otherwise."""
    found, named = assembly_of(sizes), assembly_named(name)
    if not named or not found or named == found:
        return None
    same, differ = known_lengths(name, sizes)
    theirs = known_lengths(found, sizes)[0]
    chrom = theirs[0]
    return (
        f"{name}: {len(same)} of {len(same) + len(differ)} chromosomes have its lengths, "
        f"{count_of(len(theirs), 'has', 'have')} those of {found} "
        f"({chrom}: {sizes[chrom]:,} bp)",
        "The name of the assembly and the chromosome sizes must fit: tracks, exports and other data are matched by the name.",
        f"Set genome.name: {found}, or give the chromosome sizes, annotation and alignments of {name}.",
    )


def same_assembly(one: str, other: str) -> bool:
    """Whether two names stand for one assembly: the same text, upper and lower case alike, or two names of a known one."""
    known = assembly_named(one)
    return one.strip().lower() == other.strip().lower() or (bool(known) and known == assembly_named(other))
