"""Event codes, units of follow-up and lost outcomes: each remedy, when followed, leads to the planted outcomes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from groprog_assets.checks import cohort as check
from groprog_assets.checks.verdict import Verdict
from groprog_assets.errors import CohortError
from groprog_assets.methods.cohort.clinical_records import ClinicalRecords, read_clinical
from groprog_assets.methods.cohort.outcomes import Dependence, asked, dependence, how_read
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import ClinicalField, Cohort, Endpoint

N = 40
MONTHS = 5 + 3.25 * np.arange(N)
DIED = np.arange(N) % 3 != 0
FEW = CohortParameters(minimum_events=2)
YEARS = [50 + k % 30 for k in range(N)]


def cohort(folder: Path, columns: dict[str, list[Any]], age: dict[str, Any] | None = None, **endpoint: Any) -> Cohort:
    table = {"ID": [f"P{k:02}" for k in range(N)], "AGE": YEARS, **columns}
    lines = ["\t".join(table), *("\t".join(str(table[name][row]) for name in table) for row in range(N))]
    (folder / "clinical.tsv").write_text("\n".join(lines) + "\n")
    given = {"time_column": "T", "event_column": "E", **endpoint}
    field = ClinicalField(**{"column": "AGE", "name": "age", "kind": "continuous", "unit": "years", **(age or {})})
    return Cohort(clinical=folder / "clinical.tsv", patient_column="ID", endpoint=Endpoint(**given), fields=[field])


def read(study: Cohort, parameters: CohortParameters = FEW) -> ClinicalRecords:
    return read_clinical(study, parameters)


def refused(study: Cohort, parameters: CohortParameters = FEW) -> str:
    with pytest.raises(CohortError) as caught:
        read(study, parameters)
    assert all(problem.rule and problem.remedy for problem in caught.value.problems)
    return str(caught.value)


def outcome_coding(summary: dict[str, Any]) -> Verdict:
    return check.outcome_coding(asked(summary), how_read(summary))


def exclusions_by_event(lost: Dependence, parameters: CohortParameters) -> Verdict:
    return check.exclusions_by_event(lost.p_value, lost.told(), parameters)


def settings_in(text: str) -> dict[str, Any]:
    """The endpoint's settings that a message tells to make."""
    found = re.findall(r"endpoint\.(\w+): (\[[^\]]*\]|\w+)", text)
    return {name: yaml.safe_load(value) for name, value in reversed(found)}


@pytest.mark.parametrize(
    ("codes", "needle"),
    [
        (("1", "2"), "R's survival package"),
        (("1.0", "2.0"), "R's survival package"),
        (("1", "4"), "SEER"),
        (("Alive", "Dead"), ""),
        (("censored", "death"), ""),
    ],
)
def test_the_remedy_for_unknown_codes_leads_to_the_events(tmp_path: Path, codes: tuple[str, str], needle: str):
    columns = {"T": MONTHS, "E": [codes[int(died)] for died in DIED]}
    text = refused(cohort(tmp_path, columns))
    assert needle in text
    found = read(cohort(tmp_path, columns, **settings_in(text)))
    assert found.outcomes["event"].tolist() == DIED.tolist()


def test_the_wrong_remedy_for_one_and_two_is_refused_and_leads_back(tmp_path: Path):
    columns = {"T": MONTHS, "E": [1 + int(died) for died in DIED]}
    text = refused(cohort(tmp_path, columns, event_values=["1", "DECEASED", "2"]))
    assert f"all {N} patients had the event" in text
    assert (
        read(cohort(tmp_path, columns, **settings_in(text) | {"complete_follow_up": False})).outcomes["event"].tolist()
        == DIED.tolist()
    )


def test_competing_events_are_named_and_both_ways_work(tmp_path: Path):
    columns = {"T": MONTHS, "E": [k % 3 for k in range(N)]}
    text = refused(cohort(tmp_path, columns))
    assert "competing" in text
    assert read(cohort(tmp_path, columns, **settings_in(text))).outcomes["event"].sum() == sum(
        k % 3 == 1 for k in range(N)
    )


