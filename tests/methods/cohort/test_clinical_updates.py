"""Rows merged into a clinical table, and what they change of each patient."""

from __future__ import annotations

import pandas as pd
import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.cohort.clinical_updates import compare, merge_rows, remove_patients

TABLE = pd.DataFrame(
    {"ID": ["A", "B ", "C"], "TIME": ["1", "2", "3"], "EVENT": ["0", "1", "0"], "AGE": ["50", "", "70"]}
)
EVENT = {"column": "EVENT", "happened": {"1"}}


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_rows_are_merged_in_the_order_of_the_table_and_blanks_say_nothing():
    merged = merge_rows(TABLE, frame(ID=["D", "B"], AGE=["60", "55"], TIME=["9", ""]), "ID", "f")
    assert merged["ID"].tolist() == ["A", "B", "C", "D"]
    assert merged["AGE"].tolist() == ["50", "55", "70", "60"]
    assert merged["TIME"].tolist() == ["1", "2", "3", "9"]
    assert merged["EVENT"].tolist() == ["0", "1", "0", ""]
    assert list(merged.columns) == list(TABLE.columns)


def test_equal_rows_count_once_and_contradictions_are_shown_with_both_versions():
    assert len(merge_rows(TABLE, frame(ID=["A", "A"], AGE=["51", "51"]), "ID", "f")) == 3
    with pytest.raises(CohortError, match=r"patient A is in conflict.*AGE=51 \| AGE=52"):
        merge_rows(TABLE, frame(ID=["A", "A"], AGE=["51", "52"]), "ID", "f")


def test_every_problem_at_once():
    with pytest.raises(CohortError) as caught:
        merge_rows(TABLE, frame(ID=["A", "A", ""], SIZE=["1", "2", "3"], MASS=["1", "1", "1"]), "ID", "f")
    values = [problem.value for problem in caught.value.problems]
    assert values == [
        "unknown column 'SIZE'",
        "unknown column 'MASS'",
        "a row without a patient",
        "patient A is in conflict",
    ]
    with pytest.raises(CohortError, match="no column 'ID'"):
        merge_rows(TABLE, frame(NAME=["A"]), "ID", "f")


def test_withdrawals():
    assert remove_patients(TABLE, ["B"], "ID", "f")["ID"].tolist() == ["A", "C"]
    with pytest.raises(CohortError, match="unknown patients X"):
        remove_patients(TABLE, ["X", "A"], "ID", "f")
    with pytest.raises(CohortError, match="no patient is named"):
        remove_patients(TABLE, [], "ID", "f")


def test_each_kind_of_change_is_named():
    new = frame(
        ID=["A", "B", "D"], TIME=["0.5", "2", "4"], EVENT=["0", "0", "1"], AGE=["50", "44", "1"], MASS=["1", "2", "3"]
    )
    found = compare(TABLE, new, "ID", "TIME", EVENT)
    assert found.new == ["D"]
    assert found.withdrawn == ["C"]
    assert found.followed == ["A", "B"]
    assert found.corrected == ["B"]
    assert found.shrunk == ["A", "B"], "a shorter time; an event taken back"
    assert found.columns_added == ["MASS"]
    assert found.counts()["shrunk"] == 2
    assert "A" not in repr({name: value for name, value in found.counts().items() if "columns" not in name})


def test_an_equal_table_changes_nothing():
    found = compare(TABLE, TABLE.iloc[::-1], "ID", "TIME", EVENT)
    assert not any(found)


def test_columns_of_one_table_alone_are_named_and_not_compared():
    new = TABLE.assign(AGE=[f" {value} " for value in TABLE["AGE"]], **{f"X{k}": "1" for k in range(3)})
    found = compare(TABLE.assign(OLD="1"), new, "ID", "TIME", EVENT)
    assert found.columns_added == ["X0", "X1", "X2"]
    assert found.columns_removed == ["OLD"]
    assert found.corrected == []
