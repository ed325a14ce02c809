"""`groprog score` on a trained study: batch equals single, nothing refitted, every refusal named, pages made."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.store.artifacts import Bundle
from tests.trained_study import copied


@pytest.fixture(scope="module")
def trained(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny study with batches taken out, run up to its model, once."""
    study = copied(written, tmp_path_factory.mktemp("trained") / "study")
    document = yaml.safe_load(study.read_text())
    document["parameters"]["representation"] = {"harmonization": "combat"}
    study.write_text(yaml.safe_dump(document))
    done = CliRunner().invoke(main, ["run", str(study), "--select", "+risk_model"])
    assert done.exit_code == 0, done.output
    return study


def new_patients(study: Path, rows: int = 4) -> pd.DataFrame:
    from groprog_assets.store.workspace import open_workspace

    cohort = open_workspace(study).study.cohort
    frame = pd.read_csv(cohort.clinical, sep="\t", comment="#", dtype=str, keep_default_na=False)
    outcome = [cohort.endpoint.time_column, cohort.endpoint.event_column]
    return frame.drop(columns=outcome).head(rows)


def score(study: Path, frame: pd.DataFrame, folder: Path, *more: str):
    path = folder / "new.tsv"
    frame.to_csv(path, sep="\t", index=False)
    return CliRunner().invoke(main, ["score", str(study), str(path), "--output", "-", *more])


def expression_of(study: Path) -> str:
    from groprog_assets.store.workspace import open_workspace

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


def model_of(study: Path):
    from groprog_assets.model.checkpoint import load_model
    from groprog_assets.store.readings import load_asset
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    files = load_asset(workspace, "risk_model").files
    return workspace, load_model({name: blob.content for name, blob in files.items()})


def test_a_training_patient_scores_as_the_study_scored_him_batch_and_all(trained: Path, tmp_path: Path):
    from groprog_assets.model.predict import predict
    from groprog_assets.prognosis.model_columns import model_inputs
    from groprog_assets.store.readings import load_asset

    workspace, model = model_of(trained)
    assert model.encoders.harmonization is not None
    given = (load_asset(workspace, name) for name in ("cohort", "patient_expression", "normalized_features"))
    expected = predict(model, model_inputs(*given, "signature"))
    frame = new_patients(trained, 60)
    frame = frame[frame["PATIENT_ID"].isin(expected.patient_id)]
    done = score(trained, frame, tmp_path, "--expression", expression_of(trained))
    assert done.exit_code == 0, done.output
    table = pd.read_csv(io.StringIO(done.stdout), sep="\t").set_index("patient_id")
    own = pd.Series(expected.risk, index=expected.patient_id).reindex(table.index)
    pd.testing.assert_series_equal(table["risk"], own, check_names=False, rtol=1e-9)
    unplaced = score(trained, frame.drop(columns="BATCH"), tmp_path, "--expression", expression_of(trained))
    assert "no batch given: expression not harmonised" in unplaced.stdout


def test_expression_of_another_naming_is_refused(trained: Path, tmp_path: Path):
    matrix = pd.read_csv(expression_of(trained), sep="\t", index_col=0)
    matrix.index = [f"ENSG{row:011d}" for row in range(len(matrix))]
    matrix.to_csv(tmp_path / "ensembl.tsv", sep="\t", na_rep="NA")
    done = score(trained, new_patients(trained).iloc[1:], tmp_path, "--expression", str(tmp_path / "ensembl.tsv"))
    assert done.exit_code == 2
    assert "3 patients with values for fewer than 10 of the model's" in done.output
    assert "ENSG00000000000" in done.output


def test_a_patient_of_whom_nothing_is_known_is_refused(trained: Path, tmp_path: Path):
    frame = new_patients(trained)
    frame.loc[frame.index[1], [name for name in frame.columns if name != "PATIENT_ID"]] = ""
    done = score(trained, frame, tmp_path)
    assert done.exit_code == 2
    assert f"no field and no gene is known ({frame['PATIENT_ID'].iloc[1]})" in done.output


def test_a_landmark_is_said_with_every_score(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _, model = model_of(trained)
    cohort = model.parameters.cohort.model_copy(update={"landmark_months": 3.0})
    later = model._replace(parameters=model.parameters.model_copy(update={"cohort": cohort}))
    monkeypatch.setattr("groprog_assets.model.checkpoint.load_model", lambda files: later)
    done = score(trained, new_patients(trained, 1), tmp_path, "--pages", str(tmp_path / "pages"))
    assert "months count from the landmark at 3 months; " in done.stdout
    (page,) = (tmp_path / "pages").glob("*.html")
    assert "still at risk 3 months after baseline" in page.read_text()


def test_expression_for_a_model_that_reads_none_is_refused(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from groprog_assets.prognosis.standing_model import champion_model
    from groprog_assets.store.workspace import open_workspace

    bundle, features, fields = champion_model(open_workspace(trained))
    bundle = Bundle({**bundle, "summary": {**bundle.summary, "mode": "clinical"}})
    monkeypatch.setattr("groprog_assets.prognosis.scoring.champion_model", lambda workspace: (bundle, features, fields))
    done = score(trained, new_patients(trained, 1), tmp_path, "--expression", expression_of(trained))
    assert done.exit_code == 2
    assert "The model is in clinical mode and reads no expression" in done.output


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
    assert "1 patient stands twice" in done.output
    done = score(trained, frame.head(0), tmp_path)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_study_without_a_model_says_what_to_run(study: Path, tmp_path: Path):
    done = score(study, pd.DataFrame({"PATIENT_ID": ["x"]}), tmp_path)
    assert done.exit_code == 2
    assert "groprog run" in done.output


def test_the_terminal_shows_a_table_to_read_and_a_file_has_every_column(trained: Path, tmp_path: Path):
    frame = new_patients(trained)
    frame.to_csv(tmp_path / "new.tsv", sep="\t", index=False)
    shown = CliRunner().invoke(main, ["score", str(trained.parent), str(tmp_path / "new.tsv")])
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert lines[0] == "! 4 of 4 patients: no expression: scored by the clinical branch alone"
    written = trained.parent / "scores" / "new.tsv"
    assert lines[-1].endswith(str(written))
    assert pd.read_csv(written, sep="\t")["patient_id"].tolist() == frame["PATIENT_ID"].tolist()
    assert len(max(lines[:-1], key=len)) < 100


def test_a_column_that_is_read_itself_is_no_misspelling_of_another(trained: Path, tmp_path: Path):
    done = score(trained, new_patients(trained).drop(columns="STAGE"), tmp_path)
    assert "no column 'STAGE'" in done.output
    assert "Did you mean 'AGE'?" not in done.output
    assert "its cells may be empty" in done.output


def test_every_absent_column_is_named_at_once_with_the_near_one(trained: Path, tmp_path: Path):
    frame = new_patients(trained).rename(columns={"PATIENT_ID": "patient_ID", "AGE": "Agee"}).drop(columns="STAGE")
    done = score(trained, frame, tmp_path)
    assert done.exit_code == 2
    assert "no column 'PATIENT_ID'" in done.output
    assert "Did you mean 'patient_ID'?" in done.output
    assert "Did you mean 'Agee'?" in done.output
    assert "no column 'STAGE'" in done.output
