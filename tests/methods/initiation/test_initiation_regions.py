"""Regions called in simulated worlds with a known truth, and what does not depend on order, threads or names."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.store.table_files import encode_table
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from tests.methods.initiation.simulated_starts import LENGTH, LEVELS, SIZES, near, simulate, table_of

PARAMETERS = InitiationParameters()
ONE = [Library(id="a", condition="all", assay="gro-seq")]


def called(world, libraries=ONE, **changes):
    positions = {library.id: world.positions for library in libraries}
    return initiation_regions(positions, libraries, SIZES, world.models, PARAMETERS, **changes)


@pytest.fixture(scope="module")
def world():
    return simulate(1)


@pytest.fixture(scope="module")
def found(world):
    return called(world)


class Judged(NamedTuple):
    """Pairs beside what was planted. false_05, false_10: share of pairs that are false at q up to .05 and .1; passing: pairs at
    these; recall: level -> share of the enhancers outside genes of which both strands are found; within: of those inside at
    100 reads; waves, holes: pairs at .1 that are false and lie at one."""

    false_05: float
    false_10: float
    passing: tuple[int, int]
    false: int
    recall: dict[int, float]
    within: float
    waves: int
    holes: int


def judged(seed: int, clumps: int) -> Judged:
    world = simulate(seed, clumps=clumps)
    table = called(world).table
    pairs = table[table["kind"] != "single"]
    centre = ((pairs["start"] + pairs["end"]) // 2).to_numpy()
    true = near(centre, world.both, 300)
    at_05, at_10 = ((pairs["q_pair"] <= q).to_numpy() for q in (0.05, 0.1))
    wrong = centre[at_10 & ~true]
    sides = {side: table[f"{side}_five_prime"].dropna().to_numpy(np.int64) for side in ("plus", "minus")}
    both = np.logical_and(*(near(world.enhancers[side].to_numpy(), sides[side], 150) for side in sides))
    level, outside = world.enhancers["level"].to_numpy(), ~world.enhancers["inside"].to_numpy()
    return Judged(
        (~true[at_05]).mean(),
        (~true[at_10]).mean(),
        (at_05.sum(), at_10.sum()),
        (~true).sum(),
        {reads: both[outside & (level == reads)].mean() for reads in LEVELS},
        both[~outside & (level == 100)].mean(),
        near(wrong, world.waves, 500).sum(),
        near(wrong, world.holes, 500).sum(),
    )


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_simulation_of_the_specification_is_within_its_limits(seed):
    """20 Mb, 160 genes, 400 enhancers, 300 decoys, 200 clumps (specs/initiation.md, sections 8 and 10.5)."""
    assert LENGTH == 20_000_000
    found = judged(seed, clumps=200)
    assert min(found.passing) >= 300
    assert found.false_05 <= 0.03
    assert found.false_10 <= 0.06
    assert found.recall[10] >= 0.8
    assert min(found.recall[reads] for reads in (20, 50, 100)) >= 0.94
    assert found.within >= 0.55
    assert found.waves == 0
    assert found.holes <= 3


@pytest.mark.parametrize("seed", range(1, 6))
def test_false_pairs_are_as_few_as_their_q_says(seed):
    """With 3,000 weak units of one strand, of which dozens face another, or an elongation wave, by chance."""
    found = judged(seed, clumps=3_000)
    assert found.false > 15
    assert min(found.passing) > 250
    assert found.false_05 <= 0.03
    assert found.false_10 <= 0.06
    assert found.waves <= 1
    assert found.holes <= 3


def test_islands_are_flagged_and_claim_nothing(world, found):
    table = found.table
    on_island = near(table["start"].to_numpy(), world.islands, 400)
    assert table.loc[on_island, "flags"].str.contains("symmetric_island").mean() > 0.9
    assert (table.loc[~on_island, "flags"].str.contains("symmetric_island")).mean() < 0.01
    assert not (table.loc[table["flags"] != "", "claim"] == "candidate enhancer").any()


def test_islands_that_pass_as_pairs_are_no_candidates():
    """Islands so narrow that their two strands are within the reach of a pair."""
    world = simulate(2, enhancers=100, decoys=150, island=20)
    table = called(world).table
    pairs = table[near(table["start"].to_numpy(), world.islands, 100) & (table["q_pair"] <= 0.1).to_numpy()]
    assert len(pairs) > 20
    assert (pairs["claim"] == "candidate enhancer").mean() < 0.1  # other reads may lie just beyond an island


def test_no_single_start_far_from_genes_is_called_an_enhancer(found):
    table = found.table
    claimed = table[table["claim"] == "candidate enhancer"]
    assert len(claimed) > 150
    assert (claimed["kind"] != "single").all()
    assert (claimed["class"] == "distal").all()
    assert (claimed["q_pair"] <= 0.1).all()


def test_missing_sides_are_missing_and_intervals_are_those_of_the_five_primes(found):
    table = found.table
    single = table["kind"] == "single"
    for side, strand in (("plus", "+"), ("minus", "-")):
        absent = single & (table["strand"] != strand)
        for column in (
            f"{side}_five_prime",
            f"{side}_summit",
            f"tss_estimate_{side}",
            f"score_{side}",
            f"p_local_{side}",
        ):
            assert (table[column].isna() == absent).all()
    five = table[["plus_five_prime", "minus_five_prime"]]
    assert (table["start"] == five.min(axis=1)).all()
    assert (table["end"] == five.max(axis=1) + 1).all()
    distance = (table["plus_five_prime"] - table["minus_five_prime"])[~single]
    assert distance.between(-50, 400).all()
    assert ((distance >= 0) == (table.loc[~single, "kind"] == "divergent")).all()
    assert (table["name"] == [f"IR{n:06d}" for n in range(1, len(table) + 1)]).all()


def test_the_profile_rises_where_starts_are(found):
    profile = found.profile.set_index("offset")["log_ratio"]
    assert profile.idxmax() in (0, 50)
    assert profile[profile.index < -50].max() < 0
    assert found.summary["profile"]["contrast"] > 2


def test_order_of_chromosomes_and_threads_change_no_byte():
    """Two chromosomes, named so that their order by name and by place differ."""
    worlds = {
        "chrB": simulate(6, genes=40, enhancers=80, decoys=30),
        "chrA": simulate(7, genes=40, enhancers=80, decoys=30),
    }
    positions = pd.concat([world.positions.assign(chrom=name) for name, world in worlds.items()], ignore_index=True)
    models = pd.concat([world.models.assign(chrom=name) for name, world in worlds.items()], ignore_index=True)
    expected = None
    for order, threads in ((["chrB", "chrA"], 1), (["chrA", "chrB"], 1), (["chrB", "chrA"], 2)):
        sizes = dict.fromkeys(order, SIZES["chr2"])
        table = positions.assign(chrom=pd.Categorical(positions["chrom"], categories=order))
        result = initiation_regions({"a": table}, ONE, sizes, models, PARAMETERS, threads=threads)
        content = [encode_table(part, "") for part in result[:4]]
        assert expected is None or content == expected
        expected = content


def test_libraries_are_added_and_counted_apart(world):
    libraries = [Library(id=name, condition=condition) for name, condition in (("a", "x"), ("b", "y"), ("c", "y"))]
    result = called(world, libraries)
    alone = called(world)
    assert result.summary["reads"] == 3 * alone.summary["reads"]
    assert set(result.table["called_in"]) <= {"x;y", "x", "y", ""}
    counts = result.counts.pivot(index="region", columns="library", values="count")
    assert (counts["a"] == counts["b"]).all()
    assert (counts.sum(axis=1).to_numpy() == result.table[["reads_plus", "reads_minus"]].sum(axis=1).to_numpy()).all()


def test_nothing_is_counted_on_a_side_that_a_region_does_not_have(world):
    """Missing, not 0: reads may lie there. Sides that exist are counted base by base here."""
    result = called(world)
    table = result.table
    bases = dict(list(world.positions.groupby("strand", observed=True)))
    counts = result.counts.set_index("region").loc[table["name"]].reset_index()
    for side, strand, sign in (("plus", "+", 1), ("minus", "-", -1)):
        there = table[f"{side}_five_prime"].notna()
        assert 0 < (~there).sum() < len(table)
        for columns in (table[[f"reads_{side}", f"positions_{side}"]], counts[[f"{side}_count"]]):
            assert (columns.isna().any(axis=1) == ~there).all()
            assert {str(dtype) for dtype in columns.dtypes} == {"Int64"}
        for row in np.flatnonzero(there)[:40]:
            away = (bases[strand]["position"].astype(int) - int(table[f"{side}_five_prime"][row])) * sign
            inside = bases[strand]["count"][away.between(0, 499)]
            assert (inside.sum(), len(inside)) == (table[f"reads_{side}"][row], table[f"positions_{side}"][row])
            assert counts[f"{side}_count"][row] == inside.sum()
    assert counts["count"].tolist() == counts[["plus_count", "minus_count"]].sum(axis=1).tolist()
    assert str(counts["count"].dtype) == "int64"


def test_a_condition_without_the_region_is_not_named(world):
    """The second condition has only reads of the plus strand's start, so no pair and no reads on both strands."""
    enhancer = world.enhancers[(world.enhancers["level"] == 100) & ~world.enhancers["inside"]].iloc[0]
    table = world.positions
    here = table["position"].between(enhancer["centre"] - 3000, enhancer["centre"] + 3000)
    without = table[~(here & (table["strand"] == "-"))]
    libraries = [Library(id="a", condition="x"), Library(id="b", condition="y")]
    result = initiation_regions({"a": table, "b": without}, libraries, SIZES, world.models, PARAMETERS).table
    region = result[(result["kind"] != "single") & result["plus_five_prime"].sub(enhancer["plus"]).abs().le(60)]
    assert region["called_in"].tolist() == ["x"]