def test_nobody_censored_is_asked_about_until_the_study_says_so(tmp_path: Path):
    columns = {"T": MONTHS, "E": ["1"] * N}
    verdict = outcome_coding(read(cohort(tmp_path, columns)).summary)
    assert not verdict.passed
    assert "nobody is censored" in verdict.description
    assert outcome_coding(read(cohort(tmp_path, columns, complete_follow_up=True)).summary).passed
    assert "everybody is censored" in refused(cohort(tmp_path, {"T": MONTHS, "E": ["0"] * N}))


@pytest.mark.parametrize("column", ["CENSORED", "cens", "alive"])
def test_a_column_named_after_censoring_is_asked_about(tmp_path: Path, column: str):
    columns = {"T": MONTHS, column: [int(died) for died in DIED]}
    verdict = outcome_coding(read(cohort(tmp_path, columns, event_column=column)).summary)
    assert not verdict.passed
    turned = read(cohort(tmp_path, columns, event_column=column, **settings_in(verdict.description)))
    assert turned.outcomes["event"].tolist() == (~DIED).tolist()
    assert outcome_coding(turned.summary).passed


@pytest.mark.parametrize(("recorded", "stated"), [("days", "months"), ("months", "years"), ("days", "years")])
def test_follow_up_beyond_a_life_is_refused_with_the_likely_unit(tmp_path: Path, recorded: str, stated: str):
    per_month = {"days": 365.25 / 12, "months": 1.0}[recorded]
    columns = {"T": (MONTHS * per_month).tolist(), "E": [int(died) for died in DIED]}
    text = refused(cohort(tmp_path, columns, time_unit=stated))
    assert f"endpoint.time_unit: {recorded}" in text
    found = read(cohort(tmp_path, columns, **settings_in(text)))
    np.testing.assert_allclose(found.outcomes["time"], MONTHS)


def test_age_and_follow_up_together_are_no_longer_than_a_life(tmp_path: Path):
    days = (MONTHS[:5] * 365.25 / 12).tolist()  # at most 550 "months": 46 years, which a cohort of children may reach
    columns = {"T": [days[k % 5] for k in range(N)], "E": [int(died) for died in DIED], "AGE": [90] * 20 + [80] * 20}
    text = refused(cohort(tmp_path, columns))
    assert "would be older than 123 years" in text
    assert "line" in text


def test_one_follow_up_of_5000_months_is_named_by_its_line(tmp_path: Path):
    months = MONTHS.tolist()
    months[7] = 5000
    text = refused(cohort(tmp_path, {"T": months, "E": [int(died) for died in DIED]}))
    assert "line 9" in text
    assert "1 time beyond 75 years" in text


@pytest.mark.parametrize(("column", "unit"), [("OS_MONTHS", "days"), ("days_to_event", "months"), ("YEARS", "months")])
def test_a_column_named_after_another_unit_is_asked_about(tmp_path: Path, column: str, unit: str):
    columns = {column: [1.5 + k / 20 for k in range(N)], "E": [int(died) for died in DIED]}
    verdict = outcome_coding(read(cohort(tmp_path, columns, time_column=column, time_unit=unit)).summary)
    assert not verdict.passed
    assert "The column's name says" in verdict.description


def test_follow_up_of_weeks_is_asked_about(tmp_path: Path):
    columns = {"T": MONTHS.tolist(), "E": [int(died) for died in DIED]}
    verdict = outcome_coding(read(cohort(tmp_path, columns, time_unit="days")).summary)
    assert not verdict.passed
    assert settings_in(verdict.description) == {"time_unit": "months"}
    assert outcome_coding(read(cohort(tmp_path, columns)).summary).passed


def gdc(folder: Path, last: str = "days_to_last_follow_up", death: str = "days_to_death", **endpoint: Any) -> Cohort:
    days = (MONTHS * 365.25 / 12).tolist()
    columns = {
        last: ["" if died else day for died, day in zip(DIED, days)],
        death: [day if died else "--" for died, day in zip(DIED, days)],
        "vital_status": ["Dead" if died else "Alive" for died in DIED],
    }
    given = {"time_unit": "days", "event_values": ["Dead"], "censored_values": ["Alive"], **endpoint}
    (folder / "clinical.tsv").unlink(missing_ok=True)
    columns[death] = ["" if value == "--" else value for value in columns[death]]
    return cohort(folder, columns, time_column=last, event_column="vital_status", **given)


