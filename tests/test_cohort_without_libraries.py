"""A study of omics with a cohort and no libraries: checked, encoded by fold from its assays, and no held-out value in any fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from groprog_assets.definitions import build_definitions
from groprog_assets.intake.preflight import preflight
from groprog_assets.model.encoded_files import encoded_fold, name_of
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import WITHOUT_LIBRARIES, Workspace
from groprog_assets.study.check import check_study
from tests.trained_study import run

PATIENTS = [f"P{k:03d}" for k in range(60)]
VARIANTS = {"name": "rna", "omics": "genome", "format": "maf", "path": "rna.tsv", "genome_build": "GRCh38"}


def study_files(folder: Path) -> Path:
    """study.yaml of 60 patients: a clinical table, counts of 40 genes in two batches, consents of all but the last patient."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(2)
    factor = random.normal(size=60)
    died = random.random(60) < 0.6
    months = random.exponential(np.exp(-0.7 * factor)) * 30 + 0.5
    clinical = pd.DataFrame({"PATIENT_ID": PATIENTS, "AGE": random.integers(30, 80, 60), "MONTHS": months.round(2)})
    clinical.assign(DIED=died.astype(int)).to_csv(folder / "clinical.tsv", sep="\t", index=False)
    counts = np.exp2(7 + np.outer(np.r_[np.ones(15), np.zeros(25)], factor) + 0.3 * random.normal(size=(40, 60)))
    samples = [f"{name}-rna" for name in PATIENTS]
    rna = pd.DataFrame(np.round(counts).astype(int) + 1, index=[f"ENSG{k:011d}" for k in range(40)], columns=samples)
    rna.rename_axis("gene").to_csv(folder / "rna.tsv", sep="\t")
    rows = pd.DataFrame({"sample": samples, "subject": PATIENTS, "batch": np.where(np.arange(60) % 2, "a", "b")})
    rows.to_csv(folder / "samples.tsv", sep="\t", index=False)
    granted = pd.DataFrame(
        {"subject": PATIENTS[:-1], "version": 1, "granted": "2026-01-01", "permission": "DUO:0000042"}
    )
    granted.to_csv(folder / "consents.tsv", sep="\t", index=False)
    rna_source = {"name": "rna", "omics": "transcriptome", "path": "rna.tsv", "scale": "count", "unit": "reads"}
    document = {
        "name": "assays_and_outcome",
        "omics": {
            "samples": "samples.tsv",
            "assays": [{**rna_source, "id_system": "ensembl"}],
            "consents": {"table": "consents.tsv", "as_of": "2026-02-01"},
        },
        "cohort": {
            "clinical": "clinical.tsv",
            "endpoint": {"time_column": "MONTHS", "event_column": "DIED"},
            "fields": [{"name": "age", "column": "AGE", "kind": "continuous", "unit": "years"}],
            "omics": ["rna"],
        },
        "parameters": {
            "representation": {"mode": "clinical"},
            "integration": {"covariates": ["factors"]},
            "evaluation": {"repeats": 1},
        },
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = study_files(tmp_path_factory.mktemp("cohort") / "study")
    run(path, "+encoded_tensors")
    return path


def test_the_graph_has_the_assets_of_omics_and_cohort(study: Path):
    graph = build_definitions(study_path=str(study)).resolve_asset_graph()
    assert {key.path[-1] for key in graph.executable_asset_keys} <= set(WITHOUT_LIBRARIES)
    assert {"risk_model", "evaluation", "ablation", "normalized_features"} <= {
        key.path[-1] for key in graph.executable_asset_keys
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cohort": {"omics": ["rna", "protein"]}}, "It is one of omics.assays: rna."),
        ({"cohort": {"omics": ["rna", "rna"]}}, "An assay is named once."),
        ({"omics": {"assays": [VARIANTS]}}, "Factors and scores need a matrix of features and samples."),
        ({"parameters": {"representation": {"mode": "signature"}}}, "Without libraries no gene is described."),
        ({"cohort": {"expression": {"path": "rna.tsv", "scale": "counts"}}}, "Name it as an assay, in cohort.omics."),
    ],
)
def test_what_a_cohort_without_libraries_cannot_have_is_told(tmp_path: Path, change: dict, said: str):
    path = study_files(tmp_path / "study")
    document = yaml.safe_load(path.read_text())
    assert check_study(path) == []
    for section, fields in change.items():
        document[section] |= fields
    path.write_text(yaml.safe_dump(document))
    assert any(said in str(problem) for problem in check_study(path))


