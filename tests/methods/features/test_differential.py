"""Differential transcription: replicated, exploratory, screen, genes, bad input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ReadsError
from groprog_assets.methods.features.abundance import size_factors
from groprog_assets.methods.features.differential import (
    conservative_change,
    differential_transcription,
    screen,
)
from groprog_assets.methods.features.replicated import replicated_test
from groprog_assets.study.parameters import DifferentialParameters
from groprog_assets.tables import conform
from tests.methods.nascent import CONTRAST, genes, libraries, library, transcripts

PARAMETERS = DifferentialParameters()
UNITS = 120


def planted(replicates, seed=0):
    """Counts of UNITS units; the first ten four-fold up, the next ten four-fold down, in treated libraries twice as deep."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(40, 400, UNITS)
    libs = libraries(replicates)
    fold = np.ones(UNITS)
    fold[:10], fold[10:20] = 4, 0.25
    rows = []
    for item in libs:
        rate = mean * (2 * fold if item.condition == "oe" else 1)
        counts = rng.negative_binomial(100, 100 / (100 + rate))
        rows.append(pd.DataFrame({"transcript": [f"t{i}" for i in range(UNITS)], "library": item.id, "count": counts}))
    units = [(f"t{i}", "chr1", 1_000 * i, 1_000 * i + 900, "+") for i in range(UNITS)]
    names = [(f"g{i}", "chr1", 1_000 * i + 100, 1_000 * i + 800, "+") for i in range(UNITS)]
    return conform(pd.concat(rows), "transcript_counts"), transcripts(units), genes(names), libs


@pytest.mark.parametrize("replicates", [1, 2])
def test_planted_units_come_back(replicates):
    counts, units, models, libs = planted(replicates)
    result = differential_transcription(counts, units, models, libs, CONTRAST, PARAMETERS)
    direction = result.table["direction"].to_numpy()
    assert (direction[:10] == "up").sum() >= 9
    assert (direction[10:20] == "down").sum() >= 9
    assert (direction[20:] == "none").mean() >= 0.98
    assert set(result.table["analysis"]) == {"replicated" if replicates == 2 else "exploratory"}
    assert result.table["gene"].tolist() == [f"g{i}" for i in range(UNITS)]
    summary = json.loads(json.dumps(result.summary, allow_nan=False))
    assert summary["genes_up"] == summary["up"]
    assert (summary["label"] == "") == (replicates == 2)


@pytest.mark.parametrize(
    ("without", "said"),
    [
        (("oe_2",), "no replicates of oe"),
        (("mock_2",), "no replicates of mock"),
        (("oe_2", "mock_2"), "no replicates"),
    ],
)
def test_the_side_without_replicates_is_named(without, said):
    counts, units, models, libs = planted(2)
    kept = [item for item in libs if item.id not in without]
    assert len(kept) == len(libs) - len(without)
    counts = counts[~counts["library"].isin(without)]
    summary = differential_transcription(counts, units, models, kept, CONTRAST, PARAMETERS).summary
    assert summary["lacking"] == said
    assert summary["label"] == f"exploratory: {said}, so p-values rest on an assumed variation"


def test_replicated_result_is_silent_and_repeats(capfd):
    counts, units, models, libs = planted(2)
    first = differential_transcription(counts, units, models, libs, CONTRAST, PARAMETERS).table
    shuffled = counts.sample(frac=1, random_state=1)
    second = differential_transcription(shuffled, units, models, libs, CONTRAST, PARAMETERS).table
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.slow
def test_agreement_with_deseq2(shared):
    """DESeq2 1.38.3 on 821 units, 3 + 3 libraries: the same calls but for one at the threshold."""
    folder = shared / "data" / "oracle" / "deseq2"
    counts = pd.read_csv(folder / "groseq_tx_nb_sim.counts.tsv", sep="\t", index_col=0)
    expected = pd.read_csv(folder / "groseq_tx_nb_sim.results.tsv", sep="\t", index_col=0)
    treated = counts.columns.str.startswith("S40m")
    factors = size_factors(counts.to_numpy())
    measured = replicated_test(counts.to_numpy(), np.asarray(treated), factors)
    base_mean = (counts.to_numpy() / factors).mean(axis=1)
    assert np.allclose(base_mean, expected["baseMean"], rtol=1e-12)
    difference = np.abs(measured.log2_fold_change - expected["log2FoldChange"])
    assert np.nanmax(difference) < 0.001
    ours, theirs = (frame < 0.05 for frame in (measured.adjusted_p_value, expected["padj"].to_numpy()))
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.99
    decades = np.log10(measured.p_value) - np.log10(expected["pvalue"])
    assert np.nanmax(np.abs(decades)) < 0.1
    assert pd.Series(measured.p_value).corr(expected["pvalue"].reset_index(drop=True), method="spearman") > 0.9999


