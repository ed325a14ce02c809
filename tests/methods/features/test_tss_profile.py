"""The metagene in base pairs and its heat map."""

from __future__ import annotations

import numpy as np

from groprog_assets.methods.features.tss_profile import around_starts
from groprog_assets.study.parameters import TssProfileParameters
from tests.methods.nascent import Asked, genes, libraries, positions

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
    table = around_starts(READS, libraries(), GENES, PARAMETERS).table
    sense, antisense = (curve(table, "mock", orientation) for orientation in ("sense", "antisense"))
    assert list(sense) == list(range(-10, 20))
    assert np.isclose(sense[5], 9 / 3)
    assert np.isclose(antisense[-5], 6 / 3)
    assert np.isclose(sum(sense.values()), 3)
    assert np.isclose(sum(antisense.values()), 2)


def test_a_condition_without_reads_is_flat():
    table = around_starts(READS, libraries(), GENES, PARAMETERS).table
    assert set(curve(table, "oe", "sense").values()) == {0.0}


def test_unreliable_genes_are_left_out_unless_there_are_no_others():
    only_b = genes([("A", "chr1", 1_000, 2_000, "+"), ("B", "chr1", 5_000, 6_000, "-")], reliable=[False, True])
    assert np.isclose(curve(around_starts(READS, libraries(), only_b, PARAMETERS).table, "mock", "sense")[5], 3)
    neither = only_b.assign(reliable=False)
    assert np.isclose(curve(around_starts(READS, libraries(), neither, PARAMETERS).table, "mock", "sense")[5], 4.5)


def test_heat_map_rows_add_up_to_the_profile():
    made = around_starts(READS, libraries(), GENES, PARAMETERS, bins=30)
    image = made.heat_maps["mock"]
    assert image["gene"].tolist() == ["A", "B", "C"]
    assert image["offset"].tolist() == list(range(-10, 21))
    for orientation in ("sense", "antisense"):
        mean = image[orientation].sum(axis=0) / len(GENES)
        assert np.allclose(mean, list(curve(made.table, "mock", orientation).values()))


def test_heat_maps_of_all_conditions_have_the_same_rows():
    louder = {**READS, "oe_1": positions([("chr2", "+", 5, 40), ("chr1", "+", 1_005, 1)])}
    maps = around_starts(louder, libraries(), GENES, PARAMETERS, bins=30).heat_maps
    assert maps["mock"]["gene"].tolist() == maps["oe"]["gene"].tolist() == ["C", "A", "B"]
    # million of the 1,000,000 reads of mock and of the 41 of oe; the bin of a base is 10 + its offset
    for condition, gene, offset, sense in (("mock", "A", 5, 6), ("mock", "B", 5, 3), ("oe", "A", 5, 1e6 / 41)):
        row = maps[condition]["gene"].tolist().index(gene)
        assert np.flatnonzero(maps[condition]["sense"][row]).tolist() == [10 + offset]
        assert np.isclose(maps[condition]["sense"][row, 10 + offset], sense)
    assert np.flatnonzero(maps["oe"]["sense"][0]).tolist() == [12]


def test_heat_maps_show_the_genes_of_the_profile():
    only_b = genes([("A", "chr1", 1_000, 2_000, "+"), ("B", "chr1", 5_000, 6_000, "-")], reliable=[False, True])
    assert around_starts(READS, libraries(), only_b, PARAMETERS).heat_maps["mock"]["gene"].tolist() == ["B"]


def test_every_sequence_is_read_once():
    asked = {library: Asked(table) for library, table in READS.items()}
    around_starts(asked, libraries(), GENES, PARAMETERS, sizes={"mock_1": 1e6, "oe_1": 1.0})
    assert sorted(asked["mock_1"].keys_asked) == [("chr1", "+"), ("chr1", "-"), ("chr2", "+")]
