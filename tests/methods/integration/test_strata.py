"""Planted strata come back, with their survival; new samples are assigned; noise has no strata."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_assets.errors import CohortError
from groprog_assets.methods.integration.similarity_fusion import fit_network, new_affinities
from groprog_assets.methods.integration.strata import (
    StrataSettings,
    adjusted_rand_index,
    assigned_strata,
    fit_strata,
    spectral_clusters,
    stratum_survival,
)
from tests.methods.integration.planted import assays_with_strata, survival_of, table

QUICK = StrataSettings(subsamples=20)


@pytest.mark.parametrize("sizes", [(40, 30), (30, 25, 20)])
def test_planted_strata_come_back(sizes):
    values, stratum = assays_with_strata(1, sizes)
    found = fit_strata(fit_network(values), QUICK)
    assert found.numbers.loc[found.numbers["chosen"], "strata"].tolist() == [len(sizes)]
    assert adjusted_rand_index(stratum, found.strata.to_numpy()) > 0.95
    assert found.strata.value_counts().sort_index().tolist() == sorted(sizes, reverse=True)


def test_a_stratum_with_worse_survival():
    values, stratum = assays_with_strata(2)
    time, event = survival_of(stratum, 2)
    found = fit_strata(fit_network(values), QUICK)
    outcomes = [pd.Series(given, index=values["rna"].columns) for given in (time, event)]
    survival = stratum_survival(found.strata, *outcomes, permutations=2000)
    assert survival.p_value < 1e-3
    assert survival.permutation_p_value < 5e-3
    assert (
        survival.table["median"][1] < survival.table["median"][0]
    )  # the smaller stratum is the one with the larger hazard
    assert survival.table["samples"].tolist() == [40, 30]
    dealt = [given.set_axis(np.random.default_rng(5).permutation(given.index)) for given in outcomes]
    assert stratum_survival(found.strata, *dealt, permutations=200).permutation_p_value > 0.01


def test_held_out_samples_are_assigned():
    values, stratum = assays_with_strata(3, (60, 40))
    train, new = values["rna"].columns[:60], values["rna"].columns[60:]
    found = fit_strata(fit_network({name: given[train] for name, given in values.items()}), QUICK)
    assigned = assigned_strata(found, {name: given[new] for name, given in values.items()})
    assert adjusted_rand_index(stratum[60:], assigned["stratum"].to_numpy()) > 0.9
    assert assigned["assays"].eq(2).all()
    part = {"rna": values["rna"][new[:10]].iloc[5:], "protein": values["protein"][new[5:12]].mask(lambda t: t > 3)}
    fewer = assigned_strata(found, part)
    assert fewer["assays"].tolist() == [1] * 5 + [2] * 5 + [1] * 2
    assert (fewer["stratum"] == assigned.loc[fewer.index, "stratum"]).mean() > 0.8
    again = assigned_strata(found, {name: given[train] for name, given in values.items()})
    assert adjusted_rand_index(again["stratum"].to_numpy(), found.strata.to_numpy()) > 0.95
    assert assigned_strata(found, {"other": values["rna"]}).empty


def test_noise_has_no_strata():
    random = np.random.default_rng(4)
    values = {name: table(random.normal(size=(50, 60)), name) for name in ("rna", "protein")}
    found = fit_strata(fit_network(values), QUICK)
    assert found.strata.empty
    assert not found.numbers["chosen"].any()
    assert found.numbers["stability"].max() < 0.75
    assert assigned_strata(found, values).empty


def test_a_few_outliers_are_no_stratum():
    random = np.random.default_rng(5)
    values = random.normal(size=(80, 50))
    values[:, :3] += 12 * random.normal(size=(80, 1))
    found = fit_strata(fit_network({"rna": table(values, "g")}), QUICK)
    assert found.strata.empty
    assert found.numbers.loc[found.numbers["strata"] == 2, "smallest"].item() <= 5


def test_a_unit_and_missing_values_hardly_matter():
    values, stratum = assays_with_strata(6)
    base = fit_network(values)
    scaled = fit_network({"rna": values["rna"] * 1000, "protein": values["protein"] + 7})
    np.testing.assert_allclose(base.network, scaled.network, atol=1e-10)
    lost = {name: given.mask(np.random.default_rng(1).random(given.shape) < 0.1) for name, given in values.items()}
    labels = spectral_clusters(fit_network(lost).network, 2)
    assert adjusted_rand_index(labels, stratum) > 0.9
    given = new_affinities(base, values)["rna"]
    assert (given.to_numpy().argmax(axis=1) == np.arange(70)).all()  # a sample of the network is its own nearest


def test_what_a_network_needs():
    values, _ = assays_with_strata(7)
    short = {**values, "protein": values["protein"].iloc[:, :8]}
    with pytest.raises(CohortError, match="8 samples have every one of rna, protein"):
        fit_network(short)
    with pytest.raises(CohortError, match="none varies"):
        fit_network({"rna": values["rna"] * 0})
    apart = values["rna"].copy()
    apart.iloc[:30, 0], apart.iloc[30:, 1] = np.nan, np.nan
    with pytest.raises(CohortError, match="two samples have none"):
        fit_network({"rna": apart})


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_adjusted_rand_index_by_pairs(pairs):
    first, second = zip(*pairs, strict=True)
    n = len(pairs)
    both = [(first[i] == first[j], second[i] == second[j]) for i in range(n) for j in range(i)]
    together, one, two = sum(a and b for a, b in both), sum(a for a, _ in both), sum(b for _, b in both)
    expected = one * two / len(both)
    most = (one + two) / 2
    known = 1.0 if most == expected else (together - expected) / (most - expected)
    assert adjusted_rand_index(first, second) == pytest.approx(known)


def test_five_assays_of_adrenocortical_cancer(shared):
    folder = shared / "data" / "omics" / "miniacc"
    if not folder.is_dir():
        pytest.skip("miniACC is not beside the project")
    kept = pd.read_csv(folder / "sampleMap.tsv", sep="\t")
    clinical = pd.read_csv(folder / "clinical.tsv", sep="\t", index_col=0)
    values = {}
    for assay in ("RNASeq2GeneNorm", "miRNASeqGene", "gistict", "RPPAArray"):
        given = pd.read_csv(folder / f"{assay}.tsv", sep="\t", index_col=0)
        given.columns = kept[kept["assay"] == assay].set_index("colname")["primary"].loc[given.columns].tolist()
        values[assay] = np.log2(given + 1) if "Seq" in assay else given
    found = fit_strata(fit_network(values))
    assert len(found.network.samples) == 45
    assert found.strata.value_counts().tolist() == [26, 19]
    assert found.numbers.set_index("strata").loc[2, "stability"] > 0.98
    died = clinical["vital_status"] == 1
    survival = stratum_survival(
        found.strata, clinical["days_to_death"].where(died, clinical["days_to_last_followup"]), died
    )
    assert survival.p_value == pytest.approx(8.1e-5, rel=0.02)
    assert survival.permutation_p_value < 5e-4
    known = clinical["C1A.C1B"].reindex(found.strata.index)
    both = known.notna()
    assert adjusted_rand_index(found.strata[both], pd.factorize(known[both])[0]) > 0.7
