"""Clinical tables as they come: what is read, what is kept as missing, what is refused and how it is said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets.errors import CohortError
from groprog_assets.methods.cohort.clinical_records import read_clinical, read_covariates, unread_values
from groprog_assets.methods.cohort.clinical_tables import missing_cells, normalised_code, read_table
from groprog_assets.study.check import load_study
from groprog_assets.study.parameters import CohortParameters
from groprog_assets.study.schema import ClinicalField, Cohort, Endpoint, UnitRange

FEW = CohortParameters(minimum_events=1)
AGE = ClinicalField(column="AGE", name="age", kind="continuous", unit="years")
STAGE = ClinicalField(
    column="STAGE", name="stage", kind="ordinal", levels=["I", "II", "III"], vocabulary={"Stage I": "I", "X": ""}
)
SEX = ClinicalField(column="SEX", name="sex", kind="categorical")
ROWS = [
    {"ID": "p1", "T": "10", "E": "1", "AGE": "50", "STAGE": "I", "SEX": "f"},
    {"ID": "p2", "T": "20", "E": "0", "AGE": "60.5", "STAGE": "Stage I", "SEX": "m"},
    {"ID": "p3", "T": "0", "E": "1", "AGE": "NA", "STAGE": "iii", "SEX": ""},
    {"ID": "p4", "T": "30", "E": "0", "AGE": "70", "STAGE": "X", "SEX": "f"},
]


def write(
    folder: Path, rows: list[dict[str, str]], separator: str = "\t", name: str = "clinical.tsv", head: str = ""
) -> Path:
    lines = [separator.join(rows[0]), *(separator.join(row.values()) for row in rows)]
    (folder / name).write_text(head + "\n".join(lines) + "\n")
    return folder / name


def cohort(path: Path, fields: list[ClinicalField] | None = None, **endpoint: Any) -> Cohort:
    given = {"time_column": "T", "event_column": "E", **endpoint}
    return Cohort(clinical=path, patient_column="ID", endpoint=Endpoint(**given), fields=fields or [AGE, STAGE, SEX])


def edited(row: int, **cells: str) -> list[dict[str, str]]:
    return [{**old, **cells} if k == row else old for k, old in enumerate(ROWS)]


def refused(study: Cohort, parameters: CohortParameters = FEW) -> str:
    with pytest.raises(CohortError) as caught:
        read_clinical(study, parameters)
    assert all(problem.rule and problem.remedy for problem in caught.value.problems)
    return str(caught.value)


def test_covariates_and_outcomes_stand_apart(tmp_path: Path) -> None:
    read = read_clinical(cohort(write(tmp_path, ROWS)), FEW)
    assert list(read.records.columns) == ["patient_id", "age", "stage", "sex"]
    np.testing.assert_array_equal(read.records["age"], [50, 60.5, np.nan, 70])
    assert [level if isinstance(level, str) else None for level in read.records["stage"]] == ["I", "I", "III", None]
    assert read.records["sex"].isna().tolist() == [False, False, True, False]
    assert read.outcomes.to_dict("list") == {
        "patient_id": ["p1", "p2", "p3", "p4"],
        "time": [10, 20, 0, 30],
        "event": [True, False, True, False],
    }
    assert read.fields["missing"].tolist() == [1, 1, 1]
    assert json.loads(read.fields["levels"][1]) == ["I", "II", "III"]
    assert json.loads(read.fields["levels"][2]) == ["f", "m"]
    assert read.fields["used"].all()
    assert read.exclusions.empty
    assert json.dumps(read.summary)


@pytest.mark.parametrize("separator", ["\t", ",", ";"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_delimiter_reads_the_same(tmp_path: Path, separator: str, packed: bool) -> None:
    path = write(tmp_path, ROWS, separator)
    if packed:
        path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + path.read_bytes()))
    pd.testing.assert_frame_equal(
        read_clinical(cohort(path), FEW).records,
        read_clinical(cohort(write(tmp_path, ROWS, name="b.tsv")), FEW).records,
    )


def test_cbioportal_rows_and_folder(tmp_path: Path) -> None:
    head = "#Patient\tTime\n#Patient\tTime\n#STRING\tNUMBER\n#1\t1\n"
    rows = [{**row, "E": "1:DECEASED" if row["E"] == "1" else "0:LIVING"} for row in ROWS]
    path = write(tmp_path, rows, name="data_clinical_patient.txt", head=head)
    assert read_clinical(cohort(tmp_path), FEW).outcomes["event"].tolist() == [True, False, True, False]
    bad = [*rows[:3], {**rows[3], "T": "-1"}]
    assert "line 9" in refused(cohort(write(tmp_path, bad, name=path.name, head=head)))


@pytest.mark.parametrize(("unit", "months"), [("days", 12 / 365.25), ("months", 1), ("years", 12)])
def test_times_become_months(tmp_path: Path, unit: str, months: float) -> None:
    read = read_clinical(cohort(write(tmp_path, ROWS), time_unit=unit), FEW)
    np.testing.assert_allclose(read.outcomes["time"], np.array([10, 20, 0, 30]) * months)


@pytest.mark.parametrize("token", ["", "NA", "nan", "[Not Available]", " [not applicable] ", "Unknown", "N/A"])
def test_a_missing_outcome_leaves_the_patient_out_and_says_so(tmp_path: Path, token: str) -> None:
    read = read_clinical(cohort(write(tmp_path, edited(1, T=token))), FEW)
    assert read.outcomes["patient_id"].tolist() == ["p1", "p3", "p4"]
    assert read.exclusions.to_dict("records") == [{"what": "patient", "id": "p2", "reason": "no time for OS"}]
    assert len(read.records) == 4
    read = read_clinical(cohort(write(tmp_path, edited(1, E=token))), FEW)
    assert read.exclusions["reason"].tolist() == ["no event for OS"]


@pytest.mark.parametrize("bad", ["-1", "-0.5"])
def test_negative_times_are_refused(tmp_path: Path, bad: str) -> None:
    text = refused(cohort(write(tmp_path, edited(2, T=bad))))
    assert "negative" in text
    assert "line 4" in text
    assert repr(bad) in text


@pytest.mark.parametrize("bad", ["inf", "-inf", "ten", "1,5", "2020-01-01"])
def test_times_that_are_no_number_are_refused(tmp_path: Path, bad: str) -> None:
    assert "no finite number" in refused(cohort(write(tmp_path, edited(2, T=bad))))


def test_an_unknown_event_vocabulary_is_named_with_counts(tmp_path: Path) -> None:
    rows = [{**row, "E": "dead" if row["E"] == "1" else "alive"} for row in ROWS]
    text = refused(cohort(write(tmp_path, rows)))
    assert "'dead' (2)" in text
    assert "'alive' (2)" in text
    assert "event_values" in text
    named = cohort(write(tmp_path, rows), event_values=["Dead"], censored_values=["Alive"])
    assert read_clinical(named, FEW).outcomes["event"].sum() == 2


@pytest.mark.parametrize(
    ("one", "zero"),
    [("1", "0"), ("1.0", "0.0"), ("1:DECEASED", "0:LIVING"), ("1:Recurred", "0:DiseaseFree"), ("TRUE", "False")],
)
def test_the_usual_codes_are_known(tmp_path: Path, one: str, zero: str) -> None:
    rows = [{**row, "E": one if row["E"] == "1" else zero} for row in ROWS]
    assert read_clinical(cohort(write(tmp_path, rows)), FEW).outcomes["event"].tolist() == [True, False, True, False]


@pytest.mark.parametrize("code", ["2", "2:OTHER", "10", "yes"])
def test_a_competing_code_is_not_guessed(tmp_path: Path, code: str) -> None:
    assert "outside the vocabulary" in refused(cohort(write(tmp_path, edited(0, E=code))))


def test_repeated_and_empty_patients_are_refused_together(tmp_path: Path) -> None:
    rows = [*ROWS, {**ROWS[0], "T": "5"}, {**ROWS[1], "ID": ""}]
    text = refused(cohort(write(tmp_path, rows)))
    assert "'p1'" in text
    assert "lines 2, 6" in text
    assert "without an identifier" in text
    assert "leak" in text


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    rows = edited(0, T="-3")
    rows[1] = {**rows[1], "E": "perhaps", "AGE": "old", "STAGE": "IX"}
    with pytest.raises(CohortError) as caught:
        read_clinical(cohort(write(tmp_path, rows)), FEW)
    assert len(caught.value.problems) == 4


def test_too_few_events_are_refused(tmp_path: Path) -> None:
    text = refused(cohort(write(tmp_path, ROWS)), CohortParameters(minimum_events=10))
    assert "2 events among 4 patients" in text
    assert "at least 10" in text


def test_absent_columns_are_all_named(tmp_path: Path) -> None:
    text = refused(cohort(write(tmp_path, ROWS), time_column="TT", event_column="EE"))
    assert "'TT'" in text
    assert "'EE'" in text


def test_constant_empty_late_and_identifier_fields_are_not_used_and_say_why(tmp_path: Path) -> None:
    rows = [{**row, "AGE": "50", "STAGE": "", "SEX": "f", "LATE": str(k)} for k, row in enumerate(ROWS)]
    late = ClinicalField(column="LATE", name="late", kind="continuous", known_at_days=30)
    fields = read_clinical(cohort(write(tmp_path, rows), [AGE, STAGE, SEX, late]), FEW).fields
    assert not fields["used"].any()
    assert [reason.split(":")[0] for reason in fields["reason"]] == [
        "constant", "no patient has a value", "constant", "known 30 days after baseline",
    ]  # fmt: skip
    landmark = CohortParameters(minimum_events=1, landmark_months=1.0)
    assert read_clinical(cohort(write(tmp_path, rows), [late]), landmark).fields["used"].tolist() == [True]
    many = [{**ROWS[0], "ID": f"p{k}", "SEX": f"name {k}"} for k in range(60)]
    assert "identifier" in read_clinical(cohort(write(tmp_path, many), [SEX]), FEW).fields["reason"][0]


RESPONSE = ClinicalField(
    column="RESPONSE",
    name="response",
    kind="categorical",
    levels=["progressed", "stable", "none yet"],
    recorded_column="SEEN",
    recorded_unit="months",
    until_recorded="none yet",
)


def responses() -> list[dict[str, str]]:
    told = [("progressed", "2"), ("progressed", "9"), ("stable", ""), ("", "1")]
    return [{**row, "RESPONSE": value, "SEEN": seen} for row, (value, seen) in zip(ROWS, told, strict=True)]


@pytest.mark.parametrize(
    ("landmark", "expected"),
    [
        (None, ["none yet", "none yet", "", "none yet"]),
        (3.0, ["progressed", "none yet", "", ""]),
        (9.0, ["progressed", "progressed", "", ""]),
    ],
)
def test_a_value_recorded_after_the_landmark_is_not_read(tmp_path: Path, landmark: float | None, expected: list[str]):
    asked = CohortParameters(minimum_events=1, landmark_months=landmark)
    read = read_clinical(cohort(write(tmp_path, responses()), [AGE, RESPONSE]), asked)
    assert read.records["response"].fillna("").tolist() == expected
    dose = RESPONSE.model_copy(
        update={"column": "AGE", "name": "dose", "kind": "continuous", "levels": [], "until_recorded": ""}
    )
    values = read_clinical(cohort(write(tmp_path, responses()), [SEX, dose]), asked).records["dose"]
    late = [True, True, True, True] if landmark is None else [False, landmark < 9, True, False]
    assert values.isna().tolist() == late


def test_a_time_of_recording_that_is_no_number_is_named(tmp_path: Path):
    rows = responses()
    rows[1] = {**rows[1], "SEEN": "spring"}
    text = refused(cohort(write(tmp_path, rows), [AGE, RESPONSE]))
    assert "'spring'" in text
    assert "when the value of response was recorded, in months after baseline" in text
    assert "line 3" in text


@pytest.mark.parametrize("bad", ["inf", "-inf", "tall", "60 years"])
def test_continuous_values_must_be_finite_numbers(tmp_path: Path, bad: str) -> None:
    text = refused(cohort(write(tmp_path, edited(1, AGE=bad))))
    assert repr(bad) in text
    assert "line 3" in text


def test_a_vocabulary_maps_to_numbers_levels_and_missing(tmp_path: Path) -> None:
    age = AGE.model_copy(update={"vocabulary": {">89": "90", "refused": ""}})
    rows = edited(0, AGE=">89")
    rows[1] = {**rows[1], "AGE": "refused"}
    read = read_clinical(cohort(write(tmp_path, rows), [age]), FEW)
    np.testing.assert_array_equal(read.records["age"], [90, np.nan, np.nan, 70])


def test_an_unknown_level_is_refused_and_none_may_be_a_level(tmp_path: Path) -> None:
    assert "'IV'" in refused(cohort(write(tmp_path, edited(0, STAGE="IV"))))
    field = ClinicalField(column="SEX", name="invasion", kind="ordinal", levels=["none", "NA"])
    rows = [{**row, "SEX": value} for row, value in zip(ROWS, ["none", "NA", "", "None"], strict=True)]
    read = read_clinical(cohort(write(tmp_path, rows), [field]), FEW)
    assert read.records["invasion"].fillna("?").tolist() == ["none", "NA", "?", "none"]


def test_numbers_as_levels_may_be_written_as_decimals(tmp_path: Path) -> None:
    field = ClinicalField(column="SEX", name="ecog", kind="ordinal", levels=["0", "1", "2"])
    rows = [{**row, "SEX": value} for row, value in zip(ROWS, ["0.0", "1", "2.0", ""], strict=True)]
    assert read_clinical(cohort(write(tmp_path, rows), [field]), FEW).records["ecog"].fillna("?").tolist() == [
        "0",
        "1",
        "2",
        "?",
    ]


def test_body_mass_index_needs_both(tmp_path: Path) -> None:
    rows = [
        {**row, "W": w, "H": h} for row, w, h in zip(ROWS, ["80", "70", "", "60"], ["200", "", "170", "0"], strict=True)
    ]
    field = ClinicalField(column="W", name="bmi", kind="continuous", height_column="H")
    read = read_clinical(cohort(write(tmp_path, rows), [field]), FEW)
    np.testing.assert_allclose(read.records["bmi"], [20, np.nan, np.nan, np.nan])


def test_mixed_units_are_told_apart_by_range_and_counted(tmp_path: Path) -> None:
    values = ["4.0", "40", "700", ""]
    rows = [{**row, "ALB": value} for row, value in zip(ROWS, values, strict=True)]
    ranges = [
        UnitRange(unit="g/dl", lowest=1, highest=6.5),
        UnitRange(unit="g/l", lowest=10, highest=65, factor=0.1),
    ]
    field = ClinicalField(column="ALB", name="albumin", kind="continuous", unit="g/dl", units=ranges)
    path = write(tmp_path, rows)
    read = read_clinical(cohort(path, [field, SEX]), FEW)
    np.testing.assert_allclose(read.records["albumin"], [4, 4, np.nan, np.nan])
    assert read.fields["missing"].tolist()[0] == 2
    counts = {"g/dl": 1, "g/l": 1, "no stated unit": 1}
    assert read.summary["units"] == {"albumin": {"unit": "g/dl", "recorded": counts, "not_read": [700.0]}}
    assert [bool(said) for said in unread_values(read_table(path), [field, SEX])] == [False, False, True, False]


def test_new_patients_without_a_column_are_told_so(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, ROWS))
    field = ClinicalField(column="AGE", name="bmi", kind="continuous", height_column="H")
    records, problems = read_covariates(table, table.cells["ID"], [field, SEX])
    assert list(records.columns) == ["patient_id", "sex"]
    assert "'H'" in str(problems[0])
    assert len(problems) == 1


def test_quoted_cells_may_hold_the_delimiter(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text('ID,T,E,AGE,STAGE,SEX\np1,1,1,50,I,"a, b"\np2,2,0,51,II,c\n')
    assert read_clinical(cohort(tmp_path / "c.csv"), FEW).records["sex"].tolist() == ["a, b", "c"]


@pytest.mark.parametrize(
    ("content", "needle"),
    [
        (b"", "no header"),
        (b"#only\n#comments\n", "no header"),
        (b"ID\tT\tE\tAGE\tSTAGE\tSEX\np1\t1\t1\t5\tI\tf\tmore\tcells\n", "the header (line 1) names 6 columns"),
        (b"ID\tT\tT\tE\np1\t1\t1\t0\n", "columns twice"),
        (b"ID\tT\tE\tAGE\tSTAGE\tSEX\n\xff\xfe\t1\t1\t5\tI\tf\n", "c.tsv:2: not UTF-8"),
        (b"ID\tT\tE\tAGE\tSTAGE\tSEX\np1\t1\t1\t5\tI\tf\n\np2\t1\t1\t5\tI\tf\n", "empty row"),
        (b"ID\tT\tE\tAGE\tSTAGE\tSEX\n", "0 events"),
        (b"\x1f\x8b broken gzip", "gzip data cannot be read"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: bytes, needle: str) -> None:
    (tmp_path / "c.tsv").write_bytes(content)
    assert needle in refused(cohort(tmp_path / "c.tsv"))


def test_an_absent_file(tmp_path: Path) -> None:
    assert "none.tsv" in refused(cohort(tmp_path / "none.tsv"))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from("01"), st.sampled_from(["", "1", "2"])), min_size=1, max_size=12
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, str]]) -> None:
    table = [
        {"ID": f"p{k}", "T": str(t), "E": e, "AGE": a, "STAGE": "I", "SEX": "f"} for k, (t, e, a) in enumerate(rows)
    ]
    table.append({"ID": "last", "T": "1", "E": "1", "AGE": "3", "STAGE": "I", "SEX": "f"})
    read = read_clinical(cohort(write(tmp_path_factory.mktemp("c"), table)), FEW)
    assert read.outcomes["time"].tolist() == [float(row["T"]) for row in table]
    assert read.outcomes["event"].tolist() == [row["E"] == "1" for row in table]
    assert read.records["age"].isna().sum() == sum(row["AGE"] == "" for row in table)


def test_the_real_study_reads_every_laboratory_value_in_one_unit(shared: Path) -> None:
    study = load_study(Path(__file__).parents[3] / "studies" / "mcf7_lihc" / "study.yaml")
    read = read_clinical(study.cohort, CohortParameters())
    told = read.summary["units"]
    assert told["inr"]["recorded"]["s (prothrombin time)"] > 50
    assert sum(field["recorded"].get("no stated unit", 0) for field in told.values()) < 20
    for field in told:
        known = read.records[field].dropna()
        assert known.max() / known.median() < 20, field


def test_codes_and_missing_tokens() -> None:
    assert normalised_code(" 1.0 ") == "1"
    assert normalised_code("T1.0A") == "t1.0a"
    assert missing_cells(pd.Series(["none", "", "0", "NA"])).tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("endpoint", "happened", "censored"),
    [
        ("OS", "1:DECEASED", "0:LIVING"),
        ("PFS", "1:PROGRESSION", "0:CENSORED"),
        ("DSS", "1:DEAD WITH TUMOR", "0:ALIVE OR DEAD TUMOR FREE"),
        ("DFS", "1:Recurred/Progressed", "0:DiseaseFree"),
    ],
)
def test_the_words_of_cbioportal_for_each_endpoint_need_no_map(
    tmp_path: Path, endpoint: str, happened: str, censored: str
):
    rows = [f"P{k}\t{k + 1}\t{happened if k % 3 else censored}\t{50 + k}" for k in range(20)]
    path = tmp_path / "data_clinical_patient.txt"
    path.write_text("#Patient\n" * 4 + f"ID\t{endpoint}_MONTHS\t{endpoint}_STATUS\tAGE\n" + "\n".join(rows) + "\n")
    given = Endpoint(name=endpoint, time_column=f"{endpoint}_MONTHS", event_column=f"{endpoint}_STATUS")
    field = ClinicalField(column="AGE", name="age", kind="continuous")
    read = read_clinical(Cohort(clinical=path, patient_column="ID", endpoint=given, fields=[field]), CohortParameters())
    assert read.summary["endpoint"] == endpoint
    assert (len(read.outcomes), int(read.outcomes["event"].sum())) == (20, 13)


@pytest.mark.parametrize(
    ("ages", "sound"), [((50, 61, 99), True), ((50, 61, 999), False), ((18263, 22280, 365), False), ((-21000,), False)]
)
def test_years_that_are_days_are_refused(tmp_path: Path, ages: tuple[int, ...], sound: bool):
    path = tmp_path / "c.tsv"
    path.write_text("ID\tAGE\n" + "".join(f"p{k}\t{age}\n" for k, age in enumerate(ages)))
    table = read_table(path)
    _, problems = read_covariates(table, table.cells["ID"], [AGE])
    assert [problem.where.endswith("AGE") for problem in problems] == ([] if sound else [True])
    days = UnitRange(unit="d", lowest=-50_000, highest=50_000, factor=1 / 365.25)
    _, problems = read_covariates(table, table.cells["ID"], [AGE.model_copy(update={"units": [days]})])
    assert problems == []


def test_real_cohorts(shared: Path) -> None:
    folder = shared / "data" / "cohorts"
    age = ClinicalField(column="AGE", name="age", kind="continuous")
    endpoint = Endpoint(time_column="OS_MONTHS", event_column="OS_STATUS")
    lihc = Cohort(clinical=folder / "tcga_lihc", endpoint=endpoint, fields=[age])
    read = read_clinical(lihc, CohortParameters())
    assert (len(read.outcomes), read.outcomes["event"].sum()) == (333, 115)
    assert read.outcomes["patient_id"].tolist() == json.loads((folder / "tcga_lihc" / "splits.json").read_text())["ids"]
    progression = endpoint.model_copy(update={"name": "PFS", "time_column": "PFS_MONTHS", "event_column": "PFS_STATUS"})
    assert (
        read_clinical(lihc.model_copy(update={"endpoint": progression}), CohortParameters()).outcomes["event"].sum()
        == 161
    )
    for name, patients, events in (("metabric", 1904, 1103), ("gbsg", None, None)):
        path = folder / name / "cohort.csv"
        columns = [column for column in read_table(path).cells if column.startswith("x")]
        fields = [ClinicalField(column=column, name=column, kind="continuous") for column in columns]
        other = Cohort(
            clinical=path,
            patient_column="patient_id",
            endpoint=Endpoint(time_column="time", event_column="event"),
            fields=fields,
            batch_column="split",
        )
        read = read_clinical(other, CohortParameters())
        assert read.fields["used"].all()
        assert set(read.records["batch"]) == {"train", "test"}
        if patients:
            assert (len(read.outcomes), read.outcomes["event"].sum()) == (patients, events)
        else:
            assert len(read.outcomes) == len(pd.read_csv(path))
