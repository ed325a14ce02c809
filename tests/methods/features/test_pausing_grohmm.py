"""groHMM's pausing index and expressed genes, against its own tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.pausing_grohmm import expressed_genes, pausing_index
from tests.methods.nascent import positions
from tests.oracles import grohmm

COLUMNS = {
    "Pause": "pause",
    "Body": "body",
    "Fisher": "p_value",
    "CIlower": "lower",
    "CIupper": "upper",
    "PauseCounts": "pause_count",
    "BodyCounts": "body_count",
    "uPCounts": "expected_pause",
    "uGCounts": "expected_body",
}


def assert_equal_columns(measured, expected):
    for theirs, ours in COLUMNS.items():
        wanted = np.array([float(str(value).replace("NA", "nan")) for value in expected[theirs]])
        assert np.allclose(measured[ours].to_numpy(float), wanted, rtol=1e-9, atol=1e-300, equal_nan=True), theirs


def unit_case(shared):
    unit = grohmm.unit(shared, "pausing")
    features = pd.DataFrame(
        [
            {"chrom": "chr1", "start": g["start"] - 1, "end": g["end"], "strand": g["strand"], "gene": str(i)}
            for i, g in enumerate(unit["genes"])
        ]
    )
    reads = pd.Series([(r["pos"] - 1, r["strand"]) for r in unit["reads"]]).value_counts()
    return unit, features, positions([("chr1", strand, pos, n) for (pos, strand), n in reads.items()])


@pytest.mark.parametrize(
    ("tag", "options"), [("size50_up1000_down1000", {}), ("size25_up50_down200", {"size": 25, "up": 50, "down": 200})]
)
def test_unit_fixture(shared, tag, options):
    unit, features, reads = unit_case(shared)
    assert_equal_columns(pausing_index(features, reads, **options), pd.DataFrame(unit[tag]))


@pytest.mark.parametrize(("tag", "options"), [("S40mR1_default", {}), ("S0mR1_up50_down200", {"up": 50, "down": 200})])
def test_every_real_gene(shared, tag, options):
    expected = grohmm.annotation_table(shared, f"pausingIndex_{tag}").rename(
        columns={"seqnames": "chrom", "GeneID": "gene"}
    )
    features = grohmm.bed(expected)
    reads = grohmm.positions(shared, f"{tag.split('_')[0]}.bam")
    assert_equal_columns(pausing_index(features, reads, **options), expected)


def test_expressed_real_genes(shared):
    expected = grohmm.annotation_table(shared, "expressedGenes_S40mR1").rename(
        columns={"seqnames": "chrom", "gene_id": "gene"}
    )
    measured = expressed_genes(grohmm.bed(expected), grohmm.positions(shared, "S40mR1.bam"))
    assert np.array_equal(measured["count"], expected["readCounts"])
    assert np.array_equal(measured["size"], expected["size"])
    assert np.allclose(measured["p_value"], expected["pval"], rtol=1e-9, atol=1e-300)


def test_expressed_unit_fixture(shared):
    unit = grohmm.unit(shared, "expressedGenes")
    _, features, reads = unit_case(shared)
    measured = expressed_genes(features, reads, unit["Lambda"])
    expected = pd.DataFrame(unit["out"])
    assert np.array_equal(measured["size"], expected["size"])
    assert np.array_equal(measured["count"], expected["readCounts"])
    assert np.allclose(measured["p_value"], expected["pval"], rtol=1e-9, atol=1e-300)
