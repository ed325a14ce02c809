"""The checks of one library's reads: strand and read end, on the summaries that filtering really gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.checks.read_end import one_base_a_read
from groprog_assets.checks.read_quality import quality_gate
from groprog_assets.checks.strandedness import strandedness
from groprog_assets.methods.reads.positions import position_table
from groprog_assets.methods.reads.strandedness import judge_strandedness
from groprog_assets.study.parameters import FilteringParameters, QualityParameters

GENES = pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [900], "strand": ["+"]})


@pytest.mark.parametrize(
    ("plus", "minus", "declared", "status", "words"),
    [
        (900, 100, "auto", "ok", "inferred forward"),
        (100, 900, "auto", "ok", "inferred reverse"),
        (900, 100, "forward", "ok", "declared forward"),
        (900, 100, "reverse", "flipped", "Declare strandedness: forward"),
        (100, 900, "forward", "flipped", "Declare strandedness: reverse"),
        (500, 500, "auto", "unclear", "may be unstranded"),
        (650, 350, "forward", "unclear", "neither above 70% nor below 30%"),
        (300, 100, "auto", "unclear", "fewer than 500.*lower filtering.strandedness_minimum_reads"),
        (0, 0, "auto", "unclear", "Only 0 reads"),
    ],
)
def test_only_a_clear_strand_that_is_not_contradicted_passes(plus, minus, declared, status, words):
    counts = np.array([plus, minus])
    table = position_table(np.zeros(2, int), np.array([0, 1]), np.array([5, 5]), counts, {"chr1": 1000})
    table = table[table["count"] > 0]
    verdict = judge_strandedness(table, GENES, declared, "gro-seq", FilteringParameters()).verdict
    found = strandedness({"strandedness": verdict})
    assert (verdict["status"], found.passed, found.blocking) == (status, status == "ok", True)
    assert pd.Series([found.description]).str.contains(words).all(), found.description


def test_bases_counted_as_reads_are_told_with_what_they_do():
    summary = {"read_end": "coverage", "mean_read_length": 36.0, "warnings": ["other", "Coverage mode: 6,887 units"]}
    found = one_base_a_read(summary)
    assert (found.passed, found.blocking, found.description) == (False, False, "Coverage mode: 6,887 units")
    counted = {"read_end": "five_prime", "counted_base": "the RNA's 5' end: 5' base of the read"}
    passed = one_base_a_read({**counted, "mean_read_length": 36.0, "warnings": []})
    assert (passed.passed, passed.description) == (True, "one base a read, the RNA's 5' end: 5' base of the read")


def test_the_gate_leaves_a_library_out_by_its_worst_cycle_and_only_where_a_threshold_is_set():
    table = pd.DataFrame({"mate": [1, 1, 2, 2], "cycle": [1, 2, 1, 2], "mean_quality": [38.0, 37.0, 36.0, 31.5]})
    for threshold, passed, words in (
        (None, True, "No threshold is set"),
        (31.5, True, "Q31.5 at cycle 2 of mate 2"),
        (31.6, False, "threshold of the gate Q31.6"),
    ):
        found = quality_gate(table, QualityParameters(gate_mean_quality=threshold))
        assert (found.passed, found.blocking) == (passed, True)
        assert words in found.description
    silent = quality_gate(table.iloc[:0], QualityParameters(gate_mean_quality=30))
    assert silent.passed
    assert "cannot judge" in silent.description
