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
    assert found.random > 0.7
    assert abs(found.by_gene) < 0.4
    assert abs(found.by_chromosome) < 0.3
    assert found.inflation > 0.5
    assert found.seen_genes > 0.9
    assert found.seen_promoters == found.seen_genes


def test_one_pair_a_gene_cannot_be_remembered(world):
    promoter, chrom, _, target = world
    own = np.column_stack([np.arange(150), np.roll(np.arange(150), 1)])
    found = method.pair_evidence(promoter, promoter, own, np.arange(150), chrom, target)
    assert abs(found.random) < 0.4
    assert found.seen_genes == 0


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
    assert kernels.held_out(y, test) == pytest.approx(np.corrcoef(expected, y[test])[0, 1], abs=0.01)


def test_neighbours_are_the_next_along_the_genome():
    pairs = method.neighbour_pairs(np.array(["a", "b", "a"]), np.array([5, 1, 2]), 1)
    assert pairs.tolist() == [[2, 0], [0, 1], [1, 2]]
