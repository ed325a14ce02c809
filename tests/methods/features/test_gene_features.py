"""u_g, assembled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.gene_features import gene_features, key_locus, pooled_pausing_index
from groprog_assets.methods.features.gene_signal import gene_signal
from groprog_assets.methods.features.pausing import pausing
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import PausingParameters
from tests.methods.nascent import CONTRAST, differential, genes, libraries, positions

GENES = genes(
    [("A", "chr1", 10_000, 30_000, "+"), ("B", "chr1", 50_000, 60_000, "-"), ("C", "chr2", 10_000, 20_000, "+")]
)
READS = {
    "mock_1": positions([("chr1", "+", 10_010, 10), ("chr1", "+", 11_000, 30)]),
    "oe_1": positions([("chr1", "+", 10_010, 30), ("chr1", "+", 11_000, 50)]),
}


def build(**changes):
    signal = gene_signal(READS, libraries(), GENES, PausingParameters())
    unit = differential(GENES[:2], ["up", "down"], [0.0, 1e-4])
    parts = {
        "gene_signal": signal,
        "pausing": pausing(signal, GENES, libraries(), CONTRAST, PausingParameters()).table,
        "gene_overlap": pd.DataFrame(
            {
                "gene": ["A"],
                "transcript": ["t"],
                "upstream_fraction": [0.1],
                "body_fraction": [0.9],
                "post_fraction": [0.3],
                "tua": [0.8],
            }
        ),
        "differential": unit,
        "labels": pd.DataFrame(
            {"gene": ["B"], "apoptosis_regulation": [1.0], "cell_junction": [0.0], "receptor_inhibition": [0.0]}
        ),
        "loci": pd.DataFrame({"locus": ["A"], "chrom": ["chr1"], "start": [0], "end": [5], "reliable": [True]}),
        "regions": pd.DataFrame(
            {
                "name": ["IR1", "IR2", "IR3"],
                "chrom": ["chr1", "chr1", "chr1"],
                "start": [40_000, 140_000, 20_000],
                "end": [40_001, 140_001, 20_001],
                "claim": ["candidate enhancer", "candidate enhancer", "active TSS"],
            }
        ),
        "responses": pd.DataFrame({"region": ["IR1", "IR2", "IR3"], "log2_fold_change": [-1.5, 2.5, 1.0]}),
        "parameters": InitiationParameters(),
        "chromatin_signal": None,
    }
    return gene_features(GENES, **{**parts, **changes}).set_index("gene")


def test_every_source_reaches_its_column():
    features = build()
    assert features.index.tolist() == ["A", "B", "C"]
    a = features.loc["A"]
    assert a["tss_density"] == pytest.approx((10 / 0.25 / 40e-6 + 30 / 0.25 / 80e-6) / 2)
    assert a["pausing_index"] == pytest.approx(40 / 250 / (80 / 4_800))
    assert a["five_prime_fraction"] == 0.1
    assert a["significance"] == pytest.approx(300)
    assert features.loc["B", "significance"] == pytest.approx(-4)
    assert features["key_locus"].tolist() == [1, 0, 0]
    assert features["apoptosis_regulation"].tolist() == [0, 1, 0]
    assert features["enhancers_near"].tolist() == [1, 2, 0]
    assert features["enhancer_response"].tolist()[:2] == [-1.5, 0.5]
    assert np.isnan(features.loc["C", "enhancer_response"])
    assert (
        features.loc["C", ["pausing_index", "log2_fold_change", "significance", "expression_level", "tua"]].isna().all()
    )


def test_marks_become_columns():
    marks = pd.DataFrame(
        {"gene": ["A", "B"], "mark": "H3K27ac", "promoter_signal": [1.0, 2.0], "body_signal": [3.0, np.nan]}
    )
    features = build(chromatin_signal=marks)
    assert features["mark_H3K27ac_promoter"].tolist()[:2] == [1.0, 2.0]
    assert features["mark_H3K27ac_body"].isna().tolist() == [False, True, True]


def test_index_is_missing_where_no_condition_passes():
    table = pd.DataFrame(
        {
            "gene": ["x", "x", "y", "y"],
            "promoter_count": [1, 2, 1, 1],
            "body_count": [10, 20, 1, 1],
            "promoter_length": 250,
            "body_length": 500,
            "passes": [True, False, False, False],
        }
    )
    index = pooled_pausing_index(table)
    assert index["x"] == pytest.approx(3 / 30 * 2)
    assert np.isnan(index["y"])


@pytest.mark.parametrize(
    ("row", "flags"),
    [
        (("A", "chr2", 0, 5, True), [1, 0, 0]),
        (("window", "chr1", 50_000, 60_000, True), [0, 1, 0]),
        (("window", "chr1", 0, 99_000, True), [1, 1, 0]),
        (("A", "chr1", 10_000, 30_000, False), [0, 0, 0]),
    ],
)
def test_key_genes(row, flags):
    table = pd.DataFrame([row], columns=["locus", "chrom", "start", "end", "reliable"])
    assert key_locus(GENES, table).tolist() == flags
