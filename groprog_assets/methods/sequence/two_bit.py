"""Reader of UCSC's .2bit files: four bases a byte, unknown and lower-case stretches beside them. Files in, arrays out.

https://genome.ucsc.edu/FAQ/FAQformat.html#format7. Version 0, and version 1 with offsets of 64 bits; both byte orders.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Problem, why_unreadable
from groprog_assets.study.text_tables import count_of

ORDER = {b"\x43\x27\x41\x1a": "<", b"\x1a\x41\x27\x43": ">"}
"""First bytes of a file, and its byte order."""
_CHUNK = 1 << 22
_BASES = np.array([[(3, 1, 0, 2)[byte >> shift & 3] for shift in (6, 4, 2, 0)] for byte in range(256)], np.uint8)
"""(256, 4) codes of the four bases of a byte: T, C, A and G are 0 to 3 in the file."""


class TwoBitRecord(NamedTuple):
    """One sequence: name, length in bp, and how many of its bases are lower case, and unknown."""

    name: str
    length: int
    lower: int
    unknown: int


def read_two_bit(
    path: Path, sink: Callable[[NDArray[np.uint8], NDArray[np.bool_]], object] | None = None
) -> list[TwoBitRecord]:
    """The sequences of a .2bit file in the order of its index; their codes (b,), and whether each letter is in lower case (b,),
    are handed to `sink` piece by piece.

    Raises AnnotationError for another version, no sequence, a name that stands twice, stretches outside a sequence, a file that
    ends early.
    """
    try:
        with open(path, "rb") as stream:
            order = ORDER[stream.read(4)]
            version, count, _ = _numbers(stream, 3, order)
            if version not in (0, 1):
                raise AnnotationError(_problem(path, f"version {version}", "Versions 0 and 1 of .2bit are read."))
            places: dict[str, int] = {}
            for _ in range(count):
                name = _exactly(stream, _exactly(stream, 1)[0]).decode("utf-8", "replace")
                if name in places:
                    rule = "Each name stands once; readers differ in which of two they take."
                    raise AnnotationError(_problem(path, f"{name} stands twice", rule))
                size = 8 if version else 4
                places[name] = int.from_bytes(_exactly(stream, size), "little" if order == "<" else "big")
            if not places:
                raise AnnotationError(_problem(path, "no sequence", "A genome holds at least one sequence."))
            return [_record(path, stream, order, name, place, sink) for name, place in places.items()]
    except (OSError, EOFError, KeyError) as error:
        raise AnnotationError(
            _problem(path, f"cannot be read: {why_unreadable(error)}", "Sequences and stretches lie within the file.")
        ) from error


def _record(
    path: Path,
    stream: IO[bytes],
    order: str,
    name: str,
    place: int,
    sink: Callable[[NDArray[np.uint8], NDArray[np.bool_]], object] | None,
) -> TwoBitRecord:
    stream.seek(place)
    length = int(_numbers(stream, 1, order)[0])
    unknown, lower = _stretches(stream, order), _stretches(stream, order)
    if any((ends > length).any() for _, ends in (unknown, lower)):
        raise AnnotationError(
            _problem(
                path,
                f"{name} has stretches beyond its {count_of(length, 'base')}",
                "Sequences and stretches lie within the file.",
            )
        )
    _numbers(stream, 1, order)
    for first in range(0, length, 4 * _CHUNK):
        last = min(first + 4 * _CHUNK, length)
        packed = np.frombuffer(_exactly(stream, (last - first + 3) // 4), np.uint8)
        codes = _BASES[packed].ravel()[: last - first]
        for start, end in zip(*unknown, strict=True):
            codes[max(start - first, 0) : max(end - first, 0)] = 4
        masked = np.zeros(last - first, bool)
        for start, end in zip(*lower, strict=True):
            masked[max(start - first, 0) : max(end - first, 0)] = True
        if sink is not None:
            sink(codes, masked)
    return TwoBitRecord(name, length, int((lower[1] - lower[0]).sum()), int((unknown[1] - unknown[0]).sum()))


def _stretches(stream: IO[bytes], order: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(starts, ends) of the stretches that stand here."""
    (count,) = _numbers(stream, 1, order)
    start = _numbers(stream, count, order)
    return start, start + _numbers(stream, count, order)


def _numbers(stream: IO[bytes], count: int, order: str) -> NDArray[np.int64]:
    return np.frombuffer(_exactly(stream, 4 * int(count)), f"{order}u4").astype(np.int64)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    # What is left is looked at first: memory for all that a damaged count promises would be asked for at once.
    if size > os.fstat(stream.fileno()).st_size - stream.tell():
        raise EOFError("it ends early")
    return stream.read(size)


def _problem(path: Path, value: str, rule: str) -> Problem:
    return Problem(str(path), value, rule, "Write it again with faToTwoBit, or give the FASTA.")
