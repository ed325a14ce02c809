"""`groprog score` on a trained study: batch equals single, nothing refitted, every refusal named, pages made."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from groprog_assets.cli import main


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny study run up to its model, once."""
    from groprog_assets.simulation import simulate_study

    study = simulate_study(tmp_path_factory.mktemp("trained"), scale="tiny", fastq=False)
    done = CliRunner().invoke(main, ["run", str(study), "--select", "+risk_model"])
    assert done.exit_code == 0, done.output
    return study


def new_patients(study: Path, rows: int = 4) -> pd.DataFrame:
    from groprog_assets.workspace import open_workspace

    cohort = open_workspace(study).study.cohort
    frame = pd.read_csv(cohort.clinical, sep="\t", comment="#", dtype=str, keep_default_na=False)
    outcome = [cohort.endpoint.time_column, cohort.endpoint.event_column]
    return frame.drop(columns=outcome).head(rows)


def score(study: Path, frame: pd.DataFrame, folder: Path, *more: str):
    path = folder / "new.tsv"
    frame.to_csv(path, sep="\t", index=False)
    return CliRunner().invoke(main, ["score", str(study), str(path), *more])


def expression_of(study: Path) -> str:
    from groprog_assets.workspace import open_workspace

    return str(open_workspace(study).study.cohort.expression.path)


def test_a_batch_equals_its_patients_one_by_one_and_nothing_is_refitted(trained: Path, tmp_path: Path):
    frame = new_patients(trained).iloc[1:]  # the first simulated patient has no expression
    state = trained.parent / ".groprog"
    before = {
        path: path.stat().st_mtime_ns for path in state.rglob("*") if path.is_file() and "dagster" not in path.parts
    }
    whole = score(trained, frame, tmp_path, "--expression", expression_of(trained))
    assert whole.exit_code == 0, whole.output
    table = pd.read_csv(io.StringIO(whole.stdout), sep="\t", dtype={"patient_id": str, "notes": str})
    assert {"risk", "risk_lower", "risk_upper", "percentile", "genes_used", "model_version", "notes"} <= set(table)
    assert (table["genes_used"] > 0).all()
    for row in range(len(frame)):
        one = score(trained, frame.iloc[[row]], tmp_path, "--expression", expression_of(trained))
        alone = pd.read_csv(io.StringIO(one.stdout), sep="\t", dtype={"patient_id": str, "notes": str})
        pd.testing.assert_frame_equal(alone, table.iloc[[row]].reset_index(drop=True), rtol=1e-9)
    after = {
        path: path.stat().st_mtime_ns for path in state.rglob("*") if path.is_file() and "dagster" not in path.parts
    }
    assert after == before


def test_pages_and_what_is_said_without_expression(trained: Path, tmp_path: Path):
    done = score(trained, new_patients(trained, 2), tmp_path, "--pages", str(tmp_path / "pages"))
    assert done.exit_code == 0, done.output
    assert "no expression: scored by the clinical branch alone" in done.stdout
    pages = sorted((tmp_path / "pages").glob("*.html"))
    assert len(pages) == 2
    assert "sum = log relative hazard" in pages[0].read_text()


def test_what_cannot_be_scored_is_refused_by_name(trained: Path, tmp_path: Path):
    frame = new_patients(trained)
    column = frame.columns[1]
    done = score(trained, frame.drop(columns=column), tmp_path)
    assert done.exit_code == 2
    assert column in done.output
    done = score(trained, pd.concat([frame, frame.head(1)]), tmp_path)
    assert done.exit_code == 2
    assert "stand twice" in done.output
    done = score(trained, frame.head(0), tmp_path)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_study_without_a_model_says_what_to_run(written: Path, tmp_path: Path):
    done = score(written, pd.DataFrame({"PATIENT_ID": ["x"]}), tmp_path)
    assert done.exit_code == 2
    assert "groprog run" in done.output


@pytest.fixture
def written(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained.parent, tmp_path / "fresh", ignore=shutil.ignore_patterns(".groprog"))
    return tmp_path / "fresh" / trained.name
