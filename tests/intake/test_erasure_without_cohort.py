"""Subjects of a study without a clinical table withdraw by a command; the next run leaves no byte of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.intake.erasure import waiting_withdrawals
from groprog_assets.lineage import ledger
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace
from tests.assay_files import assay_study, sample_rows
from tests.checked_study import told_in_a_line
from tests.intake.test_erasure_of_assays import study_with_assays
from tests.remains import found_in
from tests.trained_study import run

SELECT = "+assay_filled or +factors or +omics_catalog"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = assay_study(tmp_path_factory.mktemp("assays") / "study", sample_rows())
    run(path, SELECT)
    return path


def erase(study: Path, *names: str, code: int = 0) -> str:
    leaving = study.parent.parent / "leaving.txt"
    leaving.write_text("\n".join(names) + "\n")
    return told_in_a_line("omics", "erase", str(study), str(leaving), "--user", "anna", code=code)


def test_a_name_that_no_source_has_is_refused_before_anything_is_recorded(study: Path):
    output = erase(study, "nobody", code=2)
    assert "unknown name" in output
    assert "the subject of the sample table" in output
    assert waiting_withdrawals(Workspace(study)) == 0


def test_a_list_that_is_no_utf_8_is_an_unknown_name(study: Path):
    leaving = study.parent.parent / "latin.txt"
    leaving.write_bytes("Zoë\n".encode("latin-1"))
    output = told_in_a_line("omics", "erase", str(study), str(leaving), "--user", "anna", code=2)
    assert "unknown name" in output
    assert waiting_withdrawals(Workspace(study)) == 0


def test_an_inbox_that_cannot_be_leads_to_the_command(study: Path):
    assert "groprog omics erase" in told_in_a_line("inbox", "take", str(study), code=2)


def test_patients_of_the_clinical_table_are_sent_to_the_inbox(tmp_path: Path):
    path, patients = study_with_assays(tmp_path / "study")
    output = erase(path, patients[3], code=2)
    assert "NAME.withdraw.txt" in output
    assert "groprog inbox take" in output
    assert waiting_withdrawals(Workspace(path)) == 0


def test_a_subject_is_in_no_byte_after_the_next_run(study: Path):
    workspace = Workspace(study)
    gone = sample_rows()["subject"].iloc[0]
    words = [pseudonym(gone, study_key(workspace.state))]
    before = len(load_asset(workspace, "subjects").table)
    assert found_in([workspace.state], words)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        query = "SELECT count(*) FROM patients_seen WHERE patient = ? AND role = 'fit'"
        assert connection.execute(query, words).fetchone() > (0,)

    told = told_in_a_line("lineage", "impact", str(study), "--patient", gone)
    assert "fitted with them" in told
    assert "groprog omics erase" in told
    output = erase(study, gone)
    assert "1 withdrawn" in output
    assert waiting_withdrawals(Workspace(study)) == 1
    run(study, SELECT)

    workspace = Workspace(study)
    assert waiting_withdrawals(workspace) == 0
    assert len(load_asset(workspace, "subjects").table) == before - 1
    assert found_in([workspace.state, workspace.results], words) == {}
    assert "1 had withdrawn before" in erase(study, gone)
    verified = CliRunner().invoke(main, ["lineage", "verify", str(study)])
    assert verified.exit_code == 0, verified.output
