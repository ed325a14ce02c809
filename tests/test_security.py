"""The claims of docs/security.md that no other file tests."""

from __future__ import annotations

import getpass
import io
import json
import re
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
import yaml

from groprog_assets.definitions import build_definitions
from groprog_assets.errors import ArtifactError, StudyError
from groprog_assets.running.execution import run_lock, run_study, study_instance
from groprog_assets.store.artifacts import Store, decode_arrays
from groprog_assets.store.derivations import checked_name
from groprog_assets.store.pseudonyms import masked, pseudonym
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.check import load_study

ROOT = Path(__file__).resolve().parents[1]


def test_an_array_file_with_objects_is_refused():
    sink = io.BytesIO()
    np.savez(sink, a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        decode_arrays(sink.getvalue())


def test_a_study_file_makes_no_objects(study: Path):
    text = study.read_text()
    study.write_text(text + "\ntitle: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(StudyError):
        load_study(study)
    study.write_text(
        "a: &a [x, x]\n" + "".join(f"b{k}: &b{k} [*{'a' if k == 0 else f'b{k - 1}'}, *a]\n" for k in range(40))
    )
    with pytest.raises(StudyError):
        load_study(study)


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "", "x\0", "x" * 65, "a b"])
def test_a_name_is_no_path(study: Path, name: str):
    with pytest.raises(ArtifactError):
        checked_name(name)
    with pytest.raises(ArtifactError):
        Store(study.parent).path(name)
    document = yaml.safe_load(study.read_text())
    document["libraries"][0]["id"] = name
    study.write_text(yaml.safe_dump(document))
    with pytest.raises(StudyError):
        load_study(study)


def test_paths_stay_within_reach(study: Path, tmp_path: Path):
    (tmp_path / "secret.tsv").write_text("x")
    for path in ("/etc/passwd", "../secret.tsv", "cohort/../../secret.tsv"):
        document = yaml.safe_load(study.read_text())
        document["cohort"]["clinical"] = path
        study.write_text(yaml.safe_dump(document))
        with pytest.raises(StudyError, match="data_roots"):
            load_study(study)


def everything_kept(workspace: Workspace) -> bytes:
    """Dagster's databases and logs, the ledger and its head."""
    places = [workspace.home, workspace.ledger_path.parent]
    return b"".join(path.read_bytes() for place in places for path in sorted(place.rglob("*")) if path.is_file())


def test_no_patient_in_events_or_metadata(study: Path):
    workspace = Workspace(study)
    with run_lock(workspace):
        report = run_study(workspace, build_definitions(study_path=str(study)), "+cohort")
    assert not report.failures
    patients = re.findall(r"^(SIM-\d+)", workspace.study.cohort.clinical.read_text(), re.M)
    kept = everything_kept(workspace)
    assert b"clinical_records" in kept
    assert [name for name in patients if name.encode() in kept] == []


@pytest.mark.slow
def test_no_patient_in_a_whole_run(study: Path):
    """Every asset, with its plots, checks and logs; then everything that leaves the ledger."""
    from groprog_assets.lineage import exports, ledger
    from groprog_assets.lineage.site import pages

    document = yaml.safe_load(study.read_text())
    training = {"joint_epochs": 2, "genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "ensemble_seeds": 1}
    document["parameters"] = {"training": training, "evaluation": {"bootstrap_samples": 20}}
    study.write_text(yaml.safe_dump(document))
    workspace = Workspace(study)
    with run_lock(workspace):
        report = run_study(workspace, build_definitions(study_path=str(study)))
    assert not report.failures
    patients = re.findall(r"^(SIM-\d+)", workspace.study.cohort.clinical.read_text(), re.M)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        told = json.dumps([exports.prov(connection), exports.openlineage(connection, "study")], default=str).encode()
    records = [path.read_bytes() for path in sorted(workspace.derivations.root.rglob("*.json"))]
    kept = b"".join([everything_kept(workspace), told, *records, *(content for _, content in pages(workspace))])
    assert b"risk_scores" in kept
    assert [name for name in patients if name.encode() in kept] == []


def test_every_run_is_signed(study: Path):
    from groprog_assets.lineage import ledger

    workspace = Workspace(study)
    for actor in ("ada", ""):
        with run_lock(workspace):
            run_study(workspace, build_definitions(study_path=str(study)), "gene_models", actor=actor)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        signed = [row[0] for row in connection.execute("SELECT actor FROM runs ORDER BY ended").fetchall()]
    assert signed == ["ada", getpass.getuser()]


DEFAULT_FILES = ("tests/test_security.py", "tests/lineage/test_verification.py", "tests/lineage/test_present.py")
"""Where the tests of docs/security.md are when a row names no file."""


def test_every_threat_names_tests_that_are_there():
    lines = (ROOT / "docs" / "security.md").read_text().splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("| ")]
    threats = [row for row in rows if row[-1].strip() not in ("test", "---")]
    assert len(threats) > 30
    for row in threats:
        words = re.findall(r"`([^`]+)`", row[-1])
        files = {word for word in words if word.endswith(".py")}
        source = "".join((ROOT / name).read_text() for name in files.union(DEFAULT_FILES))
        assert words, row[0]
        missing = [
            word for word in words if not word.endswith(".py") and f"def {word.partition('[')[0]}(" not in source
        ]
        assert not missing, (row[0], missing)


def test_a_failure_names_patients_to_who_ran_it_and_not_to_the_log(study: Path):
    path = Workspace(study).study.cohort.clinical
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n")
    workspace = Workspace(study)
    with run_lock(workspace):
        report = run_study(workspace, build_definitions(study_path=str(study)), "clinical_records")
    name = lines[1].split("\t")[0]
    assert name in report.failures[0][1]
    assert name.encode() not in everything_kept(workspace)


def test_words_are_masked_and_parts_of_words_are_not():
    key = bytes(32)
    hidden = pseudonym("P1", key)
    text = "patient P1: 2 rows; P10, (P1) 'P1'. At the end P1."
    assert masked(text, {"P1"}, key) == f"patient {hidden}: 2 rows; P10, ({hidden}) '{hidden}'. At the end {hidden}."


def test_run_configuration_holds_no_secret(study: Path):
    settings = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert "storage" not in settings, "SQLite by default; the address of a database is named by its variable"
    workspace = Workspace(study)
    with run_lock(workspace):
        run_study(workspace, build_definitions(study_path=str(study)), "gene_models")
    key = workspace.state / "pseudonym.key"
    with study_instance(workspace) as instance:
        runs = instance.get_runs(dg.RunsFilter())
        assert runs
        assert all(set(run.run_config) <= {"loggers"} for run in runs)
    if key.is_file():
        assert key.read_bytes() not in everything_kept(workspace)