def test_the_screen_needs_size_and_significance():
    table = pd.DataFrame(
        {
            "log2_fold_change": [2.0, -2.0, 1.0, 2.0, np.nan, 3.0],
            "adjusted_p_value": [0.01, 0.01, 0.01, 0.05, 0.01, np.nan],
            "p_value": [0.01, 0.01, 0.01, 0.01, 0.01, 0.01],
        }
    )
    assert screen(table, PARAMETERS).tolist() == ["up", "down", "none", "none", "none", "none"]
    raw = DifferentialParameters(significance_column="p_value")
    assert screen(table, raw).tolist() == ["up", "down", "none", "up", "none", "up"]


def test_library_sizes_replace_the_factors():
    counts, units, models, libs = planted(1)
    sizes = {"mock_1": 1e6, "oe_1": 1e6}
    table = differential_transcription(counts, units, models, libs, CONTRAST, PARAMETERS, sizes).table
    assert table["log2_fold_change"][20:].median() == pytest.approx(1.0, abs=0.15)


def test_other_conditions_do_not_enter():
    counts, units, models, libs = planted(1)
    other = counts[counts["library"] == "oe_1"].assign(library="other_1", count=10_000)
    more = [*libs, library("other_1", "other")]
    alone = differential_transcription(counts, units, models, libs, CONTRAST, PARAMETERS).table
    beside = differential_transcription(pd.concat([counts, other]), units, models, more, CONTRAST, PARAMETERS).table
    pd.testing.assert_frame_equal(alone, beside)


@pytest.mark.parametrize("replicates", [1, 3])
def test_libraries_in_another_order_give_the_same_to_the_last_bit(replicates):
    counts, units, models, libs = planted(replicates)
    counts = counts.assign(count=counts["count"] // 20)  # of so few reads many dispersions are flat
    found, turned = (
        differential_transcription(counts, units, models, order, CONTRAST, PARAMETERS) for order in (libs, libs[::-1])
    )
    pd.testing.assert_frame_equal(found.table, turned.table, check_exact=True)
    assert found.summary == turned.summary


def test_units_without_reads_are_missing_and_named_none():
    counts, units, models, libs = planted(2)
    counts.loc[counts["transcript"] == "t5", "count"] = 0
    table = differential_transcription(counts, units, models, libs, CONTRAST, PARAMETERS).table
    assert np.isnan(table.loc[5, "p_value"])
    assert table.loc[5, "direction"] == "none"


def test_a_side_without_library_or_reads_is_refused():
    counts, units, models, libs = planted(1)
    with pytest.raises(ReadsError, match="treatment"):
        differential_transcription(counts, units, models, libs[:1], CONTRAST, PARAMETERS)
    silent = counts.assign(count=counts["count"].where(counts["library"] != "oe_1", 0))
    with pytest.raises(ReadsError, match="oe_1"):
        differential_transcription(silent, units, models, libs, CONTRAST, PARAMETERS)


def test_the_conservative_change_ranks_certainty_above_size():
    fold, error = np.array([4.0, 2.0, -2.0, 0.3, np.nan]), np.array([1.5, 0.2, 0.2, 0.3, np.nan])
    found = conservative_change(fold, error, 0.01)
    z = 2.3263478740408408
    assert found[:4] == pytest.approx([4 - 1.5 * z, 2 - 0.2 * z, -(2 - 0.2 * z), 0.0])
    assert np.isnan(found[4])
    assert found[1] > found[0] > found[3] == 0 > found[2]


def test_few_reads_rank_below_many_without_replicates():
    counts, units, models, libs = planted(1)
    for unit, control, treated in (("t0", 1, 40), ("t1", 300, 4_800)):
        for item in libs:
            here = (counts["transcript"] == unit) & (counts["library"] == item.id)
            counts.loc[here, "count"] = treated if item.condition == "oe" else control
    table = differential_transcription(counts, units, models, libs, CONTRAST, PARAMETERS).table.set_index("transcript")
    fold, kept = table["log2_fold_change"].abs(), table["conservative_log2_fold_change"].abs()
    assert fold.idxmax() == "t0"
    assert kept.idxmax() == "t1"
    assert (kept <= fold).all()
