"""Similarity network fusion equals its definition and snfpy; affinities do not depend on the unit of distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_kernels import similarity_fusion_reference as reference
from groprog_kernels.similarity_fusion import affinity, fuse, local_distance

SNFPY = {
    (1, 30, 2, 5, 20): (-0.038642476331174125, 0.036970989960430516, 0.03041993188303948, 17.806624973482652),
    (2, 60, 3, 20, 20): (0.5490430862548098, 0.015069496395756568, 0.017931772435599742, 34.06347104991662),
    (3, 45, 4, 20, 20): (0.6208387032298988, 0.020708067848671505, 0.02162166576425973, 25.86802614007886),
    (4, 12, 3, 3, 1): (-2.247466270609613, 0.031666252842228765, 0.004341213528960965, 13.792796185212541),
}
"""snf.snf of snfpy 0.2.2 for (seed, samples, networks, K, t) of `affinities`: sum weighted by cos(0), cos(1), ...; elements
(0, 1) and (3, 7); trace."""


def affinities(seed, n, m):
    random = np.random.default_rng(seed)
    made = []
    for _ in range(m):
        x = random.normal(size=(n, 4))
        made.append(np.exp(-((x[:, None] - x[None]) ** 2).sum(-1) / 2))
    return made


def distances(seed, n, grid=False):
    random = np.random.default_rng(seed)
    x = random.integers(0, 4, (n, 2)) if grid else random.normal(size=(n, 3))
    return np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1).astype(float))


@pytest.mark.parametrize("given", list(SNFPY))
def test_equals_snfpy(given):
    seed, n, m, neighbours, rounds = given
    found = fuse(affinities(seed, n, m), neighbours, rounds)
    weights = np.cos(np.arange(n * n)).reshape(n, n)
    values = (found * weights).sum(), found[0, 1], found[3, 7], found.trace()
    np.testing.assert_allclose(values, SNFPY[given], rtol=0, atol=1e-12)


@given(st.integers(0, 10_000), st.integers(2, 14), st.integers(2, 4), st.integers(1, 20), st.integers(0, 5))
def test_fusion_equals_its_definition(seed, n, m, neighbours, rounds):
    made = affinities(seed, n, m)
    found = fuse(made, neighbours, rounds)
    np.testing.assert_allclose(found, reference.fuse(made, neighbours, rounds), rtol=0, atol=1e-12)
    assert (found == found.T).all()


@given(st.integers(0, 10_000), st.integers(2, 14), st.integers(1, 20))
def test_affinity_equals_its_definition(seed, n, neighbours):
    given = distances(seed, n)
    near = local_distance(given, neighbours)
    np.testing.assert_allclose(affinity(given, near, near), reference.affinity(given, neighbours, 0.5), rtol=1e-12)


def test_affinity_of_new_samples_is_that_of_the_old():
    given = distances(3, 25)
    near = local_distance(given, 6)
    new = np.r_[given[:1], given[5:6]]
    apart = affinity(new, near[[0, 5]], near)
    np.testing.assert_array_equal(apart, affinity(given, near, near)[[0, 5]])
    assert local_distance(np.array([[3.0, 1.0, 2.0]]), 2, own=False) == pytest.approx([1.5])


def test_the_unit_of_distances_does_not_change_the_network():
    given = [distances(k, 30) for k in (1, 2)]
    networks = [fuse([affinity(d * unit, *[local_distance(d * unit, 8)] * 2) for d in given]) for unit in (1.0, 1e4)]
    np.testing.assert_allclose(networks[0], networks[1], atol=1e-12)


def test_ties_and_equal_samples():
    given = distances(5, 20, grid=True)
    near = local_distance(given, 3)
    found = affinity(given, near, near)
    assert np.isfinite(found).all()
    assert (fuse([found, found], 3) >= 0).all()
    nothing = np.zeros((6, 6))
    assert np.unique(affinity(nothing, np.zeros(6), np.zeros(6))).size == 1


def test_a_single_network_is_diffused_through_itself():
    given = distances(6, 15)
    near = local_distance(given, 5)
    one = affinity(given, near, near)
    np.testing.assert_allclose(fuse([one], 5), fuse([one, one], 5), atol=1e-14)


def test_what_is_refused():
    with pytest.raises(ValueError, match="square"):
        fuse([np.ones((3, 3)), np.ones((4, 4))])
    with pytest.raises(ValueError, match="square"):
        fuse([])
    with pytest.raises(ValueError, match="at least 0"):
        fuse([-np.ones((3, 3))])
    with pytest.raises(ValueError, match="at least 0"):
        affinity(np.array([[np.nan]]), np.ones(1), np.ones(1))
