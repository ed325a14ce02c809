"""A study is named alike in every command: by its file, its folder, an option, or by where one is."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.cli.study_place import found_study, split_words, study_and_word, study_argument, study_file

WITHOUT_STUDY = {
    *("simulate", "study init", "workers", "omics merge"),
    *("sequence predict", "sequence evaluate", "sequence leak-check", "sequence reporter-check"),
}
"""Commands that are about no study, or about a model that may lie elsewhere."""


@click.command()
@study_argument
@click.argument("table")
def ask(study: Path, table: str) -> None:
    click.echo(f"{study}|{table}")


@click.command()
@study_and_word
@click.pass_context
def ask_word(context: click.Context, words: tuple[str, ...]) -> None:
    study, word = split_words(context, words)
    click.echo(f"{study}|{word}")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GROPROG_STUDY", raising=False)
    folder = tmp_path / "mine"
    (folder / "cohort" / "deep").mkdir(parents=True)
    (folder / "study.yaml").write_text("name: mine\n")
    monkeypatch.chdir(folder / "cohort" / "deep")
    return folder


def said(command: click.Command, *words: object, **variables: str) -> str:
    result = CliRunner().invoke(command, [str(word) for word in words], env=variables)
    return result.output.strip()


def every_command(group: click.Group, before: str = "") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        found |= every_command(command, path) if isinstance(command, click.Group) else {path: command}
    return found


def test_file_folder_option_variable_and_upwards_are_one_study(place: Path):
    file = place / "study.yaml"
    assert said(ask, file, "t.tsv") == f"{file}|t.tsv"
    assert said(ask, place, "t.tsv") == f"{file}|t.tsv"
    assert said(ask, "../..", "t.tsv") == "../../study.yaml|t.tsv"
    assert said(ask, "--study", place, "t.tsv") == f"{file}|t.tsv"
    assert said(ask, "t.tsv", GROPROG_STUDY=str(place)) == f"{file}|t.tsv"
    assert said(ask, "t.tsv") == f"{file}|t.tsv"


def test_what_is_named_wins_over_the_variable_and_naming_it_twice_is_refused(place: Path):
    assert said(ask, "other.yaml", "t.tsv", GROPROG_STUDY=str(place)) == "other.yaml|t.tsv"
    assert "named twice" in said(ask, "other.yaml", "t.tsv", "--study", place)
    assert "unexpected argument" in said(ask, "a", "b", "t.tsv")


def test_one_word_is_the_study_where_such_a_path_exists(place: Path):
    file = place / "study.yaml"
    assert said(ask_word) == f"{file}|"
    assert said(ask_word, "10ab") == f"{file}|10ab"
    assert said(ask_word, place) == f"{file}|"
    assert said(ask_word, place, "10ab") == f"{file}|10ab"
    assert "unexpected argument" in said(ask_word, place, "10ab", "more")


def test_the_bundled_study_and_the_only_one_below_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert found_study() is None
    for name in ("a", "b"):
        (tmp_path / name / ".groprog").mkdir(parents=True)
        (tmp_path / name / "study.yaml").touch()
        assert found_study() == (Path("a/study.yaml") if name == "a" else None)
    (tmp_path / "var" / "study").mkdir(parents=True)
    (tmp_path / "var" / "study" / "study.yaml").touch()
    assert found_study() == Path("var/study/study.yaml")


def test_a_folder_means_its_study_file(tmp_path: Path):
    assert study_file(tmp_path) == tmp_path / "study.yaml"
    assert study_file(tmp_path / "x.yaml") == tmp_path / "x.yaml"


def test_every_command_of_a_study_takes_it_in_the_same_ways():
    """Each has one argument that may be left out and the option --study."""
    for name, command in every_command(main).items():
        options = [option for parameter in command.params for option in parameter.opts]
        assert ("--study" in options) != (name in WITHOUT_STUDY), name
        if "--study" in options:
            arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
            assert arguments[0].name in ("study", "words"), name
            assert arguments[0].nargs == -1, name


def test_where_there_is_no_study_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GROPROG_STUDY", raising=False)
    monkeypatch.chdir(tmp_path)
    for command in (["run"], ["status"], ["lineage", "verify"]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 2
        assert "Name the study's file or folder" in result.output
