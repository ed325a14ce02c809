"""Size factors and log counts per million."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.features.abundance import average_log_cpm, group_log_abundance, size_factors
from tests.oracles import grohmm


def test_size_factors_are_deseq2s(shared):
    for tag in ("groseq_tx_nb_sim", "sultan2008_real"):
        folder = shared / "data" / "oracle" / "deseq2"
        counts = pd.read_csv(folder / f"{tag}.counts.tsv", sep="\t", index_col=0)
        expected = pd.read_csv(folder / f"{tag}.sizefactors.tsv", sep="\t", index_col=0)["sizeFactor"]
        assert np.allclose(size_factors(counts.to_numpy()), expected.reindex(counts.columns), rtol=1e-12)


def test_size_factors_are_the_median_of_ratios():
    """Two libraries, the second twice as deep; one unit of five changes a hundredfold and must not count."""
    shallow = np.array([10, 20, 40, 80, 5])
    counts = np.column_stack([shallow, 2 * shallow])
    counts[4, 1] *= 100
    assert np.allclose(size_factors(counts), [2**-0.5, 2**0.5])


def test_without_a_shared_unit_totals_are_used():
    factors = size_factors([[4, 0], [0, 1]])
    assert np.allclose(factors, [2, 0.5])
    assert size_factors([[0, 0]]).tolist() == [1.0, 1.0]


def test_log_cpm_is_edgeRs(shared):
    expected = grohmm.annotation_table(shared, "edgeR_vignette")
    counts = grohmm.annotation_table(shared, "tx_final_counts_limit13kb")[["S0mR1", "S0mR1", "S40mR1", "S40mR1"]]
    dispersion = grohmm.summary(shared)["edgeR"]["common.dispersion"]
    measured = average_log_cpm(counts.to_numpy(), [210_615, 210_615, 327_638, 327_638], dispersion)
    assert np.allclose(measured, expected["logCPM"], rtol=0, atol=1e-10)


def test_the_rate_is_the_likelihoods_maximum():
    """A Poisson group's rate is total reads over total depth; a silent unit has none."""
    rate = group_log_abundance([[3, 9], [0, 0]], np.log([100, 200]), 0.0)
    assert np.isclose(rate[0], np.log(12 / 300))
    assert rate[1] == -np.inf