@pytest.mark.parametrize(
    ("last", "death"),
    [("days_to_last_follow_up", "days_to_death"), ("days_to_last_followup.diagnoses", "days_to_death.demographic")],
)
def test_the_columns_of_gdc_are_read_together_and_that_is_said(tmp_path: Path, last: str, death: str):
    found = read(gdc(tmp_path, last, death))
    np.testing.assert_allclose(found.outcomes["time"], MONTHS)
    assert found.outcomes["event"].tolist() == DIED.tolist()
    assert death in str(found.summary["notices"])
    stated = read(gdc(tmp_path, last, death, event_time_column=death))
    np.testing.assert_allclose(stated.outcomes["time"], MONTHS)
    assert stated.summary["notices"] == []


def test_deaths_without_a_time_are_refused_and_the_column_that_has_them_is_named(tmp_path: Path):
    study = gdc(tmp_path, "follow_up", "death_after_days")
    text = refused(study)
    died = int(DIED.sum())
    assert f"{died} of {died} patients with the event and 0 of {N - died} without it are left out" in text
    assert "'death_after_days'" in text
    assert "  " not in text
    endpoint = study.endpoint.model_copy(update={"event_time_column": "death_after_days"})
    np.testing.assert_allclose(read(study.model_copy(update={"endpoint": endpoint})).outcomes["time"], MONTHS)


def test_lost_times_that_are_kept_out_knowingly_fail_the_check_with_counts(tmp_path: Path):
    months: list[Any] = MONTHS.tolist()
    for row in np.flatnonzero(DIED)[:14]:
        months[row] = ""
    study = cohort(tmp_path, {"T": months, "E": [int(died) for died in DIED]})
    assert "largest_lost_share" in refused(study)
    assert "  " not in refused(study), "no column has the times, and none is named"
    knowingly = CohortParameters(minimum_events=2, largest_lost_share=1.0)
    verdict = exclusions_by_event(Dependence(**read(study, knowingly).summary["excluded_by_event"]), knowingly)
    assert not verdict.passed
    assert "14 of 26 patients with the event and 0 of 14 without it" in verdict.description


def test_times_lost_alike_pass(tmp_path: Path):
    months: list[Any] = MONTHS.tolist()
    for row in (0, 1, 2, 3, 4, 5):
        months[row] = ""
    found = read(cohort(tmp_path, {"T": months, "E": [int(died) for died in DIED]}))
    assert exclusions_by_event(Dependence(**found.summary["excluded_by_event"]), FEW).passed
    assert found.summary["left_out"] == {"no time for OS": {"event": 4, "censored": 2, "unknown": 0}}


def test_the_living_have_no_time_of_death(tmp_path: Path):
    columns = {"T": MONTHS, "E": [int(died) for died in DIED], "D": MONTHS}
    assert "are alive and have a time of death" in refused(cohort(tmp_path, columns, event_time_column="D"))


def test_gdc_tables_write_missing_with_an_apostrophe(tmp_path: Path) -> None:
    """GDC's clinical.tsv holds '-- where there is no value."""
    days = (MONTHS * 30.4375).round()
    columns = {
        "vital_status": ["Dead" if died else "Alive" for died in DIED],
        "days_to_death": [f"{time:.0f}" if died else "'--" for time, died in zip(days, DIED)],
        "days_to_last_follow_up": ["'--" if died else f"{time:.0f}" for time, died in zip(days, DIED)],
    }
    study = cohort(
        tmp_path,
        columns,
        time_column="days_to_last_follow_up",
        event_column="vital_status",
        time_unit="days",
        event_values=["Dead"],
        censored_values=["Alive"],
    )
    outcomes = read(study).outcomes
    np.testing.assert_allclose(outcomes["time"], days * 12 / 365.25)
    np.testing.assert_array_equal(outcomes["event"], DIED)


def test_an_unreadable_time_of_death_is_no_death_of_the_living(tmp_path: Path) -> None:
    columns = {
        "T": ["" if died else f"{time:.2f}" for time, died in zip(MONTHS, DIED)],
        "DEATH": [f"{time:.2f}" if died else "alive" for time, died in zip(MONTHS, DIED)],
        "E": [int(died) for died in DIED],
    }
    message = refused(cohort(tmp_path, columns, event_time_column="DEATH"))
    assert "no finite number" in message
    assert "a time of death" not in message


