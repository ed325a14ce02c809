"""What the check of a study says of its patients before anything runs; each remedy, followed, lets the study pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from groprog_assets.intake.preflight import cohort_notices, preflight
from groprog_assets.study.check import check_study, load_study

Change = Callable[[dict[str, Any], Path], None]


def said(path: Path, change: Change) -> str:
    """Every problem of a study after `change(document, folder)`; "" when it may run."""
    document = yaml.safe_load(path.read_text())
    change(document, path.parent)
    path.write_text(yaml.safe_dump(document))
    assert check_study(path) == []
    return "\n".join(map(str, preflight(load_study(path))))


def clinical(folder: Path) -> tuple[Path, pd.DataFrame]:
    path = folder / "cohort" / "clinical.tsv"
    return path, pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def save(path: Path, table: pd.DataFrame) -> None:
    table.to_csv(path, sep="," if path.suffix == ".csv" else "\t", index=False)


def nothing(document: dict[str, Any], folder: Path) -> None:
    """No change."""


def test_the_simulated_study_passes(study: Path):
    assert said(study, nothing) == ""


def edit(row: int, **cells: str) -> Change:
    def change(document: dict[str, Any], folder: Path) -> None:
        path, table = clinical(folder)
        for column, value in cells.items():
            table.loc[row, column] = value
        save(path, table)

    return change


@pytest.mark.parametrize(
    ("cells", "needle"),
    [
        ({"AGE": "1e30"}, "1e+30"),
        ({"AGE": "700"}, "outside 0 to 123 years (700; line 7)"),
        ({"AGE": "-65"}, "(-65; line 7)"),
        ({"OS_MONTHS": "5000"}, "line 7"),
        ({"ALBUMIN": "-3.6"}, "(-3.6; line 7)"),
        ({"PATIENT_ID": "sim-0001\u200b"}, "several spellings"),
    ],
)
def test_one_cell_that_cannot_be_is_named_with_its_line(study: Path, cells: dict[str, str], needle: str):
    assert needle in said(study, edit(5, **cells))


def test_a_duplicated_row_under_another_identifier_is_named(study: Path):
    def change(document: dict[str, Any], folder: Path) -> None:
        path, table = clinical(folder)
        save(path, pd.concat([table, table.iloc[10:14].assign(PATIENT_ID=[f"NEW{k}" for k in range(4)])]))

    assert "SIM-0011 and NEW0" in said(study, change)


def leak(values: Callable[[pd.DataFrame], Any], kind: str, column: str = "Q1") -> Change:
    def change(document: dict[str, Any], folder: Path) -> None:
        path, table = clinical(folder)
        save(path, table.assign(**{column: values(table)}))
        document["cohort"]["fields"].append({"column": column, "name": "answer", "kind": kind})

    return change


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        (
            leak(lambda table: table["OS_STATUS"].map({"1:DECEASED": "x", "0:LIVING": "y"}), "categorical"),
            "tells who had the event",
        ),
        (leak(lambda table: table["OS_MONTHS"], "continuous"), "answer (Q1)"),
        (leak(lambda table: range(len(table)), "continuous", "PFS_MONTHS"), "its column PFS_MONTHS is named"),
    ],
)
def test_a_column_that_knows_the_outcome_is_named(study: Path, change: Change, needle: str):
    assert needle in said(study, change)


def test_the_study_vouches_for_a_name(study: Path):
    def change(document: dict[str, Any], folder: Path) -> None:
        path, table = clinical(folder)
        save(path, table.assign(PRIOR_RECURRENCE=["yes", "no", "no"] * (len(table) // 3) + ["no"] * (len(table) % 3)))
        field = {"column": "PRIOR_RECURRENCE", "name": "prior", "kind": "categorical", "baseline_despite_name": True}
        document["cohort"]["fields"].append(field)

    assert said(study, change) == ""


def test_the_outcome_as_a_row_of_the_expression_is_named(study: Path):
    def change(document: dict[str, Any], folder: Path) -> None:
        _, table = clinical(folder)
        path = folder / "cohort" / "expression.tsv"
        matrix = pd.read_csv(path, sep="\t", index_col=0)
        time = pd.to_numeric(table.set_index("PATIENT_ID")["OS_MONTHS"], errors="coerce")
        matrix.loc["SURVTIME"] = (time.reindex(matrix.columns) / 10).to_numpy()
        matrix.to_csv(path, sep="\t")

    assert "expression row SURVTIME" in said(study, change)


def lone_batch(document: dict[str, Any], folder: Path) -> None:
    path, table = clinical(folder)
    table.loc[3, "BATCH"] = "site_9"
    save(path, table)
    document.setdefault("parameters", {})["representation"] = {"harmonization": "combat"}


def test_a_batch_of_one_patient_is_said_and_each_way_out_works(study: Path):
    assert "batch 'site_9' has 1 patient" in said(study, lone_batch)
    without, with_it = ({"representation": {"harmonization": name}} for name in ("none", "combat"))
    assert said(study, lambda document, folder: document["parameters"].update(without)) == ""
    assert "site_9" in said(study, lambda document, folder: document["parameters"].update(with_it))
    assert said(study, edit(3, BATCH="")) == ""


def elsewhere(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Change:
    def changed(document: dict[str, Any], folder: Path) -> None:
        path = folder / document["validation"][0]["clinical"]
        save(path, change(pd.read_csv(path, dtype=str, keep_default_na=False)))

    return changed


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        (lambda table: table.assign(age=["old", *table["age"][1:]]), "'old'"),
        (lambda table: table.assign(age=["inf", *table["age"][1:]]), "'inf'"),
        (lambda table: table.assign(age=["650", *table["age"][1:]]), "(650; line 2)"),
        (lambda table: table.assign(days=["-3", *table["days"][1:]]), "negative"),
        (lambda table: pd.concat([table, table.iloc[:2]]), "more than once"),
        (lambda table: pd.concat([table, table.iloc[:2].assign(id=["ext-0001", "x"])]), "several spellings"),
    ],
)
def test_an_external_cohort_is_read_whole(study: Path, change: Callable[[pd.DataFrame], pd.DataFrame], needle: str):
    text = said(study, elsewhere(change))
    assert needle in text
    assert "validation.other_centre" in text


def shared_rows(document: dict[str, Any], folder: Path) -> None:
    """The first 30 training patients stand in the external table, as that centre writes them, under its own identifiers."""
    _, table = clinical(folder)
    path = folder / document["validation"][0]["clinical"]
    other = pd.read_csv(path, dtype=str, keep_default_na=False)
    known = table[table["OS_MONTHS"] != ""].iloc[:30]
    added = pd.DataFrame(
        {
            "id": [f"NEW-{k}" for k in range(len(known))],
            "days": (pd.to_numeric(known["OS_MONTHS"]) * 365.25 / 12).round().astype(int).astype(str),
            "vital": known["OS_STATUS"].map({"1:DECEASED": "dead", "0:LIVING": "alive"}),
            "age": known["AGE"],
            "sex": known["SEX"].str[0],
            "ajcc": "Stage " + known["STAGE"],
            "grade": known["GRADE"],
        }
    )
    added.loc[~added["ajcc"].isin([f"Stage {level}" for level in ("I", "II", "III", "IV")]), "ajcc"] = "unknown"
    save(path, pd.concat([other, added.reset_index(drop=True)]))


def test_training_patients_in_an_external_cohort_are_named_or_left_out(study: Path):
    text = said(study, shared_rows)
    assert "30 by identical rows" in text
    assert said(study, lambda document, folder: document["validation"][0].update(shared_patients="leave_out")) == ""


def test_an_external_cohort_of_training_patients_alone_is_refused_whatever_is_asked(study: Path):
    def change(document: dict[str, Any], folder: Path) -> None:
        own = document["cohort"]
        document["validation"] = [
            {
                "name": "again",
                "clinical": own["clinical"],
                "endpoint": own["endpoint"],
                "shared_patients": "leave_out",
            }
        ]

    assert "are in the training cohort too" in said(study, change)


def test_questions_are_notices(study: Path):
    def change(document: dict[str, Any], folder: Path) -> None:
        document["cohort"]["endpoint"]["time_unit"] = "days"

    assert said(study, change) == ""
    assert any("time_unit: months" in notice.remedy for notice in cohort_notices(load_study(study)))


def test_expression_of_fewer_than_half_of_the_patients_is_said_to_give_no_gene(study: Path):
    matrix = study.parent / "cohort" / "expression.tsv"
    table = pd.read_csv(matrix, sep="\t", index_col=0)
    table.iloc[:, :20].to_csv(matrix, sep="\t")
    with pytest.warns(UserWarning, match="patients of the cohort have expression. A gene that is missing in over half"):
        assert said(study, nothing) == ""
    path, rows = clinical(study.parent)
    save(path, rows[rows["PATIENT_ID"].isin(table.columns[:20])])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*patients of the cohort have expression.*")
        assert "over half" not in said(study, nothing)
