"""Filtering of alignments to counted positions: uniqueness, duplicates, masks, read ends, strandedness, filter funnel.

A file and tables in, tables out; no Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads.bigwig import assembly_problems, read_bigwig_pair, track_format, track_lengths
from groprog_assets.methods.reads.positions import position_table, sequences, turn, turn_in_place
from groprog_assets.methods.reads.read_end import counted_base, sequenced_end
from groprog_assets.methods.reads.strandedness import expected_strandedness, judge_strandedness
from groprog_assets.methods.reads.uniqueness import UniquenessRule, uniqueness_rule
from groprog_assets.methods.reads.unreadable_alignments import unreadable_alignments
from groprog_assets.study.assays import ASSAYS, COVERAGE_TRACKS, Strandedness
from groprog_assets.study.parameters import FilteringParameters
from groprog_assets.study.schema import Genome, Library
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document, Progress
from groprog_kernels import reads, records
from groprog_kernels.quality import AlignmentTally

_CONSEQUENCE = (
    "The unit-calling defaults were made for one base a read. Measured with the same reads (GSE27463, 40 min, chr7; LtProbB "
    "-200, UTS 5) as 1, 36 and 50 bp: 388, 3,833 and 6,887 units; 8.1, 58.0 and 60.2 Mb; 5' false positive 0.050, 0.134 and "
    "0.126; TUA 0.743, 0.778 and 0.751; merged/dissociated genes 21/14, 88/185 and 88/241. "
    "Use read_end: five_prime unless bases are what you want."
)
"""groHMM 1.41.1 windowAnalysis counts bases, not reads; run on the reads shortened and lengthened."""


class FilteredAlignments(NamedTuple):
    """positions: `positions` table, each read at one base; bases: the same of every aligned base of each read in coverage mode,
    else empty; funnel: `filter_funnel` table; summary: document, see `filter_alignments`."""

    positions: pd.DataFrame
    bases: pd.DataFrame
    funnel: pd.DataFrame
    summary: Document


def filter_alignments(
    source_path: Path,
    library: Library,
    chrom_sizes: Mapping[str, int],
    masks: pd.DataFrame,
    gene_models: pd.DataFrame,
    parameters: FilteringParameters,
    genome: Genome,
    progress: Progress | None = None,
    most: int | None = None,
    qualities: AlignmentTally | None = None,
) -> FilteredAlignments:
    """Positions of the unique, mapped, unmasked reads of one library: the end `read_end` of the RNA, on its strand.

    The strandedness decides which base of a read that is (`read_end.sequenced_end`). The file is read with the expected
    strandedness; when, under auto, the reads over genes show the other one, it is read a second time. In coverage mode reads are
    counted at the end that is usual for their assay, and `bases` is for the unit model: as in groHMM, windows sum covered bases
    and genes count reads.

    source_path: BAM, SAM or CRAM, any order, no index needed; or the plus track of a library given as a bigWig pair.
    chrom_sizes: chromosome -> bp. masks: `masks` table, used when parameters.use_masks. gene_models: `gene_models` table, for
    the strand. progress gets a line of text a few times a minute. most: records (of tracks: positions of each) after which no
    further chunk of the file is read, to look at a library before a run; None reads all of it. qualities: counts the base
    qualities of a BAM or SAM in the first pass.

    The summary: format, program, command, uniqueness {rule, reason}, read_end, counted_base (text), assay, duplicates, reads
    (records of the file), kept, mean_read_length, shortest_read, longest_read, paired (fragments), unknown_mapping_quality,
    marked_duplicates, contigs_ignored {contig: reads}, contigs_of_study (number), contigs_absent_from_study [name],
    spike_in_reads, spliced_share (of the kept reads; None for tracks), strandedness (document of
    `judge_strandedness`), plus_reads, minus_reads, warnings [text].

    ReadsError: not alignments, truncated or altered file; no shared contig, other chromosome lengths, or reads beyond a
    chromosome's end (another assembly); no reads left (with the funnel); the umi policy without RX tags.
    """
    if library.bigwig_plus is not None and library.alignments is None and not library.reads:
        return _from_bigwigs(library, chrom_sizes, masks, gene_models, parameters, most)
    path = Path(source_path)
    header = study_header(path, chrom_sizes)
    rule = uniqueness_rule(header.text, parameters.minimum_mapping_quality)
    tenth = 0

    def tell(done: int, total: int) -> None:
        nonlocal tenth
        if progress is not None and total and done * 10 // total > tenth:
            tenth = done * 10 // total
            progress(f"{library.id}: {10 * tenth} % of {path.name} read")

    def decode(end: reads.ReadEnd, tally: AlignmentTally | None = None) -> reads.Decoded:
        nonlocal tenth
        tenth = 0
        try:
            return reads.decode_reads(
                path,
                chrom_sizes,
                read_end=end,
                uniqueness=rule.rule,
                minimum_mapping_quality=parameters.minimum_mapping_quality,
                duplicates=parameters.duplicates,
                masks=mask_intervals(masks) if parameters.use_masks else None,
                spike_in_prefix=genome.spike_in_prefix,
                reference=genome.fasta,
                progress=tell,
                most=most,
                qualities=tally,
            )
        except (records.BamError, OSError) as error:
            raise ReadsError(unreadable_alignments(path, error)) from None

    def counted(strandedness: Strandedness, tally: AlignmentTally | None = None) -> tuple[reads.Decoded, pd.DataFrame]:
        end = sequenced_end(rna_end, strandedness)
        found = decode(end, tally)
        funnel = _funnel(found.outcomes, rule, end, parameters, genome)
        _refuse(path, found, funnel, chrom_sizes, most)
        return found, funnel

    whole = library.read_end == "coverage"
    rna_end = ASSAYS[library.assay].read_end if whole else library.read_end
    expected = expected_strandedness(library.strandedness, library.assay)
    decoded, funnel = counted(expected, qualities)
    columns = (decoded.chrom, decoded.strand, decoded.position, decoded.reads)
    positions = position_table(*columns, chrom_sizes)
    oriented = judge_strandedness(positions, gene_models, library.strandedness, library.assay, parameters)
    applied: Strandedness = "reverse" if oriented.reverse else "forward"
    if applied != expected:
        del positions, columns
        decoded, funnel = counted(applied)
    positions = _oriented(decoded, oriented.reverse, chrom_sizes)
    bases = _oriented(decode("coverage"), oriented.reverse, chrom_sizes) if whole else positions.iloc[:0]
    summary = {
        "format": header.format,
        "program": rule.program,
        "command": rule.command,
        "uniqueness": {"rule": rule.rule, "reason": rule.reason},
        "read_end": library.read_end,
        "counted_base": counted_base(rna_end, applied, decoded.paired * 2 > decoded.outcomes["kept"]),
        "assay": library.assay,
        "duplicates": parameters.duplicates,
        "reads": sum(decoded.outcomes.values()),
        "kept": decoded.outcomes["kept"],
        "mean_read_length": decoded.mean_read_length,
        "shortest_read": decoded.shortest_read,
        "longest_read": decoded.longest_read,
        "paired": decoded.paired,
        "unknown_mapping_quality": decoded.unknown_quality,
        "marked_duplicates": decoded.marked_duplicates,
        "contigs_ignored": decoded.absent,
        "contigs_of_study": sum(name in chrom_sizes for name in header.lengths),
        "contigs_absent_from_study": [name for name in header.lengths if name not in chrom_sizes],
        "spike_in_reads": decoded.outcomes["spike_in"],
        "spliced_share": decoded.spliced / decoded.outcomes["kept"] if decoded.outcomes["kept"] else None,
        "strandedness": oriented.verdict,
        **_strand_reads(positions),
        "warnings": _warnings(decoded, library, rule),
    }
    return FilteredAlignments(positions, bases, funnel, summary)


def _oriented(decoded: reads.Decoded, reverse: bool, chrom_sizes: Mapping[str, int]) -> pd.DataFrame:
    """The `positions` table of the decoded reads, on the strand of the RNA."""
    columns = (decoded.chrom, decoded.strand, decoded.position, decoded.reads)
    if reverse:
        turn_in_place(*columns)
    return position_table(*columns, chrom_sizes)


def study_header(path: Path, chrom_sizes: Mapping[str, int]) -> records.BamHeader:
    """The header of a BAM, SAM or CRAM, contig lengths in bp; no record is read.

    ReadsError: not alignments, or cut off within the header; no contig shared with chrom_sizes, or one of another length.
    """
    try:
        header = records.read_header(path)
    except (records.BamError, OSError) as error:
        raise ReadsError(unreadable_alignments(path, error)) from None
    problems = assembly_problems(path, header.lengths, chrom_sizes)
    if problems:
        raise ReadsError(problems)
    return header


def mask_intervals(masks: pd.DataFrame) -> dict[str, np.ndarray]:
    """chromosome -> (m, 2) int64 half-open intervals in bp of a `masks` table."""
    return {
        str(chrom): rows[["start", "end"]].to_numpy(np.int64)
        for chrom, rows in masks.groupby("chrom", sort=False, observed=True)
    }


def _strand_reads(positions: pd.DataFrame) -> dict[str, int]:
    totals = {"+": 0, "-": 0}
    for (_, strand), (_, count) in sequences(positions).items():
        totals[strand] += int(count.sum(dtype=np.int64))
    return {"plus_reads": totals["+"], "minus_reads": totals["-"]}


def _funnel(
    outcomes: Mapping[str, int],
    rule: UniquenessRule,
    end: reads.ReadEnd,
    parameters: FilteringParameters,
    genome: Genome,
) -> pd.DataFrame:
    """The `filter_funnel` table: all records first, then each rule in the order of application."""
    reasons = {
        "unmapped": "not aligned",
        "secondary_or_supplementary": "further alignments of a read already counted",
        "quality_fail": "failed the sequencer's or the aligner's quality checks",
        "other_mate": "a fragment is counted once: "
        + ("by its second mate" if end == "three_prime" else "by its first mate"),
        "not_unique": f"not uniquely aligned; kept are {rule.reason}",
        "contig_absent": "contig is not in the chromosome sizes",
        "spike_in": f"spike-in contig ({genome.spike_in_prefix}…), counted apart"
        if genome.spike_in_prefix
        else "no spike-in genome is named",
        "out_of_range": "beyond the end of the chromosome",
        "masked": "in a masked region" if parameters.use_masks else "masks are off",
        "duplicate": {
            "keep": "duplicates are kept",
            "position": "not the first read at its 5' base and strand",
            "umi": "not the first read with its 5' base, strand and UMI (tag RX, else the end of its name)",
        }[parameters.duplicates],
    }
    left = sum(outcomes.values())
    rows = [("all", 0, left, "records in the file")]
    for step, reason in reasons.items():
        left -= outcomes[step]
        rows.append((step, outcomes[step], left, reason))
    return conform(pd.DataFrame(rows, columns=["step", "removed", "remaining", "reason"]), "filter_funnel")


def _refuse(
    path: Path, decoded: reads.Decoded, funnel: pd.DataFrame, chrom_sizes: Mapping[str, int], most: int | None
) -> None:
    """Raise ReadsError when the decoded reads cannot belong to this study. No reads left in a part of a file is not an error."""
    problems = []
    if decoded.outside is not None:
        contig, end = decoded.outside
        problems.append(
            Problem(
                str(path),
                f"{count_of(decoded.outcomes['out_of_range'], 'read lies', 'reads lie')} beyond their chromosome; "
                f"the first on {contig} ends at "
                f"{end:,} of [0, {chrom_sizes[contig]:,})",
                "Reads must lie within the study's chromosomes.",
                "They were aligned to another assembly: give its chromosome sizes and annotation, or align them again.",
            )
        )
    elif decoded.outcomes["kept"] == 0 and (most is None or sum(decoded.outcomes.values()) < most):
        removed = zip(funnel["step"].tolist(), funnel["removed"].tolist(), strict=True)
        steps = ", ".join(f"{step} {count:,}" for step, count in removed if count)
        problems.append(
            Problem(
                str(path),
                f"none of {sum(decoded.outcomes.values()):,} reads is left after filtering"
                + (f" ({steps})" if steps else ""),
                "At least one read must pass.",
                _remedy(decoded, funnel),
            )
        )
    if decoded.without_umi:
        problems.append(
            Problem(
                str(path),
                f"{count_of(decoded.without_umi, 'read carries', 'reads carry')} no UMI, "
                "neither in a tag RX nor at the end of their name",
                "duplicates: umi needs the UMI of every read: RX:Z:ACGT, or a name that ends in _ACGT or :ACGT.",
                "Move it from the sequence into the name before aligning (umi_tools extract, fastp --umi), into RX afterwards "
                "(fgbio CopyUmiFromReadName), or set parameters.filtering.duplicates to keep or position.",
            )
        )
    if problems:
        raise ReadsError(problems)


def _remedy(decoded: reads.Decoded, funnel: pd.DataFrame) -> str:
    """The remedy for the rule that removed most reads."""
    if not sum(decoded.outcomes.values()):
        return "The file holds a header and no records; give the aligned reads."
    worst = str(funnel["step"].to_numpy()[funnel["removed"].to_numpy().argmax()])
    return {
        "unmapped": "Check that the reads were aligned to this assembly.",
        "not_unique": "Check the aligner's MAPQ scale and filtering.minimum_mapping_quality.",
        "contig_absent": "Add the contigs to the chromosome sizes, or check how they are named.",
        "masked": "Check the blacklist and multi-copy BED, or set filtering.use_masks: false.",
        "other_mate": "The file holds only one mate of each pair, and the other one begins at the end of the RNA that "
        "read_end asks for: give the alignments of both mates.",
    }.get(worst, f"Most were removed as {worst.replace('_', ' ')}; check how the file was made.")


def _warnings(decoded: reads.Decoded, library: Library, rule: UniquenessRule) -> list[str]:
    """Warnings: facts that a reader should know but that are not errors."""
    warnings = []
    if library.read_end == "coverage" and decoded.mean_read_length > 1:
        warnings.append(
            f"Coverage mode: windows of the unit model hold each read {decoded.mean_read_length:.0f} times, once a base; genes "
            f"count reads. {_CONSEQUENCE}"
        )
    if rule.rule == "mapping_quality" and decoded.unknown_quality:
        warnings.append(
            f"{count_of(decoded.unknown_quality, 'read has', 'reads have')} MAPQ 255 (unknown) from "
            f"{rule.program or 'an aligner the header does not name'}; they are taken as unique."
        )
    if decoded.absent:
        named = ", ".join(
            f"{name} {count:,}" for name, count in sorted(decoded.absent.items(), key=lambda x: -x[1])[:5]
        )
        warnings.append(
            f"{count_of(sum(decoded.absent.values()), 'read')} on "
            f"{count_of(len(decoded.absent), 'contig')} outside the chromosome sizes: {named}."
        )
    return warnings


_TURNED = (
    "By the genes under them the reads lie on the other strand, so the two tracks were exchanged; nf-core/nascent writes them "
    "so for PRO-seq. strandedness: reverse states it; strandedness: forward refuses such tracks."
)


def _from_bigwigs(
    library: Library,
    chrom_sizes: Mapping[str, int],
    masks: pd.DataFrame,
    gene_models: pd.DataFrame,
    parameters: FilteringParameters,
    most: int | None,
) -> FilteredAlignments:
    """Positions from a pair of raw bigWig tracks. The tracks are already filtered, so only masks and the strand are applied."""
    assert library.bigwig_plus is not None
    if library.bigwig_minus is None:
        raise ReadsError(
            Problem(
                f"library {library.id}", "bigwig_minus is missing", "Both strands are needed.", "Name the minus track."
            )
        )
    if library.read_end == "coverage":
        raise ReadsError(Problem(f"library {library.id}", *COVERAGE_TRACKS))
    contigs = track_lengths(library.bigwig_plus, chrom_sizes)
    positions, ignored = read_bigwig_pair(library.bigwig_plus, library.bigwig_minus, chrom_sizes, most)
    total = int(positions["count"].sum())
    if parameters.use_masks:
        positions = _unmasked(positions, mask_intervals(masks))
    kept = int(positions["count"].sum())
    rows = [
        ("all", 0, total, "reads in the bigWig pair, already filtered by its maker"),
        ("masked", total - kept, kept, "in a masked region" if parameters.use_masks else "masks are off"),
    ]
    funnel = conform(pd.DataFrame(rows, columns=["step", "removed", "remaining", "reason"]), "filter_funnel")
    if kept == 0 and (most is None or total < most):
        raise ReadsError(
            Problem(
                str(library.bigwig_plus),
                f"none of {total:,} reads is left after filtering",
                "At least one read must pass.",
                "Check that the tracks hold values on the study's chromosomes, outside the masks.",
            )
        )
    oriented = judge_strandedness(positions, gene_models, library.strandedness, "gro-seq", parameters)
    if oriented.reverse:
        positions = turn(positions)
    summary = {
        "format": track_format(library.bigwig_plus),
        "program": "",
        "command": "",
        "uniqueness": {"rule": "none", "reason": "decided by the maker of the tracks"},
        "read_end": library.read_end,
        "counted_base": "decided by the maker of the tracks",
        "assay": library.assay,
        "duplicates": "keep",
        "reads": total,
        "kept": kept,
        "mean_read_length": 1.0,
        "shortest_read": 1,
        "longest_read": 1,
        "paired": 0,
        "unknown_mapping_quality": 0,
        "marked_duplicates": 0,
        "contigs_ignored": {},
        "contigs_of_study": sum(name in chrom_sizes for name in contigs),
        "contigs_absent_from_study": ignored,
        "spike_in_reads": 0,
        "spliced_share": None,
        "strandedness": oriented.verdict,
        **_strand_reads(positions),
        "warnings": [_TURNED] if oriented.verdict["turned_by_itself"] else [],
    }
    return FilteredAlignments(positions, positions.iloc[:0], funnel, summary)


def _unmasked(positions: pd.DataFrame, masks: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Positions outside all masks."""
    keep = np.ones(len(positions), bool)
    for chrom, intervals in masks.items():
        here = (positions["chrom"] == chrom).to_numpy()
        position = positions["position"].to_numpy()[here]
        starts, ends = np.sort(intervals[:, 0]), np.sort(intervals[:, 1])
        # inside as many intervals as have begun and not ended
        keep[here] = np.searchsorted(starts, position, side="right") == np.searchsorted(ends, position, side="right")
    return positions[keep].reset_index(drop=True)
