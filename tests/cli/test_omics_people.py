"""Exports of people's data: logged, and of who allows the purpose alone. Erasure of a subject who is in no clinical table."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.beacon.actors import add_actor
from groprog_assets.cli.main import main
from groprog_assets.intake.erasure import waiting_withdrawals
from groprog_assets.store.identities import names
from groprog_assets.store.pseudonyms import pseudonym, sample_pseudonym, study_key
from groprog_assets.store.query_log import read_log
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from tests.assay_files import SUBJECTS, assay_study
from tests.remains import found_in
from tests.trained_study import run

SELECT = "+assay_filled or +omics_catalog"
GENERAL, HEALTH = SUBJECTS[:7], SUBJECTS[7:10]
"""Who allows general research, and who health research alone; the other two have no consent."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = assay_study(tmp_path_factory.mktemp("people") / "study")
    rows = [f"{name}\t1\t2024-01-01\tDUO:0000042" for name in GENERAL]
    rows += [f"{name}\t1\t2024-01-01\tDUO:0000006" for name in HEALTH]
    head = "subject\tversion\tgranted\tpermission\n"
    (study.parent / "consents.tsv").write_text(head + "\n".join(rows) + "\n")
    document = yaml.safe_load(study.read_text())
    document["omics"]["consents"] = {"table": "consents.tsv", "purpose": "health"}
    study.write_text(yaml.safe_dump(document))
    run(study, SELECT)
    return study


