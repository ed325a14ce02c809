"""Reads to positions: an alignment file is streamed once and leaves only counted positions and a filter funnel.

Blocks are inflated in threads (`bgzf`) while records are walked at the fixed offsets of the BAM layout, without an object a
record. Nothing needs an index or an order, and memory is ten bytes a distinct position plus a few blocks.

Source: SAM specification 1.6 (1.4, 4.2, and its optional fields).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

import groprog_kernels.reads_cython as loops
from groprog_kernels.position_counts import PositionCounts, collect
from groprog_kernels.quality import AlignmentTally
from groprog_kernels.records import BamHeader, open_records

ReadEnd = Literal["five_prime", "three_prime", "coverage"]
Uniqueness = Literal["mapping_quality", "hits", "tie", "tie_or_alternative", "none"]
Duplicates = Literal["keep", "position", "umi"]

OUTCOMES = (
    "kept",
    "unmapped",
    "secondary_or_supplementary",
    "quality_fail",
    "other_mate",
    "not_unique",
    "contig_absent",
    "spike_in",
    "out_of_range",
    "masked",
    "duplicate",
)
"""Outcomes of a record, in the order of the rules. The first rule that removes a record gives its outcome."""

_READ_ENDS = ("five_prime", "three_prime", "coverage")
_RULES = ("mapping_quality", "hits", "tie", "tie_or_alternative", "none")
_DUPLICATES = ("keep", "position", "umi")

_KEYS = 1 << 17
_CARRIES = 1 << 12


class Decoded(NamedTuple):
    """The result of one pass over a file.

    chrom: (n,) rank in `chrom_lengths`, of the narrowest signed type; strand: (n,) int8, 0 for +, 1 for -.
    position: (n,) int32, 0-based; reads: (n,) int32; sorted by chrom, strand, position, each once.
    outcomes: records by `OUTCOMES`, all of them together the records of the file.
    absent: contig -> records that passed every rule before on contigs outside `chrom_lengths`.
    outside: (contig, end) of the first record beyond its chromosome, or None.
    mean_read_length, shortest_read, longest_read: bp of the kept reads, from their CIGARs; 0 when none was kept.
    unknown_quality: kept reads with MAPQ 255. marked_duplicates: kept reads with flag 0x400. paired: kept reads of pairs.
    spliced: kept reads with an N in their CIGAR, which spans an intron.
    without_umi: reads under the umi policy that carry no UMI, neither in an RX tag nor at the end of their name.
    """

    header: BamHeader
    chrom: np.ndarray
    strand: np.ndarray
    position: np.ndarray
    reads: np.ndarray
    outcomes: dict[str, int]
    absent: dict[str, int]
    outside: tuple[str, int] | None
    mean_read_length: float
    shortest_read: int
    longest_read: int
    unknown_quality: int
    marked_duplicates: int
    paired: int
    spliced: int
    without_umi: int


class Windows(NamedTuple):
    """counts: (chromosome, strand) -> (windows,) reads, uint16, or uint32 where a window of the sequence holds more than
    65,535; outcomes: as in `Decoded`."""

    counts: dict[tuple[str, str], np.ndarray]
    outcomes: dict[str, int]


def _mask_arrays(chroms: list[str], masks: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sorted disjoint mask intervals of every chromosome, end to end: offsets (chroms + 1,), starts, ends."""
    offsets, starts, ends = [0], [], []
    for chrom in chroms:
        intervals = np.asarray(masks.get(chrom, np.empty((0, 2))), np.int64).reshape(-1, 2)
        intervals = intervals[intervals[:, 0] < intervals[:, 1]]
        intervals = intervals[np.argsort(intervals[:, 0], kind="stable")]
        merged: list[list[int]] = []
        for start, end in intervals.tolist():
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        starts += [interval[0] for interval in merged]
        ends += [interval[1] for interval in merged]
        offsets.append(len(starts))
    return np.array(offsets, np.int64), np.array(starts, np.int64), np.array(ends, np.int64)


class _EnoughError(Exception):
    """The requested number of records has been read."""


class _Pass(NamedTuple):
    header: BamHeader
    parser: Any
    starts: PositionCounts
    ends: PositionCounts | None


