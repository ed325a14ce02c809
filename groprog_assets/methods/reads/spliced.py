"""Share of spliced reads, which tells RNA-seq of mature RNA from nascent RNA. A file in, a number out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from groprog_kernels.records import open_records

LOOKED_AT = 100_000
"""Mapped primary alignments from the beginning of the file that are looked at."""
_SKIPPED = 3
"""Code of the CIGAR operation N; the lowest four bits of an operation are its code."""
_LEFT_OUT = 0x4 | 0x100 | 0x800
"""Flags of unmapped, secondary and supplementary alignments."""
_FIXED = 36
"""Bytes of a BAM record before its name, with the four that state its size. Source: SAM 1.6, 4.2."""
_SIZE, _SHAPE = struct.Struct("<i"), struct.Struct("<HH")


def spliced_share(path: Path, most: int = LOOKED_AT) -> float | None:
    """Fraction of the first `most` mapped primary alignments of a BAM, SAM or CRAM with an N in their CIGAR; None where there
    are none. A CRAM needs no reference. Of alignments with more than 65,535 operations, whose CIGAR lies in the tag CG, the
    placeholder is not counted as spliced.

    Raises records.BamError for a file that breaks its format.
    """
    spliced = seen = 0
    for cigar in _cigars(path):
        seen += 1
        # the last operation is not looked at: an alignment never ends in N, a placeholder does
        spliced += len(cigar) > 1 and _SKIPPED in (cigar[:-1] & 15)
        if seen == most:
            break
    return spliced / seen if seen else None


def _cigars(path: Path) -> Iterator[np.ndarray]:
    """The CIGAR operations (o,) uint32 of each mapped primary alignment, in the file's order."""
    with open_records(path) as records:
        for buffer, start, end in records:
            view, at = buffer.data, start
            while end - at >= _FIXED:
                size = 4 + _SIZE.unpack_from(view, at)[0]
                if size < _FIXED:
                    raise records.malformed()
                if at + size > end:
                    break
                operations, flag = _SHAPE.unpack_from(view, at + 16)
                name = _FIXED + view[at + 12]
                if name + 4 * operations > size:
                    raise records.malformed()
                if not flag & _LEFT_OUT:
                    yield np.frombuffer(view, "<u4", operations, at + name)
                at += size
            records.keep(buffer, at, end)
