"""Descriptors that a study asks for: from signal, on the right strand, and none that is not asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.features.asked_descriptors import asked_descriptors, key_locus_signal
from groprog_assets.methods.features.normalized_features import FRACTIONS, fractional_rank, normalize
from groprog_assets.study.descriptor_parameters import DescriptorParameters
from groprog_assets.study.parameters import NormalizationParameters
from tests.methods.features.test_gene_features import build
from tests.methods.nascent import CONTRAST, differential, genes

GENES = genes(
    [("A", "chr1", 10_000, 30_000, "+"), ("B", "chr1", 50_000, 60_000, "-"), ("C", "chr2", 10_000, 20_000, "+")]
)
TRACKS = {
    "values": np.arange(3 * 4 * 2, dtype=np.float32).reshape(3, 4, 2),
    "marks": np.ones((3, 1, 2), np.float32),
    "channel": np.array(["control_sense", "control_antisense", "treatment_sense", "treatment_antisense"]),
}


def loci(reliable: bool = True) -> pd.DataFrame:
    """B is a key locus of 10 kb; its signal on its own strand is 20 and 60 reads per million, on the other much more."""
    rows = [
        ("B", condition, strand, signal, change)
        for strand, change, levels in (("-", 1.5, (20.0, 60.0)), ("+", -4.0, (900.0, 900.0)))
        for condition, signal in zip(("mock", "oe"), levels)
    ]
    table = pd.DataFrame(rows, columns=["locus", "condition", "strand", "signal", "log2_fold_change"])
    return table.assign(chrom="chr1", start=50_000, end=60_000, reliable=reliable)


def test_key_loci_are_read_on_the_strand_of_their_gene():
    found = key_locus_signal(GENES, loci(), CONTRAST)
    assert found["key_locus_activity"].tolist() == [0, 4, 0]
    assert found["key_locus_response"].tolist() == [0, 1.5, 0]
    assert not any(column.any() for column in key_locus_signal(GENES, loci(reliable=False), CONTRAST).values())


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, []),
        ({"key_locus_activity": True}, ["key_locus_activity", "key_locus_response"]),
        ({"coordination": True}, ["chromatin_coordination"]),
        ({"tracks": True}, [f"track_{name}_0{window}" for name in TRACKS["channel"] for window in (1, 2)]),
    ],
)
def test_only_what_is_asked_for_is_made(asked: dict, names: list[str]):
    found = asked_descriptors(GENES, loci(), TRACKS, CONTRAST, DescriptorParameters.model_validate(asked))
    assert list(found) == names
    if "tracks" in asked:
        np.testing.assert_array_equal(found["track_treatment_sense_02"], TRACKS["values"][:, 2, 1])


def test_screening_leaves_the_fold_changes_that_pass_the_screen():
    units = differential(GENES[:2], ["up", "none"], [1e-6, 0.4])
    kept, screened = build(differential=units), build(differential=units, screening=True)
    for name in ("log2_fold_change", "significance"):
        assert screened.loc["A", name] == kept.loc["A", name] != 0
        assert kept.loc["B", name] != 0
        assert screened.loc["B", name] == 0
        assert np.isnan(screened.loc["C", name]), "a gene without a unit stays unknown"


def test_few_responses_among_many_zeros_keep_their_scale():
    change = np.zeros(500)
    change[:3] = [4.0, -2.0, 1.0]
    made = normalize(
        pd.DataFrame({"gene": [f"g{k}" for k in range(500)], "log2_fold_change": change}), NormalizationParameters()
    ).table["log2_fold_change"]
    assert made[0] == pytest.approx(1.0)
    assert -1 < made[1] < 0 < made[2] < 1
    assert not made[3:].any()


def test_the_fractions_are_ranked_where_asked():
    values = np.array([0.0, 0.0, 0.2, 0.9, np.nan])
    table = pd.DataFrame({"gene": list("abcde"), **dict.fromkeys((*FRACTIONS, "tss_density"), values)})
    plain = normalize(table, NormalizationParameters())
    ranked = normalize(table, NormalizationParameters(rank_fractions=True))
    for name in FRACTIONS:
        np.testing.assert_allclose(ranked.table[name], fractional_rank(values))
        assert not np.allclose(plain.table[name], ranked.table[name])
    np.testing.assert_array_equal(ranked.table["tss_density"], plain.table["tss_density"])
    rules = ranked.constants.set_index("feature")["rule"]
    assert (rules["five_prime_fraction"], rules["tss_density"]) == ("rank", "quantile_log")
