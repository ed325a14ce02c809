"""The note of a sound study names no patient, and is of the files as they were when the check began."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pandas as pd
import pytest
import yaml

from groprog_assets.cli.answering import require_sound_or_known
from groprog_assets.definitions import build_definitions
from groprog_assets.errors import Notice, Problem
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.intake.omics_preflight import OmicsChecked, check_omics
from groprog_assets.intake.sound_study import NOTE, NOTE_OF_OMICS, checked, keep_notices, known_notices
from groprog_assets.intake.withdrawals import _naming
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.schema import Study
from tests.assay_files import assay_study


def with_mutations(study: Path) -> tuple[Path, list[str]]:
    """A MAF of the study's patients with a list of who was sequenced; (the list, the patients)."""
    cohort = study.parent / "cohort"
    patients = pd.read_csv(cohort / "clinical.tsv", sep="\t", dtype=str)["PATIENT_ID"].tolist()
    rows = "".join(f"SG001\tMissense_Mutation\t{patient}-01\n" for patient in patients[:20])
    (cohort / "m.maf").write_text("Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n" + rows)
    listed = cohort / "case_lists" / "cases_sequenced.txt"
    listed.parent.mkdir()
    listed.write_text("case_list_ids: " + "\t".join(f"{patient}-01" for patient in patients) + "\n")
    document = yaml.safe_load(study.read_text())
    document["cohort"]["matrices"] = [{"name": "mutations", "kind": "mutations", "path": "cohort/m.maf"}]
    study.write_text(yaml.safe_dump(document))
    return listed, patients


def test_the_list_of_sequenced_samples_is_an_input(study: Path):
    listed, patients = with_mutations(study)
    workspace = Workspace(study)
    workspace.state.mkdir()
    keep_notices(workspace, checked(workspace), ["sound"])
    assert known_notices(workspace) == ["sound"]
    build_definitions(study_path=str(study))
    files = SPECIFICATIONS["patient_expression"].files
    before = {item["path"]: item["sha256"] for item in workspace.source_files(files, "")}
    assert "cohort/case_lists/cases_sequenced.txt" in before
    listed.write_text(listed.read_text().replace(f"\t{patients[1]}-01", ""))
    after = {item["path"]: item["sha256"] for item in workspace.source_files(files, "")}
    assert {path for path, digest in after.items() if before[path] != digest} == {
        "cohort/case_lists/cases_sequenced.txt"
    }
    assert known_notices(workspace) is None, "the study is checked again"


def test_the_sample_tables_of_other_cohorts_are_inputs(study: Path):
    document = yaml.safe_load(study.read_text())
    source = {key: value for key, value in document["validation"][0].items() if key != "harmonize"}
    document["cohort"]["sources"] = [{**source, "name": "elsewhere"}]
    study.write_text(yaml.safe_dump(document))
    table = study.parent / "validation" / "data_clinical_sample.txt"
    table.write_text("PATIENT_ID\tSAMPLE_ID\nE1\tE1-01\n")
    workspace = Workspace(study)
    build_definitions(study_path=str(study))
    for asset in ("source_cohorts", "external_validation"):
        paths = [item["path"] for item in workspace.source_files(SPECIFICATIONS[asset].files, "")]
        assert "validation/data_clinical_sample.txt" in paths


def test_a_notice_with_a_sequenced_sample_is_not_kept(study: Path):
    listed, patients = with_mutations(study)
    listed.write_text("case_list_ids: ZZ-77\n")
    workspace = Workspace(study)
    workspace.state.mkdir()
    for name in (f"{patients[3]}-01", "ZZ-77"):
        keep_notices(workspace, checked(workspace), [f"of no patient: 1 column ('{name}')"])
        assert not (workspace.state / NOTE).exists()


def test_a_file_changed_during_the_check_is_checked_again(study: Path):
    workspace = Workspace(study)
    workspace.state.mkdir()
    before = checked(workspace)
    clinical = study.parent / "cohort" / "clinical.tsv"
    clinical.write_text(clinical.read_text() + "\n")
    keep_notices(workspace, before, [])
    assert known_notices(workspace) is None


def test_files_that_name_who_withdrew_are_listed_also_those_of_other_cohorts(study: Path):
    listed, patients = with_mutations(study)
    document = yaml.safe_load(study.read_text())
    source = {key: value for key, value in document["validation"][0].items() if key != "harmonize"}
    document["cohort"]["sources"] = [{**source, "name": "elsewhere"}]
    study.write_text(yaml.safe_dump(document))
    theirs = study.parent / "validation" / "clinical.csv"
    first = pd.read_csv(theirs, dtype=str)["id"][0]
    theirs.write_text(theirs.read_text().replace(first, patients[0]))
    found = set(_naming(Workspace(study), {patients[0]}))
    assert {listed, theirs, study.parent / "cohort" / "m.maf", study.parent / "cohort" / "clinical.tsv"} <= found


def test_records_and_assays_are_not_read_again_when_only_the_rest_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    study = assay_study(tmp_path / "study")
    workspace = Workspace(study)
    workspace.state.mkdir()
    read: list[str] = []

    def counted(given: Study) -> OmicsChecked:
        read.append(given.name)
        return check_omics(given)

    monkeypatch.setattr("groprog_assets.intake.omics_preflight.check_omics", counted)
    found = require_sound_or_known(study)
    assert found is not None
    assert len(read) == 1
    keep_notices(workspace, *found)
    (workspace.state / NOTE).unlink()
    again = require_sound_or_known(study)
    assert again == found
    assert len(read) == 1, "sound, without a notice and unchanged"
    samples = study.parent / "samples.tsv"
    os.utime(samples, ns=(1, 1))
    require_sound_or_known(study)
    assert len(read) == 2, "a file has changed"


def test_what_gave_a_notice_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    study = assay_study(tmp_path / "study")
    Workspace(study).state.mkdir()

    def noticed(given: Study) -> OmicsChecked:
        warnings.warn(Notice(Problem("samples.tsv", "p1", "A rule.", "")), stacklevel=1)
        return check_omics(given)

    monkeypatch.setattr("groprog_assets.intake.omics_preflight.check_omics", noticed)
    with pytest.warns(Notice):
        found = require_sound_or_known(study)
    assert found is not None
    keep_notices(Workspace(study), *found)
    assert not (Workspace(study).state / NOTE_OF_OMICS).exists()