def corrected_for(path: Path, **correction: object) -> list[str]:
    """What is said of a study whose assay is corrected so, before a run."""
    rows = pd.read_csv(path.parent / "samples.tsv", sep="\t")
    clinical = pd.read_csv(path.parent / "clinical.tsv", sep="\t")
    rows["state"] = clinical["DIED"].map({1: "gone", 0: "there"})
    rows["sex"] = np.where(np.arange(60) % 3, "f", "m")
    for name in ("MONTHS", "DIED", "DEATH_MONTHS"):
        rows[name] = rows["sex"]
    rows.to_csv(path.parent / "samples.tsv", sep="\t", index=False)
    document = yaml.safe_load(path.read_text())
    document["omics"]["assays"][0]["batch_correction"] = correction
    document["cohort"]["endpoint"]["event_time_column"] = "DEATH_MONTHS"
    clinical.assign(DEATH_MONTHS=clinical["MONTHS"].where(clinical["DIED"] == 1)).to_csv(
        path.parent / "clinical.tsv", sep="\t", index=False
    )
    path.write_text(yaml.safe_dump(document))
    return [str(item) for item in check_study(path) or preflight(Workspace(path).study)]


@pytest.mark.parametrize("name", ["MONTHS", "DIED", "DEATH_MONTHS", "state"])
@pytest.mark.parametrize("field", ["covariates", "biological_factor"])
def test_no_correction_knows_the_outcome_of_the_cohort(tmp_path: Path, name: str, field: str):
    (said,) = corrected_for(study_files(tmp_path / "study"), **{field: [name] if field == "covariates" else name})
    assert f"batch_correction.{field}" in said
    assert "is the outcome" in said or "holds the same as 'cohort.endpoint, event'" in said


def test_a_covariate_that_is_no_outcome_may_stay(tmp_path: Path):
    assert corrected_for(study_files(tmp_path / "study"), covariates=["sex"]) == []


def test_who_has_not_consented_has_no_assay_and_counts_as_average(study: Path):
    workspace = Workspace(study)
    assert PATIENTS[-1] not in load_asset(workspace, "patient_assays")["assays/0/patient_id"].tolist()
    tensors = load_asset(workspace, "encoded_tensors")
    everyone = encoded_fold(tensors, "everyone").train
    further = dict(zip(everyone.patient_id.tolist(), everyone.encoded.further, strict=True))
    assert not further[PATIENTS[-1]].any()
    assert all(further[name].any() for name in PATIENTS[:-1])


def test_a_held_out_patients_values_move_no_covariate_of_anybody_else(study: Path, tmp_path: Path):
    """The run itself, on a file of the assay with other values of one patient."""
    other = study_files(tmp_path / "study")
    rna = pd.read_csv(other.parent / "rna.tsv", sep="\t", index_col=0)
    rna["P003-rna"] = rna["P003-rna"].to_numpy()[::-1]
    rna.to_csv(other.parent / "rna.tsv", sep="\t")
    run(other, "+encoded_tensors")
    before, after = (load_asset(Workspace(path), "encoded_tensors") for path in (study, other))
    pd.testing.assert_frame_equal(before["folds"], after["folds"])
    (fold,) = before["folds"].query("patient_id == 'P003'")["fold"]
    name = name_of(0, fold)
    one, two = (encoded_fold(tensors, name) for tensors in (before, after))
    np.testing.assert_array_equal(one.train.encoded.further, two.train.encoded.further)
    moved = np.abs(one.test.encoded.further - two.test.encoded.further).max(axis=1) > 1e-6
    assert one.test.patient_id[moved].tolist() == ["P003"]
    elsewhere = name_of(0, (fold + 1) % before["folds"]["fold"].nunique())
    fits = [encoded_fold(tensors, elsewhere).train.encoded.further for tensors in (before, after)]
    assert fits[0].shape != fits[1].shape or np.abs(fits[0] - fits[1]).max() > 1e-3  # there the patient is trained on
