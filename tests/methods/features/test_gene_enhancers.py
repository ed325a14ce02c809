"""Candidate enhancers near genes: against every pair of gene and region."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.methods.features.gene_enhancers import gene_enhancers
from groprog_assets.methods.features.normalized_features import normalize
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.parameters import NormalizationParameters
from tests.methods.nascent import genes

HERE = InitiationParameters(gene_distance=50, response_neighbours=2, largest_response=2.0)


def regions_of(rows: list[tuple[str, int, float, bool]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Regions of three bases around each centre, and their fold changes."""
    names = [f"IR{number:06d}" for number in range(1, len(rows) + 1)]
    table = pd.DataFrame(
        {
            "name": names,
            "chrom": [row[0] for row in rows],
            "start": [row[1] - 1 for row in rows],
            "end": [row[1] + 2 for row in rows],
            "claim": ["candidate enhancer" if row[3] else "" for row in rows],
        }
    )
    return table, pd.DataFrame({"region": names, "log2_fold_change": [row[2] for row in rows]}).iloc[::-1]


def test_near_regions_by_hand():
    held = genes([("A", "chr1", 1_000, 2_000, "+"), ("B", "chr1", 100, 1_101, "-"), ("C", "chr2", 0, 500, "+")])
    rows = [("chr1", 950, 5.0, True), ("chr1", 1_010, np.nan, True), ("chr1", 1_030, -1.0, True)]
    rows += [("chr1", 1_050, 9.0, True), ("chr1", 1_051, 9.0, True), ("chr1", 1_001, 9.0, False)]
    found = gene_enhancers(held, *regions_of(rows), HERE)
    # A at 1000: 950, 1010, 1030 and 1050 are within 50 bp; of those with a fold change 1030 and, of two as near, 950 count.
    # B at 1100: 1050 and 1051 are.
    assert found["enhancers_near"].tolist() == [4, 2, 0]
    np.testing.assert_allclose(found["enhancer_response"], [(-1.0 + 2.0) / 2, 2.0, np.nan])


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_equal_to_a_look_at_every_pair(data: st.DataObject):
    place = st.integers(100, 400)
    held = genes([(f"G{k}", data.draw(st.sampled_from(["chr1", "chr2"])), start := data.draw(place), start + 50, "+")
                  for k in range(6)])  # fmt: skip
    fold = st.sampled_from([-3.0, -1.0, 0.0, 1.0, float("nan")])
    row = st.tuples(st.sampled_from(["chr1", "chr3"]), place, fold, st.booleans())
    rows = data.draw(st.lists(row, max_size=12))
    found = gene_enhancers(held, *regions_of(rows), HERE)
    gene: Any
    for number, gene in enumerate(held.itertuples()):
        near = [(abs(at - gene.tss), k, value) for k, (chrom, at, value, claimed) in enumerate(rows)
                if claimed and chrom == gene.chrom and abs(at - gene.tss) <= 50]  # fmt: skip
        values = [np.clip(value, -2, 2) for _, _, value in sorted(near, key=lambda item: item[:2]) if value == value][
            :2
        ]
        assert found["enhancers_near"][number] == len(near)
        assert found["enhancer_response"][number] == pytest.approx(np.mean(values) if values else np.nan, nan_ok=True)


def test_on_one_scale_and_neutral_without_an_enhancer():
    features = pd.DataFrame(
        {
            "gene": ["A", "B", "C", "D"],
            "enhancers_near": [0.0, 1.0, 3.0, 0.0],
            "enhancer_response": [np.nan, 1.0, -3.0, np.nan],
        }
    )
    every = NormalizationParameters(upper_quantile=1.0)
    result = normalize(features, every).table
    np.testing.assert_allclose(result["enhancers_near"], [0, np.log(2) / np.log(4), 1, 0])
    np.testing.assert_allclose(result["enhancer_response"], [0, np.log(2) / np.log(4), -1, 0])


def test_a_study_without_enhancers_has_no_such_descriptor():
    features = pd.DataFrame(
        {"gene": ["A", "B"], "enhancers_near": [0.0, 0.0], "enhancer_response": [np.nan, np.nan], "tua": [0.5, 1.0]}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = normalize(features, NormalizationParameters())
    assert result.table.columns.tolist() == ["gene", "tua"]
    assert result.constants.set_index("feature")["dropped"].to_dict() == {
        "enhancers_near": True,
        "enhancer_response": True,
        "tua": False,
    }