def _one_pass(
    path: Path,
    chrom_lengths: Mapping[str, int],
    *,
    read_end: ReadEnd,
    uniqueness: Uniqueness,
    minimum_mapping_quality: int,
    duplicates: Duplicates,
    reverse: bool,
    masks: Mapping[str, np.ndarray] | None,
    spike_in_prefix: str | None,
    reference: str | Path | None,
    threads: int,
    windows: np.ndarray,
    window_offset: np.ndarray,
    bin_size: int,
    progress: Callable[[int, int], None] | None,
    most: int | None = None,
    qualities: AlignmentTally | None = None,
) -> _Pass:
    """Every record of the file, or whole chunks of it until `most` are reached, through the parser."""
    if any(not 0 < length < 1 << 31 for length in chrom_lengths.values()) or len(chrom_lengths) >= 1 << 30:
        raise ValueError("chromosome lengths must lie in [1, 2^31)")
    if threads < 1:
        raise ValueError(f"threads is {threads}; at least 1 is needed")
    total = path.stat().st_size
    chroms = list(chrom_lengths)
    rank = {chrom: i for i, chrom in enumerate(chroms)}
    keys = _KEYS if not bin_size else _CARRIES
    buffers = np.empty((2, keys), np.uint64), np.empty((2, keys if read_end == "coverage" else 1), np.uint64)
    starts = PositionCounts(2 * len(chroms))
    ends = PositionCounts(2 * len(chroms)) if read_end == "coverage" else None
    with suppress(_EnoughError), open_records(path, reference, threads=threads) as records:
        header = records.header
        contig_rank = [
            rank.get(name, -2 if spike_in_prefix and name.startswith(spike_in_prefix) else -1)
            for name in header.lengths
        ]
        parser = loops.RecordParser(
            np.array(contig_rank, np.int32),
            np.array(list(chrom_lengths.values()), np.int64),
            *_mask_arrays(chroms, masks or {}),
            _READ_ENDS.index(read_end),
            _RULES.index(uniqueness),
            minimum_mapping_quality,
            _DUPLICATES.index(duplicates),
            reverse,
            *buffers,
            windows,
            window_offset,
            bin_size,
        )

        def flush() -> None:
            for strand, written in enumerate(parser.written.tolist()):
                starts.add(buffers[0][strand, :written])
                if ends is not None:
                    ends.add(buffers[1][strand, :written])
            parser.written[:] = 0

        for buffer, at, end in records:
            tallied = at if qualities is None else qualities.add(buffer, at, end)
            while True:
                status, at = parser.parse(buffer, at, end)
                if status != loops.STATUS_FULL:
                    break
                flush()
            if status == loops.STATUS_MALFORMED:
                raise records.malformed()
            if status == loops.STATUS_NO_MEMORY:
                raise MemoryError("no memory for the reads of this file")
            if qualities is not None and tallied != at:
                qualities.sound = False
            records.keep(buffer, at, end)
            if progress is not None:
                progress(min(records.offset, total), total)
            if most is not None and int(parser.outcomes.sum()) >= most:
                flush()
                raise _EnoughError
        flush()
    return _Pass(header, parser, starts, ends)


