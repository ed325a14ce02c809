"""Base qualities by sequencing cycle, counted in one pass over a FASTQ or alignment file.

The table of counts (cycle, quality) is enough for means, mean errors and extremes. One thread decompresses the input while
another counts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import groprog_kernels.quality_cython as loops
from groprog_kernels.records import open_records, told_mark

_CHUNK = 1 << 20
_QUALITIES = 94


class FastqError(ValueError):
    """The file is no FASTQ, or is truncated or altered."""


class QualityTally(NamedTuple):
    """counts: (mates, cycles, 94) int64 bases by Phred quality; reads: (mates,) int64 reads with qualities; without: reads
    that carry none (alignments only)."""

    counts: NDArray[np.int64]
    reads: NDArray[np.int64]
    without: int


class CycleQuality(NamedTuple):
    """One row a cycle (c,): mean and error_mean Phred float64; lowest, highest int32 Phred; reads int64 reaching it."""

    mean: NDArray[np.float64]
    error_mean: NDArray[np.float64]
    lowest: NDArray[np.int32]
    highest: NDArray[np.int32]
    reads: NDArray[np.int64]


def _text(path: Path) -> Iterator[bytes]:
    """The file's bytes as `_bytes`; FastqError for a byte-order mark before the first read, which no aligner passes over."""
    for number, piece in enumerate(_bytes(path)):
        if not number and told_mark(piece):
            raise FastqError("a byte-order mark stands before record 1: save the file as plain ASCII")
        yield piece


