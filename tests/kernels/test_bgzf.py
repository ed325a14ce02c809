"""Inflation against the definition; truncation and altered bits at every kind of place."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pysam
import pytest

from groprog_kernels import bgzf, bgzf_reference


def squeeze(tmp_path: Path, data: bytes) -> bytes:
    path = tmp_path / "data.gz"
    with pysam.BGZFile(str(path), "wb") as file:
        file.write(data)
    return path.read_bytes()


def inflated(data: bytes, threads: int = 1) -> bytes:
    return b"".join(bytes(c.buffer[c.start : c.end]) for c in bgzf.inflate(io.BytesIO(data), threads))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("size", [0, 1, 65279, 65280, 200_000, 9_000_000])
def test_bytes_come_back(tmp_path, size, threads):
    data = np.random.default_rng(size).integers(0, 20, size).astype(np.uint8).tobytes()
    squeezed = squeeze(tmp_path, data)
    assert inflated(squeezed, threads) == data == bgzf_reference.inflate(squeezed)


def test_empty_blocks_within_are_no_end(tmp_path):
    squeezed = squeeze(tmp_path, b"first") + squeeze(tmp_path, b"second")
    assert inflated(squeezed) == b"firstsecond"


@pytest.mark.parametrize("threads", [1, 2])
def test_every_truncation_is_seen(tmp_path, threads):
    squeezed = squeeze(tmp_path, bytes(range(256)) * 800)
    for cut in [1, 5, 17, 18, 27, 28, 29, 100, len(squeezed) // 2, len(squeezed) - 1]:
        with pytest.raises(bgzf.BgzfError, match="cut off"):
            inflated(squeezed[:-cut], threads)
        with pytest.raises(ValueError, match=r"cut off|no end|no block"):
            bgzf_reference.inflate(squeezed[:-cut])


def test_no_flipped_bit_changes_the_bytes(tmp_path):
    """A bit may be one nobody reads (a time stamp, padding); any other is refused."""
    squeezed = squeeze(tmp_path, b"GROSEQ" * 30)
    refused = 0
    for at in range(len(squeezed) - 28):
        for bit in range(8):
            altered = bytearray(squeezed)
            altered[at] ^= 1 << bit
            try:
                assert inflated(bytes(altered)) == b"GROSEQ" * 30
            except bgzf.BgzfError:
                refused += 1
    assert refused > 0.7 * 8 * (len(squeezed) - 28)


def test_bytes_that_are_no_block():
    with pytest.raises(bgzf.BgzfError, match="no compressed block begins at byte 0"):
        inflated(b"plain text, long enough to hold a header")
