"""k-mers of windows: counts in stretches of the window, presence of canonical words, numbers of shared words.

The number of a k-mer is its bases as digits to the base 4, first base highest (A 0, C 1, G 2, T 3). A k-mer belongs to the
stretch in which it begins. A k-mer that holds a code 4 or reaches over the end of the window is not counted. Arrays in,
arrays out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import kmers_numba as loops

LONGEST_COUNTED = 8
LONGEST_CODED = 31
"""Longest k-mer whose number fits 62 bits, so that the top bit can mark what is no k-mer."""
NOT_A_KMER = np.uint64(1 << 63)


def count_kmers(codes: ArrayLike, edges: Sequence[int], k: int) -> NDArray[np.uint16]:
    """(n, len(edges) - 1, 4**k) uint16: how often each k-mer begins in each stretch [edges[i], edges[i + 1]) of a window.

    codes (n, L) uint8 of `bases`; edges rising columns within [0, L]; k from 1 to 8. n may be 0; counts stop at 65,535.
    ValueError for other k, edges that do not rise or lie outside the window.
    """
    codes = _door(codes, k, LONGEST_COUNTED)
    bounds = np.asarray(edges, np.int64)
    if len(bounds) < 2 or (np.diff(bounds) <= 0).any() or bounds[0] < 0 or bounds[-1] > codes.shape[1]:
        raise ValueError(f"edges must rise within [0, {codes.shape[1]}], not {list(edges)}")
    out = np.zeros((len(codes), len(bounds) - 1, 4**k), np.uint16)
    loops.count_kmers(codes, bounds, k, out)
    return out


def canonical_numbers(k: int) -> NDArray[np.int64]:
    """(4**k,) int64: for each k-mer the rank of its canonical form (the smaller number of itself and its reverse complement)
    among all canonical k-mers of that length; k from 1 to 8."""
    number = np.arange(4**k, dtype=np.int64)
    other, rest = np.zeros_like(number), number.copy()
    for _ in range(k):
        other, rest = other * 4 + 3 - rest % 4, rest // 4
    return np.searchsorted(canonical_words(k), np.minimum(number, other))


def canonical_words(k: int) -> NDArray[np.int64]:
    """(c,) int64, rising: the numbers of the canonical k-mers of that length; k from 1 to 8, 8,192 of them for k = 7."""
    if not 1 <= k <= LONGEST_COUNTED:
        raise ValueError(f"k is {k}; 1 to {LONGEST_COUNTED} are possible")
    number = np.arange(4**k, dtype=np.int64)
    other, rest = np.zeros_like(number), number.copy()
    for _ in range(k):
        other, rest = other * 4 + 3 - rest % 4, rest // 4
    return number[number <= other]


def word_presence(codes: ArrayLike, k: int) -> NDArray[np.uint8]:
    """(n, c) uint8: 1 where a window holds a canonical k-mer on either strand, columns as `canonical_words`.

    codes (n, L) uint8; k from 1 to 8. A window shorter than k holds none. ValueError for other k.
    """
    codes = _door(codes, k, LONGEST_COUNTED)
    rank = canonical_numbers(k)
    out = np.zeros((len(codes), int(rank.max()) + 1), np.uint8)
    loops.word_presence(codes, k, rank, out)
    return out


def canonical_kmers(codes: ArrayLike, k: int) -> NDArray[np.uint64]:
    """(n, L - k + 1) uint64: the canonical number of the k-mer at each position; NOT_A_KMER where it holds a code 4.

    codes (n, L) uint8; k from 1 to 31. A window shorter than k gives (n, 0). ValueError for other k.
    """
    codes = _door(codes, k, LONGEST_CODED)
    out = np.full((len(codes), max(codes.shape[1] - k + 1, 0)), NOT_A_KMER, np.uint64)
    loops.canonical_kmers(codes, k, out)
    return out


def shared_pairs(kmer: ArrayLike, window: ArrayLike, most: int) -> NDArray[np.int64]:
    """(p, 2) int64: the pairs of windows (smaller first) that share a k-mer, once for each k-mer they share.

    kmer (m,) uint64 rising; window (m,) int64 rising within a k-mer, without repeats. A k-mer held by more than `most` windows
    gives no pair. m may be 0. ValueError for unequal lengths or k-mers that fall.
    """
    kmer = np.ascontiguousarray(np.asarray(kmer, np.uint64))
    window = np.ascontiguousarray(np.asarray(window, np.int64))
    if kmer.shape != window.shape or kmer.ndim != 1:
        raise ValueError(f"kmer {kmer.shape} and window {window.shape} must be one-dimensional and equally long")
    if (kmer[1:] < kmer[:-1]).any():
        raise ValueError("k-mers must not fall; sort them first")
    pairs = np.empty((loops.count_pairs(kmer, most), 2), np.int64)
    loops.shared_pairs(kmer, window, most, pairs)
    return pairs


def _door(codes: ArrayLike, k: int, longest: int) -> NDArray[np.uint8]:
    codes = np.ascontiguousarray(np.asarray(codes, np.uint8))
    if codes.ndim != 2:
        raise ValueError(f"codes are (n, L), not {codes.shape}")
    if not 1 <= k <= longest:
        raise ValueError(f"k is {k}; 1 to {longest} are possible")
    return codes
