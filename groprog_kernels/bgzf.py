"""Reader of BGZF, the blocked gzip of BAM files: blocks are decompressed in threads, and each one is checked.

Inflation is libdeflate's, called through its address in the `deflate` package, outside the interpreter's lock.
Source: SAM specification 1.6, 4.1.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, NamedTuple

import numpy as np
from deflate import _deflate

import groprog_kernels.bgzf_cython as loops

_COMPRESSED = 1 << 18
_INFLATED = 1 << 20
_BLOCKS = 1 << 12
HEADROOM = 1 << 16
"""Free bytes in front of every chunk, for the rest that its reader keeps of the last chunk."""

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


class BgzfError(ValueError):
    """The compressed stream is truncated or altered."""


class Chunk(NamedTuple):
    """Inflated bytes buffer[start:end]; offset: bytes of the compressed stream up to there."""

    buffer: np.ndarray
    start: int
    end: int
    offset: int


class _Slot(NamedTuple):
    compressed: np.ndarray
    inflated: np.ndarray


def inflate(stream: IO[bytes], threads: int) -> Iterator[Chunk]:
    """The inflated bytes of a BGZF stream in order, about 1 MiB at a time, from `threads` threads.

    A chunk's buffer holds HEADROOM free bytes in front and is used again once the next chunk is asked for. Memory is
    2 * threads + 2 chunks, read and inflated in place; stream: anything with `readinto`.
    BgzfError: a block's bytes do not inflate to its CRC-32 and length, bytes that are no block, a block cut off,
    or no empty block at the end (the end-of-file marker; an empty stream has none).
    """
    free = [
        _Slot(np.empty(_COMPRESSED, np.uint8), np.empty(HEADROOM + _INFLATED, np.uint8)) for _ in range(2 * threads + 2)
    ]
    waiting: deque[tuple[Future[int] | int, _Slot, Chunk, int]] = deque()
    rest = np.empty(0, np.uint8)
    offset = 0
    marked = False
    finished = False
    pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def settle() -> tuple[_Slot, Chunk]:
        outcome, slot, chunk, began = waiting.popleft()
        bad = outcome if isinstance(outcome, int) else outcome.result()
        if bad >= 0:
            raise BgzfError(f"a compressed block after byte {began:,} is altered: it does not inflate to its checksum")
        return slot, chunk

    try:
        while True:
            while not free:
                slot, chunk = settle()
                yield chunk
                free.append(slot)
            slot = free.pop()
            data = slot.compressed
            size = len(rest)
            data[:size] = rest
            while not finished and size < len(data):
                more = stream.readinto(data[size:])  # type: ignore[attr-defined]
                finished = not more
                size += more or 0
            if size == 0:
                break
            places = [np.empty(_BLOCKS, np.int64) for _ in range(3)]
            checksum = np.empty(_BLOCKS, np.uint32)
            blocks, consumed, inflated, good = loops.scan_blocks(data, size, _INFLATED, *places, checksum)
            if blocks == 0:
                if not good:
                    raise BgzfError(f"no compressed block begins at byte {offset:,}, where one should")
                raise BgzfError(f"the file is cut off within the block at byte {offset:,}")
            rest = data[consumed:size]
            marked = int(places[2][blocks - 1]) == 0
            arguments = (*_LIBDEFLATE, data, blocks, *places, checksum, slot.inflated, HEADROOM)
            outcome: Future[int] | int = (
                pool.submit(loops.inflate_blocks, *arguments) if pool else loops.inflate_blocks(*arguments)
            )
            chunk = Chunk(slot.inflated, HEADROOM, HEADROOM + inflated, offset + consumed)
            waiting.append((outcome, slot, chunk, offset))
            offset += consumed
        while waiting:
            yield settle()[1]
        if not marked:
            raise BgzfError("the end-of-file marker is missing: the file was cut off between two blocks")
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
