"""Dispersion and seeds of planted signal; sums of libraries."""

from __future__ import annotations

import numpy as np
import pytest

from groprog_assets.methods.initiation import start_profile
from groprog_assets.methods.initiation.oriented import OrientedStrand, PooledReads
from groprog_assets.methods.initiation.pairs import pair_up
from groprog_assets.methods.initiation.scores import score_starts
from groprog_assets.methods.initiation.seeds import dispersion, seeds
from groprog_assets.methods.initiation.start_profile import NARROW, learn_profile
from groprog_kernels.initiation import values_before
from tests.methods.initiation.simulated_starts import SIZES, simulate, table_of


def strand_of(position) -> OrientedStrand:
    position, count = np.unique(np.asarray(position, np.int32), return_counts=True)
    count = count.astype(np.int32)
    return OrientedStrand("chr1", "+", position, count, count, values_before(count))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.5])
def test_the_planted_dispersion_of_windows_is_recovered(alpha):
    random = np.random.default_rng(3)
    rate = np.full(4_000, 60.0) if alpha == 0 else random.gamma(1 / alpha, 60 * alpha, 4_000)
    window = np.repeat(np.arange(4_000) * 500, random.poisson(rate))
    found = dispersion([strand_of(window + random.integers(0, 500, len(window)))])
    assert found == pytest.approx(alpha, rel=0.35, abs=0.05)


def test_signal_too_thin_to_tell_has_no_dispersion():
    assert dispersion([strand_of([5, 900, 4_000])]) == 0


def test_seeds_stand_where_signal_begins():
    random = np.random.default_rng(4)
    starts = np.arange(20) * 20_000 + 10_000
    reads = [start + random.integers(0, 600, 200) for start in starts]
    held = {("chr1", "+"): strand_of(np.concatenate([*reads, random.integers(0, 400_000, 300)]))}
    best = seeds(held, 0.0)[:20]
    place = np.sort(held["chr1", "+"].position[[site.place for site in best]])
    assert np.abs(place - starts).max() <= 30


def test_a_sum_of_libraries_is_the_sum_of_their_reads():
    one, other = (
        table_of({"+": [np.array([5, 5, 9])], "-": [np.array([7])]}),
        table_of({"+": [np.array([9, 12])], "-": []}),
    )
    pooled = PooledReads([one, other], SIZES, 1)
    position, count = pooled.columns(("chr1", "+"))
    assert (position.tolist(), count.tolist()) == ([5, 9, 12], [2, 2, 1])
    assert (pooled.reads, pooled.positions) == (6, {("chr1", "+"): 3, ("chr1", "-"): 1})
    minus = pooled.strand(("chr1", "-"))
    assert (minus.position.tolist(), minus.bases(minus.position).tolist()) == ([-7], [7])


def test_weights_are_at_most_three_where_bases_hold_two_reads_on_average():
    sparse = PooledReads([table_of({"+": [np.array([5, 5, 9, 11])], "-": []})], SIZES, 1)
    dense = PooledReads([table_of({"+": [np.array([5] * 9 + [9])], "-": []})], SIZES, 1)
    assert sparse.strand(("chr1", "+")).value.tolist() == [1, 1, 1]
    assert dense.strand(("chr1", "+")).value.tolist() == [3, 1]


def test_the_profile_of_two_halves_of_a_library_agree():
    table = simulate(5).positions
    half = np.random.default_rng(0).random(len(table)) < 0.5
    profiles = [learn_profile(PooledReads([table[rows]], SIZES, 1), NARROW).log_ratio for rows in (half, ~half)]
    assert np.corrcoef(*profiles)[0, 1] > 0.9


def test_the_best_sites_do_not_depend_on_the_scores_from_which_they_are_looked_for(monkeypatch):
    reads = PooledReads([simulate(1, genes=60, enhancers=100, decoys=20).positions], SIZES, 1_200)
    found = learn_profile(reads, NARROW)
    monkeypatch.setattr(start_profile, "MINIMA", (-np.inf,))
    assert learn_profile(reads, NARROW).log_ratio.tolist() == found.log_ratio.tolist()


def test_starts_for_pairs_alone_make_the_same_pairs():
    reads = PooledReads([simulate(2, genes=60, enhancers=100, decoys=20).positions], SIZES, 1_200)
    profile = learn_profile(reads, NARROW)
    every, alone = (score_starts(reads, profile, of_pairs=of_pairs) for of_pairs in (False, True))
    assert len(alone) < len(every)
    (pairs, of_every), (own, of_alone) = ((pair_up(starts, 60, 400), starts) for starts in (every, alone))
    assert len(pairs) > 50
    for side in ("plus", "minus"):
        columns = ["chrom", "strand", "five_prime", "score"]
        assert of_every.loc[pairs[side], columns].values.tolist() == of_alone.loc[own[side], columns].values.tolist()
    assert pairs["q_pair"].tolist() == own["q_pair"].tolist()
