"""Pairs of tracks, one per strand, with one value per base. The minus strand is written negative and read in either sign. Written
as bigWig; read as bigWig or bedGraph.

Tables in, files out, and back; no Dagster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads.bedgraph import bedgraph_lengths, is_bedgraph, read_bedgraph
from groprog_assets.methods.reads.bigwig_format import write_points
from groprog_assets.methods.reads.bigwig_track import bigwig_lengths, open_track, unreadable
from groprog_assets.methods.reads.point_tracks import track_problems
from groprog_assets.methods.reads.positions import STRANDS, BySequence, Positions, position_table, sequences

__all__ = [
    "TRACK_FORMATS",
    "assembly_problems",
    "has_negative_values",
    "read_bigwig_pair",
    "track_format",
    "track_lengths",
    "write_bigwigs",
]

TRACK_FORMATS = ("bigwig", "bedgraph")

RAW = {"": 1.0}
"""The one kind of track that holds counts of reads."""

_READ_STEP = 1 << 19
_TRACKS = {"+": ("plus", 1.0), "-": ("minus", -1.0)}


class _Strand(Mapping[str, tuple[np.ndarray, np.ndarray]]):
    """Chromosome -> (position, count) of one strand, read when it is asked for; one beyond the chromosome is refused."""

    def __init__(self, held: BySequence, strand: str, chrom_sizes: Mapping[str, int]):
        self._held, self._strand, self._sizes = held, strand, chrom_sizes

    def __getitem__(self, chrom: str) -> tuple[np.ndarray, np.ndarray]:
        position, count = self._held[chrom, self._strand]
        if int(position[-1]) >= self._sizes[chrom]:
            raise ReadsError(_outside(chrom, f"last position {int(position[-1]):,}"))
        return position, count

    def __iter__(self) -> Iterator[str]:
        return (chrom for chrom, strand in self._held if strand == self._strand)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def write_bigwigs(
    positions: Positions,
    chrom_sizes: Mapping[str, int],
    prefix: Path,
    kinds: Mapping[str, float] = RAW,
    strands: Sequence[str] = STRANDS,
) -> list[Path]:
    """`<prefix>_plus<kind>.bw` and `<prefix>_minus<kind>.bw` in point mode, values count * factor, minus negative.

    positions: a table, or its sequences, each asked for once and held alone. kinds: part of the file name, such as ".rpm" ->
    factor: 1 for raw reads, 1e6 / reads for reads per million. strands: those written. Equal tables give equal bytes. A strand
    without reads gives valid files without values. ReadsError when a position lies outside chrom_sizes, and no file. Source: the
    convention of dREG, PINTS and proseq2.0 tracks.
    """
    held = sequences(positions)
    strange = dict.fromkeys(chrom for chrom, _ in held if chrom not in chrom_sizes)
    if strange:
        raise ReadsError([_outside(chrom, "no such chromosome") for chrom in strange])
    paths: list[Path] = []
    try:
        for strand in strands:
            name, sign = _TRACKS[strand]
            factors = {Path(f"{prefix}_{name}{kind}.bw"): sign * factor for kind, factor in kinds.items()}
            paths += factors
            prefix.parent.mkdir(parents=True, exist_ok=True)
            write_points(factors, chrom_sizes, _Strand(held, strand, chrom_sizes))
    except ReadsError:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    return paths


def _outside(chrom: str, seen: str) -> Problem:
    rule = "A bigWig holds only bases of its chromosomes."
    remedy = "Use the chromosome sizes of the assembly the reads were aligned to."
    return Problem(f"positions on {chrom}", seen, rule, remedy)


def read_bigwig_pair(
    plus: Path, minus: Path, chrom_sizes: Mapping[str, int], most: int | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """The `positions` table of a raw point-mode pair, and the contigs of the files that chrom_sizes does not name.

    The minus file may hold negative or positive values, not both. most: positions of a file after which no further stretch of
    it is read. ReadsError, with every problem: neither bigWig nor bedGraph, truncated or altered, no shared chromosome, a
    chromosome of another length, values that are not whole numbers of reads, coverage, bins or multiples instead of read ends
    (`track_problems`), negative values in the plus file.
    """
    problems: list[Problem] = []
    parts: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
    ignored: set[str] = set()
    for code, path in enumerate((Path(plus), Path(minus))):
        try:
            reader = read_bedgraph if track_format(path) == "bedgraph" else _read
            chroms, values = reader(path, chrom_sizes, most)
        except ReadsError as error:
            problems += error.problems
            continue
        ignored |= set(chroms) - set(chrom_sizes)
        problems += assembly_problems(path, chroms, chrom_sizes)
        signs = {bool(sign) for _, value in values.values() for sign in np.unique(value < 0)}
        if len(signs) > 1:
            rule = "A track holds one strand: the plus track is positive, the minus track of one sign."
            remedy = "Export the strands separately. Where one file holds both, minus as negative values, split it by the sign."
            problems.append(Problem(str(path), "values of both signs", rule, remedy))
        elif code == 0 and True in signs:
            rule = "The plus track is positive; only a minus track may hold negative values."
            remedy = "Exchange bigwig_plus and bigwig_minus if this is the minus track; else make its values positive."
            problems.append(Problem(str(path), "negative values", rule, remedy))
        problems += track_problems(path, values)
        parts |= {(chrom, code): value for chrom, value in values.items()}
    if problems:
        raise ReadsError(problems)
    order = sorted(parts)
    sizes = [len(parts[key][0]) for key in order]
    table = position_table(
        np.repeat(np.array([key[0] for key in order], np.int32), sizes),
        np.repeat(np.array([key[1] for key in order], np.int8), sizes),
        np.concatenate([parts[key][0] for key in order]) if order else np.empty(0, np.int32),
        np.abs(np.concatenate([parts[key][1] for key in order])).astype(np.int32) if order else np.empty(0, np.int32),
        chrom_sizes,
    )
    return table, sorted(ignored)


def has_negative_values(path: Path, chrom_sizes: Mapping[str, int]) -> bool:
    """Whether the first positions of a track are negative, as those of a minus track often are. ReadsError as the readers."""
    reader = read_bedgraph if track_format(path) == "bedgraph" else _read
    return any(bool((value < 0).any()) for _, value in reader(path, chrom_sizes, 1)[1].values())


def track_format(path: Path) -> str:
    """ "bedgraph" for text, else "bigwig", whose reader says what is wrong with a file that is neither."""
    try:
        return "bedgraph" if is_bedgraph(path) else "bigwig"
    except OSError:
        return "bigwig"


def track_lengths(path: Path, chrom_sizes: Mapping[str, int]) -> dict[str, int]:
    """Chromosome -> bp of a track: those of a bigWig's header; those of the study for the chromosomes that a bedGraph names.
    ReadsError as the readers raise it."""
    return bedgraph_lengths(path, chrom_sizes) if track_format(path) == "bedgraph" else bigwig_lengths(path)


def _read(
    path: Path, chrom_sizes: Mapping[str, int], most: int | None = None
) -> tuple[dict[str, int], dict[int, tuple[np.ndarray, np.ndarray]]]:
    """Chromosome lengths of a bigWig and, by rank in chrom_sizes, its positions and values that are not zero.

    most: positions after which no further stretch is read.
    """
    found_positions = 0
    held = {}
    with open_track(path) as track:
        for rank, (chrom, size) in enumerate(chrom_sizes.items()):
            positions, values = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
            if track.lengths.get(chrom) != size:
                continue
            for at in range(0, size, _READ_STEP):
                if most is not None and found_positions >= most:
                    break
                end = min(at + _READ_STEP, size)
                starts, ends, value = track.intervals(chrom, at, end)
                starts, lengths = np.maximum(starts, at), np.minimum(ends, end) - np.maximum(starts, at)
                if (lengths < 1).any() or lengths.sum() > end - at or not np.isfinite(value).all():
                    shown = f"damaged blocks on {chrom}, {at:,} to {end:,}"
                    raise ReadsError(unreadable(path, shown))
                here = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
                value = np.repeat(value, lengths)
                found_positions += int(np.count_nonzero(value))
                positions.append(here[value != 0].astype(np.int32))
                values.append(value[value != 0].astype(np.float32))
            held[rank] = (np.concatenate(positions), np.concatenate(values))
    return track.lengths, held


def assembly_problems(path: Path, lengths: Mapping[str, int], chrom_sizes: Mapping[str, int]) -> list[Problem]:
    """Reasons why `lengths` (contig -> bp of a file) and chrom_sizes cannot be one assembly; empty when there are none.

    Contigs that only one of them names are allowed, if some are shared and all shared ones have equal lengths.
    """
    shared = [chrom for chrom in lengths if chrom in chrom_sizes]
    if not shared:
        named = f"its contigs are {', '.join(list(lengths)[:3])}…" if lengths else "it names no contigs"
        remedy = "Give the chromosome sizes, annotation and alignments of one assembly."
        bare = {chrom.removeprefix("chr") for chrom in chrom_sizes}
        if any(chrom.removeprefix("chr") in bare for chrom in lengths):
            remedy = (
                "The names differ only by 'chr': rename the chromosomes of the chromosome sizes or of the alignments."
            )
        return [
            Problem(
                str(path),
                f"no contig is among the study's chromosomes; {named}, the study's {', '.join(list(chrom_sizes)[:3])}…",
                "Alignments and chromosome sizes must name the same assembly.",
                remedy,
            )
        ]
    return [
        Problem(
            str(path),
            f"{chrom} is {lengths[chrom]:,} bp in the file and {chrom_sizes[chrom]:,} bp in the study",
            "The alignments are of another assembly.",
            "Give the chromosome sizes and annotation of the assembly the reads were aligned to, or align them again.",
        )
        for chrom in shared
        if lengths[chrom] != chrom_sizes[chrom]
    ][:5]
