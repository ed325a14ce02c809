"""Classes, offsets and flags of regions worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.initiation.annotation import nearest, place_columns, start_offset
from groprog_assets.methods.initiation.flags import STRUCTURAL, region_flags
from groprog_assets.methods.initiation.oriented import PooledReads
from groprog_assets.methods.initiation.pairs import SHIFTS, decoy_q, pair_up
from groprog_assets.methods.initiation.region_reads import region_reads
from groprog_assets.methods.initiation.regions import join_regions
from groprog_assets.study.initiation_parameters import InitiationParameters
from tests.methods.initiation.simulated_starts import SIZES, table_of

PARAMETERS = InitiationParameters()
MODELS = pd.DataFrame(
    [
        ("chr1", 10_000, 40_000, "+", "T1", "ALPHA"),
        ("chr1", 60_000, 90_000, "-", "T2", "BETA"),
        ("chr1", 200_000, 200_080, "+", "T3", "TRNA-Ala"),
    ],
    columns=["chrom", "start", "end", "strand", "transcript", "gene"],
)


def regions_of(starts):
    """Regions of (strand, five_prime, score) on chr1."""
    frame = pd.DataFrame(starts, columns=["strand", "five_prime", "score"]).assign(
        chrom="chr1", p_local=0.1, paired=True, alone=True
    )
    frame["summit"] = frame["five_prime"]
    frame = frame.sort_values(["strand", "five_prime"], ignore_index=True)
    return join_regions(frame, pair_up(frame, -50, 400), PARAMETERS)


def test_kinds_of_regions():
    table = regions_of(
        [
            ("+", 1_200, 30.0),
            ("-", 1_000, 20.0),
            ("+", 5_000, 30.0),
            ("-", 5_030, 20.0),
            ("+", 9_000, 12.0),
            ("-", 30_000, 9.0),
        ]
    )
    assert table["kind"].tolist() == ["divergent", "convergent", "single"]  # the last is below the least score
    assert table[["start", "end"]].to_numpy().tolist() == [[1_000, 1_201], [5_000, 5_031], [9_000, 9_001]]
    assert table["pair_score"].tolist()[:2] == [20.0, 20.0]
    assert table["strand"].tolist() == [".", ".", "+"]


def test_places_among_genes():
    table = regions_of(
        [
            ("+", 10_400, 30.0),  # behind ALPHA's start
            ("+", 25_000, 30.0),  # inside ALPHA, its strand
            ("-", 30_000, 30.0),  # inside ALPHA, the other strand
            ("-", 91_500, 30.0),  # 1,501 before BETA's start
            ("+", 150_000, 30.0),
        ]
    )
    found = {name: list(column) for name, column in place_columns(table, MODELS, PARAMETERS).items()}
    assert found["class"] == ["proximal", "distal", "distal", "distal", "distal"]
    assert found["inside_gene"] == ["none", "sense", "antisense", "none", "none"]
    assert found["nearest_tss_gene"] == ["ALPHA", "ALPHA", "ALPHA", "BETA", "TRNA-Ala"]
    assert found["nearest_tss_distance"] == [400, 15_000, 20_000, -1_501, -50_000]
    assert found["overlapping_genes"] == ["ALPHA", "ALPHA", "ALPHA", "", ""]
    assert found["active_tss"] == [True, False, False, False, False]


def test_a_chromosome_without_genes_has_no_nearest():
    table = regions_of([("+", 10_400, 30.0)]).assign(chrom="chr2")
    found = place_columns(table, MODELS, PARAMETERS)
    assert found["class"].tolist() == ["distal"]
    assert found["nearest_tss_gene"].tolist() == [""]
    assert found["nearest_tss_distance"].isna().all()


@pytest.mark.parametrize(("place", "index"), [(0, 0), (10, 0), (15, 0), (16, 1), (29, 2), (99, 2)])
def test_nearest_takes_the_lower_of_two_as_near(place, index):
    assert nearest(np.array([10, 20, 30]), np.array([place])).tolist() == [index]


def test_the_offset_is_the_librarys_own_with_a_hundred_matches_else_the_usual_one():
    tss = np.arange(150) * 10_000 + 50_000
    models = pd.DataFrame(
        {
            "chrom": "chr1",
            "start": tss,
            "end": tss + 3_000,
            "strand": "+",
            "transcript": "T",
            "gene": [f"G{t}" for t in tss],
        }
    )
    table = regions_of([("+", int(base) + 31, 40.0) for base in tss])
    assert start_offset(table, models, "three_prime", PARAMETERS)["offset"] == 31
    assert start_offset(table.iloc[:99], models, "three_prime", PARAMETERS)["offset"] == 35
    assert start_offset(table.iloc[:99], models, "five_prime", PARAMETERS)["offset"] == 25
    assert start_offset(table, models, "capped", PARAMETERS)["offset"] == 0


def test_flags():
    random = np.random.default_rng(1)
    held = {
        "+": [random.integers(99_900, 100_100, 60), np.full(50, 120_000), 150_000 + random.integers(0, 900, 60)],
        "-": [random.integers(99_900, 100_100, 60)],
    }
    reads = PooledReads([table_of(held)], SIZES, 1)
    table = regions_of([("+", 99_901, 30.0), ("+", 120_000, 30.0), ("+", 150_000, 30.0), ("+", 200_190, 30.0)])
    counted = region_reads(table, reads, MODELS, 500)
    assert region_flags(table.assign(**counted.sides), counted.island, MODELS).tolist() == [
        "symmetric_island",
        "pile_up",
        "",
        "pol3_or_structural",
    ]


def test_the_fullest_base_of_windows_that_overlap_or_are_empty_or_end_the_strand():
    """Reads 9 at 90, 2 at 100, 4 at 110, 3 at 120, 7 at 5000; the last window holds the last occupied base."""
    held = {"+": [np.repeat([90, 100, 110, 120, 5_000], [9, 2, 4, 3, 7])], "-": [np.repeat([95, 600], [5, 1])]}
    table = pd.DataFrame({"chrom": "chr1", "plus_five_prime": [100, 111, 1_000, 4_990], "minus_five_prime": pd.NA})
    table = table.astype({"plus_five_prime": "Int64", "minus_five_prime": "Int64"})
    table.loc[1, "minus_five_prime"] = 95
    table = table.assign(start=1_000, end=1_001)
    counted = region_reads(table, PooledReads([table_of(held)], SIZES, 1), MODELS, 50).sides
    assert counted["positions_plus"].tolist() == [3, 1, 0, 1]
    assert counted["top_position_share"].tolist() == pytest.approx([4 / 9, 5 / 8, np.nan, 1.0], nan_ok=True)


@pytest.mark.parametrize(
    "symbol", ["RNU6-1", "RN7SK", "TRNAA1", "SNORD12", "RMRP", "SPATRNAARG.01", "SPSNRNA.02", "tRNA-Ala"]
)
def test_symbols_of_structural_rna(symbol):
    assert STRUCTURAL.match(symbol)


@pytest.mark.parametrize("symbol", ["TRAF3", "TP53", "RNF2", "U2AF1", "SNX1", "TR", "MYC"])
def test_other_symbols(symbol):
    assert not STRUCTURAL.match(symbol)


def test_q_is_decoys_over_pairs():
    q = decoy_q(np.array([9.0, 5.0, 5.0, 1.0]), np.array([5.0, 1.0, 0.5, 0.2]), 2)
    assert q == pytest.approx([0.1 / 1, 0.6 / 3, 0.6 / 3, 1.1 / 4])
    assert len(SHIFTS) == 10


def test_q_never_rises_with_the_score():
    random = np.random.default_rng(2)
    score = random.integers(0, 20, 200).astype(float)
    q = decoy_q(score, random.integers(0, 15, 400).astype(float), 10)
    assert (np.diff(q[np.argsort(score, kind="stable")]) <= 0).all()
    assert ((q > 0) & (q <= 1)).all()
