"""Calls on real libraries against independent truth: PRO-cap starts, annotated starts, ChIP peaks, PINTS's calls, moved strands.

The limits are those the method was accepted with; the chance level of each is far below (a random site of fission yeast is within
150 bp of an annotated start in .17 of cases, a random occupied base of chr7 within 200 bp of a peak in about .15).
"""

from __future__ import annotations

import pytest

from benchmarks import initiation_truth as truth

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mcf7(shared):
    return {name: truth.mcf7_positions(shared / "data/nascent" / f"{name}mR1.bam") for name in ("S0", "S40")}


@pytest.fixture(scope="module")
def models(shared):
    return truth.refgene(shared / "data/reference/hg19.refGene.chr7.gtf.gz")


def test_starts_of_fission_yeast_agree_with_capped_rna(shared):
    folder = shared / "data/pombe"
    known = truth.pombe_truth(folder)
    positions, sizes = truth.pombe_positions(folder, "c30_DMSO_rep1")
    calls = truth.call([positions], sizes)
    first, more = truth.best(calls, 1000), truth.best(calls, 2000)
    assert truth.share_near(first, known.annotated, 150) >= 0.90
    assert truth.share_near(first, known.annotated, 50) >= 0.85
    assert truth.share_near(known.capped, more, 150) >= 0.42


def test_starts_of_mcf7_are_found_and_beat_pints(shared, mcf7, models):
    calls = truth.call([mcf7["S40"]], truth.CHR7)
    pints = truth.pints_calls(shared / "data/oracle/pints")
    assert len(pints.starts) == 1272
    active = truth.active_starts(models, mcf7["S40"])
    ours = truth.share_near(active, truth.best(calls, len(pints.starts)), 150)
    assert ours >= 0.50
    assert ours >= 1.5 * truth.share_near(active, pints.starts, 150)


def test_pairs_of_mcf7_have_chip_peaks(shared, mcf7, models):
    peaks = shared / "data/nascent/mcf7_chip_chr7.bed"
    alone = truth.passing(truth.call([mcf7["S40"]], truth.CHR7))
    found = truth.peaks_under(alone["start"].to_numpy(), alone["end"].to_numpy(), models, peaks)
    assert found.proximal_share >= 0.90
    pooled = truth.passing(truth.call(list(mcf7.values()), truth.CHR7))
    found = truth.peaks_under(pooled["start"].to_numpy(), pooled["end"].to_numpy(), models, peaks)
    assert found.distal >= 35
    assert found.distal_share >= 0.50


@pytest.mark.parametrize("shift", [31_000, 50_000, -50_000, 120_000])
def test_a_moved_strand_gives_no_pairs(mcf7, shift):
    calls = truth.call([truth.moved(mcf7["S40"], shift)], truth.CHR7)
    assert len(truth.passing(calls)) <= 3
