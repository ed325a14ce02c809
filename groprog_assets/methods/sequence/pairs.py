"""What a split of (promoter, distal fragment) pairs is worth: one learner under a random, a by-gene and a by-chromosome split.

The learner is kernel ridge with the sum of a Gaussian kernel on each side's k-mers: it remembers a gene it has seen. Where the
random split gives a far higher r than the others, the pairs of one gene stand on both sides of it. Arrays in, arrays out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.sequence.targets import pearson
from groprog_kernels.kmers import count_kmers

PENALTY = 0.01
_TOLERANCE = 1e-6
_STEPS = 400
FOLDS = 5
STRETCH = 250
K = 4


class PairEvidence(NamedTuple):
    """r of the learner under each split, and the share of the random split's test pairs whose gene, or promoter sequence,
    is also in its training pairs. by_chromosome is NaN with one chromosome."""

    random: float
    by_gene: float
    by_chromosome: float
    promoter_by_chromosome: float
    seen_genes: float
    seen_promoters: float

    @property
    def inflation(self) -> float:
        """r of the random split less that of the stricter of the other two."""
        return self.random - float(np.nanmin([self.by_gene, self.by_chromosome]))


def pair_evidence(
    promoter: NDArray[np.uint8],
    distal: NDArray[np.uint8],
    pairs: NDArray[np.int64],
    gene: NDArray[np.int64],
    chrom: NDArray[np.int64],
    target: NDArray[np.float64],
    seed: int = 1,
) -> PairEvidence:
    """Evidence of pairs (p, 2): row of `promoter` (m, L) and of `distal` (d, L') codes; gene, chrom, target (p,) of each pair.

    The random split holds out a fifth of the pairs, the others a fifth of the genes, or one chromosome after another.
    """
    random = np.random.default_rng(seed)
    sides = _Kernels(_gaussian(_features(promoter)), _gaussian(_features(distal)), pairs)
    alone = _Kernels(
        sides.first, np.zeros((1, 1), np.float32), np.column_stack([pairs[:, 0], np.zeros(len(pairs), int)])
    )
    test = np.zeros(len(pairs), bool)
    test[random.permutation(len(pairs))[: max(len(pairs) // FOLDS, 1)]] = True
    genes = random.permutation(int(gene.max()) + 1) % FOLDS == 0
    chromosomes = [chrom == name for name in np.unique(chrom)]
    folds = chromosomes if len(chromosomes) > 1 else []
    copies = np.unique(promoter, axis=0, return_inverse=True)[1].ravel()[pairs[:, 0]]
    return PairEvidence(
        sides.held_out(target, test),
        sides.held_out(target, genes[gene]),
        float(np.mean([sides.held_out(target, fold) for fold in folds])) if folds else np.nan,
        float(np.mean([alone.held_out(target, fold) for fold in folds])) if folds else np.nan,
        float(np.isin(gene[test], gene[~test]).mean()),
        float(np.isin(copies[test], copies[~test]).mean()),
    )


def neighbour_pairs(chrom: NDArray, position: NDArray, neighbours: int = 3) -> NDArray[np.int64]:
    """(g * neighbours, 2): each gene with its next genes along the genome, after the last the first again: fragments that
    carry no information on their gene. chrom, position (g,)."""
    order = np.lexsort((position, np.unique(chrom, return_inverse=True)[1]))
    return np.concatenate([np.column_stack([order, np.roll(order, -step)]) for step in range(1, neighbours + 1)])


def _features(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    edges = [*range(0, codes.shape[1], STRETCH), codes.shape[1]]
    columns = np.log1p(count_kmers(codes, edges, K).reshape(len(codes), -1), dtype=np.float32)
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1)


def _gaussian(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kernel matrix (m, m) whose width is the median squared distance."""
    squares = (features**2).sum(axis=1)
    distance = features @ features.T
    distance *= -2
    distance += squares[:, None]
    distance += squares
    np.maximum(distance, 0, out=distance)
    step = max(len(distance) // 500, 1)
    width = float(np.median(distance[::step, ::step])) or 1.0
    np.divide(distance, -width, out=distance)
    return np.exp(distance, out=distance)


class _Kernels:
    """The sum of two kernels over pairs, applied through the kernels of the sides; never a matrix of pairs by pairs."""

    def __init__(self, first: NDArray[np.float32], second: NDArray[np.float32], pairs: NDArray[np.int64]):
        self.first, self.second, self.pairs = first, second, pairs

    def held_out(self, target: NDArray[np.float64], test: NDArray[np.bool_]) -> float:
        """r on the pairs of `test` of the learner fitted to the others, by conjugate gradients."""
        train = self.pairs[~test]
        level = target[~test].mean()
        weights = self._solve(train, target[~test] - level)
        a, b = self._sides(train, weights)
        held = self.pairs[test]
        return pearson(a[held[:, 0]] + b[held[:, 1]] + level, target[test])

    def _sides(self, pairs: NDArray[np.int64], weights: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        on_first = np.bincount(pairs[:, 0], weights, len(self.first)).astype(np.float32)
        on_second = np.bincount(pairs[:, 1], weights, len(self.second)).astype(np.float32)
        return (self.first @ on_first).astype(np.float64), (self.second @ on_second).astype(np.float64)

    def _solve(self, pairs: NDArray[np.int64], right: NDArray[np.float64]) -> NDArray[np.float64]:
        solution = np.zeros(len(right))
        rest = right.copy()
        direction = rest.copy()
        size = goal = rest @ rest
        for _ in range(_STEPS):
            if size <= _TOLERANCE * goal:
                break
            a, b = self._sides(pairs, direction)
            applied = a[pairs[:, 0]] + b[pairs[:, 1]] + PENALTY * direction
            step = size / (direction @ applied)
            solution += step * direction
            rest -= step * applied
            size, before = rest @ rest, size
            direction = rest + size / before * direction
        return solution
