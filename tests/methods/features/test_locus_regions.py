"""Key loci and the positive control that are initiation regions, named by their place."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groprog_assets.checks.positive_control import named_regions, positive_control
from groprog_assets.errors import AnnotationError
from groprog_assets.methods.features.loci import loci
from groprog_assets.methods.features.locus_regions import called_region
from groprog_assets.study.intervals import parse_place
from groprog_assets.study.parameters import LociParameters
from groprog_assets.study.schema import Locus, TargetRegion
from tests.methods.nascent import CHROM_SIZES, CONTRAST, genes, libraries, masks, positions

GENES = genes([("RUNX1", "chr1", 10_000, 20_000, "-")])
REGIONS = pd.DataFrame(
    {
        "name": ["IR000001", "IR000002", "IR000003"],
        "chrom": "chr1",
        "start": [30_000, 40_100, 40_400],
        "end": [30_101, 40_101, 40_401],
        "score": [50, 90, 200],
        "kind": ["divergent", "single", "single"],
        "class": "distal",
        "claim": ["candidate enhancer", "", ""],
        "q_pair": [0.01, np.nan, np.nan],
        "plus_five_prime": pd.array([30_100, None, 40_400], dtype="Int64"),
        "minus_five_prime": pd.array([30_000, 40_100, None], dtype="Int64"),
    }
)
READS = {
    "mock_1": positions([("chr1", "+", 30_100, 4), ("chr1", "+", 30_600, 9), ("chr1", "-", 29_501, 2)]),
    "oe_1": positions([("chr1", "+", 30_599, 5), ("chr1", "-", 30_000, 30), ("chr1", "-", 30_050, 7)]),
}
"""30,600 on + and 30,050 on - lie outside the windows of their strand's side."""


def place(text: str):
    found = parse_place(text)
    assert found is not None
    return found


def run(items=(), target=None):
    parameters = LociParameters(flank=1_000, bins=10)
    here: Any = (GENES, masks(()), [], CHROM_SIZES, parameters)
    return loci(list(items), target, READS, libraries(), CONTRAST, *here, regions=REGIONS)


def locus(text: str) -> Locus:
    return Locus(name="eRNA", region=text, reason="enhancer RNA")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("chr1:1,001-2,000", ("chr1", 1_000, 2_000, "")),
        ("chr1:1001-2000:-", ("chr1", 1_000, 2_000, "-")),
        ("HLA:A:5-9:+", None),
        ("chr1:0-9:+", None),
        ("chr1:5-9:.", None),
        ("chr1:5:+", None),
    ],
)
def test_places(text: str, parsed: object):
    assert parse_place(text) == parsed


def test_both_sides_of_a_pair_or_the_named_one():
    pair = called_region(place("chr1:30,101-30,200"), REGIONS, 500)
    assert pair is not None
    assert pair.windows == {"+": (30_100, 30_600), "-": (29_501, 30_001)}
    assert (pair.start, pair.end) == (29_501, 30_600)
    assert pair.document["name"] == "IR000001"
    minus = called_region(place("chr1:30,101-30,200:-"), REGIONS, 500)
    assert minus is not None
    assert minus.windows == {"-": (29_501, 30_001)}
    json.dumps(pair.document, allow_nan=False)


def test_the_best_region_at_the_place_and_on_the_strand():
    best = called_region(place("chr1:40,001-41,000"), REGIONS, 500)
    assert best is not None
    assert (best.document["name"], best.document["others_at_the_place"]) == ("IR000003", 1)
    minus = called_region(place("chr1:40,001-41,000:-"), REGIONS, 500)
    assert minus is not None
    assert minus.document["name"] == "IR000002"
    assert called_region(place("chr1:30,102-30,200"), REGIONS, 500) is None, "it ends one base before"
    assert called_region(place("chr1:40,401-40,500:-"), REGIONS, 500) is None
    assert called_region(place("chr2:1-40,000"), REGIONS, 500) is None


def test_reads_are_counted_in_the_windows_of_the_sides():
    made = run([locus("chr1:30,050-30,060")])
    table = made.table.set_index(["condition", "strand"])
    assert table["count"].to_dict() == {("mock", "+"): 4, ("oe", "+"): 5, ("mock", "-"): 2, ("oe", "-"): 30}
    assert set(zip(made.table["start"], made.table["end"])) == {(29_501, 30_600)}
    assert table["reliable"].all()
    assert made.tracks["start"].min() == 28_501
    assert named_regions(made.summary).passed
    assert "IR000001" in named_regions(made.summary).description


def test_a_place_without_a_region_is_shown_and_fails_its_check():
    made = run([locus("chr1:50,001-50,100")])
    assert not made.table["reliable"].any()
    assert set(zip(made.table["start"], made.table["end"])) == {(50_000, 50_100)}
    verdict = named_regions(made.summary)
    assert not verdict.passed
    assert "eRNA (chr1:50001-50100)" in verdict.description


def test_the_target_is_measured_in_the_sides_of_the_region():
    target = run(target=TargetRegion(region="chr1:30,050-30,060")).summary["signature_target"]
    reads = {name: int(table["count"].sum()) for name, table in READS.items()}
    rate = {"oe": (35 + 0.5) / reads["oe_1"], "mock": (6 + 0.5) / reads["mock_1"]}
    assert target["log2_fold_change"] == pytest.approx(np.log2(rate["oe"] / rate["mock"]))
    assert (target["reads"], target["strand"], target["rises"]) == (41, "+-", True)
    plus = run(target=TargetRegion(region="chr1:30,050-30,060:+")).summary["signature_target"]
    assert plus["strands"]["+"]["treatment"] == 5
    assert not plus["rises"]
    json.dumps(target, allow_nan=False)


def test_a_target_that_is_not_called_fails_the_check_and_says_where():
    made = run(target=TargetRegion(region="chr1:50,001-50,100"))
    verdict = positive_control(made.summary)
    assert not verdict.passed
    assert "chr1:50001-50100" in verdict.description


def test_a_place_on_an_unknown_chromosome_is_refused():
    with pytest.raises(AnnotationError, match="chr9"):
        run([locus("chr9:1-2:+")])
