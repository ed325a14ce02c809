"""The metagene in base pairs and its heat map."""

from __future__ import annotations

import numpy as np

from groprog_assets.methods.features.tss_profile import heat_map, heat_maps, profile
from groprog_assets.study.parameters import TssProfileParameters
from tests.methods.nascent import genes, libraries, positions

PARAMETERS = TssProfileParameters(upstream=10, downstream=20)
GENES = genes([("A", "chr1", 1_000, 2_000, "+"), ("B", "chr1", 5_000, 6_000, "-"), ("C", "chr2", 3, 400, "+")])
READS = {
    "mock_1": positions(
        [
            ("chr1", "+", 1_005, 6),
            ("chr1", "-", 995, 3),
            ("chr1", "-", 5_999 - 5, 3),
            ("chr1", "+", 5_999 + 5, 3),
            ("chr2", "+", 50_000 - 1, 999_985),
        ]
    ),
    "oe_1": positions(),
}


def curve(table, condition, orientation):
    part = table[(table["condition"] == condition) & (table["orientation"] == orientation)]
    return dict(zip(part["offset"], part["signal"], strict=True))


def test_both_strands_meet_at_the_same_offset():
    table = profile(READS, libraries(), GENES, PARAMETERS)
    sense, antisense = (curve(table, "mock", orientation) for orientation in ("sense", "antisense"))
    assert list(sense) == list(range(-10, 20))
    assert np.isclose(sense[5], 9 / 3)
    assert np.isclose(antisense[-5], 6 / 3)
    assert np.isclose(sum(sense.values()), 3)
    assert np.isclose(sum(antisense.values()), 2)


def test_a_condition_without_reads_is_flat():
    table = profile(READS, libraries(), GENES, PARAMETERS)
    assert set(curve(table, "oe", "sense").values()) == {0.0}


def test_unreliable_genes_are_left_out_unless_there_are_no_others():
    only_b = genes([("A", "chr1", 1_000, 2_000, "+"), ("B", "chr1", 5_000, 6_000, "-")], reliable=[False, True])
    assert np.isclose(curve(profile(READS, libraries(), only_b, PARAMETERS), "mock", "sense")[5], 3)
    neither = only_b.assign(reliable=False)
    assert np.isclose(curve(profile(READS, libraries(), neither, PARAMETERS), "mock", "sense")[5], 4.5)


def test_heat_map_rows_add_up_to_the_profile():
    image = heat_map(READS, libraries(), "mock", GENES, PARAMETERS, bins=30)
    table = profile(READS, libraries(), GENES, PARAMETERS)
    assert image.gene.tolist() == ["A", "B", "C"]
    assert image.offset.tolist() == list(range(-10, 21))
    for orientation in ("sense", "antisense"):
        mean = getattr(image, orientation).sum(axis=0) / len(GENES)
        assert np.allclose(mean, list(curve(table, "mock", orientation).values()))


def test_heat_maps_of_all_conditions_have_the_same_rows():
    louder = {**READS, "oe_1": positions([("chr2", "+", 5, 40), ("chr1", "+", 1_005, 1)])}
    maps = heat_maps(louder, libraries(), GENES, PARAMETERS, bins=30)
    assert maps["mock"]["gene"].tolist() == maps["oe"]["gene"].tolist()
    assert maps["oe"]["gene"][0] == "C"
    for condition, found in maps.items():
        alone = heat_map(louder, libraries(), condition, GENES, PARAMETERS, bins=30)
        for gene in "ABC":
            row, own = found["gene"].tolist().index(gene), alone.gene.tolist().index(gene)
            assert np.array_equal(found["sense"][row], alone.sense[own])
            assert np.array_equal(found["antisense"][row], alone.antisense[own])


def test_heat_maps_show_the_genes_of_the_profile():
    only_b = genes([("A", "chr1", 1_000, 2_000, "+"), ("B", "chr1", 5_000, 6_000, "-")], reliable=[False, True])
    assert heat_maps(READS, libraries(), only_b, PARAMETERS)["mock"]["gene"].tolist() == ["B"]
