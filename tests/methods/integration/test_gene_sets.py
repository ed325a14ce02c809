"""Gene sets: running sums by definition, planted pathways and reversing drugs, and what random rankings give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import false_discovery_control, hypergeom

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.integration.over_representation import over_represented
from groprog_assets.methods.integration.pathway_scores import fit_pathway_scores, pathway_scores
from groprog_assets.methods.integration.ranked_sets import enrichment_scores, preranked, ranked
from groprog_assets.methods.integration.signature_reversal import Signature, signature_reversal, signatures_of
from tests.methods.integration.planted import names, table


def _running_sum(places, weights):
    """The deviation farthest from 0, gene after gene; of equal ones the positive."""
    n, inside = len(weights), set(places)
    total = sum(weights[i] for i in inside)
    at, sums = 0.0, [0.0]
    for i in range(n):
        if i in inside:
            at += weights[i] / total if total else 1 / len(inside)
        else:
            at -= 1 / (n - len(inside))
        sums.append(at)
    return max(sums) if max(sums) >= -min(sums) - 1e-12 else min(sums)


@given(st.integers(0, 10_000), st.integers(2, 12))
def test_running_sums_by_definition(seed, n):
    random = np.random.default_rng(seed)
    weights = np.sort(random.integers(0, 4, n).astype(float))[::-1]
    m = int(random.integers(1, n + 1))
    places = np.stack([random.permutation(n)[:m] for _ in range(4)])
    found = enrichment_scores(places, weights)
    for row, score in zip(places, found, strict=True):
        known = _running_sum(row.tolist(), weights)
        assert score == pytest.approx(known) or abs(score) == pytest.approx(abs(known))


def test_a_planted_set_comes_first_and_random_ones_are_uniform():
    random = np.random.default_rng(1)
    genes = names("g", 600)
    statistic = pd.Series(random.normal(size=600), index=genes)
    statistic[genes[:25]] += 1.5
    statistic[genes[30:50]] -= 1.5
    sets = {"early": tuple(genes[:25]), "late": tuple(genes[30:50]), "tiny": tuple(genes[:4]), "none": ("x", "y")}
    sets |= {f"random{k}": tuple(random.choice(genes[60:], 20, replace=False)) for k in range(60)}
    found = preranked(statistic, sets, permutations=3000).set_index("set")
    assert found.loc["early", "score"] > 0.4
    assert found.loc["late", "score"] < -0.4
    assert set(found.index[found["q_value"] < 0.05]) == {"early", "late"}
    assert found.loc[["tiny", "none"], "p_value"].isna().all()
    assert found.loc["none", ["size", "present", "share"]].tolist() == [2, 0, 0.0]
    shuffled = preranked(statistic.sample(frac=1, random_state=1), sets, permutations=3000).set_index("set")
    pd.testing.assert_frame_equal(found, shuffled)
    null = preranked(pd.Series(random.normal(size=600), index=genes), sets, permutations=300)
    assert stats.kstest(null["p_value"].dropna(), "uniform").pvalue > 0.001


def test_of_several_rows_of_a_gene_the_most_extreme_counts():
    found = ranked(pd.Series([1.0, -3.0, 2.0, np.nan, 2.0], index=["a", "a", "b", "c", "B"]))
    assert found.to_dict() == {"B": 2.0, "b": 2.0, "a": -3.0}
    assert list(found.index) == ["B", "b", "a"]


def test_a_planted_pathway_and_held_out_samples():
    random = np.random.default_rng(2)
    values = table(5 + random.normal(size=(80, 60)), "g")
    active = np.arange(60) % 2 == 1
    values.loc["g000":"g011", active] += 1.0
    sets = {
        "planted": (*names("g", 12), "absent"),
        "other": tuple(names("g", 80)[40:60]),
        "few": ("g070", "g071"),
    }
    fitted = fit_pathway_scores(values.iloc[:, :40], sets)
    scores = pathway_scores(fitted, values.iloc[:, 40:])
    assert list(scores.index) == ["planted", "other"]
    gap = scores.loc[:, active[40:]].mean(axis=1) - scores.loc[:, ~active[40:]].mean(axis=1)
    assert gap["planted"] > 0.6
    assert abs(gap["other"]) < 0.2
    assert fitted.sets.set_index("set").loc["planted", ["size", "present"]].tolist() == [13, 12]
    assert not fitted.sets.set_index("set").loc["few", "scored"]
    inside = pathway_scores(fitted, values.iloc[:, :40])
    np.testing.assert_allclose(inside.mean(axis=1), 0, atol=1e-12)
    one = (values.loc["g000":"g011", "s050"] - values.iloc[:12, :40].mean(axis=1)) / values.iloc[:12, :40].std(
        axis=1, ddof=0
    )
    assert scores.loc["planted", "s050"] == pytest.approx(one.mean())
    lost = values.iloc[:, 40:].copy()
    lost.iloc[:8, 0] = np.nan
    again = pathway_scores(fitted, lost)
    assert np.isnan(again.loc["planted", "s040"])
    assert again.loc["planted", "s041"] == scores.loc["planted", "s041"]


def test_a_reversing_drug_is_found_and_said_to_be_a_hypothesis():
    random = np.random.default_rng(3)
    genes = names("g", 500)
    statistic = pd.Series(random.normal(size=500), index=genes)
    order = statistic.sort_values(ascending=False).index
    drugs = {
        "reverser": Signature(tuple(order[-40:]), tuple(order[:40])),
        "mimic": Signature(tuple(order[:40]), tuple(order[-40:])),
        "small": Signature(tuple(order[:9]), tuple(order[-40:])),
        "one-sided": Signature(tuple(order[:40]), tuple(order[40:80])),
    }
    for k in range(80):
        drawn = random.choice(genes, 60, replace=False)
        drugs[f"random{k}"] = Signature(tuple(drawn[:30]), tuple(drawn[30:]))
    found = signature_reversal(statistic, drugs, permutations=1000).set_index("drug")
    assert found.loc["reverser", "score"] < -0.6
    assert found.loc["reverser", "reverses"]
    assert found.loc["mimic", "score"] > 0.6
    assert not found.loc["mimic", "reverses"]
    assert found.loc["one-sided", ["score", "p_value"]].tolist() == [0.0, 1.0]
    assert np.isnan(found.loc["small", "p_value"])
    assert set(found.index[found["q_value"] < 0.05]) == {"reverser", "mimic"}
    assert (found["label"] == "hypothesis, no evidence of benefit").all()
    by_chance = found[found.index.str.startswith("random")]["p_value"]
    assert (by_chance < 0.1).mean() < 0.25


def test_signatures_are_pairs_of_sets():
    found = signatures_of({"aspirin_UP": ("a",), "aspirin_dn": ("b",), "x-1 up": ("c",), "x-1 down": ("d",)})
    assert found == {"aspirin": Signature(("a",), ("b",)), "x-1": Signature(("c",), ("d",))}
    with pytest.raises(AnnotationError, match=r"plain.*\n.*lonely"):
        signatures_of({"plain": ("a",), "lonely_up": ("b",)})


def test_over_representation_is_scipys_hypergeometric_with_benjamini_hochberg():
    random = np.random.default_rng(4)
    genes = [f"g{k}" for k in range(300)]
    q_values = pd.Series(np.where(np.arange(300) < 40, 0.01, 0.5), index=genes)
    q_values["g299"] = np.nan  # was not tested: no part of the background
    sets = {f"s{k}": tuple(random.choice(genes, size, replace=False)) for k, size in enumerate((8, 20, 50, 120))}
    sets |= {"differ": (*genes[:25], "elsewhere"), "few": ("g1", "g2", "nowhere")}
    found = over_represented(q_values, sets, 0.05).set_index("set")
    for name, members in sets.items():
        held = set(members) & set(genes[:299])
        chosen = len(held & set(genes[:40]))
        assert found.loc[name, "chosen"] == chosen
        expected = hypergeom.sf(chosen - 1, 299, len(held), 40) if len(held) >= 5 else np.nan
        np.testing.assert_allclose(found.loc[name, "over_p_value"], expected, rtol=1e-9)
    tested = found.dropna()
    np.testing.assert_allclose(tested["over_q_value"], false_discovery_control(tested["over_p_value"]), rtol=1e-12)
    assert found["over_p_value"].idxmin() == "differ"
    assert np.isnan(found.loc["few", "over_p_value"])
    assert (over_represented(q_values + 1, sets, 0.05)["over_p_value"].dropna() == 1).all()
    twice = pd.concat([q_values, pd.Series({"g50": 0.001})])  # two probes of a gene: the smaller q counts
    assert over_represented(twice, {"one": tuple(genes[45:60])}, 0.05)["chosen"].tolist() == [1]
