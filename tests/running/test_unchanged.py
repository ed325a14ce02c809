"""A run that finds nothing changed starts nothing; one change is one change; what was lost is made or shown again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner, Result

from groprog_assets.cli.main import main
from groprog_assets.intake import sound_study
from groprog_assets.running.execution import study_instance
from groprog_assets.store.workspace import Workspace

SELECT = ["--select", "gene_models or clinical_records or read_quality or raw_reads"]


def run(study: Path) -> Result:
    result = CliRunner().invoke(main, ["run", str(study), *SELECT])
    assert result.exit_code == 0, result.output
    return result


def runs(study: Path) -> int:
    with study_instance(Workspace(study)) as instance:
        return instance.get_runs_count()


@pytest.fixture
def made(study: Path) -> Path:
    run(study)
    return study


def test_nothing_changed_is_no_run_and_says_kept_everywhere(made: Path):
    before, values = runs(made), 2 * len(Workspace(made).study.libraries) + 2
    again = run(made)
    assert f"0 values computed, {values} kept" in again.output
    assert again.output.count("· ") == values
    assert runs(made) == before
    history = CliRunner().invoke(main, ["lineage", "history", str(made), "gene_models"]).output.splitlines()
    assert "computed" in history[0]
    assert "kept" in history[1]
    assert CliRunner().invoke(main, ["lineage", "verify", str(made)]).exit_code == 0


def test_one_change_runs_one_step_and_keeps_the_rest(made: Path):
    before = runs(made)
    document = yaml.safe_load(made.read_text())
    document["parameters"] = {"annotation": {"minimum_width": 900}}
    made.write_text(yaml.safe_dump(document))
    output = run(made).output
    assert "✓ gene_models" in output
    assert output.count("✓ ") == 1
    assert runs(made) == before + 1


def test_a_lost_history_of_the_ui_is_shown_again(made: Path):
    shutil.rmtree(Workspace(made).home)
    output = run(made).output
    assert "0 values computed" in output
    assert runs(made) > 0


def test_a_lost_pointer_is_set_again_by_a_run(made: Path):
    before = runs(made)
    pointer = Workspace(made).derivations.root / "current" / "gene_models" / "_.json"
    pointer.unlink()
    assert "· gene_models" in run(made).output
    assert pointer.is_file()
    assert runs(made) == before + 1


def test_results_are_written_again_where_one_was_changed(made: Path):
    results = Workspace(made).results
    names = list(json.loads((results / "manifest.json").read_text()))
    path = results / names[0]
    content = path.read_bytes()
    path.write_bytes(b"altered")
    run(made)
    assert path.read_bytes() == content


def test_the_check_before_a_run_is_remembered_until_a_file_changes(made: Path, monkeypatch: pytest.MonkeyPatch):
    from groprog_assets.intake import preflight

    read: list[bool] = []
    check = preflight.preflight
    monkeypatch.setattr(preflight, "preflight", lambda *given: (read.append(True), check(*given))[1])
    first = run(made)
    assert not read, "the run before noted that the study is sound"
    assert "patients have expression" not in first.output, "its notices are not printed again"
    assert "2 notices as at the last check" in first.output
    clinical = made.parent / "cohort" / "clinical.tsv"
    clinical.write_text(clinical.read_text() + "\n")
    run(made)
    assert read


def test_notices_that_name_a_patient_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    workspace = SimpleNamespace(state=tmp_path)
    monkeypatch.setattr(sound_study, "checked", lambda workspace: "all")
    monkeypatch.setattr(sound_study, "unnamed", lambda workspace, text: text.replace("TCGA-AB-1234", "p-1"))
    sound_study.keep_notices(workspace, "all", ["4 of 60 patients have no expression"])
    assert sound_study.known_notices(workspace) == ["4 of 60 patients have no expression"]
    sound_study.keep_notices(workspace, "all", ["TCGA-AB-1234 is twice there"])
    assert sound_study.known_notices(workspace) is None
    assert list(tmp_path.iterdir()) == []
