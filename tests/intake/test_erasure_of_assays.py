"""After a withdrawal no stage of an assay, no list and no table holds the patient's samples, in any byte of the study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.intake.erasure import waiting_withdrawals
from groprog_assets.methods.measurements.layout import read_measurements
from groprog_assets.running import sensors
from groprog_assets.simulation import simulate_study
from groprog_assets.store.identities import names
from groprog_assets.store.pseudonyms import pseudonym, sample_pseudonym, study_key
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from tests.assay_files import assay_study, protein, rna, sample_rows
from tests.remains import found_in
from tests.trained_study import run, with_inbox

SELECT = "clinical_records or +assay_filled or +omics_catalog"
STAGES = ("assay_raw", "assay_normalised", "assay_corrected", "assay_filled")


def study_with_assays(folder: Path) -> tuple[Path, list[str]]:
    """(study.yaml of a simulated cohort of which twelve patients have assays, these patients)."""
    path = with_inbox(simulate_study(folder, scale="tiny", fastq=False))
    document = yaml.safe_load(path.read_text())
    clinical = pd.read_csv(path.parent / document["cohort"]["clinical"], sep="\t", dtype=str)
    patients = clinical["PATIENT_ID"].tolist()[:12]
    rows = sample_rows()
    renamed = dict(zip(dict.fromkeys(rows["subject"]), patients, strict=True))
    rows["subject"] = rows["subject"].map(renamed)
    other = assay_study(folder / "assays", rows)
    omics = yaml.safe_load(other.read_text())["omics"]
    omics["samples"] = "assays/samples.tsv"
    for assay in omics["assays"]:
        assay["path"] = f"assays/{assay['path']}"
    path.write_text(yaml.safe_dump({**document, "omics": omics}))
    return path, patients


def test_a_withdrawn_patient_is_in_no_byte_of_any_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    study, patients = study_with_assays(tmp_path / "study")
    run(study, SELECT)
    workspace = Workspace(study)
    key = study_key(workspace.state)
    gone = patients[3]
    samples = [f"patient-03-{assay}" for assay in ("rna", "protein")]
    words = [pseudonym(gone, key), *(sample_pseudonym(name.rsplit("-", 1)[1], name, key) for name in samples), *samples]
    column = rna()["patient-03-rna"].to_numpy(np.float32)
    before = load_asset(workspace, "assay_raw")
    old = {stage: load_asset(workspace, stage).matrices["rna"].path for stage in STAGES}
    assert (read_measurements(before.matrices["rna"].path)[1] == column[:, None]).all(axis=0).any()
    assert found_in([workspace.state], words)

    (study.parent / "inbox" / "june.withdraw.txt").write_text(f"{gone}\n")
    told = CliRunner().invoke(main, ["inbox", "take", str(study)])
    assert told.exit_code == 0, told.output
    assert waiting_withdrawals(Workspace(study)) == 1
    run(study, SELECT)

    assert waiting_withdrawals(Workspace(study)) == 0
    workspace = Workspace(study)
    assert found_in([workspace.state], words) == {}
    for stage in STAGES:
        assert not old[stage].exists(), stage
        _, values = read_measurements(load_asset(workspace, stage).matrices["rna"].path)
        assert values.shape[1] == 11
    _, counts = read_measurements(load_asset(workspace, "assay_raw").matrices["rna"].path)
    np.testing.assert_array_equal(counts, rna().drop(columns="patient-03-rna").to_numpy())
    assert (
        protein().shape[1] - 1
        == read_measurements(load_asset(workspace, "assay_raw").matrices["protein"].path)[1].shape[1]
    )
    assert len([name for name in names(workspace.state) if name.startswith("sample ")]) == 20