@pytest.fixture
def study(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, whose steward ann holds the token."""
    copy = Path(shutil.copytree(made.parent, tmp_path / "study")) / made.name
    monkeypatch.setenv("GROPROG_TOKEN", add_actor(Workspace(copy).state, "ann", "steward"))
    return copy


def told(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["omics", *arguments])
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def samples_in(folder: Path) -> set[str]:
    return set(pd.read_csv(folder / "data_clinical_sample.txt", sep="\t", comment="#")["PATIENT_ID"])


def test_the_list_of_names_has_who_may_be_used_alone(made: Path):
    held = names(Workspace(made).state)
    assert {name for name in held if not name.startswith("sample ")} == {*GENERAL, *HEALTH}
    assert len([name for name in held if name.startswith("sample ")]) == 20
    assert not any(name in text for name in SUBJECTS[10:] for text in held)


def test_an_export_holds_who_allows_the_purpose_and_is_logged(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    key = study_key(Workspace(study).state)
    every = {pseudonym(name, key) for name in (*GENERAL, *HEALTH)}
    said = told("export", str(study), "--format", "cbioportal", "-o", str(tmp_path / "all"))
    assert "subjects: their consent" not in said
    assert samples_in(tmp_path / "all") == every
    few = ("--purpose", "none")
    monkeypatch.setenv("GROPROG_TOKEN", add_actor(Workspace(study).state, "bob", "steward"))
    said = told("export", str(study), "--format", "cbioportal", "-o", str(tmp_path / "few"), *few)
    assert "3 of 10 subjects: their consent does not allow the purpose today" in said
    assert samples_in(tmp_path / "few") == {pseudonym(name, key) for name in GENERAL}
    whole, part = (pd.read_csv(tmp_path / name / "data_rna.txt", sep="\t") for name in ("all", "few"))
    pd.testing.assert_frame_equal(part, whole[part.columns])
    assert len(whole.columns) - len(part.columns) == 3
    log = study.parent / ".groprog" / "queries" / "exports.jsonl"
    rows = read_log(log)
    assert [(row["actor"], row["purpose"], row["outcome"]) for row in rows] == [
        ("ann", "health", "answered"),
        ("bob", "", "answered"),
    ]
    assert json.loads(str(rows[1]["canonical"])) == {"of": "cbioportal", "subjects": 7, "left_out": 3, "studied": []}
    assert len(str(rows[0]["snapshot"])) == 64
    assert "p-" not in log.read_text()
    listed = told("queries", str(study))
    assert "ann exported cbioportal for health: 10 subjects, 0 left out" in listed
    assert "bob exported cbioportal for no stated purpose: 7 subjects, 3 left out" in listed


def test_who_is_no_steward_exports_nothing_and_is_logged(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROPROG_USER", "carl")
    for token, name, why in (
        ("", "carl", "GROPROG_TOKEN is not set"),
        ("nonsense", "carl", "the token in GROPROG_TOKEN is of no actor of this study"),
        (
            add_actor(Workspace(study).state, "rea", "registered"),
            "rea",
            "rea, whose token GROPROG_TOKEN holds, is regist",
        ),
    ):
        monkeypatch.setenv("GROPROG_TOKEN", token)
        said = told("export", str(study), "--format", "cbioportal", "-o", str(tmp_path / "x"), code=2)
        assert why in said
        assert "--role steward" in said
        assert not (tmp_path / "x").exists()
        last = read_log(study.parent / ".groprog" / "queries" / "exports.jsonl")[-1]
        assert (last["actor"], last["outcome"]) == (name, "refused")


def test_what_nobody_allows_is_refused_logged_and_not_written(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GROPROG_DAY", "2023-06-01")  # before anybody consented
    said = told("export", str(study), "--format", "cbioportal", "-o", str(tmp_path / "x"), code=2)
    assert "nobody's does" in said
    assert not (tmp_path / "x").exists()
    assert [row["outcome"] for row in read_log(study.parent / ".groprog" / "queries" / "exports.jsonl")] == ["refused"]
    assert "ann exported cbioportal for health: refused" in told("queries", str(study))
    without = ("--purpose", "disease")
    assert "--studied" in told(
        "export", str(study), "--format", "cbioportal", "-o", str(tmp_path / "x"), *without, code=2
    )


def test_without_its_line_in_the_log_nothing_is_exported(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*given: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    said = told("export", str(study), "--format", "cbioportal", "-o", str(tmp_path / "x"), code=2)
    assert "Nothing is exported that does not stand in the log" in said
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("form", ["pheval", "cbioportal"])
@pytest.mark.parametrize("place", ["file/x", "file/x/y", "dangling", "n" * 300])
def test_a_folder_that_cannot_be_made_is_refused_before_the_log(study: Path, tmp_path: Path, place: str, form: str):
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone" / "x")
    said = told("export", str(study), "--format", form, "-o", str(tmp_path / place), code=2)
    assert "can be made and written" in said
    assert not (study.parent / ".groprog" / "queries" / "exports.jsonl").exists()


def test_the_check_of_a_folder_leaves_nothing(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (study.parent / ".groprog" / "queries" / "exports.jsonl").mkdir(parents=True)
    place = tmp_path / "new" / "x"
    said = told("export", str(study), "--format", "cbioportal", "-o", str(place), code=2)
    assert "A log is a file that can be read and written" in said
    assert not place.parent.exists()


def test_an_erased_subject_is_in_no_byte(study: Path):
    workspace = Workspace(study)
    key = study_key(workspace.state)
    gone = SUBJECTS[3]
    samples = [f"{gone}-{assay}" for assay in ("rna", "protein")]
    words = [pseudonym(gone, key), *(sample_pseudonym(name.rsplit("-", 1)[1], name, key) for name in samples), *samples]
    assert found_in([workspace.state], words)
    (study.parent / "leaving.txt").write_text(f"{gone}\n")
    assert "1 withdrawn" in told("erase", str(study), str(study.parent / "leaving.txt"), "--user", "ann")
    run(study, SELECT)
    workspace = Workspace(study)
    assert waiting_withdrawals(workspace) == 0
    assert found_in([workspace.state], words) == {}
    assert load_asset(workspace, "assay_raw").table["samples"].tolist() == [9, 9]
    assert load_asset(workspace, "omics_catalog") is not None
    assert gone not in names(workspace.state)


def test_a_ledger_made_anew_after_an_erasure_is_sound_with_the_results(study: Path):
    (study.parent / "leaving.txt").write_text(f"{SUBJECTS[3]}\n")
    told("erase", str(study), str(study.parent / "leaving.txt"), "--user", "ann")

    def lineage(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, [*words, str(study)])
        assert done.exit_code == code, done.output
        return " ".join(done.output.split())

    lineage("run", "--select", SELECT, "--user", "ann")
    lineage("lineage", "verify")
    lineage("lineage", "rebuild")
    lineage("lineage", "verify")
