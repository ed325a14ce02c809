"""Initiation scores against their definitions, and small cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_kernels import initiation, initiation_reference

SITES = st.dictionaries(st.integers(-60, 60), st.integers(1, 3), max_size=25).map(
    lambda held: (np.array(sorted(held), np.int32), np.array([held[p] for p in sorted(held)], np.int32))
)
SCORES = st.lists(st.integers(0, 4), min_size=25, max_size=25).map(np.array)


@given(sites=SITES, dispersion=st.sampled_from([0.0, 0.3, 2.0]), gap=st.integers(0, 3))
def test_step_scores_equal_the_definition(sites, dispersion, gap):
    position, value = sites
    scales = ((7, 11), (20, 5))
    expected = initiation_reference.step_scores(position, value, scales, gap, dispersion)
    before = initiation.values_before(value)
    got = initiation.step_scores(position, before, scales=scales, gap=gap, dispersion=dispersion)
    assert got == pytest.approx(expected, rel=1e-5, abs=1e-6)
    some = np.arange(0, len(position), 3)
    again = initiation.step_scores(position, before, scales=scales, gap=gap, dispersion=dispersion, site=some)
    assert again.tolist() == got[some].tolist()


def test_a_step_by_hand():
    """One read downstream, none upstream, no dispersion: size u + 1 = 1, mean 0.5, so P(K >= 1) is 1/3."""
    before = initiation.values_before([1])
    got = initiation.step_scores([100], before, scales=((10, 10),))
    assert got[0] == pytest.approx(math.log(1 / 3))


@given(
    sites=SITES,
    bins=st.sampled_from([2, 4, 10]),
    size=st.integers(1, 9),
    least=st.integers(0, 4),
    minimum=st.sampled_from([-math.inf, -2.0, 0.0, 3.0]),
    data=st.data(),
)
def test_start_sites_equal_the_definition(sites, bins, size, least, minimum, data):
    position, value = sites
    profile = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=bins, max_size=bins)), float)
    before = initiation.values_before(value)
    got = initiation.start_sites(position, before, profile, bin_size=size, least=least, minimum=minimum)
    assert_equals_definition(got, position, value, profile, size, least, minimum)


@given(seed=st.integers(0, 2**32 - 1), minimum=st.sampled_from([-math.inf, 0.0, 4.0]), size=st.sampled_from([1, 7]))
def test_start_sites_of_a_long_strand_equal_the_definition(seed, minimum, size):
    """Clusters further apart than one block, a gap longer than many, and profile values that no float holds exactly."""
    rng = np.random.default_rng(seed)
    clusters = np.concatenate([np.sort(rng.integers(0, 40_000, 12)), [2_000_000_000]])
    position = np.unique((clusters[:, None] + rng.integers(0, 60, (13, 12))).ravel()).astype(np.int32) - 1_000_000_000
    value = rng.integers(1, 4, len(position), dtype=np.int32)
    profile = rng.normal(size=8)
    got = initiation.start_sites(
        position, initiation.values_before(value), profile, bin_size=size, least=3, minimum=minimum
    )
    assert_equals_definition(got, position, value, profile, size, 3, minimum)


def assert_equals_definition(got, position, value, profile, size, least, minimum):
    score, total = initiation_reference.start_scores(position, value, profile, size)
    kept = np.flatnonzero((total >= least) & (score.astype(np.float32) >= minimum))
    assert got.site.tolist() == kept.tolist()
    assert got.total.tolist() == total[kept].tolist()
    assert got.score == pytest.approx(score[kept], rel=1e-6, abs=1e-6)


def test_a_large_sum_has_the_tail_of_the_definition():
    """Sums beyond those whose tails are kept, and repeated ones within."""
    position = np.arange(0, 400, 2, dtype=np.int32)
    value = np.where(position % 20 == 0, 90, 1).astype(np.int32)
    expected = initiation_reference.step_scores(position, value, ((30, 90), (200, 50)), 1, 0.4)
    got = initiation.step_scores(
        position, initiation.values_before(value), scales=((30, 90), (200, 50)), gap=1, dispersion=0.4
    )
    assert got == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_the_window_of_a_start_is_half_open():
    """h = 4: the read at x - 4 counts, that at x + 4 does not."""
    position = np.array([6, 10, 14], np.int32)
    got = initiation.start_sites(position, [0, 1, 2, 3], [1.0, 10.0], bin_size=4)
    assert got.site.tolist() == [0, 1, 2]
    assert got.score.tolist() == [10, 11, 11]
    assert got.total.tolist() == [1, 2, 2]


@given(sites=SITES, anchors=st.lists(st.integers(-70, 70), max_size=5), half=st.sampled_from([3, 12]))
def test_binned_counts_equal_the_definition(sites, anchors, half):
    got = initiation.binned_counts(*sites, anchors, half=half, bin_size=3)
    assert got.tolist() == initiation_reference.binned_counts(*sites, anchors, half, 3).tolist()


@given(sites=SITES, scores=SCORES, distance=st.integers(0, 30), minimum=st.sampled_from([-math.inf, 2]))
def test_local_maxima_equal_the_definition(sites, scores, distance, minimum):
    position = sites[0]
    score = scores[: len(position)].astype(np.float32)
    got = initiation.local_maxima(position, score, distance=distance, minimum=minimum)
    assert got.tolist() == initiation_reference.local_maxima(position, score, distance, minimum).tolist()


def test_of_equal_maxima_the_most_upstream_and_never_a_site_without_score():
    got = initiation.local_maxima([0, 5, 10, 30], np.array([2, 3, 3, -np.inf], np.float32), distance=6)
    assert got.tolist() == [1]


@given(sites=SITES, anchors=st.lists(st.integers(-70, 70), max_size=5), reach=st.integers(0, 40))
def test_summits_equal_the_definition(sites, anchors, reach):
    got = initiation.summits(*sites, anchors, reach=reach, width=5)
    assert got.tolist() == initiation_reference.summits(*sites, anchors, reach, 5).tolist()


@given(
    plus=st.lists(st.integers(0, 60), max_size=8, unique=True).map(sorted),
    minus=st.lists(st.integers(0, 60), max_size=8, unique=True).map(sorted),
    scores=SCORES,
)
def test_pairs_equal_the_definition(plus, minus, scores):
    one, other = scores[: len(plus)], scores[10 : 10 + len(minus)]
    got = initiation.pair_starts(plus, one, minus, other, nearest=-5, farthest=20)
    expected = initiation_reference.pair_starts(plus, one, minus, other, -5, 20)
    assert got.tolist() == expected.tolist()


def test_the_better_pair_takes_the_shared_start():
    got = initiation.pair_starts([100, 300], [5.0, 9.0], [90], [4.0], nearest=-50, farthest=400)
    assert got.tolist() == [[1, 0]]


@given(sites=SITES, least=st.integers(0, 3))
def test_focal_scores_equal_the_definition(sites, least):
    position, count = sites
    expected = initiation_reference.focal_scores(position, count, 6, 25)
    before = initiation.values_before(count)
    got = initiation.focal_scores(position, before, width=6, flank=25, least=least)
    held = np.array([count[(position >= x) & (position < x + 6)].sum() for x in position])
    assert got == pytest.approx(np.where(held >= least, expected, -np.inf), rel=1e-5, abs=1e-6)


def test_empty_strands():
    none = np.empty(0, np.int32)
    before = initiation.values_before(none)
    assert before.tolist() == [0]
    assert len(initiation.step_scores(none, before)) == 0
    assert len(initiation.start_sites(none, before, [0.0, 1.0], bin_size=25).site) == 0
    assert len(initiation.local_maxima(none, none, distance=5)) == 0
    assert initiation.summits(none, none, [7]).tolist() == [7]
    assert initiation.pair_starts([], [], [], [], nearest=0, farthest=1).shape == (0, 2)
    assert len(initiation.focal_scores(none, before)) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: initiation.values_before([-1]), "negative"),
        (lambda: initiation.values_before([2**31 - 1, 1]), "2\\^31"),
        (lambda: initiation.step_scores([3, 3], [0, 1, 2]), "rise"),
        (lambda: initiation.step_scores([3], [0]), "one more"),
        (lambda: initiation.step_scores([3], [0, 1], scales=((0, 5),)), "at least 1 bp"),
        (lambda: initiation.step_scores([3], [0, 1], site=[1]), "indices"),
        (lambda: initiation.start_sites([3], [0, 1], [1.0], bin_size=5), "even"),
        (lambda: initiation.start_sites([3], [0, 1], [1.0, -np.inf], bin_size=5), "finite"),
        (lambda: initiation.binned_counts([3], [1, 2], [3], half=10, bin_size=5), "equally long"),
        (lambda: initiation.binned_counts([3], [1], [3], half=10, bin_size=4), "divide"),
        (lambda: initiation.local_maxima([3], [1.0, 2.0], distance=5), "equally long"),
        (lambda: initiation.summits([3], [1], [3], width=4), "odd"),
        (lambda: initiation.summits([3], [1, 1], [3]), "equally long"),
        (lambda: initiation.pair_starts([3, 2], [1, 1], [], [], nearest=0, farthest=1), "fall"),
        (lambda: initiation.pair_starts([3], [1], [], [], nearest=2, farthest=1), "above"),
        (lambda: initiation.focal_scores([3], [0, 1], width=0), "at least 1 bp"),
    ],
)
def test_refused_arrays(call, words):
    with pytest.raises(ValueError, match=words):
        call()
