"""Matched mode: each patient's own nascent library, from reads to a model, beside the experiment and never mixed with it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.graph.specification import LIBRARY_ASSETS, SPECIFICATIONS
from groprog_assets.simulation import simulate_study
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import OF_PATIENTS, Workspace
from tests.trained_study import LITTLE, run, without_drawing

PATIENTS = 24


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = simulate_study(
        tmp_path_factory.mktemp("matched"), scale="tiny", patients=PATIENTS, fastq=False, matched=True
    )
    document = yaml.safe_load(path.read_text())
    document["parameters"] = {**document["parameters"], **LITTLE, "representation": {"mode": "matched"}}
    document["parameters"]["linear_path"] = {"enabled": False}
    document["validation"] = []
    path.write_text(yaml.safe_dump(document))
    return path


def test_the_experiment_and_the_patients_do_not_see_each_others_libraries(written: Path):
    workspace = Workspace(written)
    ours, _ = workspace.eligible_libraries(LIBRARY_ASSETS)
    theirs, _ = workspace.eligible_libraries((*LIBRARY_ASSETS, OF_PATIENTS))
    assert [library.id for library in ours] == ["control_1", "control_2", "treated_1", "treated_2"]
    assert len(theirs) == PATIENTS
    seen = {name for name, item in SPECIFICATIONS.items() if item.gated and item.of_patients}
    assert seen == {"patient_features"}


@pytest.mark.slow
def test_a_matched_study_runs_and_the_planted_response_is_measured(written: Path, monkeypatch: pytest.MonkeyPatch):
    without_drawing(monkeypatch)
    run(written)
    workspace = Workspace(written)
    assert set(load_asset(workspace, "gene_signal")["library"]) == {"control_1", "control_2", "treated_1", "treated_2"}
    found = load_asset(workspace, "patient_features")
    matched = load_asset(workspace, "normalized_features").matched
    assert matched["values"].shape[:2] == (PATIENTS, len(matched["gene"]))
    assert np.isfinite(matched["values"]).all()
    genes = pd.read_table(written.parent / "truth" / "genes.tsv").set_index("gene")["log2_fold_change"]
    signature = pd.read_table(written.parent / "truth" / "patients.tsv").set_index("patient_id")["signature"]
    planted = genes.reindex(found["gene"]).to_numpy()
    change = found["values"][:, :, found["feature"].tolist().index("log2_fold_change")]
    response = change[:, planted > 0].mean(axis=1) - change[:, planted < 0].mean(axis=1)
    own = signature.reindex(found["patient_id"]).to_numpy()
    assert np.corrcoef(response, own)[0, 1] > 0.9
    model = load_asset(workspace, "risk_model")
    assert model.summary["mode"] == "matched"
    scores = load_asset(workspace, "risk_scores")
    assert (scores["genes_used"] == len(matched["gene"])).all()
    assert np.isfinite(scores["risk"]).all()
    again = scored_anew(written, scores["patient_id"].tolist(), written.parent)
    expected = scores.set_index("patient_id").loc[again["patient_id"]]
    np.testing.assert_allclose(again["risk"], expected["risk"], rtol=1e-9)
    np.testing.assert_array_equal(again["genes_used"], expected["genes_used"])


def scored_anew(path: Path, patients: list[str], folder: Path) -> pd.DataFrame:
    """`groprog score` on the training patients as if they were new, each with his own alignments."""
    clinical = pd.read_table(path.parent / "cohort" / "clinical.tsv", dtype=str, keep_default_na=False)
    clinical[clinical["PATIENT_ID"].isin(patients)].to_csv(folder / "new.tsv", sep="\t", index=False)
    own = yaml.safe_load(path.read_text())["cohort"]["nascent_libraries"]
    rows = [(patient, f"reads/{own[patient]}.bam") for patient in patients]
    table = pd.DataFrame(rows, columns=["PATIENT_ID", "alignments"])
    table.to_csv(folder / "libraries.tsv", sep="\t", index=False)
    told = [str(path), str(folder / "new.tsv"), "--libraries", str(folder / "libraries.tsv"), "--output", "-"]
    done = CliRunner().invoke(main, ["score", *told, "--pages", str(folder / "pages")])
    assert done.exit_code == 0, done.output
    assert len(list((folder / "pages").glob("*.html"))) == len(patients)
    return pd.read_csv(io.StringIO(done.stdout), sep="\t")
