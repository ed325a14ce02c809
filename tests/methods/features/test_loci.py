"""Key loci, their reliability, and the positive control."""

from __future__ import annotations

import json

import numpy as np
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.features.loci import Interval, loci, masked_fraction
from groprog_assets.study.parameters import LociParameters
from groprog_assets.study.schema import Locus, Mark
from tests.methods.nascent import CHROM_SIZES, CONTRAST, genes, libraries, library, masks, positions

PARAMETERS = LociParameters(flank=1_000, bins=10)
GENES = genes(
    [("RUNX1", "chr1", 10_000, 20_000, "-"), ("RDNA", "chr2", 100, 900, "+"), ("COPIES", "chr1", 90_000, 99_990, "+")],
    placements=[1, 1, 3],
)
TABLES = {
    "mock_1": positions([("chr1", "-", 15_000, 9), ("chr1", "+", 15_000, 1), ("chr2", "+", 30_000, 999_990)]),
    "oe_1": positions([("chr1", "-", 15_000, 37), ("chr2", "+", 30_000, 999_963)]),
}


def locus(name, **where):
    return Locus(name=name, reason="named in the paper", **where)


def run(items, target=None, tables=TABLES, libs=None, masked=(), marks=()):
    return loci(
        items, target, tables, libs or libraries(), CONTRAST, GENES, masks(masked), list(marks), CHROM_SIZES, PARAMETERS
    )


def test_counts_signal_and_change_on_each_strand():
    table = run([locus("RUNX1", gene="RUNX1")]).table.set_index(["condition", "strand"])
    assert table["count"].to_dict() == {("mock", "+"): 1, ("oe", "+"): 0, ("mock", "-"): 9, ("oe", "-"): 37}
    assert table.loc[("oe", "-"), "signal"] == pytest.approx(37)
    assert table.loc[("oe", "-"), "maximum"] == pytest.approx(37)
    for condition in ("mock", "oe"):
        assert table.loc[(condition, "-"), "log2_fold_change"] == pytest.approx(np.log2(37.5 / 9.5))
        assert table.loc[(condition, "+"), "log2_fold_change"] == pytest.approx(np.log2(0.5 / 1.5))


def test_a_gene_is_shown_with_flanks_an_interval_as_it_stands():
    tracks = run([locus("RUNX1", gene="RUNX1"), locus("window", interval="chr1:14,001-16,000")]).tracks
    shown = tracks.groupby("locus")[["start", "end"]].agg({"start": "min", "end": "max"})
    assert shown.loc["RUNX1"].tolist() == [9_000, 21_000]
    assert shown.loc["window"].tolist() == [14_000, 16_000]
    one = tracks[(tracks["locus"] == "window") & (tracks["condition"] == "oe") & (tracks["strand"] == "-")]
    assert one["signal"].sum() == pytest.approx(37)
    assert len(one) == PARAMETERS.bins


def test_every_library_has_its_own_tracks_which_sum_to_those_of_its_condition():
    held = run(
        [locus("RUNX1", gene="RUNX1")],
        tables={**TABLES, "oe_2": TABLES["mock_1"]},
        libs=[*libraries(), library("oe_2", "oe")],
    )
    own, pooled = held.libraries, held.tracks
    assert sorted(set(own["library"])) == ["mock_1", "oe_1", "oe_2"]
    assert (own["signal"] > 0).all(), "windows without reads are left out"
    of_one = own[(own["library"] == "oe_1") & (own["strand"] == "-")]
    assert of_one["signal"].sum() == pytest.approx(37)
    both = own[(own["condition"] == "oe") & (own["strand"] == "-")]
    mean = pooled[(pooled["condition"] == "oe") & (pooled["strand"] == "-")]["signal"].sum()
    assert both["signal"].sum() / 2 == pytest.approx(mean), "libraries of equal size"


def test_the_highest_window_is_one_of_those_shown():
    result = run([locus("RUNX1", gene="RUNX1")])
    for row in result.table.itertuples():
        shown = result.tracks[(result.tracks["condition"] == row.condition) & (result.tracks["strand"] == row.strand)]
        inside = shown[(shown["start"] < 20_000) & (shown["end"] > 10_000)]
        assert row.maximum == inside["signal"].max()


def test_a_strand_without_reads_has_no_change():
    tables = {"mock_1": positions([("chr1", "-", 15_000, 9)]), "oe_1": positions([("chr1", "-", 15_000, 37)])}
    table = run([locus("RUNX1", gene="RUNX1")], tables=tables).table
    assert table["log2_fold_change"].notna().tolist() == (table["strand"] == "-").tolist()


def test_a_gene_reaches_from_its_dominant_start_not_over_its_consensus():
    apart = GENES.assign(start=GENES["start"].where(GENES["gene"] != "RUNX1", 16_000))
    assert apart.set_index("gene").loc["RUNX1", ["start", "tts", "tss"]].tolist() == [16_000, 10_000, 19_999]
    table = loci(
        [locus("RUNX1", gene="RUNX1")],
        None,
        TABLES,
        libraries(),
        CONTRAST,
        apart,
        masks(()),
        [],
        CHROM_SIZES,
        PARAMETERS,
    ).table
    assert set(zip(table["start"], table["end"], strict=True)) == {(10_000, 20_000)}
    assert table.loc[(table["condition"] == "oe") & (table["strand"] == "-"), "count"].tolist() == [37]


