"""What a run will read of each library. The first reads go through the same functions as in the run.

Study in, problems and notices out; nothing is written. No Dagster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import GroProgError, Problem
from groprog_assets.study.assays import ASSAYS
from groprog_assets.study.assemblies import assembly_named, known_lengths
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from groprog_assets.study.schema import Library, Study
from groprog_assets.study.text_files import open_text
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    import pandas as pd

    from groprog_assets.methods.reads.filtered_alignments import FilteredAlignments
    from groprog_assets.study.initiation_parameters import InitiationParameters

LARGEST_PART = 200_000
"""Number of records read of one library."""
LARGEST_FASTQ = 300_000_000
"""Bytes of a library's FASTQ files up to which they are read to their ends, a few seconds."""
ALL_PARTS = 4_000_000
"""Records of all libraries together, as far as `SMALLEST_PART` of each allows."""
SMALLEST_PART = 10_000


class Preview(NamedTuple):
    """problems: what would stop the run; notices: what was matched and counted."""

    problems: list[Problem]
    notices: list[Problem]


def preview_libraries(study: Study) -> Preview:
    """The genome's files against each other, then each library's first records: how many are kept, on which strand, which base.

    Chromosome sizes, annotation and masks are read as the run reads them, and records are filtered as it filters them.
    """
    from groprog_assets.methods.annotation.gene_models import read_annotation
    from groprog_assets.methods.annotation.masks import read_masks
    from groprog_assets.methods.initiation.initiation_regions import capped_beside, of_one_kind
    from groprog_assets.methods.initiation.study_regions import left_out
    from groprog_assets.methods.reads.equal_libraries import equal_libraries
    from groprog_assets.methods.reads.filtered_alignments import filter_alignments
    from groprog_assets.methods.reads.library_sizes import check_spike_in

    if not study.libraries:
        return Preview([], [])
    problems: list[Problem] = []
    try:
        sizes = read_chrom_sizes(study.genome.chrom_sizes)
        transcripts = read_annotation(study.genome.annotation, sizes, study.parameters.annotation.maximum_intron)
        masks = read_masks(study.genome, sizes)
    except GroProgError as error:
        return Preview(error.problems, [])
    problems += _annotation_build(study)
    notices = _genome(study, sizes)
    most = max(SMALLEST_PART, min(LARGEST_PART, ALL_PARTS // len(study.libraries)))
    positions = {}
    compared = {library.id for library in study.experiment_libraries}
    usable, whole = list[Library](), True
    prefix, without_spike_in = study.genome.spike_in_prefix, []
    for k, library in enumerate(study.libraries):
        where = f"libraries[{k}], {library.id}"
        path = library.alignments or library.bigwig_plus
        if library.reads:
            broken, told = _fastq(library)
            problems += broken
            if path is None:
                rule = "Strand and counted base are known when bowtie2 has aligned the reads in the run."
                notices.append(Problem(where, told, rule, ""))
        if path is None:
            continue
        parameters = study.parameters.filtering
        try:
            done = filter_alignments(path, library, sizes, masks, transcripts, parameters, study.genome, most=most)
        except GroProgError as error:
            problems += error.problems
            continue
        positions[library.id] = done.positions
        if prefix and _no_spike_in(done, prefix, most):
            without_spike_in.append(library.id)
        notices.append(_library(where, library, done, sizes, most))
        whole &= done.summary["reads"] < most
        if library.id in compared and done.summary["strandedness"]["status"] == "ok":
            unfit = _initiation(library, done, transcripts, study.parameters.initiation, most)
            notices += unfit
            usable += [] if unfit else [library]
    usable, beside = of_one_kind(usable)
    notices += [left_out(capped_beside(library)) for library in beside]
    if whole and len(positions) == len(study.libraries):
        notices += _none_called(positions, study, sizes, usable)
    try:
        check_spike_in(dict.fromkeys(without_spike_in, 0), without_spike_in, prefix or "")
    except GroProgError as error:
        problems += error.problems
    for group in equal_libraries(positions, "position"):
        rule = "Each library must be a sample of its own. A copy is not a replicate."
        value = f"{' = '.join(group)}: the same reads at the same bases in other files"
        problems.append(Problem("libraries", value, rule, "Name the right file for each, or remove the copies."))
    return Preview(list(dict.fromkeys(problems)), notices)


def _fastq(library: Library) -> tuple[list[Problem], str]:
    """What is wrong with the FASTQ files of a library as the run reads them, and what was read; of large ones the first read
    alone is checked, elsewhere."""
    from groprog_assets.methods.reads.read_quality import per_cycle_quality

    if sum(path.stat().st_size for path in library.reads) > LARGEST_FASTQ:
        return [], "FASTQ, of which the first read was checked; a file that is cut off is found in the run"
    try:
        table = per_cycle_quality(library)
    except GroProgError as error:
        return error.problems, ""
    counts = [count_of(int(reads), "read") for reads in table.groupby("mate")["reads"].max()]
    return [], f"FASTQ, read to its end: {' and '.join(counts)}"


def _no_spike_in(done: FilteredAlignments, prefix: str, most: int) -> bool:
    """Whether a library surely has no spike-in reads: the file was read whole, or its header names no such chromosome."""
    named = any(name.startswith(prefix) for name in done.summary["contigs_absent_from_study"])
    return done.summary["spike_in_reads"] == 0 and (not named or done.summary["reads"] < most)


def _genome(study: Study, sizes: dict[str, int]) -> list[Problem]:
    """How many chromosomes have the lengths of the assembly that is named; nothing where its lengths are not known."""
    same, differ = known_lengths(study.genome.name, sizes)
    if not same and not differ:
        return []
    value = f"{len(same)} of {len(same) + len(differ)} known chromosomes have the lengths of {study.genome.name}"
    if not differ:
        return [Problem("genome", value, "", "")]
    rule = f"Chromosomes of {study.genome.name} must have its published lengths; {', '.join(differ[:3])} do not."
    return [Problem("genome", value, rule, "Check genome.name and genome.chrom_sizes.")]


def _annotation_build(study: Study) -> Iterator[Problem]:
    """The assembly that the annotation's own comment lines name, where it is another than the study's."""
    path = study.genome.annotation
    own = assembly_named(study.genome.name)
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.startswith("#") or number > 50:
                return
            words = line.replace("(", " ").replace(")", " ").replace("=", " ").replace(",", " ").split()
            other = next((word for word in words if assembly_named(word) not in ("", own)), None)
            if own and other is not None and not any(assembly_named(word) == own for word in words):
                rule = f"The study's assembly is {study.genome.name}."
                remedy = "Use the annotation of the assembly that the reads were aligned to, or correct genome.name."
                yield Problem(f"{path}, line {number}", f"the annotation is of {other}", rule, remedy)
                return


def _initiation(
    library: Library, done: FilteredAlignments, transcripts: pd.DataFrame, parameters: InitiationParameters, most: int
) -> list[Problem]:
    """Why the library would be left out of the initiation regions, judged by the reads that were read."""
    from groprog_assets.methods.initiation.study_regions import left_out
    from groprog_assets.methods.initiation.usable_signal import signal_problems

    share = done.summary["spliced_share"]
    found = [left_out(each) for each in signal_problems(done.positions, library, transcripts, parameters, share)]
    if done.summary["reads"] < most:
        return found
    part = f"of the first {count_of(done.summary['reads'], 'read')}"
    return [replace(each, value=f"{each.value} ({part})") for each in found]


def _none_called(
    positions: Mapping[str, pd.DataFrame], study: Study, sizes: dict[str, int], usable: Sequence[Library]
) -> list[Problem]:
    """That no initiation regions can be called, and why; usable: the libraries that may be used for them, all read whole."""
    from groprog_assets.methods.initiation.initiation_regions import nothing_called, reach_of
    from groprog_assets.methods.initiation.oriented import PooledReads
    from groprog_assets.methods.initiation.study_regions import none_called

    parameters = study.parameters.initiation
    reads = PooledReads([positions[library.id] for library in usable], sizes, 2 * reach_of(sizes, parameters).half)
    reason = nothing_called(usable, reads, parameters)
    return [none_called(reason)] if reason else []


def _library(where: str, library: Library, done: FilteredAlignments, sizes: dict[str, int], most: int) -> Problem:
    """The counts of one library, and the problems that would stop the run."""
    from groprog_assets.methods.reads.bigwig import TRACK_FORMATS, has_negative_values

    summary, verdict = done.summary, done.summary["strandedness"]
    part = "all" if summary["reads"] < most else "the first"
    unit = "reads of the tracks" if summary["format"] in TRACK_FORMATS else "records"
    removed = done.funnel[(done.funnel["removed"] > 0)]
    reasons = ", ".join(f"{row.step} {row.removed:,}" for row in removed.itertuples())
    absent = summary["contigs_absent_from_study"]
    told = [
        f"{part} {summary['reads']:,} {unit} read, {summary['kept']:,} kept" + (f" ({reasons})" if reasons else ""),
        f"{summary['contigs_of_study']} of {summary['contigs_of_study'] + len(absent)} contigs are among the "
        f"{len(sizes):,} chromosomes of the study",
    ]
    fraction = verdict["sense_fraction"]
    genic = (
        "no read over genes" if fraction is None else f"{fraction:.1%} of {verdict['reads']:,} reads over genes on it"
    )
    expected = (
        "" if verdict["applied"] == ASSAYS[library.assay].strandedness else f", other than usual for {library.assay}"
    )
    if summary["format"] in TRACK_FORMATS:
        turned = "strands exchanged" if verdict["applied"] == "reverse" else "strands as given"
        told.append(f"{turned} ({genic})")
        if library.bigwig_minus is not None and has_negative_values(library.bigwig_minus, sizes):
            told.append("values of the minus track are negative, their absolute values are counted")
    else:
        told.append(f"strand {verdict['applied']} ({genic}{expected})")
        told.append(f"counted is {summary['counted_base']}")
    told += [warning.removesuffix(".") for warning in summary["warnings"]]
    rule = ""
    if verdict["status"] != "ok":
        rule = "A library whose strand is unclear or not the declared one is left out of the run" + (
            "." if summary["reads"] < most else ", if the rest of its reads shows the same."
        )
    return Problem(where, "; ".join(told), rule, verdict["remedy"])