def capped_world(seed: int = 3):
    """Pairs of focal clusters, minus 120 bp before plus, over scattered reads; their centres."""
    random = np.random.default_rng(seed)
    centres = np.sort(random.choice(np.arange(20_000, SIZES["chr1"] - 20_000, 5_000), 300, replace=False))
    held = {strand: [random.integers(0, SIZES["chr1"], 10_000)] for strand in "+-"}
    for centre in centres:
        for strand, sign in (("+", 1), ("-", -1)):
            held[strand].append(centre + sign * 60 + random.integers(-6, 7, int(random.integers(10, 80))))
            held[strand].append(np.full(12, centre + sign * 60))
    return table_of(held), centres


def test_capped_reads_give_pairs_at_their_summits():
    table, centres = capped_world()
    library = Library(id="a", condition="x", assay="pro-cap")
    models = simulate(1, genes=3, enhancers=0, decoys=0).models
    result = initiation_regions({"a": table}, [library], SIZES, models, PARAMETERS)
    assert result.summary["assay_class"] == "capped"
    assert result.summary["offset"]["offset"] == 0
    assert not len(result.profile)
    pairs = result.table[result.table["q_pair"] <= 0.05]
    assert near(centres, ((pairs["start"] + pairs["end"]) // 2).to_numpy(), 10).mean() > 0.95
    assert (pairs["plus_five_prime"] == pairs["plus_summit"]).all()
    assert set(result.table.loc[result.table["kind"] == "single", "confidence"]) <= {"ranked"}


def test_capped_libraries_beside_run_on_ones_are_left_out_and_named(world):
    libraries = [Library(id="a", condition="x"), Library(id="cap", condition="x", assay="gro-cap")]
    result = called(world, libraries)
    assert result.summary["libraries"] == ["a"]
    assert "run-on" in result.summary["refused"]["cap"][0]["rule"]