def test_a_column_in_another_unit_is_not_proposed_without_it(tmp_path: Path) -> None:
    """Times of the dead in days beside months: taken as it stands, the column would mix two units in one outcome."""
    columns = {
        "T": ["" if died and k % 2 else f"{MONTHS[k]:.2f}" for k, died in enumerate(DIED)],
        "DEATH_DAYS": [f"{MONTHS[k] * 30.44:.0f}" if died else "" for k, died in enumerate(DIED)],
        "E": [int(died) for died in DIED],
    }
    message = refused(cohort(tmp_path, columns))
    assert "'DEATH_DAYS' (convert it to months first)" in message
    small = dict(columns, DEATH_DAYS=[cell and f"{float(cell) / 30:.0f}" for cell in columns["DEATH_DAYS"]])
    read_so = read(cohort(tmp_path, small, event_time_column="DEATH_DAYS"))
    assert any("DEATH_DAYS" in text and "says days" in text for text in asked(read_so.summary))


def test_the_column_with_times_in_another_unit_is_the_one_named(tmp_path: Path) -> None:
    months = [f"{time:.2f}" for time in MONTHS]
    days = [f"{time * 30.44 * 20:.0f}" if died else "" for time, died in zip(MONTHS, DIED)]
    columns = {"T": months, "DEATH": days, "E": [int(died) for died in DIED]}
    message = refused(cohort(tmp_path, columns, event_time_column="DEATH"))
    assert ", DEATH: " in message
    assert ", T: " not in message
    assert any(value in message for value in days if value)
    assert "onvert DEATH to months" in message or "Convert the column to months" in message
    assert "set endpoint.time_unit" not in message
    mended = dict(columns, DEATH=[cell and f"{float(cell) / 30.44 / 20:.2f}" for cell in days])
    assert len(read(cohort(tmp_path, mended, event_time_column="DEATH")).outcomes) == len(MONTHS)


def test_names_that_state_two_units_are_told_apart(tmp_path: Path) -> None:
    columns = {
        "LAST_DAYS": [f"{time * 4:.0f}" for time in MONTHS],
        "DEATH_MONTHS": [f"{time:.2f}" if died else "" for time, died in zip(MONTHS, DIED)],
        "E": [int(died) for died in DIED],
    }
    study = cohort(tmp_path, columns, time_column="LAST_DAYS", event_time_column="DEATH_MONTHS")
    said = [text for text in asked(read(study).summary) if "says days" in text]
    assert len(said) == 1
    assert "LAST_DAYS" in said[0]
    assert "Convert the column to months" in said[0]


def test_a_decimal_comma_is_named(tmp_path: Path) -> None:
    columns = {"T": [f"{time:.2f}".replace(".", ",") for time in MONTHS], "E": [int(died) for died in DIED]}
    message = refused(cohort(tmp_path, columns))
    assert "decimal point" in message
    columns = {"T": MONTHS.tolist(), "E": [int(died) for died in DIED], "AGE": [f"{year},5" for year in YEARS]}
    assert "decimal point" in refused(cohort(tmp_path, columns))


def test_a_column_of_ones_may_be_censored_patients_only(tmp_path: Path) -> None:
    found = asked(read(cohort(tmp_path, {"T": MONTHS.tolist(), "E": [1] * N})).summary)
    assert any("1 = censored" in text for text in found)


def test_the_time_of_death_as_the_only_time_is_told_and_the_way_out_is_right(tmp_path: Path) -> None:
    """The censored have no time of death: they are not events under another code, and they have a last contact."""
    columns = {
        "days_to_death": [f"{time * 30:.0f}" if died else "" for time, died in zip(MONTHS, DIED)],
        "last_contact": ["" if died else f"{time * 30:.0f}" for time, died in zip(MONTHS, DIED)],
        "E": [int(died) for died in DIED],
    }
    message = refused(cohort(tmp_path, columns, time_column="days_to_death", time_unit="days"))
    assert "nobody is censored" not in message
    assert "endpoint.event_time_column: days_to_death" in message
    followed = {"time_column": "last_contact", "event_time_column": "days_to_death", "time_unit": "days"}
    outcomes = read(cohort(tmp_path, columns, **followed)).outcomes
    np.testing.assert_array_equal(outcomes["event"], DIED)


def test_a_table_that_loses_nobody_asks_for_no_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)  # its import would fail
    assert dependence(pd.DataFrame({"event": [True, False, False]}), []) == Dependence(0, 1, 0, 2, 0, 1.0)
