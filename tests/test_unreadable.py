"""Why a file cannot be read is said in words, not by the name of a Python exception."""

from __future__ import annotations

import errno
import gzip
import json
import os
import zlib
from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError, why_unreadable
from groprog_assets.study.annotation_files import lines


def raised(act) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the kinds are what the table below is about
        act()
    return caught.value


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: b"ab\xff".decode(), "byte 3 is no UTF-8 text"),
        (lambda: gzip.decompress(gzip.compress(b"x" * 99)[:-4]), "it ends before its data do: was it cut short?"),
        (lambda: gzip.decompress(b"plain"), "its compressed data are damaged: Not a gzipped file (b'pl')"),
        (lambda: zlib.decompress(b"plain"), "its compressed data are damaged: Error -3"),
        (lambda: Path("/does/not/exist").read_bytes(), os.strerror(errno.ENOENT).lower()),
        (lambda: {}["splits"], "it has no splits"),
        (lambda: json.loads("{"), "Expecting property name enclosed in double quotes"),
    ],
)
def test_the_reason_is_in_words(act, said: str):
    error = raised(act)
    assert why_unreadable(error).startswith(said)
    assert type(error).__name__ not in why_unreadable(error)


def test_an_annotation_cut_short_says_so(tmp_path: Path):
    path = tmp_path / "a.gtf.gz"
    path.write_bytes(gzip.compress(os.urandom(50_000).hex().encode())[:-9])
    with pytest.raises(AnnotationError, match="cannot be read: it ends before its data do"):
        list(lines(path))
