"""A planted -TAP control takes clusters of uncapped RNA out; a start profile of a named library is the one that scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.initiation.initiation_regions import initiation_regions
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from tests.methods.initiation.simulated_starts import SIZES, near, simulate, table_of

PARAMETERS = InitiationParameters()
MODELS = simulate(1, genes=3, enhancers=0, decoys=0).models
DEPTH = 2


def capped_and_control(seed: int = 3):
    """300 pairs of clusters in the capped library; a third of them are not capped: with DEPTH times the reads in the control,
    which is DEPTH times as deep. Of the other pairs a fifth has a quarter of its share in the control."""
    random = np.random.default_rng(seed)
    centres = np.sort(random.choice(np.arange(20_000, SIZES["chr1"] - 20_000, 5_000), 300, replace=False))
    false = np.arange(len(centres)) % 3 == 0
    held = {strand: [random.integers(0, SIZES["chr1"], 10_000)] for strand in "+-"}
    control = {strand: [random.integers(0, SIZES["chr1"], 10_000 * DEPTH)] for strand in "+-"}
    for number, centre in enumerate(centres):
        for strand, sign in (("+", 1), ("-", -1)):
            reads = int(random.integers(30, 80))
            held[strand].append(centre + sign * 60 + random.integers(-6, 7, reads))
            share = 1.0 if false[number] else 0.25 if number % 5 == 1 else 0.0
            control[strand].append(centre + sign * 60 + random.integers(-6, 7, int(DEPTH * share * reads)))
    # The reads of the capped library that the control lacks stand in it as background, so that the depths are as stated.
    lacking = DEPTH * sum(map(len, held["+"])) - sum(map(len, control["+"]))
    for strand in "+-":
        control[strand].append(random.integers(0, SIZES["chr1"], lacking))
    return table_of(held), table_of(control), centres, false


def call(positions, libraries, **changes):
    parameters = PARAMETERS.model_copy(update=changes)
    return initiation_regions(positions, libraries, SIZES, MODELS, parameters)


def found(result, centres):
    pairs = result.table[result.table["q_pair"] <= 0.1]
    return near(centres, ((pairs["start"] + pairs["end"]) // 2).to_numpy(np.int64), 20)


def test_clusters_of_the_control_are_no_starts():
    capped, control, centres, false = capped_and_control()
    alone = call({"a": capped}, [Library(id="a", condition="x", assay="pro-cap")])
    assert found(alone, centres).mean() > 0.95
    library = Library(id="a", condition="x", assay="pro-cap", control="tap")
    libraries = [library, Library(id="tap", condition="minus_tap", assay="pro-cap")]
    with_control = call({"a": capped, "tap": control}, libraries)
    kept = found(with_control, centres)
    assert kept[~false].mean() > 0.95
    assert kept[false].mean() < 0.02
    assert with_control.summary["control"]["libraries"] == {"a": "tap"}
    assert with_control.summary["control"]["scale"] == pytest.approx(1 / DEPTH, rel=0.05)
    assert with_control.summary["libraries"] == ["a"], "the control is not called on"
    assert set(with_control.counts["library"]) == {"a"}
    # Twice as strict: the pairs with a quarter of their share are still more than that, at eight times no longer.
    strict = found(call({"a": capped, "tap": control}, libraries, control_ratio=8.0), centres)
    quarter = ~false & (np.arange(len(centres)) % 5 == 1)
    assert kept[quarter].mean() > 0.9
    assert strict[quarter].mean() < 0.1
    assert strict[~false & ~quarter].mean() > 0.9


def test_a_control_that_failed_its_checks_is_named_and_nothing_taken_out():
    capped, _, centres, _ = capped_and_control()
    library = Library(id="a", condition="x", assay="pro-cap", control="tap")
    result = call({"a": capped}, [library])
    assert result.summary["control"] == {"libraries": {}, "without": ["a"], "scale": None, "reads": 0}
    assert found(result, centres).mean() > 0.95


def test_a_control_counts_for_the_libraries_that_have_it():
    """Another library without control brings the uncapped clusters back only as far as its own reads would."""
    capped, control, centres, false = capped_and_control()
    libraries = [
        Library(id="a", condition="x", assay="pro-cap", control="tap"),
        Library(id="b", condition="x", assay="pro-cap"),
        Library(id="tap", condition="minus_tap", assay="pro-cap"),
    ]
    result = call({"a": capped, "b": capped, "tap": control}, libraries)
    assert found(result, centres)[false].mean() < 0.02
    assert result.summary["control"]["without"] == ["b"]


@pytest.fixture(scope="module")
def world():
    return simulate(1)


def test_the_profile_of_a_named_library_is_the_one_that_scores(world):
    parts = [world.positions.iloc[k::3].reset_index(drop=True) for k in range(3)]
    positions = {
        "a": pd.concat(parts[:2], ignore_index=True).sort_values(["chrom", "strand", "position"]),
        "b": parts[2],
    }
    other = positions["b"]
    both = [Library(id="a", condition="x"), Library(id="b", condition="y")]
    named = initiation_regions(positions, both, SIZES, world.models, PARAMETERS.model_copy(update={"profile": "b"}))
    alone = initiation_regions({"b": other}, both[1:], SIZES, world.models, PARAMETERS)
    pooled = initiation_regions(positions, both, SIZES, world.models, PARAMETERS)
    assert len(named.profile) == len(pooled.profile) > 0
    np.testing.assert_array_equal(named.profile["log_ratio"], alone.profile["log_ratio"])
    assert (named.profile["log_ratio"].to_numpy() != pooled.profile["log_ratio"].to_numpy()).any()
    assert named.summary["profile_of"] == "b"
    assert named.summary["libraries"] == ["a", "b"]
    assert set(named.counts["library"]) == {"a", "b"}


def test_a_library_that_cannot_give_a_profile_calls_nothing_and_says_so(world):
    few = world.positions.iloc[::400].reset_index(drop=True)
    asked = PARAMETERS.model_copy(update={"profile": "few"})
    libraries = [Library(id="a", condition="x"), Library(id="few", condition="y")]
    result = initiation_regions({"a": world.positions, "few": few}, libraries, SIZES, world.models, asked)
    assert "library few, whose start profile is asked for" in result.summary["nothing_called"]
    assert result.table.empty
