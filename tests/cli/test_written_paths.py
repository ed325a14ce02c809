"""No command writes over what it or its study reads, nor where the study keeps its state."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.cli.written_paths import WRITTEN, WRITTEN_OR_DASH

OF_WRITING = ("output", "picture", "pages", "table", "new_key")


def commands(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


COMMANDS = dict(commands(main))


@pytest.fixture
def study(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written.parent, tmp_path / "study")) / "study.yaml"


def said(*words: str | Path) -> str:
    """What a command that must be refused prints."""
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exit_code == 2, result.output
    return result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_that_names_a_place_to_write_is_guarded(name: str):
    for option in COMMANDS[name].params:
        if option.name in OF_WRITING and isinstance(option.type, click.Path):
            assert option.type in (WRITTEN, WRITTEN_OR_DASH), f"{name} --{option.name}"


def test_there_are_options_to_guard():
    guarded = [name for name, command in COMMANDS.items() if any(option.type is WRITTEN for option in command.params)]
    assert {"lineage export", "lineage trace", "score", "omics export", "sequence variants"} <= set(guarded)


@pytest.mark.parametrize("words", [["lineage", "export"], ["lineage", "head"], ["score", "new.tsv"]])
@pytest.mark.parametrize(
    "place", ["study.yaml", "cohort.clinical", ".groprog/new.json", "inbox/new.json", "results/old.tsv"]
)
def test_a_file_of_the_study_is_no_place_for_an_answer(study: Path, words: list[str], place: str):
    document = yaml.safe_load(study.read_text())
    document["cohort"]["inbox"] = "inbox"
    study.write_text(yaml.safe_dump(document))
    path = study.parent / (document["cohort"]["clinical"] if place == "cohort.clinical" else place)
    if place.startswith("results"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("kept")
    before = path.read_bytes() if path.exists() else None
    told = said(
        *words[:1],
        *(words[1:] if words[0] == "lineage" else []),
        study,
        *(words[1:] if words[0] == "score" else []),
        "--output",
        path,
    )
    assert f"--output: {path}" in told.replace("\n", "")
    assert "Name a" in told
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_link_to_an_input_is_the_input(study: Path):
    document = yaml.safe_load(study.read_text())
    link = study.parent / "link.json"
    link.symlink_to(study.parent / document["cohort"]["clinical"])
    assert "cohort.clinical" in said("lineage", "export", study, "--output", link)


def test_what_a_command_itself_reads_is_kept(tmp_path: Path, study: Path):
    patients = tmp_path / "new.tsv"
    patients.write_text("patient_id\n")
    assert "PATIENTS" in said("score", study, patients, "--output", patients)
    matrix = tmp_path / "mutations.tsv"
    matrix.write_text("gene\n")
    assert "--matrix" in said("score", study, patients, "--matrix", "mutations", matrix, "--output", matrix)
    model = tmp_path / "model"
    model.mkdir()
    (model / "card.json").write_text("{}")
    assert "MODEL" in said("sequence", "predict", model, patients, "--output", model / "card.json")
    assert patients.read_text() == "patient_id\n"


def test_the_default_table_of_scores_is_not_the_table_that_is_scored(study: Path):
    patients = study.parent / "scores" / "new.tsv"
    patients.parent.mkdir()
    patients.write_text("patient_id\n")
    assert "PATIENTS" in said("score", study, patients)
    assert patients.read_text() == "patient_id\n"


def test_two_answers_are_two_files(tmp_path: Path, study: Path):
    given = tmp_path / "variants.vcf"
    given.write_text("")
    place = tmp_path / "out.vcf"
    assert "the file of --output too" in said("sequence", "variants", study, given, "-o", place, "--table", place)
    edits = tmp_path / "design.tsv"
    assert "the file of --output too" in said("sequence", "design", study, "--gene", "A", "--task", "b", "-o", edits)
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("")
    assert "the file of --output too" in said("sequence", "leak-check", pairs, "-o", tmp_path / "split.svg")
    assert not place.exists()


def test_another_place_is_left_to_the_command(tmp_path: Path, study: Path):
    place = tmp_path / "prov.json"
    place.write_text("an earlier answer")
    result = CliRunner().invoke(main, ["lineage", "export", str(study), "--output", str(place)])
    assert "--output" not in result.output
