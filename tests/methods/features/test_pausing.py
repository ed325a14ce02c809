"""The paper's pausing index: windows, rule, classes, comparison."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from groprog_assets.methods.features.gene_signal import gene_signal
from groprog_assets.methods.features.pausing import pausing
from groprog_assets.study.parameters import PausingParameters
from tests.methods.nascent import CONTRAST, genes, libraries, library, positions

PARAMETERS = PausingParameters()
GENES = genes(
    [
        ("paused", "chr1", 10_000, 20_000, "+"),
        ("even", "chr1", 30_000, 40_000, "-"),
        ("elongating", "chr1", 50_000, 60_000, "+"),
        ("silent", "chr1", 70_000, 80_000, "+"),
        ("tiny", "chr1", 85_000, 85_150, "+"),
        ("thin", "chr2", 10_000, 20_000, "+"),
    ]
)


def reads(promoter, body):
    """Reads at promoter and body of each gene of GENES."""
    rows = []
    for gene, p, b in zip(GENES.itertuples(), promoter, body, strict=True):
        sign = 1 if gene.strand == "+" else -1
        rows += [(gene.chrom, gene.strand, gene.tss + sign * 20, p)] if p else []
        rows += [(gene.chrom, gene.strand, gene.tss + sign * 300, b)] if b else []
    return positions(rows)


def run(tables, libs):
    signal = gene_signal(tables, libs, GENES, PARAMETERS)
    return pausing(signal, GENES, libs, CONTRAST, PARAMETERS)


@pytest.fixture(scope="module")
def result():
    return run(
        {
            "mock_1": reads([100, 5, 0, 0, 50, 9], [48, 96, 200, 0, 0, 19]),
            "oe_1": reads([90, 6, 1, 0, 50, 9], [48, 96, 200, 0, 0, 96]),
        },
        libraries(),
    )


def row(result, gene, condition="mock"):
    table = result.table
    return table[(table["gene"] == gene) & (table["condition"] == condition)].iloc[0]


def test_both_forms_and_their_scale(result):
    paused = row(result, "paused")
    assert paused["count_ratio"] == pytest.approx(100 / 48)
    assert paused["pausing_index"] == pytest.approx(100 / 250 / (48 / 4_800))
    both = result.table.dropna(subset="pausing_index")
    shift = np.log10(both["pausing_index"] / both["count_ratio"].where(both["count_ratio"] > 0))
    assert np.allclose(shift.dropna(), 1.2833, atol=1e-4)


def test_exact_test_and_classes(result):
    paused = row(result, "paused")
    assert paused["p_value"] == pytest.approx(binomtest(100, 148, 250 / 5_050).pvalue, rel=1e-9)
    classes = {gene: row(result, gene)["pause_class"] for gene in GENES["gene"]}
    assert classes == {
        "paused": "high",
        "even": "intermediate",
        "elongating": "low",
        "silent": "untested",
        "tiny": "untested",
        "thin": "untested",
    }


def test_a_high_index_of_few_reads_is_not_a_high_pause():
    few = reads([3, 30, 0, 0, 0, 0], [25, 250, 30, 0, 0, 0])
    found = run({"mock_1": few, "oe_1": few}, libraries())
    first, second = row(found, "paused"), row(found, "even")
    assert first["pausing_index"] == second["pausing_index"] > PARAMETERS.high_threshold
    assert first["adjusted_p_value"] > PARAMETERS.false_discovery_rate > second["adjusted_p_value"]
    assert (first["pause_class"], second["pause_class"]) == ("intermediate", "high")


def test_twenty_reads_are_asked_of_every_library_of_the_contrast(result):
    assert not row(result, "thin", "mock")["passes"]
    assert not row(result, "thin", "oe")["passes"]
    assert np.isnan(row(result, "thin", "oe")["p_value"])


def test_a_third_condition_is_asked_for_itself_only():
    libs = [*libraries(), library("other_1", "other")]
    full = reads([9] * 6, [40] * 6)
    result = run({"mock_1": full, "oe_1": full, "other_1": reads([0] * 6, [0] * 6)}, libs)
    assert row(result, "even", "mock")["passes"]
    assert not row(result, "even", "other")["passes"]


def test_a_gene_without_a_body_has_no_index(result):
    tiny = row(result, "tiny")
    assert tiny["body_length"] == 0
    assert np.isnan(tiny["pausing_index"])
    assert not tiny["passes"]


def test_summary_is_a_document(result):
    summary = json.loads(json.dumps(result.summary, allow_nan=False))
    assert summary["conditions"]["mock"] == {
        "genes": 3,
        "without_promoter_reads": 1,
        "median_log10_count_ratio": pytest.approx(np.median(np.log10([100 / 48, 5 / 96]))),
        "median_log10_pausing_index": pytest.approx(np.median(np.log10([40, 1.0]))),
        "high": 1,
        "low": 1,
        "intermediate": 1,
    }
    assert summary["comparison"]["pairs"] == 2


def test_no_reads_at_all():
    result = run({"mock_1": positions(), "oe_1": positions()}, libraries())
    assert not result.table["passes"].any()
    assert result.summary["conditions"]["mock"]["median_log10_pausing_index"] is None
    json.dumps(result.summary, allow_nan=False)


def test_one_strand_empty_leaves_its_genes_untested():
    plus_only = reads([9] * 6, [40] * 6)
    plus_only = plus_only[plus_only["strand"] == "+"]
    result = run({"mock_1": plus_only, "oe_1": plus_only}, libraries())
    assert row(result, "even")["pause_class"] == "untested"
    assert row(result, "paused")["passes"]


def test_replicates_are_pooled():
    libs = libraries(2)
    table = reads([10] * 6, [48] * 6)
    result = run({item.id: table for item in libs}, libs)
    assert row(result, "paused")["promoter_count"] == 20
    assert row(result, "paused")["pausing_index"] == pytest.approx(10 / 250 / (48 / 4_800))
