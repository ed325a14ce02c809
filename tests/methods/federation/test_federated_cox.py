"""Federated analyses against the same analyses of the pooled rows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.federation.merging import MOST_ROUNDS, event_grid, merge_answers
from groprog_assets.methods.federation.requests import Request, request_of
from groprog_assets.methods.federation.site_sums import SiteData, site_answer, whole_months

SITES = ("north", "south", "west")


def cohort(n: int, seed: int, share_female: float = 0.5) -> SiteData:
    """n subjects with age (years), sex and a marker; the hazard rises with age and marker."""
    rng = np.random.default_rng(seed)
    age, marker = rng.normal(62, 9, n), rng.gamma(2.0, 1.5, n)
    sex = np.where(rng.random(n) < share_female, "female", "male")
    rate = 0.02 * np.exp(0.04 * (age - 62) + 0.3 * (marker - 3) - 0.4 * (sex == "female"))
    time, censored = rng.exponential(1 / rate), rng.uniform(0, 72, n)
    records = pd.DataFrame({"patient_id": [f"P{seed}-{i}" for i in range(n)], "age": age, "marker": marker, "sex": sex})
    return SiteData(records, np.minimum(time, censored), time <= censored)


def sites() -> dict[str, SiteData]:
    return {name: cohort(n, k) for k, (name, n) in enumerate(zip(SITES, (500, 400, 300)))}


def asked(question: str, fields: tuple[str, ...] = (), **more: Any) -> Request:
    return Request("a question", question, SITES, fields, **more)  # type: ignore[arg-type]


def by_mail(document: object) -> Any:
    """What a file carries."""
    return json.loads(json.dumps(document))


def conduct(held: dict[str, SiteData], request: Request) -> Any:
    for _ in range(MOST_ROUNDS + 2):
        request = request_of(by_mail(request.document()), "request.json")
        merged = merge_answers(request, {name: by_mail(site_answer(held[name], request)) for name in request.sites})
        if merged.result is not None:
            return merged.result
        assert merged.request is not None
        request = merged.request
    raise AssertionError("no result")


def pooled(held: dict[str, SiteData]) -> SiteData:
    parts = list(held.values())
    return SiteData(
        pd.concat([part.records for part in parts], ignore_index=True),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.event for part in parts]),
    )


def obvious_cox(x: np.ndarray, time: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Efron's Cox regression as its definition reads, subject by subject -> coefficients, covariance."""
    b = np.zeros(x.shape[1])
    for _ in range(50):
        gradient, information = np.zeros(len(b)), np.zeros((len(b), len(b)))
        for moment in np.unique(time[event]):
            risk, dead = time >= moment, event & (time == moment)
            for k in range(int(dead.sum())):
                w = np.exp(x @ b) * (risk - k / dead.sum() * dead)
                mean = w @ x / w.sum()
                gradient -= mean
                information += (w[:, None] * x).T @ x / w.sum() - np.outer(mean, mean)
            gradient += x[dead].sum(axis=0)
        step = np.linalg.solve(information, gradient)
        b = b + step
        if np.abs(step).max() < 1e-13:
            break
    return b, np.linalg.inv(information)


def grouped(time: np.ndarray, event: np.ndarray, least: int) -> np.ndarray:
    """Each subject's time moved to the grid that the sites agree on, those after it to infinity."""
    month = np.ceil(time)
    steps, counts = np.unique(month[event], return_counts=True)
    grid = np.array([*event_grid(steps.astype(int), counts, least), np.inf])
    return np.array([grid[grid >= value][0] for value in month])


def test_three_sites_give_the_coefficients_of_the_pooled_rows():
    held = sites()
    result = conduct(held, asked("cox", ("age", "marker", "sex=female")))
    assert result["converged"]
    assert result["sites"] == list(SITES)
    whole = pooled(held)
    x = np.column_stack([whole.records["age"], whole.records["marker"], whole.records["sex"] == "female"]).astype(float)
    x = x - x.mean(axis=0)
    b, covariance = obvious_cox(x, grouped(whole.time, whole.event, 5), whole.event)
    assert [row["coefficient"] for row in result["covariates"]] == pytest.approx(b, abs=1e-9)
    assert [row["standard_error"] for row in result["covariates"]] == pytest.approx(
        np.sqrt(np.diag(covariance)), abs=1e-9
    )
    assert np.allclose(result["covariance"], covariance, atol=1e-9, rtol=0)
    assert abs(b[0] - 0.04) < 3 * np.sqrt(covariance[0, 0]), "the planted effect of age"


