"""What a split of (promoter, distal fragment) pairs is worth: one learner under a random, a by-gene and a by-chromosome split.

The learner is kernel ridge with the sum of a Gaussian kernel on each side's k-mers: it remembers a gene it has seen. Where the
random split gives a far higher r than the others, the pairs of one gene stand on both sides of it. Arrays in, arrays out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.evaluation.bootstrap import Interval
from groprog_assets.methods.sequence.metrics import interval, moments, r_of_sums
from groprog_assets.methods.sequence.targets import pearson
from groprog_kernels.kmers import count_kmers

PENALTY = 0.01
_TOLERANCE = 1e-6
_STEPS = 400
FOLDS = 5
STRETCH = 250
K = 4
SAMPLES = 1000
"""Resamples of the genes by which an interval is told."""


class SplitEvidence(NamedTuple):
    """r of the learner on the test pairs of a split (mean over its folds), with the 95 % interval over resampled genes; how many
    pairs were tested; the share of them whose gene, and whose promoter sequence, is also in their training pairs."""

    r: float
    inside: Interval
    pairs: int
    seen_genes: float
    seen_promoters: float


class PairEvidence(NamedTuple):
    """The learner under each split. by_chromosome, and the same from the promoter alone, are None with one chromosome; own: the
    split that the pairs came with, None without one. inflation: r of the random split less that of the stricter of the splits by
    gene and by chromosome, and its interval, paired on the same resamples."""

    random: SplitEvidence
    own: SplitEvidence | None
    by_gene: SplitEvidence
    by_chromosome: SplitEvidence | None
    promoter_by_chromosome: SplitEvidence | None
    inflation: float
    inflation_inside: Interval


def pair_evidence(
    promoter: NDArray[np.uint8],
    distal: NDArray[np.uint8],
    pairs: NDArray[np.int64],
    gene: NDArray[np.int64],
    chrom: NDArray[np.int64],
    target: NDArray[np.float64],
    own: NDArray[np.bool_] | None = None,
    seed: int = 1,
) -> PairEvidence:
    """Evidence of pairs (p, 2): row of `promoter` (m, L) and of `distal` (d, L') codes; gene, chrom, target (p,) of each pair.

    The random split holds out a fifth of the pairs, the others a fifth of the genes, or one chromosome after another; own (p,):
    the test pairs of a split that is to be judged beside them.
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
    drawn = _drawn(int(gene.max()) + 1, np.random.default_rng([seed, 1]))

    def judged(kernels: _Kernels, splits: list[NDArray[np.bool_]]) -> tuple[SplitEvidence, NDArray[np.float64]]:
        found, seen = [], np.zeros((2, len(pairs)))
        resampled = np.zeros(SAMPLES)
        for held in splits:
            predicted = kernels.held_out(target, held)
            found.append(pearson(predicted, target[held]))
            resampled += _resampled(drawn, gene[held], target[held], predicted) / len(splits)
            for row, names in zip(seen, (gene, copies), strict=True):
                row[held] = np.isin(names[held], names[~held])
        tested = np.logical_or.reduce(splits)
        shares = seen[:, tested].mean(axis=1)
        told = SplitEvidence(
            float(np.mean(found)), interval(resampled), int(tested.sum()), float(shares[0]), float(shares[1])
        )
        return told, resampled

    randomly, other = judged(sides, [test])
    honest = [judged(sides, [genes[gene]]), *([judged(sides, folds)] if folds else [])]
    strictest, least = min(honest, key=lambda each: each[0].r)
    return PairEvidence(
        randomly,
        judged(sides, [own])[0] if own is not None else None,
        honest[0][0],
        honest[1][0] if folds else None,
        judged(alone, folds)[0] if folds else None,
        randomly.r - strictest.r,
        interval(other - least),
    )


def _drawn(genes: int, random: np.random.Generator) -> NDArray[np.float32]:
    """(SAMPLES, genes): how often each gene is drawn, all of its pairs with it."""
    return np.stack(
        [np.bincount(random.integers(0, genes, genes), minlength=genes).astype(np.float32) for _ in range(SAMPLES)]
    )


def _resampled(
    drawn: NDArray[np.float32], gene: NDArray[np.int64], target: NDArray[np.float64], predicted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(SAMPLES,) r over the pairs of the drawn genes; pairs are summed by gene first, so a million of them take little memory."""
    columns = moments(target - target.mean(), predicted - predicted.mean())
    by_gene = np.column_stack([np.bincount(gene, column, drawn.shape[1]) for column in columns.T])
    return r_of_sums(drawn.astype(np.float64) @ by_gene)


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

    def held_out(self, target: NDArray[np.float64], test: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Predictions of the pairs of `test` by the learner fitted to the others, by conjugate gradients."""
        train = self.pairs[~test]
        level = target[~test].mean()
        weights = self._solve(train, target[~test] - level)
        a, b = self._sides(train, weights)
        held = self.pairs[test]
        predicted: NDArray[np.float64] = a[held[:, 0]] + b[held[:, 1]] + level
        return predicted

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
