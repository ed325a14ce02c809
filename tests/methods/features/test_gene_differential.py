"""Gene-level test: planted genes, promoter reads that must not count, the spike-in's scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.features.gene_differential import gene_differential
from groprog_assets.study.parameters import DifferentialParameters
from tests.methods.nascent import CONTRAST, genes, libraries

PARAMETERS = DifferentialParameters()
GENES = genes([(f"g{i}", "chr1", 10_000 * i, 10_000 * i + 6_000, "+") for i in range(80)])


def signal(replicates, seed=0):
    """Bodies of the first eight genes rise four-fold; promoters of the next eight do."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(60, 400, len(GENES))
    parts = []
    for library in libraries(replicates):
        fold = np.ones((2, len(GENES)))
        if library.condition == "oe":
            fold[0, :8], fold[1, 8:16] = 4, 4
        body, promoter = (rng.negative_binomial(50, 50 / (50 + mean * one)) for one in fold)
        parts.append(
            pd.DataFrame({"gene": GENES["gene"], "library": library.id, "body_count": body, "promoter_count": promoter})
        )
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("replicates", [1, 2])
def test_bodies_count_and_promoters_do_not(replicates):
    found = gene_differential(signal(replicates), GENES, libraries(replicates), CONTRAST, PARAMETERS)
    assert found.table["gene"].tolist() == GENES["gene"].tolist()
    direction = found.table["direction"].to_numpy()
    assert (direction[:8] == "up").all()
    assert (direction[8:] == "none").mean() > 0.95
    assert found.summary["genes"] == 80
    assert found.summary["normalisation"] == "median of ratios"


def test_the_spike_in_keeps_a_change_of_all_genes():
    given = signal(2)
    given.loc[given["library"].str.startswith("oe"), "body_count"] //= 2
    plain, spiked = (
        gene_differential(given, GENES, libraries(2), CONTRAST, PARAMETERS, sizes)
        .table["log2_fold_change"][16:]
        .median()
        for sizes in (None, dict.fromkeys(("mock_1", "mock_2", "oe_1", "oe_2"), 1e6))
    )
    assert plain == pytest.approx(0, abs=0.1)
    assert spiked == pytest.approx(-1, abs=0.1)


def test_a_gene_without_body_is_missing_and_a_threshold_needs_replicates():
    given = signal(2)
    given.loc[given["gene"] == "g30", "body_count"] = 0
    table = gene_differential(given, GENES, libraries(2), CONTRAST, PARAMETERS).table
    assert np.isnan(table.loc[30, "p_value"])
    assert table.loc[30, "direction"] == "none"
    tested = DifferentialParameters(tested_log2_fold_change=1.0)
    beyond = gene_differential(given, GENES, libraries(2), CONTRAST, tested).table
    assert (beyond["direction"][:8] == "up").sum() >= 6
    assert (beyond["p_value"].fillna(1) >= table["p_value"].fillna(1)).all()
    with pytest.raises(ReadsError, match="tested_log2_fold_change"):
        gene_differential(signal(1), GENES, libraries(1), CONTRAST, tested)