def test_whole_months_move_a_coefficient_by_little():
    held = sites()
    result = conduct(held, asked("cox", ("age",)))
    whole = pooled(held)
    exact, covariance = obvious_cox((whole.records[["age"]] - 62).to_numpy(), whole.time, whole.event)
    moved = abs(result["covariates"][0]["coefficient"] - exact[0]) / np.sqrt(covariance[0, 0])
    assert 0 < moved < 0.3, "standard errors"


def test_survival_is_that_of_the_pooled_rows():
    held = sites()
    result = conduct(held, asked("kaplan-meier"))
    whole = pooled(held)
    time = grouped(whole.time, whole.event, 5)
    survival = 1.0
    for month, shown in zip(result["months"], result["survival"]):
        at_risk, dead = (time >= month).sum(), (whole.event & (time == month)).sum()
        assert dead >= 5
        survival *= 1 - dead / at_risk
        assert shown == pytest.approx(survival, abs=1e-12)
    assert sum(result["events"]) == whole.event.sum()


def test_means_and_counts():
    held = sites()
    whole = pooled(held).records
    [found] = conduct(held, asked("moments", ("age",)))["fields"]
    assert found["n"] == len(whole)
    assert (found["mean"], found["standard_deviation"]) == pytest.approx((whole["age"].mean(), whole["age"].std()))
    counted = conduct(held, asked("counts", ("sex",)))["fields"]["sex"]
    assert counted == {"levels": whole["sex"].value_counts().sort_index().to_dict(), "other": 0}


def test_moments_of_a_field_are_of_all_who_have_it_whatever_they_lack():
    held = sites()
    for part in held.values():
        part.records.loc[part.records.index % 7 == 0, "marker"] = np.nan
    whole = pooled(held).records
    fields = conduct(held, asked("moments", ("age", "marker")))["fields"]
    assert [row["n"] for row in fields] == [len(whole), whole["marker"].notna().sum()]
    assert fields[0] == conduct(held, asked("moments", ("age",)))["fields"][0], (
        "else their difference shows who lacks a marker"
    )
    for row in fields:
        expected = whole[row["field"]].mean(), whole[row["field"]].std()
        assert (row["mean"], row["standard_deviation"]) == pytest.approx(expected)
    held["west"].records.loc[9:, "marker"] = np.nan
    told = site_answer(held["west"], asked("moments", ("age", "marker")))
    assert told["reason"] == "fewer than 10 subjects with marker"


def test_small_levels_are_joined_until_they_are_enough():
    records = pd.DataFrame({"patient_id": range(64), "stage": ["I"] * 40 + ["II"] * 20 + ["III"] * 3 + ["IV"]})
    told = site_answer(SiteData(records, np.ones(64), np.ones(64, bool)), asked("counts", ("stage",)))
    assert told["payload"]["stage"] == {"levels": {"I": 40}, "other": 24}, "4 alone would be III and IV"
    few = SiteData(records.tail(4), np.ones(4), np.ones(4, bool))
    assert site_answer(few, asked("counts", ("stage",)))["reason"] == "stage has fewer than 5 subjects"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: SiteData(d.records, d.time, d.event & (np.arange(len(d.event)) < 12)), "fewer than 10 events"),
        (lambda d: SiteData(d.records.assign(sex=["female"] * 4 + ["male"] * 296), d.time, d.event), "sex=female has"),
        (lambda d: SiteData(d.records.assign(age=np.nan), d.time, d.event), "fewer than 10 events with every field"),
    ],
)
def test_a_site_with_too_little_takes_no_part_and_sends_no_number(change, reason):
    held = sites()
    held["west"] = change(held["west"])
    told = site_answer(held["west"], asked("cox", ("age", "sex=female")))
    assert (told["takes_part"], told["payload"]) == (False, {})
    assert reason in told["reason"]
    result = conduct(held, asked("cox", ("age", "sex=female")))
    assert result["sites"] == ["north", "south"]
    assert result["left_out"][0].startswith("west: ")
    two = {name: held[name] for name in ("north", "south")}
    alone = conduct(two, Request("q", "cox", ("north", "south"), ("age", "sex=female")))
    assert [row["coefficient"] for row in result["covariates"]] == [row["coefficient"] for row in alone["covariates"]]


