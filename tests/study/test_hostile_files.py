"""Files and values that would crash, stop or flood a reader are refused in words."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
import yaml

from groprog_assets.errors import AnnotationError, TextTableError
from groprog_assets.study.annotation_files import coordinate, lines
from groprog_assets.study.check import check_study
from groprog_assets.study.cron import cron_problem
from groprog_assets.study.files import open_regular
from groprog_assets.study.intervals import parse_interval
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.text_tables import LONGEST_CELL, RowReader, table_layout


def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in ((tmp_path / "pipe", "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(OSError, match=words):
            open_regular(path)
        with pytest.raises(TextTableError, match=words):
            table_layout(path)
        with pytest.raises(AnnotationError, match=words):
            list(lines(path))


def test_a_study_of_pipes_and_devices_is_refused_at_once(study: Path) -> None:
    document = yaml.safe_load(study.read_text())
    document["data_roots"] = ["/dev"]
    document["genome"]["annotation"] = "/dev/zero"
    document["cohort"]["clinical"] = "pipe"
    os.mkfifo(study.parent / "pipe")
    study.write_text(yaml.safe_dump(document))
    said = "\n".join(map(str, check_study(study)))
    assert "/dev/zero: a device, no regular file" in said
    assert "pipe: a pipe, no regular file" in said
    os.mkfifo(study.parent / "other.yaml")
    (problem,) = check_study(study.parent / "other.yaml")
    assert "a pipe" in problem.value


@pytest.mark.parametrize("damage", ["cut", "altered", "tail"])
def test_damaged_gzip_is_named(tmp_path: Path, damage: str) -> None:
    whole = gzip.compress(b"".join(b"chr%d\t%d\n" % (k, k * 7919 % 999) for k in range(20_000)), mtime=0)
    path = tmp_path / "a.gz"
    middle = len(whole) // 2
    path.write_bytes(
        {"cut": whole[:middle], "altered": whole[:middle] + b"\0" * 9 + whole[middle + 9 :], "tail": whole + b"tail"}[
            damage
        ]
    )
    with pytest.raises(AnnotationError, match="cannot be read"):
        list(lines(path))
    with pytest.raises(TextTableError, match=r"gzip|not UTF-8"):
        list(RowReader(table_layout(path)))


def test_text_that_is_no_utf8_in_a_gzip_that_is_cut_off(tmp_path: Path) -> None:
    """The line that cannot be decoded is looked for in a file that cannot be read to its end."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"a\tb\n" * 3000 + os.urandom(9000), mtime=0)[:-20])
    with pytest.raises(TextTableError):
        list(RowReader(table_layout(path)))


@pytest.mark.parametrize("cell", ['"' + "y, " * LONGEST_CELL + '"', "z" * (LONGEST_CELL + 1)])
def test_a_cell_without_end_is_named_by_its_line(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"a,b,c\n1,2,3\n4,{cell},6\n")
    with pytest.raises(TextTableError, match=r"a\.csv:3: a cell of"):
        list(RowReader(table_layout(path)))


@pytest.mark.parametrize("text", ["-1", "1.5", "", "9" * 5000, "12345678901", "1e3", "²"])
def test_what_is_no_coordinate(text: str) -> None:
    assert coordinate(text) is None
    assert parse_interval(f"chr1:{text}-{text}") is None
    assert coordinate("9876543210") == 9_876_543_210


def problems_of(study: Path, text: str) -> str:
    study.write_text(study.read_text() + text)
    return "\n".join(map(str, check_study(study)))


def test_merge_keys_are_counted_before_they_are_written_out(study: Path) -> None:
    few = "".join(f"m{k}: &m{k} {{<<: [{', '.join([f'*m{k - 1}'] * 9) if k else ''}], a{k}: 1}}\n" for k in range(9))
    assert "do merge keys repeat each other" in problems_of(study, few.replace("[]", "{}"))


def test_a_merge_into_itself_is_refused(study: Path) -> None:
    assert "too many values" in problems_of(study, "a: &a\n  <<: *a\n  b: 1\n")


def test_half_a_character_is_refused(study: Path) -> None:
    study.write_text(study.read_text().replace("title: ", 'title: "\\ud83d" # '))
    (problem,) = check_study(study)
    assert problem.value == "\\ud83d"
    assert "half of a character" in problem.rule


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("training", "learning_rate", float("inf")),
        ("annotation", "minimum_width", 10**25),
        ("evaluation", "folds", 10**9),
        ("evaluation", "horizons_months", [1e300]),
        ("cohort", "landmark_months", float("nan")),
        ("cohort", "landmark_months", -1),
        ("perturbation", "noise", [0.1, float("-inf")]),
    ],
)
def test_infinite_and_absurd_parameters_are_refused(study: Path, group: str, name: str, value: object) -> None:
    document = yaml.safe_load(study.read_text())
    document["parameters"].setdefault(group, {})[name] = value
    study.write_text(yaml.safe_dump(document))
    (problem,) = check_study(study)
    assert f"parameters.{group}.{name}" in problem.where
    assert "Value error" not in problem.rule


def test_the_published_values_keep_their_own_bounds() -> None:
    Parameters.model_validate(Parameters().model_dump())


@pytest.mark.parametrize(
    "line", ["0 2 31 2 *", "0 0 31 4,6,9,11 *", "99 2 * * 1", "* * * *", "0 2 0 1 *", "*/0 * * * *"]
)
def test_a_time_that_never_comes(study: Path, line: str) -> None:
    assert cron_problem(line)
    assert "retrain_cron" in problems_of(study, f'\nretrain_cron: "{line}"\n')


@pytest.mark.parametrize(
    "line", ["0 2 * * 1", "*/5 8-18 * * mon-fri", "0 0 29 2 *", "0 2 31 2 7", "5 4 1,15 jan-mar sat-sun"]
)
def test_a_time_that_comes(line: str) -> None:
    assert cron_problem(line) == ""


def test_a_name_longer_than_a_file_system_has_is_refused(study: Path) -> None:
    study.write_text(study.read_text().replace("genome/annotation.gtf", "x" * 9000))
    (problem,) = check_study(study)
    assert "genome.annotation" in problem.where
    assert "255 bytes" in problem.rule