def _bytes(path: Path) -> Iterator[bytes]:
    """The file's bytes, inflated when it is gzip (any number of members)."""
    with open(path, "rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            stream.seek(0)
            while piece := stream.read(_CHUNK):
                yield piece
            return
        stream.seek(0)
        inflater = zlib.decompressobj(31)
        while piece := stream.read(_CHUNK // 4):
            while piece:
                try:
                    yield inflater.decompress(piece)
                except zlib.error as error:
                    raise FastqError(
                        f"the compressed data are altered before byte {stream.tell():,} ({error})"
                    ) from None
                piece = inflater.unused_data
                if inflater.eof:
                    piece = piece or stream.read(_CHUNK // 4)
                    inflater = zlib.decompressobj(31)
                    if piece and not piece.startswith(b"\x1f"):
                        raise FastqError(f"bytes that are not gzip follow before byte {stream.tell():,}")
                    if not piece:
                        return
        raise FastqError("the compressed file is cut off")


def _ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces in order. The next one is made in another thread while the current one is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece


def first_name(path: str | Path) -> str:
    """The name of a FASTQ file's first read, up to its first blank and without '@'; the rest of the file is not read.

    FastqError: as `tally_fastq`, for the first record alone. Source: Cock et al. 2010, doi:10.1093/nar/gkp1137.
    """
    head = b""
    for piece in _text(Path(path)):
        head += piece
        if head.count(b"\n") >= 4:
            break
    if not head.strip():
        raise FastqError("the file holds no reads")
    lines = [line.rstrip(b"\r") for line in head.split(b"\n", 4)[:4]]
    if not lines[0].startswith(b"@"):
        raise FastqError("record 1 does not begin with '@'")
    if len(lines) < 4:
        raise FastqError("the file is cut off within record 1")
    if not lines[2].startswith(b"+"):
        raise FastqError("record 1 has no '+' line after its sequence")
    if len(lines[1]) != len(lines[3]):
        raise FastqError("record 1 has a sequence and qualities of different lengths")
    return (lines[0][1:].split() or [b""])[0].decode("ascii", "replace")


def tally_fastq(path: str | Path) -> QualityTally:
    """Qualities of one FASTQ file, plain or gzip, as a one-mate tally.

    Four lines a record, Unix or Windows line ends; a last line without its end is accepted. Phred+33, or Phred+64 when no
    character is below 64 and some lie above 'T' (Q51 in Phred+33), which only old Illumina files do. An empty read counts as
    a read without cycles. FastqError names the record: no '@' or '+', sequence and qualities of different lengths,
    characters outside '!'..'~', a file cut off within a record, altered or truncated gzip, or no reads at all.
    Source: Cock et al. 2010, doi:10.1093/nar/gkp1137.
    """
    tally = np.zeros((512, 128), np.int64)
    records = 0
    rest = b""
    complaints = {
        loops.STATUS_NO_HEADER: "does not begin with '@'",
        loops.STATUS_NO_PLUS: "has no '+' line after its sequence",
        loops.STATUS_UNEQUAL: "has a sequence and qualities of different lengths",
        loops.STATUS_OUT_OF_RANGE: "has a quality character outside '!'..'~'",
    }
    pieces = _ahead(_text(Path(path)))
    finished = False
    while not finished:
        piece = next(pieces, None)
        if piece is None:
            finished = True
            piece = b"\n" if rest.strip() else b""
        data = np.frombuffer(rest + piece, np.uint8)
        at = 0
        while True:
            status, at, more = loops.tally_fastq(data, at, len(data), tally)
            records += more
            if status == loops.STATUS_TOO_LONG:
                tally = np.concatenate([tally, np.zeros_like(tally)])
                continue
            break
        rest = data[at:].tobytes()
        if status in complaints and not finished and rest.strip():
            raise FastqError(f"record {records + 1:,} {complaints[status]}")
    if rest.strip():
        raise FastqError(f"the file is cut off within record {records + 1:,}")
    if records == 0:
        raise FastqError("the file holds no reads")
    used = np.flatnonzero(tally.any(axis=0))
    old = len(used) > 0 and used[0] >= 64 and used[-1] > ord("T")
    offset = 64 if old else 33
    cycles = int(np.flatnonzero(tally.any(axis=1))[-1]) + 1 if len(used) else 0
    counts = np.zeros((1, cycles, _QUALITIES), np.int64)
    counts[0, :, : 127 - offset] = tally[:cycles, offset:127]
    return QualityTally(counts, np.array([records]), 0)


class AlignmentTally:
    """Qualities of the reads of a BAM, SAM or CRAM, in sequencing order, for one or two mates, from the chunks of its records.

    Secondary and supplementary records are left out; reverse reads are turned back. Reads without qualities (`*`) are only
    counted. most_cycles: the longest read it makes room for; None has no limit. Source: SAM 1.6, 4.2.
    """

    def __init__(self, most_cycles: int | None = None) -> None:
        self._tally = np.zeros((2, 512, _QUALITIES), np.int64)
        self._counts = np.zeros(3, np.int64)
        self._most = most_cycles
        self.sound = True
        """False once a record contradicts itself or is longer than `most_cycles`; nothing is counted any more."""

    def add(self, buffer: NDArray[np.uint8], start: int, end: int) -> int:
        """Count the whole records of buffer[start:end]; the offset of the first byte that is not of a counted one."""
        at = start
        while self.sound:
            status, at = loops.tally_qualities(buffer, at, end, self._tally, self._counts)
            if status != loops.STATUS_TOO_LONG:
                self.sound = status != loops.STATUS_MALFORMED
                break
            longest = int(self._counts[2])
            self.sound = self._most is None or longest <= self._most
            if self.sound:
                wider = max(longest, 2 * self._tally.shape[1]) - self._tally.shape[1]
                self._tally = np.concatenate([self._tally, np.zeros((2, wider, _QUALITIES), np.int64)], axis=1)
        return at

    def result(self) -> QualityTally:
        """The counts of all records added."""
        mates = self._tally[:, 0].sum(axis=1)
        used = np.flatnonzero(self._tally.any(axis=(0, 2)))
        cycles = int(used[-1]) + 1 if len(used) else 0
        held = 2 if mates[1] else 1
        return QualityTally(self._tally[:held, :cycles].copy(), mates[:held], int(self._counts[1]))


def tally_alignments(path: str | Path, reference: str | Path | None = None) -> QualityTally:
    """The `AlignmentTally` of a whole BAM, SAM or CRAM. BamError as in `reads.decode_reads`."""
    tally = AlignmentTally()
    with open_records(Path(path), reference, qualities=True) as records:
        for buffer, start, end in records:
            at = tally.add(buffer, start, end)
            if not tally.sound:
                raise records.malformed()
            records.keep(buffer, at, end)
    return tally.result()


def summarize(counts: NDArray[np.int64]) -> CycleQuality:
    """Per-cycle figures of one mate's counts (cycles, qualities).

    mean: arithmetic mean of Phred values, FastQC's per-base mean. error_mean: -10 log10 of the mean of 10^(-q/10), never
    above mean. Cycles no read reaches must not be in the table: ValueError. Source: FastQC 0.12 PerBaseQualityScores.
    """
    counts = np.asarray(counts, np.int64)
    reads = counts.sum(axis=1)
    if (reads == 0).any():
        raise ValueError("a cycle without reads has no quality")
    phred = np.arange(counts.shape[1])
    error = (counts @ (10.0 ** (-phred / 10))) / reads
    held = counts > 0
    return CycleQuality(
        counts @ phred / reads,
        -10 * np.log10(error),
        held.argmax(axis=1).astype(np.int32),
        (counts.shape[1] - 1 - held[:, ::-1].argmax(axis=1)).astype(np.int32),
        reads,
    )
