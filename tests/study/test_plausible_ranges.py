"""Kinds of fields, their units and ranges; what lies outside is refused with the value, the line and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import Problem
from groprog_assets.methods.cohort.clinical_records import read_covariates
from groprog_assets.methods.cohort.clinical_tables import read_table
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.plausible_ranges import PLAUSIBLE_RANGES, kind_of, plain_unit
from groprog_assets.study.schema import ClinicalField, UnitRange


def problems(folder: Path, values: list[str], **field: object) -> list[Problem]:
    (folder / "c.tsv").write_text("ID\tX\n" + "".join(f"p{k}\t{value}\n" for k, value in enumerate(values)))
    table = read_table(folder / "c.tsv")
    given = ClinicalField.model_validate({"column": "X", "kind": "continuous", **field})
    return read_covariates(table, table.cells["ID"], [given], CohortParameters().plausible_ranges)[1]


@pytest.mark.parametrize(
    ("field", "bad", "good"),
    [
        ({"name": "age", "unit": "years"}, ["1e30", "700", "-65", "124"], ["0", "18", "122"]),
        ({"name": "age"}, ["1e30", "700", "-65"], ["0.5", "89"]),
        ({"name": "age_at_diagnosis", "unit": "days"}, ["-20000", "50000"], ["21000"]),
        ({"name": "albumin", "unit": "g/dl"}, ["-3.6", "41", "0"], ["1.2", "6.5"]),
        ({"name": "serum_albumin", "unit": "g/L"}, ["4.1e3", "-36"], ["41"]),
        ({"name": "bmi", "unit": "kg/m²"}, ["0", "2500", "-22"], ["14", "71"]),
        ({"name": "platelets", "unit": "10⁹/l"}, ["-1", "250000"], ["250", "5"]),
        ({"name": "creatinine", "unit": "µmol/l"}, ["-80", "1e5"], ["80"]),
        ({"name": "stage"}, ["9", "-1", "99"], ["0", "4"]),
        ({"name": "karnofsky"}, ["101", "-10"], ["80"]),
        ({"name": "marker", "unit": "ng/ml"}, ["-0.1"], ["0", "1e6"]),
        ({"name": "marker"}, ["1e30", "-1e13"], ["-5", "1e6"]),
    ],
)
def test_values_outside_are_refused_and_inside_pass(tmp_path: Path, field: dict, bad: list[str], good: list[str]):
    assert problems(tmp_path, good, **field) == []
    for value in bad:
        (found,) = problems(tmp_path, [*good, *good, *good, value], **field)
        assert f"line {3 * len(good) + 2}" in found.value
        assert f"{float(value):g}" in found.value
        assert "parameters.cohort.plausible_ranges" in found.rule
        lowest, highest = sorted((float(value), *map(float, good)))[:: len(good)][:2]
        assert problems(tmp_path, [*good, value], **field, plausible=[min(lowest, highest) - 1, 1e31]) == []


def test_a_column_in_another_unit_is_told_so_and_the_way_out_leads_to_the_right_values(tmp_path: Path):
    days = [str(year * 365.25) for year in (44, 58, 71)]
    (found,) = problems(tmp_path, days, name="age", unit="years")
    assert "Read in days the median is 58 years" in found.remedy
    stated = [UnitRange(unit="days", lowest=0, highest=44926, factor=0.00273785)]
    assert "factor: 0.00273785" in found.remedy
    assert problems(tmp_path, days, name="age", unit="years", units=stated) == []
    (found,) = problems(tmp_path, ["38", "41", "44"], name="albumin", unit="g/dl")
    assert "unit: g/l" in found.remedy
    assert problems(tmp_path, ["38", "41", "44"], name="albumin", unit="g/l") == []


def test_the_study_states_a_range_of_a_kind_or_of_a_field(tmp_path: Path):
    narrow = CohortParameters.model_validate({"plausible_ranges": {"age": {"years": [18, 100]}}})
    assert narrow.plausible_ranges["albumin"] == PLAUSIBLE_RANGES["albumin"]
    (tmp_path / "c.tsv").write_text("ID\tAGE\np1\t17\n")
    table = read_table(tmp_path / "c.tsv")
    age = ClinicalField(column="AGE", name="age", kind="continuous", unit="years")
    assert len(read_covariates(table, table.cells["ID"], [age], narrow.plausible_ranges)[1]) == 1
    wide = age.model_copy(update={"plausible": (0.0, 100.0)})
    assert read_covariates(table, table.cells["ID"], [wide], narrow.plausible_ranges)[1] == []


@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        ("age", "x", "age"),
        ("x", "AgeAtDiagnosis", "age"),
        ("stage", "AJCC", "stage"),
        ("dosage", "x", "any"),
        ("age_change", "AGE", "any"),
        ("log_albumin", "ALB", "any"),
        ("hemoglobin", "HGB", "haemoglobin"),
        ("salt", "SALT", "any"),
    ],
)
def test_kinds_by_whole_words(name: str, column: str, kind: str):
    assert kind_of(name, column, PLAUSIBLE_RANGES) == kind


def test_units_in_other_spellings():
    assert plain_unit("x10^9/L") == plain_unit("10⁹/l") == plain_unit("10*9/L") == "10^9/l"
    assert plain_unit("Years") == plain_unit("yr") == "years"


def test_new_patients_of_a_model_are_converted_not_the_study(tmp_path: Path):
    """The study's unit is the one the model was trained in: another would change what every value means."""
    (tmp_path / "c.tsv").write_text("ID\tX\nn1\t41\n")
    table = read_table(tmp_path / "c.tsv")
    field = ClinicalField(column="X", name="albumin", kind="continuous", unit="g/dl")
    _, (found,) = read_covariates(table, table.cells["ID"], [field], trained=True)
    assert (
        found.remedy
        == "They are plausible in g/l: if so, convert them to g/dl, the unit that the model was trained in."
    )
    (tmp_path / "c.tsv").write_text("ID\tX\nn1\t700\n")
    field = ClinicalField(column="X", name="age", kind="continuous", unit="years")
    _, (found,) = read_covariates(read_table(tmp_path / "c.tsv"), table.cells["ID"], [field], trained=True)
    assert "convert them to years" in found.remedy


def test_an_external_cohort_in_another_unit_is_read_in_the_models(tmp_path: Path):
    """The way out that `study check` names: the unit of the study's cohort, and how the file's values become it."""
    (tmp_path / "c.tsv").write_text("ID\tX\nn1\t41\n")
    table = read_table(tmp_path / "c.tsv")
    stated = [UnitRange(unit="g/l", lowest=10, highest=65, factor=0.1)]
    field = ClinicalField(column="X", name="albumin", kind="continuous", unit="g/dl", units=stated)
    records, found = read_covariates(table, table.cells["ID"], [field], trained=True)
    assert found == []
    assert records["albumin"].tolist() == pytest.approx([4.1])
