"""Reads to positions: a BAM is streamed once, block by block, and leaves only counted positions and a filter funnel.

BGZF blocks are independent gzip members, so they are inflated in threads (libdeflate, CRC-32 checked) while records are
walked at the fixed offsets of the BAM layout; a record that straddles blocks is carried over. Nothing needs an index or an
order, and memory is the distinct positions plus a few blocks. SAM and CRAM are turned into a BAM stream by htslib (pysam,
in a child process) and take the same path.

Sources: SAM/BAM specification 1.6 (sections 1.4, 4.1, 4.2), libdeflate.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from deflate import _deflate

from groprog_kernels import reads_cython as loops

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
"""What can become of a record, in the order the loop asks; the first rule that removes a record names it."""

_READ_ENDS = ("five_prime", "three_prime", "coverage")
_RULES = ("mapping_quality", "hits", "tie", "tie_or_alternative", "none")
_DUPLICATES = ("keep", "position", "umi")

_COMPRESSED = 1 << 19
_INFLATED = 1 << 21
_HEADROOM = 1 << 16
_BLOCKS = 1 << 12
_KEYS = 1 << 22

_library = ctypes.CDLL(_deflate.__file__)
_LIBDEFLATE = tuple(
    ctypes.cast(getattr(_library, name), ctypes.c_void_p).value
    for name in (
        "libdeflate_alloc_decompressor",
        "libdeflate_free_decompressor",
        "libdeflate_deflate_decompress",
        "libdeflate_crc32",
    )
)


class BamError(ValueError):
    """The file is not what its format demands: truncated, altered, or not alignments at all."""


class BamHeader(NamedTuple):
    """format: "bam", "sam" or "cram"; text: SAM header lines; lengths: contig -> bp, in the file's order."""

    format: str
    text: str
    lengths: dict[str, int]


class Decoded(NamedTuple):
    """What one pass over a file leaves.

    chrom: (n,) int32 rank in `chrom_lengths`; strand: (n,) uint8, 0 for +, 1 for -; position: (n,) int32, 0-based;
    count: (n,) int32 reads; sorted by chrom, strand, position, each once.
    outcomes: records by `OUTCOMES`, all of them together the records of the file.
    absent: contig -> records that passed every rule before on contigs outside `chrom_lengths`.
    outside: (contig, end) of the first record beyond its chromosome, or None.
    mean_read_length, shortest_read, longest_read: bp of the kept reads, from their CIGARs; 0 when none was kept.
    unknown_quality: kept reads with MAPQ 255. marked_duplicates: kept reads with flag 0x400. paired: kept reads of pairs.
    without_umi: reads without an RX tag under the umi policy.
    """

    header: BamHeader
    chrom: np.ndarray
    strand: np.ndarray
    position: np.ndarray
    count: np.ndarray
    outcomes: dict[str, int]
    absent: dict[str, int]
    outside: tuple[str, int] | None
    mean_read_length: float
    shortest_read: int
    longest_read: int
    unknown_quality: int
    marked_duplicates: int
    paired: int
    without_umi: int


class Windows(NamedTuple):
    """counts: (chromosome, strand) -> (windows,) int32 reads; outcomes: as in `Decoded`."""

    counts: dict[tuple[str, str], np.ndarray]
    outcomes: dict[str, int]


def alignment_format(path: str | Path) -> str:
    """"bam", "cram" or "sam" by the first bytes of the file.

    BamError when the file is empty or is none of them (a gzip that holds no BAM or SAM, a FASTQ, binary data).
    """
    with open(path, "rb") as stream:
        start = stream.read(1 << 16)
    if not start:
        raise BamError("the file is empty")
    if start[:4] == b"CRAM":
        return "cram"
    if start[:2] == b"\x1f\x8b":
        import zlib

        try:
            start = zlib.decompressobj(31).decompress(start, 1 << 12)
        except zlib.error:
            raise BamError("the first compressed block does not inflate") from None
        if start[:4] == b"BAM\1":
            return "bam"
    line = start.split(b"\n", 1)[0]
    if line[:4] in (b"@HD\t", b"@SQ\t", b"@PG\t", b"@CO\t", b"@RG\t") or line.count(b"\t") >= 10:
        return "sam"
    raise BamError("neither BAM, SAM nor CRAM: the first bytes are " + repr(start[:16]))


