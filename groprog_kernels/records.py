"""Alignment files as a stream of BAM records: BAM is read directly, SAM and CRAM through htslib in a child process.

Sources: SAM specification 1.6 (1.3, 4.2), htslib.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from groprog_kernels.bgzf import BgzfError, inflate

_WITHOUT_SEQUENCE = 0x1FE | 0x800
"""htslib's fields of a CRAM but names, sequences and qualities: no reference is needed for them."""
_EVERYTHING = 0x1FFF


class BamError(ValueError):
    """The file breaks its format: it is truncated, altered, or does not hold alignments."""


class BamHeader(NamedTuple):
    """format: "bam", "sam" or "cram"; text: SAM header lines; lengths: contig -> bp, in the file's order."""

    format: str
    text: str
    lengths: dict[str, int]


def alignment_format(path: str | Path) -> str:
    """The format of a file by its first bytes: "bam", "cram" or "sam" (plain or gzip).

    BamError when the file is empty or is none of them (a gzip that holds no BAM or SAM, a FASTQ, binary data).
    """
    with open(path, "rb") as stream:
        start = stream.read(1 << 16)
    if not start:
        raise BamError("the file is empty")
    if start[:4] == b"CRAM":
        return "cram"
    if start[:2] == b"\x1f\x8b":
        try:
            start = zlib.decompressobj(31).decompress(start, 1 << 12)
        except zlib.error:
            raise BamError("the first compressed block does not inflate: the file is altered") from None
        if start[:4] == b"BAM\1":
            return "bam"
    line = start.split(b"\n", 1)[0]
    if line[:4] in (b"@HD\t", b"@SQ\t", b"@PG\t", b"@CO\t", b"@RG\t") or line.count(b"\t") >= 10:
        return "sam"
    raise BamError(f"neither BAM, SAM nor CRAM; it begins with {told_mark(start)}{start[:16]!r}")


def told_mark(start: bytes) -> str:
    """Words on the byte-order mark with which a file begins, to be removed before other programs read it; "" without one."""
    return "a byte-order mark: " if start.startswith((BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)) else ""


class Records:
    """Chunks of whole and cut records: iterate for (buffer, start, end), and `keep` what could not be read yet.

    header: the file's. A kept rest is placed in front of the next chunk. Iteration raises BamError where the stream breaks, and
    when bytes are left over at its end.
    """

    def __init__(self, stream: IO[bytes], threads: int, format: str):
        self._chunks = inflate(stream, threads)
        self._rest = np.empty(0, np.uint8)
        self.offset = 0
        self.header = self._read_header(format)

    def close(self) -> None:
        self._chunks.close()  # type: ignore[attr-defined]

    def keep(self, buffer: np.ndarray, start: int, end: int) -> None:
        """Carry buffer[start:end] (uint8 bytes) over to the next chunk."""
        self._rest = buffer[start:end].copy()

    def malformed(self) -> BamError:
        """The error for a record that contradicts itself."""
        return BamError(f"a record before byte {self.offset:,} contradicts its own lengths")

    def _next(self) -> tuple[np.ndarray, int, int] | None:
        try:
            chunk = next(self._chunks, None)
        except BgzfError as error:
            raise BamError(str(error)) from None
        if chunk is None:
            return None
        self.offset = chunk.offset
        size = len(self._rest)
        if size <= chunk.start:
            chunk.buffer[chunk.start - size : chunk.start] = self._rest
            return chunk.buffer, chunk.start - size, chunk.end
        joined = np.concatenate([self._rest, chunk.buffer[chunk.start : chunk.end]])
        return joined, 0, len(joined)

    def __iter__(self) -> Iterator[tuple[np.ndarray, int, int]]:
        first = self._rest
        self._rest = np.empty(0, np.uint8)
        if len(first):
            yield first, 0, len(first)
        while (chunk := self._next()) is not None:
            yield chunk
        if len(self._rest):
            raise BamError("the file ends within a record")

    def _read_header(self, format: str) -> BamHeader:
        held = bytearray()

        def take(start: int, size: int) -> bytes:
            while len(held) < start + size:
                chunk = self._next()
                if chunk is None:
                    raise BamError("the file ends within its header")
                held.extend(chunk[0][chunk[1] : chunk[2]].tobytes())
            return bytes(held[start : start + size])

        def number(start: int) -> int:
            value = int.from_bytes(take(start, 4), "little")
            if value >= 1 << 31:
                raise BamError(f"the header states a length of {value:,}")
            return value

        if take(0, 4) != b"BAM\1":
            raise BamError("the compressed data are not a BAM")
        size = number(4)
        text = take(8, size).rstrip(b"\0").decode(errors="replace")
        at = 12 + size
        contigs = number(at - 4)
        lengths = {}
        for _ in range(contigs):
            size = number(at)
            name = take(at + 4, size).rstrip(b"\0").decode(errors="replace")
            lengths[name] = number(at + 4 + size)
            at += 8 + size
        if len(lengths) != contigs:
            raise BamError("the header names a contig twice")
        self._rest = np.frombuffer(bytes(held[at:]), np.uint8)
        return BamHeader(format, text, lengths)


