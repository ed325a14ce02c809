"""Bases as codes: text to codes, reverse complement, one-hot columns.

A code is uint8: A 0, C 1, G 2, T 3, anything else 4 (N, IUPAC letters). Lower case is read as upper case. Arrays in, arrays out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import bases_numba as loops

UNKNOWN = 4
"""The code of every letter that is not A, C, G or T."""
LETTERS = "ACGTN"

_CODE = np.full(256, UNKNOWN, np.uint8)
for _place, _letter in enumerate("ACGT"):
    _CODE[[ord(_letter), ord(_letter.lower())]] = _place
_KIND = np.full(256, 3, np.uint8)
_KIND[list(b"\n\r \t")] = 0
_KIND[list(b"ACGTNacgtn")] = 1
_KIND[list(b"RYSWKMBDHVUrywskmbdhvu")] = 2
"""0 white space, 1 A C G T N, 2 other IUPAC letters, 3 no nucleotide."""


class EncodedText(NamedTuple):
    """codes (b,) uint8 of the letters without white space; lower: letters in lower case; unknown: letters of code 4; iupac:
    IUPAC letters other than A, C, G, T, N; strange: letters that are no nucleotide; first_strange: the first of them as a
    byte, -1 without one; masked (b,): whether each letter is in lower case, as a soft mask has it."""

    codes: NDArray[np.uint8]
    lower: int
    unknown: int
    iupac: int
    strange: int
    first_strange: int
    masked: NDArray[np.bool_]


def encode_text(text: bytes) -> EncodedText:
    """Codes of a text of bases; white space and line ends are left out.

    text: the letters as bytes, any length m. codes is (b,) uint8, b <= m; empty text gives an empty array. Letters that are no
    nucleotide become code 4 and are counted, so that the caller can refuse them.
    """
    letters = np.frombuffer(text, np.uint8)
    codes, masked = np.empty(len(letters), np.uint8), np.empty(len(letters), np.bool_)
    size, lower, unknown, iupac, strange, first = loops.encode_text(letters, _CODE, _KIND, codes, masked)
    return EncodedText(codes[:size], lower, unknown, iupac, strange, first, masked[:size])


def decode(codes: ArrayLike) -> str:
    """The letters of codes (b,): upper case, N for code 4. Empty codes give "". ValueError for codes above 4."""
    codes = _codes(codes, 1)
    return np.frombuffer(LETTERS.encode(), np.uint8)[codes].tobytes().decode()


def reverse_complement(codes: ArrayLike) -> NDArray[np.uint8]:
    """Codes (n, L), or of any number of axes, of the other strand read 5' to 3'.

    Position l holds the complement of position L - 1 - l; 4 stays 4.

    L may be 0. ValueError for codes above 4.
    """
    codes = _codes(codes)
    return np.where(codes == UNKNOWN, UNKNOWN, 3 - codes).astype(np.uint8)[..., ::-1]


def one_hot(codes: ArrayLike) -> NDArray[np.int8]:
    """(n, 4, L) int8 of codes (n, L): 1 in the row of the base, a column of zeros where the code is 4.

    n and L may be 0. ValueError for codes above 4 or another number of dimensions.
    """
    codes = np.ascontiguousarray(_codes(codes, 2))
    out = np.zeros((codes.shape[0], 4, codes.shape[1]), np.int8)
    loops.one_hot(codes, out)
    return out


def _codes(codes: ArrayLike, dimensions: int | None = None) -> NDArray[np.uint8]:
    codes = np.asarray(codes)
    if dimensions is not None and codes.ndim != dimensions:
        raise ValueError(f"codes have {codes.ndim} dimensions; {dimensions} are needed")
    if codes.size and (codes.min() < 0 or codes.max() > UNKNOWN):
        raise ValueError(
            f"a code is 0 to 4 (A, C, G, T, other), not {codes.max() if codes.min() >= 0 else codes.min()}"
        )
    return codes.astype(np.uint8, copy=False)