def decode_reads(
    path: str | Path,
    chrom_lengths: Mapping[str, int],
    *,
    read_end: ReadEnd = "five_prime",
    uniqueness: Uniqueness = "mapping_quality",
    minimum_mapping_quality: int = 0,
    duplicates: Duplicates = "keep",
    reverse: bool = False,
    masks: Mapping[str, np.ndarray] | None = None,
    spike_in_prefix: str | None = None,
    reference: str | Path | None = None,
    threads: int = 2,
    progress: Callable[[int, int], None] | None = None,
    most: int | None = None,
    qualities: AlignmentTally | None = None,
) -> Decoded:
    """Counted positions of one read end over a whole alignment file, with the filter funnel of the same pass.

    chrom_lengths: chromosome -> bp; contigs not among them are left out and reported.
    read_end: "five_prime" or "three_prime" base of the read as sequenced (which end of the RNA that is depends on the
      protocol), or "coverage" (every base under M, = or X).
      Pairs count once: by the first mate, or for "three_prime" by the second mate's 5' base, the fragment's far end, on
      the strand of the first. A mapped record without a CIGAR counts as one base.
    uniqueness: "mapping_quality" MAPQ >= minimum (255, unknown, passes); "hits" NH = 1 (MAPQ where NH is absent); "tie"
      MAPQ >= minimum and not XS >= AS; "tie_or_alternative" the same, and where AS or XS is absent X0 = 1, or no XA where
      X0 is absent too; "none".
    duplicates: "keep"; "position" keeps the first read of the file per 5' base and strand (and mate) and drops flag
      0x400; "umi" the same per UMI: the RX tag, else the bases (3 or more of ACGTN, parts joined by + - _) that end the
      read's name after ':' (fastp, bcl2fastq) or '_' (umi_tools). Without one the position alone decides, counted in
      `without_umi`.
    reverse: report the strand opposite to the read's.
    masks: chromosome -> (m, 2) half-open intervals in bp, any order, overlaps allowed; the counted base decides,
      in coverage mode any overlap with the read's span.
    Order of the rules: `OUTCOMES`. Records beyond their chromosome's end are left out and counted, never clipped.
    reference: FASTA, only for a CRAM that cannot be decoded without. threads inflate; the caller's thread parses.
    progress(bytes read, bytes in all) is called after each chunk.
    most: records after which no further chunk is read, so that a part of a large file can be looked at; None reads all of it.
    qualities: counts the base qualities of every record in the same pass; not for a CRAM, whose qualities are not decoded here.

    Empty chromosomes, strands and files give empty arrays. BamError: not alignments, truncated (also a missing
    end-of-file marker), altered (checksum), or records that contradict themselves. Source: SAM 1.6, 1.4 and 4.2.
    """
    done = _one_pass(
        Path(path),
        chrom_lengths,
        read_end=read_end,
        uniqueness=uniqueness,
        minimum_mapping_quality=minimum_mapping_quality,
        duplicates=duplicates,
        reverse=reverse,
        masks=masks,
        spike_in_prefix=spike_in_prefix,
        reference=reference,
        threads=threads,
        windows=np.empty(0, np.uint16),
        window_offset=np.zeros(1, np.int64),
        bin_size=0,
        progress=progress,
        most=most,
        qualities=qualities,
    )
    parser = done.parser
    counted = collect(done.starts, done.ends)
    chrom, strand = np.arange(len(counted.sizes)) >> 1, np.arange(len(counted.sizes)) & 1
    outcomes = _outcomes(parser)
    outside = None
    if parser.example[0] >= 0:
        outside = (list(done.header.lengths)[parser.example[0]], int(parser.example[1]))
    return Decoded(
        header=done.header,
        chrom=np.repeat(chrom.astype(np.min_scalar_type(-len(chrom_lengths) - 1)), counted.sizes),
        strand=np.repeat(strand.astype(np.int8), counted.sizes),
        position=counted.position,
        reads=counted.reads,
        outcomes=outcomes,
        absent={name: int(n) for name, n in zip(done.header.lengths, parser.absent) if n and name not in chrom_lengths},
        outside=outside,
        mean_read_length=parser.bases / outcomes["kept"] if outcomes["kept"] else 0.0,
        shortest_read=max(parser.shortest, 0),
        longest_read=parser.longest,
        unknown_quality=parser.unknown_quality,
        marked_duplicates=parser.marked_duplicates,
        paired=parser.paired,
        spliced=parser.spliced,
        without_umi=parser.without_umi,
    )


def count_windows(
    path: str | Path,
    chrom_lengths: Mapping[str, int],
    bin_size: int,
    *,
    read_end: Literal["five_prime", "three_prime"] = "five_prime",
    uniqueness: Uniqueness = "mapping_quality",
    minimum_mapping_quality: int = 0,
    reverse: bool = False,
    masks: Mapping[str, np.ndarray] | None = None,
    reference: str | Path | None = None,
    threads: int = 2,
) -> Windows:
    """Reads in every `bin_size`-bp window of both strands, straight from the file; rules and errors as in `decode_reads`.

    Dense: 2 bytes a window of the genome, both strands (4 where a window exceeds 65,535 reads), whatever the size of the
    file. The trailing partial window is dropped, so a chromosome shorter than `bin_size` has an empty array. ValueError
    for bin_size < 1.
    """
    if bin_size < 1:
        raise ValueError(f"bin_size is {bin_size}; at least 1 bp is needed")
    sizes = np.repeat([length // bin_size for length in chrom_lengths.values()], 2)
    offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    windows = np.zeros(int(offset[-1]), np.uint16)
    done = _one_pass(
        Path(path),
        chrom_lengths,
        read_end=read_end,
        uniqueness=uniqueness,
        minimum_mapping_quality=minimum_mapping_quality,
        duplicates="keep",
        reverse=reverse,
        masks=masks,
        spike_in_prefix=None,
        reference=reference,
        threads=threads,
        windows=windows,
        window_offset=offset,
        bin_size=bin_size,
        progress=None,
    )
    lines = [(chrom, strand) for chrom in chrom_lengths for strand in "+-"]
    counts: dict[tuple[str, str], np.ndarray] = {
        line: windows[offset[i] : offset[i + 1]] for i, line in enumerate(lines)
    }
    carried = collect(done.starts)
    ends = np.cumsum(carried.sizes)
    for i in np.flatnonzero(carried.sizes).tolist():
        part = slice(ends[i] - carried.sizes[i], ends[i])
        wide = counts[lines[i]].astype(np.uint32)
        wide[carried.position[part]] += carried.reads[part].astype(np.uint32) << 16
        counts[lines[i]] = wide
    return Windows(counts, _outcomes(done.parser))


def _outcomes(parser: Any) -> dict[str, int]:
    return dict(zip(OUTCOMES, parser.outcomes.tolist(), strict=True))