@contextmanager
def _bam_stream(path: Path, format: str, reference: Path | None, fields: int) -> Iterator[IO[bytes]]:
    """The bytes of a BAM: the file's own, or htslib's conversion of a SAM or CRAM in a child process."""
    if format == "bam":
        with open(path, "rb", buffering=0) as stream:
            yield stream
        return
    options = ["-u", "-h", "-o", "-"]
    if format == "cram":
        options += ["--input-fmt-option", f"required_fields={fields}", "--input-fmt-option", "decode_md=0"]
        if reference is not None:
            options += ["-T", str(reference)]
    script = "import sys, pysam; pysam.view(*sys.argv[1:], catch_stdout=False)"
    # no reference is fetched from the network behind the user's back
    environment = {**os.environ, "REF_PATH": os.environ.get("REF_PATH", os.devnull)}
    command = [sys.executable, "-c", script, *options, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        with ThreadPoolExecutor(1) as reader:
            complaint: Future[bytes] = reader.submit(child.stderr.read)
            failed: BamError | None = None
            try:
                yield child.stdout
            except BamError as error:
                failed = error
            finally:
                child.stdout.close()
                words = complaint.result().decode(errors="replace")
        if child.wait() != 0 or "truncated" in words or "EOF marker is absent" in words:
            lines = [line for line in words.splitlines() if line.strip() and not line.startswith(("Traceback", "  "))]
            raise BamError(f"htslib cannot read this {format.upper()}: {' '.join(lines)[-600:]}") from failed
        if failed is not None:
            raise failed


class _Inflated(NamedTuple):
    """Inflated bytes [start, end) of buffer, with the compressed offset they end at."""

    buffer: np.ndarray
    start: int
    end: int
    offset: int


def _inflate(stream: IO[bytes], threads: int) -> Iterator[_Inflated]:
    """Inflated chunks of a BGZF stream, in order; a chunk's buffer is reused a few chunks later."""
    free = [np.empty(_HEADROOM + _INFLATED, np.uint8) for _ in range(2 * threads + 2)]
    waiting: deque[tuple[Future[int] | int, _Inflated, int]] = deque()
    held = b""
    offset = 0
    ended_empty = False
    finished = False
    pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def settle() -> _Inflated:
        outcome, chunk, started = waiting.popleft()
        bad = outcome if isinstance(outcome, int) else outcome.result()
        if bad >= 0:
            raise BamError(f"a compressed block after byte {started:,} is altered: it does not inflate to its checksum")
        return chunk

    try:
        while not finished or held:
            more = b"" if finished else stream.read(max(_COMPRESSED - len(held), 1 << 16))
            finished = finished or not more
            data = np.frombuffer(held + more, np.uint8)
            arrays = [np.empty(_BLOCKS, np.int64) for _ in range(3)]
            checksum = np.empty(_BLOCKS, np.uint32)
            if len(data):
                blocks, consumed, size, good = loops.scan_blocks(data, len(data), _INFLATED, *arrays, checksum)
            else:
                blocks, consumed, size, good = 0, 0, 0, True
            if not good and blocks == 0:
                raise BamError(f"no compressed block begins at byte {offset:,}, where one should")
            if blocks == 0 and finished:
                if len(data):
                    raise BamError(f"the file is cut off within the block at byte {offset:,}")
                break
            held = bytes(memoryview(data)[consumed:])
            if blocks == 0:
                continue
            ended_empty = int(arrays[2][blocks - 1]) == 0
            while not free:
                chunk = settle()
                yield chunk
                free.append(chunk.buffer)
            buffer = free.pop()
            arguments = (*_LIBDEFLATE, data, blocks, *arrays, checksum, buffer, _HEADROOM)
            outcome: Future[int] | int = (
                pool.submit(loops.inflate_blocks, *arguments) if pool else loops.inflate_blocks(*arguments)
            )
            waiting.append((outcome, _Inflated(buffer, _HEADROOM, _HEADROOM + size, offset + consumed), offset))
            offset += consumed
            if pool is None:
                chunk = settle()
                yield chunk
                free.append(chunk.buffer)
        while waiting:
            chunk = settle()
            yield chunk
            free.append(chunk.buffer)
        if not ended_empty:
            raise BamError("the end-of-file marker is missing: the file was cut off between two blocks")
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


class _Records:
    """Inflated chunks with the unread rest of the last one put in front."""

    def __init__(self, stream: IO[bytes], threads: int):
        self._chunks = _inflate(stream, threads)
        self._rest = np.empty(0, np.uint8)
        self.offset = 0

    def close(self) -> None:
        self._chunks.close()  # type: ignore[attr-defined]

    def keep(self, buffer: np.ndarray, start: int, end: int) -> None:
        """Carry buffer[start:end] over to the next chunk."""
        self._rest = buffer[start:end].copy()

    def next(self) -> tuple[np.ndarray, int, int] | None:
        """(buffer, start, end) of the carried rest and the next chunk; None at the end of the file."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return None
        self.offset = chunk.offset
        size = len(self._rest)
        if size == 0:
            return chunk.buffer, chunk.start, chunk.end
        if size <= chunk.start:
            chunk.buffer[chunk.start - size : chunk.start] = self._rest
            return chunk.buffer, chunk.start - size, chunk.end
        joined = np.concatenate([self._rest, chunk.buffer[chunk.start : chunk.end]])
        return joined, 0, len(joined)

    @property
    def unread(self) -> int:
        return len(self._rest)


def _header(records: _Records, format: str) -> BamHeader:
    """The header at the start of the stream; the records after it are put back."""
    held = bytearray()

    def take(start: int, size: int) -> bytes:
        while len(held) < start + size:
            chunk = records.next()
            if chunk is None:
                raise BamError("the file ends within its header")
            held.extend(memoryview(chunk[0])[chunk[1] : chunk[2]])
            records.keep(chunk[0], chunk[2], chunk[2])
        return bytes(held[start : start + size])

    def number(start: int) -> int:
        value = int.from_bytes(take(start, 4), "little", signed=True)
        if not 0 <= value < 1 << 30:
            raise BamError(f"the header states a length of {value:,}")
        return value

    if take(0, 4) != b"BAM\1":
        raise BamError("the compressed data are not a BAM")
    size = number(4)
    text = take(8, size).rstrip(b"\0").decode(errors="replace")
    at = 8 + size
    contigs = number(at)
    at += 4
    lengths = {}
    for _ in range(contigs):
        size = number(at)
        name = take(at + 4, size).rstrip(b"\0").decode(errors="replace")
        lengths[name] = number(at + 4 + size)
        at += 8 + size
    if len(lengths) != contigs:
        raise BamError("the header names a contig twice")
    rest = np.frombuffer(bytes(held[at:]), np.uint8)
    records.keep(rest, 0, len(rest))
    return BamHeader(format, text, lengths)


def read_header(path: str | Path, reference: str | Path | None = None) -> BamHeader:
    """Header of a BAM, SAM or CRAM; `reference` (FASTA) only where a CRAM needs it.

    BamError when the file is not one of them or its header is cut off; records are not read. Source: SAM 1.6, 4.2.
    """
    path = Path(path)
    format = alignment_format(path)
    if format == "bam":
        with open(path, "rb", buffering=0) as stream:
            records = _Records(stream, 1)
            try:
                return _header(records, format)
            finally:
                records.close()
    import pysam

    try:
        with pysam.AlignmentFile(str(path), check_sq=False) as file:
            return BamHeader(format, str(file.header), dict(zip(file.references, file.lengths)))
    except (ValueError, OSError) as error:
        raise BamError(f"htslib cannot read this {format.upper()}: {error}") from None


class _Counter:
    """Sorted distinct keys with counts, merged as tables of doubling size, so that each key is moved O(log n) times."""

    def __init__(self) -> None:
        self._tables: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, keys: np.ndarray) -> None:
        if not len(keys):
            return
        keys.sort()
        distinct, counts = np.empty(len(keys), np.uint64), np.empty(len(keys), np.int32)
        size = loops.count_sorted(keys, distinct, counts)
        self._tables.append((distinct[:size].copy(), counts[:size].copy()))
        while len(self._tables) > 1 and 2 * len(self._tables[-1][0]) > len(self._tables[-2][0]):
            self._merge()

    def _merge(self) -> None:
        (a, count_a), (b, count_b) = self._tables.pop(), self._tables.pop()
        if a[-1] < b[0] or b[-1] < a[0]:
            first, second = ((a, count_a), (b, count_b)) if a[-1] < b[0] else ((b, count_b), (a, count_a))
            self._tables.append((np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])))
            return
        out, counts = np.empty(len(a) + len(b), np.uint64), np.empty(len(a) + len(b), np.int32)
        size = loops.merge_counts(a, count_a, b, count_b, out, counts)
        self._tables.append((out[:size], counts[:size]))

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        while len(self._tables) > 1:
            self._merge()
        return self._tables.pop() if self._tables else (np.empty(0, np.uint64), np.empty(0, np.int32))


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


def _expand(starts: tuple[np.ndarray, np.ndarray], ends: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, ...]:
    """Covered bases and their depths from counted interval starts and ends (keys of one line, so strands never mix)."""
    edges = np.concatenate([starts[0], ends[0]])
    steps = np.concatenate([starts[1].astype(np.int64), -ends[1].astype(np.int64)])
    order = np.argsort(edges, kind="stable")
    edges, depth = edges[order], np.cumsum(steps[order])
    lengths = np.diff(edges.astype(np.int64), append=edges[-1:].astype(np.int64))
    lengths[depth == 0] = 0
    keys = np.repeat(edges, lengths)
    keys += (np.arange(len(keys)) - np.repeat(np.cumsum(lengths) - lengths, lengths)).astype(np.uint64)
    return keys, np.repeat(depth, lengths).astype(np.int32)


class _Pass(NamedTuple):
    header: BamHeader
    parser: Any
    starts: _Counter
    ends: _Counter


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
) -> _Pass:
    """Every record of the file through the parser."""
    if any(not 0 < length < 1 << 31 for length in chrom_lengths.values()) or len(chrom_lengths) >= 1 << 30:
        raise ValueError("chromosome lengths must lie in [1, 2^31)")
    if threads < 1:
        raise ValueError(f"threads is {threads}; at least 1 is needed")
    format = alignment_format(path)
    total = path.stat().st_size
    chroms = list(chrom_lengths)
    rank = {chrom: i for i, chrom in enumerate(chroms)}
    keys = _KEYS if not bin_size else 1
    buffers = np.empty(keys, np.uint64), np.empty(keys if read_end == "coverage" else 1, np.uint64)
    starts, ends = _Counter(), _Counter()
    # everything but names, sequences and qualities (CRAM then needs no reference)
    with _bam_stream(path, format, Path(reference) if reference else None, 0x1FE | 0x800) as stream:
        records = _Records(stream, threads)
        try:
            header = _header(records, format)
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
                starts.add(buffers[0][: parser.written])
                if read_end == "coverage":
                    ends.add(buffers[1][: parser.written])
                parser.written = 0

            def walk(buffer: np.ndarray, at: int, end: int) -> None:
                while True:
                    status, at = parser.parse(buffer, at, end)
                    if status == loops.STATUS_FULL:
                        flush()
                        continue
                    if status == loops.STATUS_MALFORMED:
                        raise BamError(f"a record before byte {records.offset:,} contradicts its own lengths")
                    if status == loops.STATUS_NO_MEMORY:
                        raise MemoryError("no memory for the reads of this file")
                    records.keep(buffer, at, end)
                    return

            if records.unread:
                walk(records._rest, 0, records.unread)
            while (chunk := records.next()) is not None:
                walk(*chunk)
                if progress is not None:
                    progress(min(records.offset, total) if format == "bam" else 0, total)
            if records.unread:
                raise BamError("the file ends within a record")
            flush()
        finally:
            records.close()
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
) -> Decoded:
    """Counted positions of one read end over a whole alignment file, with the filter funnel of the same pass.

    chrom_lengths: chromosome -> bp; contigs not among them are left out and reported.
    read_end: "five_prime" or "three_prime" base of the read as sequenced, or "coverage" (every base under M, = or X).
      Pairs count once: by the first mate, or for "three_prime" by the second mate's 5' base, the fragment's far end, on
      the strand of the first. A mapped record without a CIGAR stands for one base.
    uniqueness: "mapping_quality" MAPQ >= minimum (255, unknown, passes); "hits" NH = 1 (MAPQ where NH is absent); "tie"
      MAPQ >= minimum and not XS >= AS; "tie_or_alternative" also no XA; "none".
    duplicates: "keep"; "position" keeps the first read of the file per 5' base and strand (and mate) and drops flag
      0x400; "umi" the same per RX tag; without RX the position alone decides, counted in `without_umi`.
    reverse: report the strand opposite to the read's.
    masks: chromosome -> (m, 2) half-open intervals in bp, any order, overlaps allowed; the counted base decides, in coverage mode any
      overlap with the read's span.
    Order of the rules: `OUTCOMES`. Records beyond their chromosome's end are left out and counted, never clipped.
    reference: FASTA, only for a CRAM that cannot be decoded without. threads inflate; the caller's thread parses.
    progress(bytes read, bytes in all) is called after each chunk.

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
        windows=np.empty(0, np.int32),
        window_offset=np.zeros(1, np.int64),
        bin_size=0,
        progress=progress,
    )
    keys, counts = done.starts.table()
    if read_end == "coverage" and len(keys):
        keys, counts = _expand((keys, counts), done.ends.table())
    line = (keys >> np.uint64(32)).astype(np.int32)
    parser = done.parser
    outcomes = _outcomes(parser)
    outside = None
    if parser.example[0] >= 0:
        outside = (list(done.header.lengths)[parser.example[0]], int(parser.example[1]))
    return Decoded(
        header=done.header,
        chrom=line >> 1,
        strand=(line & 1).astype(np.uint8),
        position=keys.astype(np.uint32).view(np.int32),
        count=counts,
        outcomes=outcomes,
        absent={name: int(n) for name, n in zip(done.header.lengths, parser.absent) if n and name not in chrom_lengths},
        outside=outside,
        mean_read_length=parser.bases / outcomes["kept"] if outcomes["kept"] else 0.0,
        shortest_read=max(parser.shortest, 0),
        longest_read=parser.longest,
        unknown_quality=parser.unknown_quality,
        marked_duplicates=parser.marked_duplicates,
        paired=parser.paired,
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

    Dense: 8 bytes a window of the genome whatever the file's size. The trailing partial window is dropped, so a chromosome
    shorter than `bin_size` has an empty array. ValueError for bin_size < 1.
    """
    if bin_size < 1:
        raise ValueError(f"bin_size is {bin_size}; at least 1 bp is needed")
    sizes = np.repeat([length // bin_size for length in chrom_lengths.values()], 2)
    offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    windows = np.zeros(int(offset[-1]), np.int32)
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
    counts = {line: windows[offset[i] : offset[i + 1]] for i, line in enumerate(lines)}
    return Windows(counts, _outcomes(done.parser))


def _outcomes(parser: Any) -> dict[str, int]:
    return dict(zip(OUTCOMES, parser.outcomes.tolist(), strict=True))
