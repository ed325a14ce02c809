"""One form of a change of the reference: trimmed of what both alleles share, and shifted to the left as far as it goes.

Source: Tan, Abecasis, Kang, doi:10.1093/bioinformatics/btv112 (normalisation of variants).
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from groprog_kernels.bases import encode_text

REF_MISMATCH, UNSUPPORTED = "REF_MISMATCH", "UNSUPPORTED"
Base = TypeVar("Base", int, str)


class Allele(NamedTuple):
    """A change of the reference: [start, start + len(ref)) of a sequence, 0-based, is replaced by `alt`; codes."""

    start: int
    ref: NDArray[np.uint8]
    alt: NDArray[np.uint8]


def trimmed(start: int, removed: list[Base], added: list[Base]) -> tuple[int, list[Base], list[Base]]:
    """The change without the bases that both alleles share, at the end first, then at the beginning; either may become empty."""
    end = 0
    while end < min(len(removed), len(added)) and removed[-1 - end] == added[-1 - end]:
        end += 1
    removed, added = removed[: len(removed) - end], added[: len(added) - end]
    first = 0
    while first < min(len(removed), len(added)) and removed[first] == added[first]:
        first += 1
    return start + first, removed[first:], added[first:]


def shifted_left(
    chromosome: NDArray[np.uint8], start: int, removed: list[int], added: list[int]
) -> tuple[int, list[int], list[int]]:
    """A trimmed insertion or deletion (codes) moved to the left while it stays the same change; any other as it is."""
    moving = list(removed or added)
    while (not removed or not added) and moving and start > 0 and moving[-1] == chromosome[start - 1]:
        moving.insert(0, moving.pop())
        start -= 1
    return start, moving if removed else removed, added if removed else moving


def normalised(chromosome: NDArray[np.uint8], position: int, ref: str, alt: str) -> Allele | str:
    """The allele, trimmed and shifted to the left as far as it goes, or the reason it cannot be scored (UNSUPPORTED,
    REF_MISMATCH). position: 1-based, as in a VCF."""
    if not re.fullmatch("[ACGTacgt]+", ref) or not re.fullmatch("[ACGTacgt]+", alt) or ref.upper() == alt.upper():
        return UNSUPPORTED
    start = position - 1
    old, new = (encode_text(text.encode()).codes for text in (ref, alt))
    if start + len(old) > len(chromosome) or not np.array_equal(chromosome[start : start + len(old)], old):
        return REF_MISMATCH
    start, removed, added = trimmed(start, old.tolist(), new.tolist())
    start, removed, added = shifted_left(chromosome, start, removed, added)
    return Allele(start, np.array(removed, np.uint8), np.array(added, np.uint8))
