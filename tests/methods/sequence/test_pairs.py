"""Pairs of a promoter and an arbitrary fragment: the random split flatters, the others do not; the solver equals a dense one."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.sequence import pairs as method


@pytest.fixture(scope="module")
def world():
    random = np.random.default_rng(0)
    promoter = random.integers(0, 4, (150, 250)).astype(np.uint8)
    chrom = np.arange(150) % 3
    position = np.arange(150)
    pairs = method.neighbour_pairs(chrom, position)
    return promoter, chrom, pairs, random.normal(size=150)


def test_fragments_without_information_raise_the_random_split_alone(world):
    promoter, chrom, pairs, target = world
    gene = pairs[:, 0]
    found = method.pair_evidence(promoter, promoter, pairs, gene, chrom[gene], target[gene])
    assert found.random.r > 0.7
    assert abs(found.by_gene.r) < 0.4
    assert abs(found.by_chromosome.r) < 0.3
    assert found.inflation > 0.5
    assert found.random.seen_genes > 0.9
    assert found.random.seen_promoters == found.random.seen_genes
    assert found.by_gene.seen_genes == found.by_chromosome.seen_genes == 0
    assert found.random.pairs == len(pairs) // 5
    assert found.by_chromosome.pairs == len(pairs)
    assert found.own is None


def test_intervals_hold_the_values_and_are_as_wide_as_genes_are_few(world):
    promoter, chrom, pairs, target = world
    gene = pairs[:, 0]
    found = method.pair_evidence(promoter, promoter, pairs, gene, chrom[gene], target[gene])
    for held in (found.random, found.by_gene, found.by_chromosome, found.promoter_by_chromosome):
        assert held.inside.lower < held.r < held.inside.upper
    assert found.inflation_inside.lower > 0
    assert found.by_gene.inside.upper - found.by_gene.inside.lower > 0.3, "30 genes say little"


def test_the_split_that_pairs_came_with_is_judged_beside_the_others(world):
    promoter, chrom, pairs, target = world
    gene = pairs[:, 0]
    by_pairs = np.arange(len(pairs)) < 150  # the first neighbour of each gene
    found = method.pair_evidence(promoter, promoter, pairs, gene, chrom[gene], target[gene], by_pairs)
    assert found.own.r > 0.7
    assert found.own.seen_genes == 1
    found = method.pair_evidence(promoter, promoter, pairs, gene, chrom[gene], target[gene], gene % 5 == 0)
    assert abs(found.own.r) < 0.4
    assert found.own.seen_genes == 0


def test_one_pair_a_gene_cannot_be_remembered(world):
    promoter, chrom, _, target = world
    own = np.column_stack([np.arange(150), np.roll(np.arange(150), 1)])
    found = method.pair_evidence(promoter, promoter, own, np.arange(150), chrom, target)
    assert abs(found.random.r) < 0.4
    assert found.random.seen_genes == 0
    assert found.by_chromosome is not None
    alone = method.pair_evidence(promoter, promoter, own, np.arange(150), np.zeros(150, int), target)
    assert alone.by_chromosome is None
    assert alone.inflation == pytest.approx(alone.random.r - alone.by_gene.r)


def test_the_solver_equals_a_dense_solution(world):
    promoter, _, pairs, target = world
    gene = pairs[:, 0]
    first = method._gaussian(method._features(promoter))
    kernels = method._Kernels(first, first, pairs)
    test = np.arange(len(pairs)) % 5 == 0
    train = pairs[~test]
    y = target[gene]
    dense = (first[np.ix_(train[:, 0], train[:, 0])] + first[np.ix_(train[:, 1], train[:, 1])]).astype(float)
    weights = np.linalg.solve(dense + method.PENALTY * np.eye(len(dense)), y[~test] - y[~test].mean())
    held = pairs[test]
    expected = (first[np.ix_(held[:, 0], train[:, 0])] + first[np.ix_(held[:, 1], train[:, 1])]) @ weights
    assert np.corrcoef(kernels.held_out(y, test), expected)[0, 1] > 0.999


def test_neighbours_are_the_next_along_the_genome():
    pairs = method.neighbour_pairs(np.array(["a", "b", "a"]), np.array([5, 1, 2]), 1)
    assert pairs.tolist() == [[2, 0], [0, 1], [1, 2]]