def test_fine_tracks_are_single_bases_until_there_are_too_many():
    reads = [("chr1", "-", at, 1 + at % 3) for at in range(14_000, 14_100, 2)]
    tables = {"mock_1": positions(reads), "oe_1": positions([("chr1", "+", 15_000, 5)])}
    item = [locus("window", interval="chr1:14,001-15,001")]
    fine = run(item, tables=tables).fine
    assert set(fine["end"] - fine["start"]) == {1}
    mock = fine[fine["condition"] == "mock"]
    total = sum(count for *_, count in reads)
    assert mock["start"].tolist() == list(range(14_000, 14_100, 2))
    assert (mock["signal"] * total / 1e6).round().astype(int).tolist() == [count for *_, count in reads]
    assert fine.loc[fine["condition"] == "oe", ["strand", "start"]].values.tolist() == [["+", 15_000]]
    few = LociParameters(flank=1_000, bins=10, page_windows=10)
    joined = loci(item, None, tables, libraries(), CONTRAST, GENES, masks(()), [], CHROM_SIZES, few).fine
    assert set(joined["end"] - joined["start"]) == {16, 9}, "the last window ends with the locus"
    assert joined.groupby("condition")["signal"].sum().to_dict() == pytest.approx({"mock": 1e6, "oe": 1e6})


def test_flanks_stay_on_the_chromosome():
    tracks = run([locus("RDNA", gene="RDNA"), locus("COPIES", gene="COPIES")]).tracks
    assert tracks.loc[tracks["locus"] == "RDNA", "start"].min() == 0
    assert tracks.loc[tracks["locus"] == "COPIES", "end"].max() == CHROM_SIZES["chr1"]


def test_masked_and_multiply_placed_loci_are_not_reliable():
    result = run(
        [locus("RDNA", gene="RDNA"), locus("COPIES", gene="COPIES"), locus("RUNX1", gene="RUNX1")],
        masked=[("chr2", 0, 5_000, "rDNA"), ("chr1", 10_000, 11_000, "blacklist")],
    )
    assert result.table.drop_duplicates("locus").set_index("locus")["reliable"].to_dict() == {
        "RDNA": False,
        "COPIES": False,
        "RUNX1": True,
    }
    assert result.summary["loci"]["RUNX1"]["masked"] == pytest.approx(0.1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=6), st.integers(0, 30), st.integers(0, 12))
def test_masked_fraction_counts_each_base_once(held, start, width):
    rows = [("chr1", s, s + w, str(i)) for i, (s, w) in enumerate(held)]
    covered = {base for _, s, e, _ in rows for base in range(s, e)} & set(range(start, start + width))
    measured = masked_fraction(Interval("chr1", start, start + width), masks(rows))
    assert measured == pytest.approx(len(covered) / width if width else 0.0)


@pytest.mark.parametrize(("swap", "rises"), [(False, True), (True, False)])
def test_positive_control_follows_the_fuller_strand(swap, rises):
    tables = {"mock_1": TABLES["oe_1"], "oe_1": TABLES["mock_1"]} if swap else TABLES
    target = run([], "chr1:14,000-16,000", tables).summary["signature_target"]
    assert target["strand"] == "-"
    assert target["rises"] is rises
    assert target["interval"] == "chr1:14000-16000"
    json.dumps(target, allow_nan=False)


def test_a_silent_target_did_not_rise():
    target = run([], "chr1:50,000-50,010").summary["signature_target"]
    assert target["reads"] == 0
    assert target["rises"] is False


def test_no_target_and_no_loci():
    result = run([])
    assert result.summary == {"loci": {}, "signature_target": None}
    assert result.table.empty
    assert result.tracks.empty


def test_other_conditions_have_tracks_but_no_change():
    libs = [*libraries(), library("other_1", "other")]
    result = run([locus("RUNX1", gene="RUNX1")], tables={**TABLES, "other_1": positions()}, libs=libs)
    other = result.table[result.table["condition"] == "other"]
    assert other["log2_fold_change"].isna().all()
    assert other["count"].sum() == 0


def test_marks_stand_beside_the_strands(tmp_path):
    path = tmp_path / "m.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 100_000)])
        file.addEntries(["chr1"], [14_000], ends=[16_000], values=[3.0])
    mark = Mark(name="H3K4me3", bigwig=path, cell_type="Huh7", build="hg38", source="simulated")
    tracks = run([locus("a", interval="chr1:14,001-16,000"), locus("b", interval="chr2:1-100")], marks=[mark]).tracks
    held = tracks[tracks["condition"] == "H3K4me3"]
    assert set(held["locus"]) == {"a"}
    assert set(held["strand"]) == {"."}
    assert held["signal"].tolist() == [3.0] * PARAMETERS.bins


def test_every_wrong_locus_is_named_at_once():
    wrong = [
        locus("ghost", gene="GHOST"),
        locus("text", interval="chr1-5"),
        locus("far", interval="chr1:1-100001"),
        locus("where", interval="chrX:1-5"),
        locus("back", interval="chr1:9-3"),
    ]
    with pytest.raises(AnnotationError) as caught:
        run(wrong, "chr1:0-5")
    assert len(caught.value.problems) == 6
