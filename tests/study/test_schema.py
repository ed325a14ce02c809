"""The study object: what it accepts, and that the real study file describes the real data."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from groprog_assets.study.check import check_study, load_study, study_notices
from groprog_assets.study.intervals import parse_interval
from groprog_assets.study.schema import ClinicalField, Library

REAL = Path(__file__).parents[2] / "studies" / "mcf7_lihc" / "study.yaml"


@pytest.mark.parametrize("name", ["a/b", "", "-x", "../up", "a b", "x" * 65, ".hidden"])
def test_names_that_cannot_be_file_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Library(id=name, condition="control")


def test_three_mates_are_refused() -> None:
    with pytest.raises(ValidationError):
        Library(id="a", condition="b", reads=["1", "2", "3"])


def test_objects_cannot_be_changed() -> None:
    field = ClinicalField(column="AGE", name="age", kind="continuous")
    with pytest.raises(ValidationError):
        field.name = "other"


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("chr21:26,900,001-26,910,000", ("chr21", 26_900_000, 26_910_000)),
        ("chr1:5-5", ("chr1", 4, 5)),
        ("chr1:0-5", None),
        ("chr1:7-5", None),
        ("chr1", None),
        ("chr1:a-b", None),
    ],
)
def test_intervals_are_one_based_as_written_and_half_open_as_used(text: str, interval: tuple | None) -> None:
    assert parse_interval(text) == interval


def test_the_real_study_has_no_problem(shared: Path) -> None:
    assert check_study(REAL) == []
    study = load_study(REAL)
    assert study.libraries[0].alignments is not None
    assert study.libraries[0].alignments.samefile(shared / "data" / "nascent" / "S0mR1.bam")
    assert study.contrast.treatment == "oestradiol"
    assert sum("p-values are labelled exploratory" in notice.rule for notice in study_notices(study)) == 2
