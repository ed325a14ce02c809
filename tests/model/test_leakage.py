"""The leak guard fires on what knows the outcome, whatever it is called, and is silent on honest columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groprog_assets.fitting.covariates import FieldSpec
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.leak_readings import area, column_ranks, shared_with_time
from groprog_assets.model.leakage import (
    MOST_PATIENTS,
    Leak,
    column_concordances,
    find_leaks,
    nearest_rates,
)
from groprog_assets.model.leaking_rows import leaking_rows
from groprog_assets.study.outcome_names import names_outcome
from tests.model.cohorts import cohort, split
from tests.printed_equations import equation_3_history


def test_the_printed_equation_3_is_the_label():
    inputs, outcomes = cohort(300, seed=4)
    fields = (*inputs.fields, FieldSpec("history"))
    covariates = {**inputs.covariates, "history": equation_3_history(outcomes.time, outcomes.event)}
    leaking = ModelInputs(inputs.patient_id, fields, covariates)
    folds = split(300, 5)
    found = find_leaks(leaking, outcomes, folds, threshold=0.95)
    assert [(leak.field, leak.rule) for leak in found] == [("history", "concordance")]
    assert found[0].value > 0.97
    assert "history" in str(found[0].problem())


@pytest.mark.parametrize("seed", range(6))
def test_honest_columns_pass(seed: int):
    inputs, outcomes = cohort(150, seed=seed)
    assert find_leaks(inputs, outcomes, split(150, 5), threshold=0.95) == []
    values = [np.mean(column_concordances(inputs, outcomes, split(150, 5), spec)) for spec in inputs.fields]
    assert all(0.35 < value < 0.8 for value in values)


def with_column(spec: FieldSpec, values: np.ndarray, n: int = 300) -> tuple[ModelInputs, Outcomes]:
    inputs, outcomes = cohort(n, seed=4)
    added = ModelInputs(inputs.patient_id, (*inputs.fields, spec), {**inputs.covariates, spec.name: values})
    return added, outcomes


def found_in(inputs: ModelInputs, outcomes: Outcomes) -> list[Leak]:
    return find_leaks(inputs, outcomes, split(len(inputs), 5), threshold=0.95)


def planted(kind: str, outcomes: Outcomes) -> tuple[FieldSpec, np.ndarray]:
    random = np.random.default_rng(11)
    event, time, n = outcomes.event, outcomes.time, len(outcomes)
    flipped = event ^ (random.random(n) < 0.03)
    earlier = np.where(random.random(n) < 0.5, time, time * random.random(n))
    return {
        "category": (FieldSpec("cause", "categorical"), np.where(event, "red", "blue")),
        "many levels": (
            FieldSpec("code", "categorical"),
            np.array([f"{int(one)}{random.integers(0, 6)}" for one in event]),
        ),
        "ordinal": (FieldSpec("tier", "ordinal", levels=("a", "b")), np.where(event, "b", "a")),
        "number": (FieldSpec("flag"), flipped.astype(float)),
        "turned": (FieldSpec("flag"), 1.0 - flipped),
        "missing": (FieldSpec("dose_given"), np.where(flipped, random.normal(size=n), np.nan)),
        "middle": (FieldSpec("index"), np.where(event, random.normal(0, 0.3, n), random.choice([-3.0, 3.0], n))),
        "earlier": (FieldSpec("interval"), earlier),
        "days": (FieldSpec("interval"), np.round(earlier * 365.25 / 12)),
        "noisy time": (FieldSpec("measure"), time * np.exp(random.normal(0, 0.25, n))),
        "part of the time": (FieldSpec("measure"), time * random.random(n)),
        "part of the time in days": (FieldSpec("measure"), np.round(time * random.random(n) * 365.25 / 12)),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("category", "event"),
        ("many levels", "event"),
        ("ordinal", "event"),
        ("number", "event"),
        ("turned", "event"),
        ("missing", "event"),
        ("middle", "event"),
        ("earlier", "time"),
        ("days", "time"),
        ("noisy time", "time"),
        ("part of the time", "time"),
        ("part of the time in days", "time"),
    ],
)
def test_a_column_that_knows_the_outcome_is_named_under_any_name(kind: str, rule: str):
    _, outcomes = cohort(300, seed=4)
    spec, values = planted(kind, outcomes)
    found = found_in(*with_column(spec, values))
    assert [(leak.field, leak.rule) for leak in found] == [(spec.name, rule)]


def test_age_at_the_last_contact_is_seen_in_its_fractions_of_a_year():
    inputs, outcomes = cohort(300, seed=4)
    random = np.random.default_rng(7)
    held = Outcomes(outcomes.time + np.round(random.random(300), 3), outcomes.event)
    age = random.integers(30, 85, 300)
    fields = (*inputs.fields, FieldSpec("years"))
    hidden = ModelInputs(inputs.patient_id, fields, {**inputs.covariates, "years": age + np.round(held.time / 12, 3)})
    assert [(leak.field, leak.rule) for leak in found_in(hidden, held)] == [("years", "time")]
    plain = ModelInputs(
        inputs.patient_id, fields, {**inputs.covariates, "years": age + np.round(random.random(300), 3)}
    )
    assert found_in(plain, held) == []


@pytest.mark.parametrize("factor", [1.0, 365.25])
def test_age_at_the_last_contact_beside_age_is_seen_in_their_difference(factor: float):
    inputs, outcomes = cohort(300, seed=4)
    later = np.floor((inputs.covariates["age"] + outcomes.time / 12) * factor)  # no fractions are left
    fields = (*inputs.fields, FieldSpec("years"))
    held = ModelInputs(inputs.patient_id, fields, {**inputs.covariates, "years": later})
    found = found_in(held, outcomes)
    assert [(leak.field, leak.rule) for leak in found] == [("age and years", "together")]
    assert "follow-up" in found[0].reason


def test_what_follows_early_death_or_the_year_of_diagnosis_is_no_leak():
    random = np.random.default_rng(1)
    n = 400
    year = random.uniform(0, 10, n)
    marker = random.normal(size=n)
    dies = random.exponential(np.exp(-0.8 * marker)) * 30
    leaves = (11 - year) * 12
    outcomes = Outcomes(np.minimum(dies, leaves) + 0.01, dies <= leaves)
    inputs = ModelInputs(
        np.array([f"P{k}" for k in range(n)]),
        (FieldSpec("year"), FieldSpec("marker"), FieldSpec("score")),
        {"year": 2000 + year, "marker": marker, "score": marker + random.normal(0, 1, n)},
    )
    assert [leak.field for leak in found_in(inputs, outcomes)] == []


def test_two_copies_of_the_time_do_not_hide_each_other():
    inputs, outcomes = cohort(300, seed=4)
    random = np.random.default_rng(2)
    noisy = {name: outcomes.time * np.exp(random.normal(0, 0.1, 300)) for name in ("one", "two")}
    fields = (*inputs.fields, FieldSpec("one"), FieldSpec("two"))
    held = ModelInputs(inputs.patient_id, fields, {**inputs.covariates, **noisy})
    assert {leak.field for leak in found_in(held, outcomes)} == {"one", "two"}


def test_two_columns_that_only_together_tell_the_event_are_named():
    inputs, outcomes = cohort(300, seed=4)
    random = np.random.default_rng(3)
    mask = random.random(300) < 0.5
    either = {"left": np.where(mask, "x", "y"), "right": np.where(mask ^ outcomes.event, "x", "y")}
    fields = (*inputs.fields, FieldSpec("left", "categorical"), FieldSpec("right", "categorical"))
    held = ModelInputs(inputs.patient_id, fields, {**inputs.covariates, **either})
    assert [(leak.field, leak.rule) for leak in found_in(held, outcomes)] == [("left and right", "together")]
    noise = random.normal(0, 5, 300)
    sums = {"left": noise, "right": outcomes.event - noise}
    held = ModelInputs(
        inputs.patient_id, (*inputs.fields, FieldSpec("left"), FieldSpec("right")), {**inputs.covariates, **sums}
    )
    assert [(leak.field, leak.rule) for leak in found_in(held, outcomes)] == [("left and right", "together")]


@pytest.mark.parametrize("column", ["PFS_MONTHS", "days_to_death", "vital_status"])
def test_the_column_of_the_file_is_asked_too_unless_the_study_vouches(column: str):
    spec = FieldSpec("prior_interval", column=column)
    values = np.random.default_rng(0).normal(size=300)
    assert [(leak.field, leak.rule) for leak in found_in(*with_column(spec, values))] == [("prior_interval", "name")]
    assert found_in(*with_column(replace(spec, baseline_despite_name=True), values)) == []


@pytest.mark.parametrize("kind", ["event", "turned", "time", "noisy time", "part of the time", "missing"])
def test_a_row_of_the_expression_that_knows_the_outcome_is_named(kind: str):
    inputs, outcomes = cohort(300, genes=2000, seed=6)
    random = np.random.default_rng(1)
    row = {
        "event": outcomes.event + random.normal(0, 0.3, 300),
        "turned": 1.0 - outcomes.event + random.normal(0, 0.3, 300),
        "time": -outcomes.time,
        "noisy time": outcomes.time * np.exp(random.normal(0, 0.2, 300)),
        "part of the time": outcomes.time * random.random(300),
        "missing": np.where(outcomes.event, np.nan, random.normal(size=300)),
    }[kind]
    assert inputs.expression is not None
    assert found_in(inputs, outcomes) == []
    expression = inputs.expression.copy()
    expression[:, 1234] = row
    found = found_in(replace(inputs, expression=expression), outcomes)
    assert [leak.field for leak in found] == ["expression row G1234"]
    assert "Remove the row" in found[0].problem().remedy


def test_the_best_of_many_rows_of_noise_is_no_leak():
    random = np.random.default_rng(5)
    for n in (12, 20, 40):
        outcomes = Outcomes(random.exponential(10, n) + 0.1, np.arange(n) % 2 == 0)
        values = random.normal(size=(n, 5000)).astype(np.float32)
        values[random.random(values.shape) < 0.1] = np.nan
        assert leaking_rows(values, outcomes, 0.9, 0.95, 0.5, 0.1) == []


def test_a_large_cohort_is_judged_by_a_sample():
    inputs, outcomes = cohort(2 * MOST_PATIENTS, genes=0, seed=1)
    held = ModelInputs(
        inputs.patient_id,
        (*inputs.fields, FieldSpec("cause", "categorical")),
        {**inputs.covariates, "cause": np.where(outcomes.event, "a", "b")},
    )
    assert [leak.field for leak in found_in(held, outcomes)] == ["cause"]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_follow_up_itself_is_found_either_way_round(sign: float):
    inputs, outcomes = cohort(80)
    held = ModelInputs(inputs.patient_id, (FieldSpec("x"),), {"x": sign * outcomes.time})
    assert np.mean(column_concordances(held, outcomes, split(80, 4), held.fields[0])) > 0.99


def test_late_columns_are_named():
    inputs, outcomes = cohort(60)
    fields = (FieldSpec("age"), FieldSpec("dose", known_at_days=90))
    held = ModelInputs(inputs.patient_id, fields, inputs.covariates)
    assert [(leak.field, leak.rule) for leak in find_leaks(held, outcomes, split(60, 3), 0.95)] == [("dose", "date")]
    assert find_leaks(held, outcomes, split(60, 3), 0.95, known_by_days=90) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OS_MONTHS", True),
        ("daysToDeath", True),
        ("vital_status", True),
        ("Days to last follow-up", True),
        ("PFS", True),
        ("AGE", False),
        ("dose", False),
        ("POSITION", False),
        ("ECOG", False),
        ("Vascular invasion", False),
        ("days_to_birth", False),
        ("days_to_birth_or_death", True),
    ],
)
def test_names_of_outcomes(name: str, expected: bool):
    assert names_outcome(name) is expected


def test_rates_are_events_over_time_of_the_nearest():
    outcomes = Outcomes(np.array([1.0, 1, 1, 1, 1, 10, 10, 10, 10, 10]), np.ones(10, bool))
    rates = nearest_rates(np.repeat([0.0, 1.0], 5), outcomes, np.array([-1.0, 0.0, 0.5, 1.0]))
    np.testing.assert_allclose(rates, [1.0, 1.0, 0.55, 0.1])


def test_the_area_counts_pairs_and_halves_of_ties():
    random = np.random.default_rng(0)
    score, event = random.integers(0, 4, 30).astype(float), random.random(30) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in score[event] for b in score[~event]]
    assert area(score, event) == pytest.approx(np.mean(pairs))
    assert np.isnan(area(score, np.ones(30, bool)))
    from scipy.stats import rankdata

    block = random.integers(0, 4, (30, 7)).astype(float)
    np.testing.assert_array_equal(column_ranks(block), rankdata(block, axis=0))


def test_values_that_are_the_follow_up_are_counted_beyond_chance():
    random = np.random.default_rng(0)
    time = random.exponential(30, 400).round(1) + 0.1
    half = np.where(random.random(400) < 0.5, time, time / 2)
    assert 0.4 < shared_with_time(half, time) < 0.65
    assert shared_with_time(random.permutation(time), time) == 0
    assert shared_with_time(random.integers(1, 12, 400).astype(float), np.ceil(time / 10)) == 0
