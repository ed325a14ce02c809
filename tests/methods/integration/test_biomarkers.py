"""Planted biomarkers are chosen and foretell held-out samples; nothing is found where nothing is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.evaluation.kaplan_meier import log_rank
from groprog_assets.methods.integration.biomarkers import (
    PanelOutcome,
    PanelSettings,
    biomarkers,
    cox_score_statistics,
    fit_panel,
    panel_scores,
    target_candidates,
)
from tests.methods.integration.planted import table

QUICK = PanelSettings(repeats=2)


def _cases(seed: int, shift: float = 1.6, features: int = 200, n: int = 60) -> tuple[pd.DataFrame, PanelOutcome]:
    random = np.random.default_rng(seed)
    values = table(random.normal(size=(features, n)), "g")
    case = pd.Series(random.permutation(np.arange(n) % 2 == 0), index=values.columns)
    values.loc["g000":"g004", case] += shift
    return values, PanelOutcome(case)


def _survival(seed: int, effect: float = 1.2, n: int = 120) -> tuple[pd.DataFrame, PanelOutcome]:
    random = np.random.default_rng(seed)
    values = table(random.normal(size=(150, n)), "g")
    hazard = np.exp(effect * (values.loc["g000"] - values.loc["g001"]).to_numpy())
    time, censored = random.exponential(1 / hazard), random.exponential(2.0, n)
    return values, PanelOutcome(
        pd.Series(time <= censored, index=values.columns), pd.Series(np.minimum(time, censored), index=values.columns)
    )


def test_planted_biomarkers_of_cases():
    values, outcome = _cases(1)
    values = values.mask(np.random.default_rng(9).random(values.shape) < 0.05)
    found = biomarkers(values, outcome, QUICK)
    named = found.table.loc[found.table["biomarker"], "feature"]
    assert set(named) >= {"g000", "g001", "g002", "g003", "g004"}
    assert len(named) <= 7
    assert found.performance > 0.9
    assert len(found.folds) == 10
    assert found.scores[outcome.event].mean() > found.scores[~outcome.event].mean() + 1
    assert (found.table["statistic"][:5] > 0).all()


def test_planted_biomarkers_of_survival():
    values, outcome = _survival(2)
    found = biomarkers(values, outcome, QUICK)
    named = found.table.loc[found.table["biomarker"], "feature"].tolist()
    assert named[:2] == ["g000", "g001"]
    assert len(named) <= 4
    assert found.performance > 0.7
    assert found.table["statistic"][0] > 0 > found.table["statistic"][1]


@pytest.mark.parametrize("made", [_cases, _survival])
def test_nothing_is_found_where_nothing_is(made):
    by_seed = [biomarkers(*made(seed, 0.0), QUICK) for seed in range(4)]
    assert sum(found.table["biomarker"].sum() for found in by_seed) <= 1
    assert np.mean([found.performance for found in by_seed]) == pytest.approx(0.5, abs=0.06)


def test_choosing_outside_the_folds_would_flatter():
    values, outcome = _cases(3, 0.0, features=2000, n=40)
    settings = PanelSettings(repeats=3, q=1.1)  # the twenty best, whatever their q
    inside = biomarkers(values, outcome, settings).performance
    best = biomarkers(values, outcome, settings).table.nlargest(20, "frequency")["feature"]
    outside = biomarkers(values.loc[best], outcome, settings).performance
    assert inside < 0.7 < 0.9 < outside


def test_a_panel_sees_its_training_samples_alone():
    values, outcome = _cases(4)
    train, new = values.columns[:40], values.columns[40:]
    panel = fit_panel(values[train], outcome)
    changed = values.copy()
    changed[new] = 100.0
    again = fit_panel(changed[train], PanelOutcome(outcome.event[train]))
    assert list(panel.features) == list(again.features)
    np.testing.assert_array_equal(panel.weight, again.weight)
    scores = panel_scores(panel, values[new])
    case = outcome.event[new]
    assert scores[case].min() > scores[~case].median()
    nothing = panel_scores(panel, values.loc[["g199"], new])
    assert (nothing == 0).all()


def test_score_statistics_are_the_log_rank_test_of_two_groups():
    random = np.random.default_rng(5)
    time, event, group = random.exponential(size=80), random.random(80) < 0.7, random.integers(0, 2, 80)
    found = cox_score_statistics(np.stack([group, 1 - group, np.ones(80)]).astype(float), time, event)
    assert found[0] ** 2 == pytest.approx(log_rank(time, event, group).statistic)
    assert found[1] == pytest.approx(-found[0])
    assert np.isnan(found[2])


def test_targets_are_ordered_and_carry_their_evidence():
    markers = pd.DataFrame(
        {
            "feature": ["rna:A", "rna:B", "rna:C", "rna:D"],
            "statistic": [3.0, -6.0, 9.0, 2.0],
            "frequency": [1.0, 0.8, 0.5, 0.7],
            "biomarker": [True, True, False, True],
        }
    )
    targets = pd.DataFrame(
        [
            ["d1", "one", "HGNC:1", "inhibitor", "x", "1"],
            ["d2", "two", "HGNC:2", "agonist", "x", "1"],
            ["d3", "three", "HGNC:2", "inhibitor", "y", "2"],
            ["d4", "four", "HGNC:3", "inhibitor", "y", "2"],
        ],
        columns=["drug_id", "name", "gene_id", "action", "source", "version"],
    )
    found = target_candidates(markers, {f"rna:{g}": f"HGNC:{k}" for k, g in enumerate("ABC", 1)}, targets)
    assert found[["rank", "feature", "drug_id"]].to_numpy().tolist() == [
        [1, "rna:B", "d2"],
        [1, "rna:B", "d3"],
        [2, "rna:A", "d1"],
    ]
    assert found["weight"].tolist() == pytest.approx([4.8, 4.8, 3.0])


def test_what_is_refused():
    values, outcome = _cases(6)
    few = outcome.event.copy()
    few[:] = False
    few.iloc[:4] = True
    with pytest.raises(CohortError, match="4 samples on the smaller side, 5 folds"):
        biomarkers(values, PanelOutcome(few), QUICK)
    with pytest.raises(CohortError, match="4 events, 5 folds"):
        biomarkers(values, PanelOutcome(few, pd.Series(1.0, index=few.index)), QUICK)
