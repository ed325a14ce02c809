"""Consents: the largest version counts, no row is no consent, and each rule of a table is named by its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.omics.consents import consent_tables, read_consents
from groprog_assets.study.omics_study import Consents, ConsentToAll

HEADER = "subject\tversion\tgranted\twithdrawn\tpermission\tmodifiers\tdiseases\tuntil\n"
DAY = date(2026, 1, 1)
SUBJECTS = {name: f"p-{name}" for name in "abcd"}


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "consents.tsv"
    path.write_text(HEADER + "".join(row.replace(" ", "\t") + "\n" for row in rows))
    return path


def permitted(path: Path, **given: object) -> list[str]:
    found = consent_tables(Consents(table=path, **given), SUBJECTS, DAY)  # type: ignore[arg-type]
    return found.permitted["subject_id"].tolist()


def test_the_largest_version_counts_and_no_row_is_no_consent(tmp_path: Path):
    path = table(
        tmp_path,
        "a 1 2020-01-01 2021-01-01 DUO:0000042   ",
        "a 2 2022-01-01  DUO:0000042   ",
        "b 1 2020-01-01  DUO:0000042   ",
        "b 2 2020-01-01 2023-01-01 DUO:0000042   ",
        "z 1 2020-01-01  DUO:0000042   ",
    )
    found = consent_tables(Consents(table=path), SUBJECTS, DAY)
    assert found.permitted["subject_id"].tolist() == ["p-a"]
    assert found.summary["refused"] == {"no consent": 2, "withdrawn": 1}
    assert found.summary["rows_of_nobody"] == 1
    assert set(found.table["subject_id"]) == {"p-a", "p-b"}


def test_a_permission_is_for_a_purpose(tmp_path: Path):
    path = table(
        tmp_path,
        "a 1 2020-01-01  DUO:0000006   ",
        "b 1 2020-01-01  DUO:0000007  MONDO:1|MONDO:2 ",
        "c 1 2020-01-01  DUO:0000011   ",
        "d 1 2020-01-01  DUO:0000004   ",
    )
    assert permitted(path) == ["p-d"]
    assert permitted(path, purpose="health") == ["p-a", "p-d"]
    assert permitted(path, purpose="disease", diseases=["MONDO:1"]) == ["p-a", "p-b", "p-d"]
    assert permitted(path, purpose="disease", diseases=["MONDO:3"]) == ["p-a", "p-d"]
    assert permitted(path, purpose="ancestry") == ["p-c", "p-d"]


def test_a_modifier_narrows_until_its_condition_is_met_and_an_unknown_one_refuses(tmp_path: Path):
    path = table(
        tmp_path,
        "a 1 2020-01-01  DUO:0000042 DUO:0000021  ",
        "b 1 2020-01-01  DUO:0000042 DUO:0000099  ",
        "c 1 2020-01-01  DUO:0000042 DUO:0000025  2027-01-01",
        "d 1 2020-01-01  DUO:0000042   2025-12-31",
    )
    assert permitted(path) == ["p-c"]
    assert permitted(path, conditions_met=["DUO:0000021", "DUO:0000099"]) == ["p-a", "p-c"]


def test_who_has_withdrawn_elsewhere_is_out():
    stated = Consents(
        every_subject=ConsentToAll(permission="DUO:0000042", granted=date(2024, 1, 1), reason="published")
    )
    found = consent_tables(stated, SUBJECTS, DAY, {"p-b"})
    assert found.permitted["subject_id"].tolist() == ["p-a", "p-c", "p-d"]
    assert found.table["subject_id"].tolist() == ["p-a", "p-c", "p-d"], "no row of who has withdrawn is kept"
    assert found.summary["refused"] == {"withdrawn": 1}


def test_every_bad_row_is_named(tmp_path: Path):
    path = table(
        tmp_path,
        "a 1.5 2020-01-01  DUO:0000042   ",
        "b 1 someday  DUO:0000042   ",
        "c 1 2020-01-01  DUO:0000001   ",
        "d 1 2020-01-01  DUO:0000007   ",
        "d 1 2020-01-01  DUO:0000042   ",
    )
    with pytest.raises(CohortError) as raised:
        read_consents(path)
    assert {problem.where.rpartition(":")[2] for problem in raised.value.problems} == {
        *("2, column version", "3, column granted", "4, column permission", "5, column diseases", "6, column version")
    }