def test_coefficients_that_single_out_a_subject_get_no_sums():
    held = sites()
    first = merge_answers(
        asked("cox", ("marker",)), {n: site_answer(held[n], asked("cox", ("marker",))) for n in SITES}
    ).request
    assert first is not None
    far = Request(**{**first.__dict__, "coefficients": (40.0,)})
    assert "of one subject" in site_answer(held["north"], far)["reason"]
    halved = merge_answers(far, {n: site_answer(held[n], far) for n in SITES}).request
    assert halved is not None
    assert halved.coefficients == (20.0,)


def test_a_site_that_leaves_between_rounds_ends_the_analysis():
    held = sites()
    request = asked("cox", ("marker",))
    first = merge_answers(request, {n: site_answer(held[n], request) for n in SITES}).request
    assert first is not None
    answers = {n: site_answer(held[n], first) for n in SITES}
    held["north"] = SiteData(*(part[:12] for part in held["north"]))
    with pytest.raises(CohortError, match="from the beginning without north"):
        merge_answers(first, {**answers, "north": site_answer(held["north"], first)})


def test_a_step_that_lowers_the_likelihood_is_halved():
    held = sites()
    request = asked("cox", ("marker",))
    first = merge_answers(request, {n: site_answer(held[n], request) for n in SITES}).request
    assert first is not None
    second = merge_answers(first, {n: site_answer(held[n], first) for n in SITES}).request
    assert second is not None
    wild = Request(**{**second.__dict__, "coefficients": (second.coefficients[0] + 1.2,)})
    halved = merge_answers(wild, {n: site_answer(held[n], wild) for n in SITES}).request
    assert halved is not None
    assert halved.coefficients[0] == pytest.approx((wild.coefficients[0] + second.before[0]) / 2)
    assert halved.likelihood == second.likelihood


@pytest.mark.parametrize("fields", [("age", "twice"), ("age", "flat")])
def test_columns_that_depend_on_each_other_or_are_constant_are_named(fields):
    held = {
        name: SiteData(data.records.assign(twice=2 * data.records["age"] - 3, flat=7.5), data.time, data.event)
        for name, data in sites().items()
    }
    with pytest.raises(CohortError, match=r"depend on each other|flat has a value|flat is constant"):
        conduct(held, asked("cox", fields))


def test_the_grid_holds_enough_events_at_each_time():
    rng = np.random.default_rng(4)
    for _ in range(200):
        steps = np.sort(rng.choice(60, rng.integers(1, 40), replace=False))
        counts = rng.integers(1, 9, len(steps))
        grid = event_grid(steps, counts, 5)
        held = [counts[(steps <= t) & (steps > before)].sum() for before, t in zip([-1, *grid], grid)]
        assert (min(held) >= 5 and grid[-1] == steps[-1] and sum(held) == counts.sum()) if grid else counts.sum() < 5


def test_whole_months_round_up():
    assert whole_months(np.array([0.0, 0.01, 1.0, 1.01, 3.0]), 3).tolist() == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"question": "rows"}, "question 'rows'"),
        ({"sites": ["a", "a"]}, "a site twice"),
        ({"least": 1}, "least: 1"),
        ({"months": 0}, "months: 0"),
        ({"fields": []}, "0 fields"),
        ({"patients": ["P1"]}, "unknown field patients"),
        ({"form": "groprog-federation 2"}, "another form"),
        ({"name": ""}, "no name"),
        ({"stage": "sums", "grid": [3, 2]}, "grid"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused(change, told):
    sound = {"form": "groprog-federation 1", "name": "q", "question": "cox", "sites": ["a", "b"], "fields": ["age"]}
    request_of(sound, "r.json")
    with pytest.raises(CohortError, match=told):
        request_of({**sound, **change}, "r.json")


def test_fields_that_a_site_does_not_have_are_named():
    data = sites()["north"]
    for field, told in (("weight", "no such field"), ("sex=other", "no such level"), ("sex", "no numbers")):
        with pytest.raises(CohortError, match=told):
            site_answer(data, asked("cox", (field,)))