@contextmanager
def open_records(
    path: str | Path, reference: str | Path | None = None, *, threads: int = 2, qualities: bool = False
) -> Iterator[Records]:
    """`Records` of a BAM, SAM or CRAM, in the file's order; no index is used.

    reference: FASTA of a CRAM; needed only with `qualities` (sequences and qualities are left out otherwise). No reference
    is fetched from the network. BamError as for `Records`, and for whatever htslib refuses.
    """
    path = Path(path)
    format = alignment_format(path)
    if format == "bam":
        with open(path, "rb", buffering=0) as stream:
            records = Records(stream, threads, format)
            try:
                yield records
            finally:
                records.close()
        return
    options = ["-u", "-h", "-o", "-"]
    if format == "cram":
        fields = _EVERYTHING if qualities else _WITHOUT_SEQUENCE
        options += ["--input-fmt-option", f"required_fields={fields}", "--input-fmt-option", "decode_md=0"]
        if reference is not None:
            options += ["-T", str(reference)]
    with _converted(path, format, options) as stream:
        records = Records(stream, threads, format)
        try:
            yield records
        finally:
            records.close()


@contextmanager
def _converted(path: Path, format: str, options: list[str]) -> Iterator[IO[bytes]]:
    """The BAM that `samtools view` writes of a file; its error messages become a BamError."""
    script = "import sys, pysam; pysam.view(*sys.argv[1:], catch_stdout=False)"
    environment = {**os.environ, "REF_PATH": os.environ.get("REF_PATH", os.devnull)}
    command = [sys.executable, "-P", "-c", script, *options, str(path)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as child,
        ThreadPoolExecutor(1) as reader,
    ):
        assert child.stdout is not None
        assert child.stderr is not None
        complaint: Future[bytes] = reader.submit(child.stderr.read)
        failure: BamError | None = None
        stopped = True
        try:
            yield child.stdout
            while child.stdout.read(1 << 20):
                pass
            stopped = False
        except BamError as error:
            failure, stopped = error, False
        finally:
            child.stdout.close()
            if stopped:
                child.kill()
            words = complaint.result().decode(errors="replace")
            code = child.wait()
    if code != 0 or "truncated" in words or "EOF marker is absent" in words:
        lines = [line for line in words.splitlines() if line.startswith(("[", "samtools"))]
        raise BamError(f"htslib cannot read this {format.upper()}: {' '.join(lines)[:600]}") from None
    if failure is not None:
        raise failure


def read_header(path: str | Path) -> BamHeader:
    """Header of a BAM, SAM or CRAM (contig lengths in bp); the records are not looked at, so that a CRAM needs no reference.

    BamError when the file is none of them or its header is cut off. Source: SAM 1.6, 4.2.
    """
    path = Path(path)
    if alignment_format(path) == "bam":
        with open(path, "rb", buffering=0) as stream:
            records = Records(stream, 1, "bam")
            records.close()
            return records.header
    with _converted(path, alignment_format(path), ["-u", "-H", "-o", "-"]) as stream:
        records = Records(stream, 1, alignment_format(path))
        records.close()
        return records.header
