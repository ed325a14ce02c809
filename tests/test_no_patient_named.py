"""No patient is named where it is not necessary, whatever their identifiers look like: a search of every byte that a run leaves.

Named they are in the values of the store, in which they are the identifiers of rows, and in two tables of the results.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.checks.verdict import Verdict
from groprog_assets.cli.evidence import FORMATS
from groprog_assets.cli.main import main
from groprog_assets.definitions import build_definitions
from groprog_assets.export.results_folder import NAME_PATIENTS
from groprog_assets.graph.patient_names import known_patients
from groprog_assets.running.execution import RunReport, run_lock, run_study
from groprog_assets.running.sensors import told_unnamed
from groprog_assets.store.workspace import Workspace
from tests.odd_names import pattern, renamed
from tests.trained_study import LITTLE


@pytest.fixture
def names(study: Path) -> list[str]:
    return renamed(study)


def run(study: Path, select: str) -> RunReport:
    workspace = Workspace(study)
    with run_lock(workspace):
        return run_study(workspace, build_definitions(study_path=str(study)), select)


def content(path: Path) -> bytes:
    """The bytes of a file and, of a table whose bytes are compressed, its cells."""
    found = path.read_bytes()
    if path.suffix == ".parquet":
        return found + pd.read_parquet(path).to_csv().encode()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            return found + repr([connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables]).encode()
    return found


def found_in(study: Path, names: list[str]) -> dict[str, set[bytes]]:
    """{file: names} of everything that a run has written, but for the values and the tables that name patients."""
    workspace, wanted = Workspace(study), pattern(names)
    found = {}
    for folder in (workspace.state, workspace.results):
        for path in sorted(folder.rglob("*")):
            values = path.is_relative_to(workspace.state / "store") or path.is_relative_to(workspace.state / "cache")
            if (
                path.is_file()
                and not values
                and path.name not in NAME_PATIENTS
                and (seen := wanted.findall(content(path)))
            ):
                found[str(path.relative_to(study.parent))] = set(seen)
    return found


def kept(study: Path) -> bytes:
    home = Workspace(study).home
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


def test_the_patients_of_every_table_are_known(study: Path, names: list[str]):
    known = known_patients(Workspace(study))
    assert set(names) <= known


@pytest.mark.parametrize("cell", ["a\tb\tc", '"'], ids=["too many cells", "an open quote"])
def test_the_patients_of_a_table_that_cannot_be_read_are_known(study: Path, names: list[str], cell: str):
    path = Workspace(study).study.cohort.clinical
    lines = path.read_text().splitlines()
    lines[3] += f"\t{cell}"
    path.write_text("\n".join(lines) + "\n")
    own = [line.split("\t")[0] for line in lines[1:]]
    assert set(own) <= known_patients(Workspace(study))
    report = run(study, "clinical_records")
    assert report.failures
    assert found_in(study, names) == {}


@pytest.mark.parametrize("which", range(8))
def test_a_refused_table_names_patients_to_who_ran_it_alone(study: Path, names: list[str], which: int):
    path = Workspace(study).study.cohort.clinical
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1 + which]]) + "\n")
    name = lines[1 + which].split("\t")[0]
    report = run(study, "clinical_records")
    assert name in report.failures[0][1] or repr(name)[1:-1] in report.failures[0][1]
    assert b"p-" in kept(study)
    assert found_in(study, names) == {}


def test_an_error_of_the_program_names_patients_to_who_ran_it_alone(
    study: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> None:
        raise KeyError(names[0], {"patient": names[5]})

    monkeypatch.setattr("groprog_assets.methods.cohort.clinical_records.read_clinical", broken)
    report = run(study, "clinical_records")
    assert names[0] in report.failures[0][1]
    assert "KeyError" in report.failures[0][1]
    assert b"KeyError" in kept(study)
    assert b"Traceback" in kept(study)
    assert found_in(study, names) == {}


def test_what_a_sensor_raises_names_nobody(study: Path, names: list[str]):
    with pytest.raises(dg.Failure) as caught, told_unnamed(Workspace(study)):
        raise KeyError(names[5])
    assert "KeyError" in str(caught.value)
    assert not pattern(names).search(str(caught.value).encode())
    assert caught.value.__suppress_context__


def test_headlines_and_checks_name_nobody(study: Path, names: list[str], monkeypatch: pytest.MonkeyPatch):
    asset = importlib.import_module("groprog_assets.assets.cohort.clinical_records")
    text = f"the first is {names[0]}, then {names[1]}"
    made = asset.materialized
    monkeypatch.setattr(asset.check, "outcome_coding", lambda *_: Verdict("outcome_coding", True, text))
    monkeypatch.setattr(
        asset, "materialized", lambda *args, **told: made(*args, **told, first=text, each={names[2]: 1})
    )
    assert not run(study, "clinical_records").failures
    record = Workspace(study).derivations.current_record("clinical_records")
    assert record is not None
    assert "the first is p-" in record["headline"]["first"]
    assert found_in(study, names) == {}


@pytest.mark.slow
def test_a_whole_run_and_what_leaves_it_name_nobody(study: Path, names: list[str], tmp_path: Path):
    document = yaml.safe_load(study.read_text())
    document["parameters"] = LITTLE
    study.write_text(yaml.safe_dump(document))
    assert CliRunner().invoke(main, ["run", str(study)]).exit_code == 0
    assert len(names) == 100
    assert found_in(study, names) == {}
    wanted = pattern(names)
    for form in FORMATS:
        done = CliRunner().invoke(
            main, ["lineage", "export", "--study", str(study), "--format", form, "--output", str(tmp_path / form)]
        )
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(
        main, ["export", str(study), "--format", "multiqc", "--output", str(tmp_path / "multiqc")]
    )
    assert done.exit_code == 0, done.output
    written = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(study.parent)]
    assert len(written) > 5
    assert [path for path in written if wanted.search(content(path))] == []
