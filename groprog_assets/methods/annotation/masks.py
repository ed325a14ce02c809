"""Masked regions from the user's BED files and the built-in ones. Files in, tables out; coordinates 0-based half-open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.annotation.chromosome_names import (
    elsewhere_remedy,
    is_scaffold,
    naming_remedy,
    other_names,
)
from groprog_assets.study.annotation_files import ProblemCollector, some
from groprog_assets.study.assemblies import assembly_named
from groprog_assets.study.bed import bed_lines
from groprog_assets.study.schema import Genome
from groprog_assets.tables import conform
from groprog_assets.wording import count_of

BUILT_IN_MASKS: dict[str, tuple[tuple[str, int, int | None, str], ...]] = {
    "hg38": (
        ("chr21", 0, 8_679_600, "High Signal Region (rDNA), ENCODE blacklist v2"),
        ("chrUn_GL000220v1", 0, None, "45S rDNA repeat on an unplaced contig"),
    ),
    "hg19": (("chrUn_gl000220", 0, None, "45S rDNA repeat on an unplaced contig"),),
}
"""Regions that are always masked; an end of None means the end of the chromosome."""

MaskRow = tuple[str, int, int, str]
"""chrom, start, end, reason."""


class MaskFile(NamedTuple):
    """rows: intervals on the study's chromosomes; total: interval lines of the file; elsewhere: chromosomes that the study
    lacks; cut: intervals that reach beyond the end of their chromosome and were cut there."""

    field: str
    path: Path
    rows: list[MaskRow]
    total: int
    elsewhere: list[str]
    cut: int


def read_masks(genome: Genome, chrom_sizes: Mapping[str, int]) -> pd.DataFrame:
    """Regions whose reads are not used, as table `masks` (may be empty).

    The study's blacklist and multi_copy BED files (plain or gzip; the reason is column 4 where there is one), and for hg19
    and hg38 the few rDNA regions of BUILT_IN_MASKS, under whatever name the study gives their chromosomes. Intervals on
    other chromosomes are left out and ends beyond a chromosome are cut; `mask_notices` counts both. Raises AnnotationError:
    unreadable file, malformed or empty interval, one that begins beyond the end of its chromosome, no interval on a
    chromosome of the study, or some on a chromosome (not a scaffold) that the study names otherwise.
    """
    rows = [row for file in mask_files(genome, chrom_sizes) for row in file.rows]
    for chrom, start, end, reason in BUILT_IN_MASKS.get(assembly_named(genome.name), ()):
        named = chrom if chrom in chrom_sizes else other_names([chrom], chrom_sizes).get(chrom)
        if named is not None:
            rows.append((named, start, min(end or chrom_sizes[named], chrom_sizes[named]), f"built in: {reason}"))
    rank = {chrom: place for place, chrom in enumerate(chrom_sizes)}
    rows = sorted(set(rows), key=lambda row: (rank[row[0]], *row[1:]))
    return conform(pd.DataFrame(rows, columns=["chrom", "start", "end", "reason"]), "masks")


def masked_kinds(genome: Genome) -> list[str]:
    """The kinds of masks that this genome has, as text: rDNA, repeats, blacklist; empty when it has none."""
    built_in = assembly_named(genome.name) in BUILT_IN_MASKS
    copies = ["rDNA", "repeats"] if genome.multi_copy else ["rDNA"] if built_in else []
    return [*copies, *(["blacklist"] if genome.blacklist else [])]


def mask_notices(genome: Genome, chrom_sizes: Mapping[str, int]) -> list[Problem]:
    """Notices: how many intervals of each mask file lie on a chromosome of the study, and how the others are treated.

    Raises AnnotationError as `read_masks` does.
    """
    notices = []
    for file in mask_files(genome, chrom_sizes):
        value = f"{len(file.rows):,} of {file.total:,} intervals lie on a chromosome of the study"
        rule = remedy = ""
        if file.elsewhere:
            value += (
                f"; {count_of(len(file.elsewhere), 'lies', 'lie')} elsewhere ({some(dict.fromkeys(file.elsewhere))})"
            )
            rule = "An interval on a chromosome that chrom_sizes does not name masks nothing."
            remedy = elsewhere_remedy(file.elsewhere, chrom_sizes)
        if file.cut:
            value += f"; {count_of(file.cut, 'reaches', 'reach')} beyond the end of the chromosome, where the rest is cut off"
        notices.append(Problem(f"genome.{file.field}", value, rule, remedy))
    return notices


def mask_files(genome: Genome, chrom_sizes: Mapping[str, int]) -> list[MaskFile]:
    """Each BED file of masks that the study names, read against its chromosomes. Raises AnnotationError as `read_masks`, with
    the problems of both files."""
    named = (("blacklist", "blacklist", genome.blacklist), ("multi_copy", "multi-copy", genome.multi_copy))
    found, problems = [], []
    for field, kind, path in named:
        if path is None:
            continue
        try:
            found.append(_read_bed(field, Path(path), kind, chrom_sizes))
        except AnnotationError as error:
            problems += error.problems
    if problems:
        raise AnnotationError(problems)
    return found


def _read_bed(field: str, path: Path, kind: str, chrom_sizes: Mapping[str, int]) -> MaskFile:
    problems = ProblemCollector(path)
    rows: list[MaskRow] = []
    elsewhere: list[tuple[int, str]] = []
    cut = 0
    for number, chrom, start, end, fields in bed_lines(problems):
        if chrom not in chrom_sizes:
            elsewhere.append((number, chrom))
        elif start >= chrom_sizes[chrom]:
            rule = "Masks lie on their chromosome."
            value = f"begins at {start}, {chrom} ends at {chrom_sizes[chrom]}"
            problems.add(f", line {number}", value, rule, "Is the mask of another assembly? Give that of the study's.")
        else:
            cut += end > chrom_sizes[chrom]
            reason = fields[3] if len(fields) > 3 and fields[3] not in ("", ".") else path.name
            rows.append((chrom, start, min(end, chrom_sizes[chrom]), f"{kind}: {reason}"))
    total = len(rows) + len(elsewhere)
    chroms = [chrom for _, chrom in elsewhere]
    renamed = {name: other for name, other in other_names(chroms, chrom_sizes).items() if not is_scaffold(name)}
    misnamed = [(number, chrom) for number, chrom in elsewhere if chrom in renamed]
    if misnamed or (total and not rows):
        here = f", line {misnamed[0][0]}" if misnamed else f", line {elsewhere[0][0]}"
        value = f"{len(rows)} of {total} intervals lie on a chromosome of the study"
        value += f"; {len(misnamed) or len(chroms)} lie on {some(renamed or dict.fromkeys(chroms))}"
        rule = f"A mask uses the names of chrom_sizes ({some(chrom_sizes)}): under another name it masks nothing."
        remedy = naming_remedy(chroms, chrom_sizes)
        problems.add(here, value, rule, remedy if misnamed else f"{remedy} If not, leave genome.{field} out.")
    problems.raise_any()
    return MaskFile(field, path, rows, total, chroms, cut)
