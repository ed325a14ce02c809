"""A bigWig track that is read in a child process: libBigWig can crash or loop on a damaged file. Files in, arrays out."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads.bigwig_format import FormatError, read_lengths
from groprog_assets.study.child_process import command, how_it_ended

PATIENCE = 60.0
"""Seconds that one request may take; it concerns half a million bases, or some hundred windows."""
WINDOWS_AT_ONCE = 500


class Track:
    """An open track. lengths: chromosome -> bp, from the header. Every method raises ReadsError, naming the file, for blocks that
    cannot be read, and when the parser ends or does not answer."""

    def __init__(self, path: Path, lengths: dict[str, int], child: subprocess.Popen[bytes]):
        self.path, self.lengths, self._child = path, lengths, child

    def intervals(
        self, chrom: str, start: int, end: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Starts, ends and values (i,) of the intervals that touch [start, end)."""
        starts, ends, values = self._ask(do="intervals", chrom=chrom, start=int(start), end=int(end))
        return starts, ends, values

    def values(self, chrom: str, start: int, end: int) -> NDArray[np.float32]:
        """The value of each base of [start, end): (end - start,), NaN where there is none."""
        return self._ask(do="values", chrom=chrom, start=int(start), end=int(end))[0]

    def means(self, chrom: Sequence[str], start: Sequence[int], end: Sequence[int]) -> NDArray[np.float64]:
        """Mean over the bases of each window [start, end), those without a value as 0: (w,). No window is empty."""
        parts = [np.empty(0)]
        for at in range(0, len(chrom), WINDOWS_AT_ONCE):
            here = slice(at, at + WINDOWS_AT_ONCE)
            parts += self._ask(do="means", chrom=list(chrom[here]), start=list(start[here]), end=list(end[here]))
        return np.concatenate(parts)

    def _ask(self, **request: Any) -> list[Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(json.dumps(request).encode() + b"\n")
            self._child.stdin.flush()
            if not select.select([self._child.stdout], [], [], PATIENCE)[0]:
                self._child.kill()
                raise ReadsError(unreadable(self.path, how_it_ended(None)))
            head = json.loads(self._child.stdout.readline() or b"null")
            if head is not None and "error" not in head:
                return [self._array(np.dtype(form), size) for form, size in head["arrays"]]
        except (BrokenPipeError, ValueError):  # it ended, perhaps within its answer
            head = None
        raise ReadsError(unreadable(self.path, head["error"] if head else how_it_ended(self._child.wait())))

    def _array(self, form: np.dtype[Any], size: int) -> NDArray[Any]:
        assert self._child.stdout is not None
        content = self._child.stdout.read(form.itemsize * size)
        return np.frombuffer(content, form, size)  # ValueError where it is too short


@contextlib.contextmanager
def open_track(path: Path) -> Iterator[Track]:
    """A track to read from. ReadsError for a file that is absent, cut off or no bigWig."""
    lengths = bigwig_lengths(path)
    with subprocess.Popen(
        command("groprog_assets.methods.reads.bigwig_process", str(path)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            yield Track(path, lengths, child)
        finally:
            child.kill()  # it holds nothing, and may be busy with a damaged block


def bigwig_lengths(path: Path) -> dict[str, int]:
    """Chromosome -> bp of a bigWig's header. ReadsError when it is no whole bigWig."""
    try:
        return read_lengths(path)
    except (FormatError, OSError) as error:
        raise ReadsError(unreadable(path, str(error))) from None


def unreadable(path: Path, what: str) -> Problem:
    """The problem with a track that cannot be read."""
    return Problem(
        str(path),
        what.strip() or "unreadable",
        "A bigWig file is needed, or for a library a bedGraph.",
        "Make or copy it again.",
    )
