"""Units mended with planted genes: what is broken, what is combined, and what is said of the result."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.transcription.repaired_transcripts import repaired_transcripts
from groprog_assets.methods.transcription.transcript_counts import count_transcripts
from groprog_assets.methods.transcription.transcript_density import transcript_density
from groprog_assets.methods.transcription.transcript_hmm import fit_transcript_hmm, pooled_sequences
from groprog_assets.methods.transcription.transcripts import call_transcripts
from groprog_assets.study.parameters import (
    AnnotationParameters,
    DensityParameters,
    DifferentialParameters,
    TranscriptionParameters,
)
from groprog_kernels import hmm
from tests.methods.nascent import Asked

SIZES = {"chr10": 60_000, "chr2": 60_000, "chr9": 60_000}
PLACE = ["chrom", "start", "end", "strand"]
RUNS = [("chr10", "+", 100, 500), ("chr2", "-", 100, 200), ("chr2", "-", 400, 500), ("chr9", "+", 30, 60)]
GENES = [
    ("chr10", 5_000, 13_000, "+", "front"),
    ("chr10", 14_010, 24_000, "+", "back"),
    ("chr2", 4_800, 25_500, "-", "split"),
    ("chr9", 40_000, 50_000, "+", "silent"),
]


@pytest.fixture(scope="module")
def world():
    """One unit over two genes on chr10, two units in one gene on chr2, one unit without a gene on chr9."""
    generator = np.random.default_rng(0)
    rows = [
        (chrom, strand, window * 50 + offset, 1)
        for chrom, strand, first, last in RUNS
        for window in range(first, last)
        for offset in np.sort(generator.choice(50, 4, replace=False))
    ]
    positions = pd.DataFrame(rows, columns=["chrom", "strand", "position", "count"])
    coverage = positions.assign(window=positions["position"] // 50)
    coverage = coverage.groupby(["chrom", "strand", "window"], as_index=False)["count"].sum()
    consensus = pd.DataFrame(GENES, columns=[*PLACE, "gene"]).assign(kind="single")
    fit = fit_transcript_hmm({"a": coverage}, SIZES, consensus, 50, TranscriptionParameters(tune=False)).fit
    units = call_transcripts({"a": coverage}, fit, SIZES, 50)
    given = (units, consensus, {"a": coverage}, {"a": positions, "b": positions}, fit, SIZES)
    repaired = repaired_transcripts(*given, AnnotationParameters(), DifferentialParameters()).table
    return units, repaired, consensus, positions, coverage, fit


def test_planted_faults_are_mended(world):
    units, repaired, *_ = world
    assert len(units) == 4
    assert repaired[[*PLACE, "status"]].values.tolist() == [
        ["chr10", 5_000, 14_006, "+", "broken"],
        ["chr10", 14_010, 25_000, "+", "broken"],
        ["chr2", 5_000, 25_000, "-", "combined"],
        ["chr9", 1_500, 3_000, "+", ""],
    ]


def test_an_untouched_unit_keeps_its_name_and_confidence(world):
    units, repaired, *_ = world
    before, after = units.set_index("name").loc["chr9_1500+"], repaired.set_index("name").loc["chr9_1500+"]
    assert after["posterior"] == pytest.approx(before["posterior"], abs=1e-12)
    assert after["score"] == pytest.approx(before["score"], abs=1e-9)


def test_reads_are_counted_to_the_base_in_all_libraries(world):
    _, repaired, _, positions, *_ = world
    for row in repaired.itertuples():
        inside = positions[(positions["chrom"] == row.chrom) & (positions["strand"] == row.strand)]
        inside = inside[(inside["position"] >= row.start) & (inside["position"] < row.end)]
        assert row.count == 2 * inside["count"].sum()


def test_a_joined_gap_lowers_the_posterior_as_the_windows_say(world):
    units, repaired, _, _, coverage, fit = world
    from groprog_assets.methods.transcription.transcript_hmm import model_of

    dense = hmm.posterior(pooled_sequences({"a": coverage}, SIZES, 50)["chr2", "-"], model_of(fit))
    combined = repaired[repaired["status"] == "combined"].iloc[0]
    assert combined["posterior"] == pytest.approx(dense[100:500].mean(), abs=1e-9)
    assert combined["posterior"] < units.loc[units["chrom"] == "chr2", "posterior"].min()


def test_the_summary_has_both_sides(world):
    units, repaired, consensus, positions, *_ = world
    summary = transcript_density(units, consensus, {"a": positions}, DensityParameters(), repaired=repaired).summary
    assert (summary["merged"], summary["dissociated"]) == (1, 1)
    after = summary["repaired"]
    assert (after["merged"], after["dissociated"], after["broken"], after["combined"]) == (0, 0, 2, 1)
    assert after["error_rate"] == 0
    assert after["genes_recovered"] > summary["genes_recovered"]


def test_no_unit_is_an_empty_table(world):
    units, _, consensus, positions, coverage, fit = world
    given = (units.iloc[:0], consensus, {"a": coverage}, {"a": positions}, fit, SIZES)
    empty = repaired_transcripts(*given, AnnotationParameters(), DifferentialParameters())
    assert len(empty.table) == len(empty.counts) == 0


def test_a_sequence_is_read_once_for_whole_units_and_their_counting_windows(world):
    units, _, consensus, positions, coverage, fit = world
    asked, counting = Asked(positions), DifferentialParameters()
    given = (units, consensus, {"a": coverage}, {"a": asked}, fit, SIZES)
    repaired = repaired_transcripts(*given, AnnotationParameters(), counting)
    assert sorted(asked.keys_asked) == sorted(asked)
    pd.testing.assert_frame_equal(repaired.counts, count_transcripts(repaired.table, {"a": positions}, counting).table)
