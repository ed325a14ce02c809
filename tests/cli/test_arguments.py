"""What a newcomer forgets or mistypes is answered with what was meant, and how to say it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from groprog_assets.cli.arguments import NeededArgument
from groprog_assets.cli.main import main
from tests.cli.test_study_place import every_command


def said(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    "words", [("run", "--select", ""), ("run", "--select="), ("run", "", "--dry-run"), ("run", "--select", "  ")]
)
def test_an_empty_word_is_no_selection_of_everything(
    study: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
):
    monkeypatch.chdir(study.parent)
    assert "is empty. Give a value, or leave it out" in said(*words)
    assert not (study.parent / ".groprog").exists()


def test_every_argument_that_must_be_given_says_what_it_is():
    for name, command in every_command(main).items():
        for parameter in command.params:
            if isinstance(parameter, click.Argument) and parameter.required:
                assert isinstance(parameter, NeededArgument), f"{name} {parameter.name}"


@pytest.mark.parametrize(
    ("words", "example"),
    [
        (("score",), "groprog score {} new_patients.tsv"),
        (("inbox", "check"), "groprog inbox check {} march.update.tsv"),
        (("lineage", "trace"), "groprog lineage trace {} pausing"),
        (("omics", "erase"), "groprog omics erase {} withdrawn.txt"),
    ],
)
def test_a_forgotten_argument_is_not_the_study(
    study: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], example: str
):
    monkeypatch.chdir(study.parent)
    assert f"Example: {example.format('STUDY')}" in said(*words)
    for given in (".", "study.yaml", str(study), str(study.parent)):
        told = said(*words, given)
        assert f"'{given}' is the study" in told
        assert f"Example: {example.format(given)}" in told


def test_an_asset_named_as_a_folder_is_an_asset(study: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(study.parent)
    (study.parent / "pausing").mkdir()
    (study.parent / "pausing" / "study.yaml").touch()
    assert "no ledger" in said("lineage", "trace", "pausing")


def test_an_asset_that_was_never_made_has_no_history(study: Path):
    assert CliRunner().invoke(main, ["run", str(study), "--select", "gene_models or raw_reads"]).exit_code == 0
    for question in ("history", "why", "reproduce"):
        assert "Did you mean gene_models" in said("lineage", question, study, "gene_model")
        assert "is made for each library" in said("lineage", question, study, "raw_reads")
        assert "Leave out --partition" in said("lineage", question, study, "gene_models", "--partition", "treated_1")


def test_a_file_where_a_folder_is_needed_and_the_reverse_is_said_as_such(study: Path, tmp_path: Path):
    file, folder = tmp_path / "notes.txt", tmp_path / "kept"
    file.write_text("mine\n")
    folder.mkdir()
    (folder / "mine.txt").touch()
    for words in (("study", "init", file / "x"), ("simulate", file), ("simulate", file / "x")):
        assert f"{file} is a file, where a folder is needed" in said(*words)
    assert "text A study file is a mapping of fields. Name the study's file or folder" in said("status", file)
    assert f"{file} is a file, and a study is a file in a folder" in said("status", file / "study.yaml")
    for command in (("status",), ("study", "check"), ("run",)):
        assert f"Is {study} meant?" in said(*command, study.parent / "reads")
    assert "holds other files" in said("simulate", folder)
    assert sorted(folder.iterdir()) == [folder / "mine.txt"]
    assert CliRunner().invoke(main, ["run", str(study), "--select", "gene_models"]).exit_code == 0
    told = said("lineage", "export", study, "--format", "html", "--output", file)
    assert f"{file}: a file" in told
    assert "Name a folder that is empty, or not there yet" in told
    assert file.read_text() == "mine\n"


def test_a_study_of_ones_own_is_not_simulated_over(study: Path):
    before = study.read_text()
    study.write_text("# mine\n" + before)
    assert "holds other files" in said("simulate", study.parent)
    assert study.read_text() == "# mine\n" + before


@pytest.mark.parametrize("words", [("dev",), ("workers",), ("omics", "serve")])
def test_a_port_that_is_none_is_refused(words: tuple[str, ...]):
    assert "99999 is not in the range" in said(*words, "--port", "99999")


def test_what_is_no_text_is_not_to_be_converted(study: Path, tmp_path: Path):
    told = said("study", "init", tmp_path / "new", "--samplesheet", study.parent / "reads" / "treated_1.bam")
    assert "no text: it has zero bytes" in told
    assert "iconv" not in told
    (tmp_path / "latin.csv").write_bytes("sample,bam\nMüller,a.bam\n".encode("latin-1"))
    assert "iconv -f WINDOWS-1252" in said("study", "init", tmp_path / "new", "--samplesheet", tmp_path / "latin.csv")
