"""Base qualities that were counted while an alignment file was read for its positions, so that it need not be read again.

Counts are kept in this process until they are asked for, and only for a file that is still the same: equal place, size and
modification time. Who finds none reads the file. Nothing here decides a value.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from groprog_kernels.quality import AlignmentTally, QualityTally
from groprog_kernels.records import BamError, alignment_format

LONGEST_READ = 4096
"""Cycles beyond which the counts are not kept: long reads would take much memory while they wait."""
MOST_KEPT = 64
"""Files whose counts wait at a time; the oldest go first."""

_File = tuple[int, int, int, int]
_KEPT: OrderedDict[_File, QualityTally] = OrderedDict()
_KEEPING = threading.Lock()


@contextmanager
def tallying(path: Path) -> Iterator[AlignmentTally | None]:
    """A tally for one pass over the whole of an alignment file; it is kept at the end of the block, when nothing was raised.

    None for a CRAM, whose qualities a pass for positions does not decode, and for a file that is none.
    """
    try:
        before, format = _identity(path), alignment_format(path)
    except (OSError, BamError):
        yield None
        return
    tally = None if format == "cram" else AlignmentTally(LONGEST_READ)
    yield tally
    if tally is not None and tally.sound and _identity(path) == before:
        with _KEEPING:
            _KEPT[before] = tally.result()
            while len(_KEPT) > MOST_KEPT:
                _KEPT.popitem(last=False)


def take_tally(path: Path) -> QualityTally | None:
    """The counts kept of the file, which are let go; None when there are none or the file has changed."""
    try:
        identity = _identity(path)
    except OSError:
        return None
    with _KEEPING:
        return _KEPT.pop(identity, None)


def _identity(path: Path) -> _File:
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
