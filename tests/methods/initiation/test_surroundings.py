"""Signal around pairs by hand, and the whole of a study's call."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.initiation.study_regions import study_regions
from groprog_assets.methods.initiation.surroundings import BINS, REACH, surroundings
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.schema import Library
from tests.methods.initiation.simulated_starts import SIZES, simulate, table_of

LIBRARIES = [Library(id="a", condition="x"), Library(id="b", condition="y")]


def pairs_of(rows):
    columns = ["plus_summit", "minus_summit", "pair_score", "q_pair", "class"]
    return pd.DataFrame(rows, columns=columns).assign(chrom="chr1")


def test_reads_around_a_pair_fall_into_their_bins():
    positions = {
        "a": table_of({"+": [np.array([100_120, 100_120, 105_000])], "-": [np.array([99_920])]}),
        "b": table_of({"+": [np.array([100_120])], "-": []}),
    }
    table = pairs_of([(100_100, 99_900, 9.0, 0.01, "distal"), (400_000, 399_000, 9.0, 0.5, "distal")])
    found = surroundings(table, positions, LIBRARIES, {"a": 2e6, "b": 1e6}, 0.1)
    width = 2 * REACH // BINS
    assert found.heat_map["offset"].tolist() == list(range(-REACH, REACH + 1, width))
    place = (REACH + 120) // width, (REACH - 80) // width
    plus, minus = np.zeros(BINS), np.zeros(BINS)
    plus[place[0]], minus[place[1]] = 2 / 2 + 1, 1 / 2
    assert found.heat_map["plus"].tolist() == [plus.tolist()]
    assert found.heat_map["minus"].tolist() == [minus.tolist()]
    held = found.metaplot[found.metaplot["signal"] > 0]
    assert held[["condition", "strand", "offset", "signal"]].to_numpy().tolist() == [
        ["x", "+", 100, 1.0],
        ["x", "-", -100, 0.5],
        ["y", "+", 100, 1.0],
    ]


def test_without_pairs_nothing_is_drawn():
    found = surroundings(pairs_of([]).astype({"plus_summit": "Int64", "minus_summit": "Int64"}), {}, LIBRARIES, {}, 0.1)
    assert found.heat_map["plus"].shape == (0, BINS)
    assert not len(found.metaplot)


def test_the_call_of_a_study_has_all_members_and_leaves_spliced_libraries_out():
    world = simulate(1, genes=40, enhancers=60, decoys=10)
    filtered = {
        name: Bundle(positions=world.positions, summary={"spliced_share": share})
        for name, share in (("a", None), ("b", 0.5))
    }
    models = Bundle(chrom_sizes=SIZES, transcripts=world.models)
    sizes = pd.DataFrame({"library": ["a", "b"], "size": [1e6, 1e6]})
    found = study_regions(filtered, LIBRARIES, models, sizes, InitiationParameters())
    assert found.summary["libraries"] == ["a"]
    assert set(found.counts["library"]) == {"a"}
    assert len(found.heat_map["plus"]) == (found.table["q_pair"] <= 0.1).sum() > 30
    assert set(found.metaplot["condition"]) == {"x"}  # no library of y was used: its mean is not 0, it is not known
