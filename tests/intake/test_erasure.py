"""After a withdrawal a search for the patient and the pseudonym finds nothing: in every byte of the study, and in its bucket."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from upath import UPath

from groprog_assets.cli.main import main
from groprog_assets.intake import erasure, withdrawals
from groprog_assets.intake.erasure import erase_withdrawn, waiting_withdrawals
from groprog_assets.intake.withdrawals import names_patient
from groprog_assets.lineage.decisions import decisions
from groprog_assets.lineage.verification import verify
from groprog_assets.running import sensors
from groprog_assets.running.execution import study_instance
from groprog_assets.store.claims import claimed, forget_study
from groprog_assets.store.derivations import output
from groprog_assets.store.half_written import half_written_name
from groprog_assets.store.object_storage import STORE_VARIABLE, open_store
from groprog_assets.store.pseudonyms import named_in, pseudonym, study_key, withdrawal_mark
from groprog_assets.store.workspace import Workspace
from tests.ledger_rows import table_rows
from tests.remains import found_in
from tests.trained_study import copied, run, trained_study, without_drawing


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        without_drawing(patch)
        return trained_study(tmp_path_factory.mktemp("made") / "study")


def groprog(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result.output


def moved_store(study: Path, address: str) -> None:
    """The values of a study at another address."""
    away = open_store(address)
    for path in (study.parent / ".groprog" / "store").glob("??/*"):
        away.put_bytes(path.read_bytes())
    shutil.rmtree(study.parent / ".groprog" / "store")


def plant(study: Path, patient: str, name: str) -> None:
    """What kills, earlier versions, other programs and failures leave behind of a patient."""
    state, inbox = study.parent / ".groprog", study.parent / "inbox"
    table = (study.parent / "cohort" / "clinical.tsv").read_bytes()
    workspace = Workspace(study)
    workspace.store.put(pd.DataFrame({"patient_id": [patient]}))  # stored and never recorded
    half = half_written_name("clinical.tsv").replace(f".{os.getpid()}.", ".4194303.")
    (state / "inbox" / "tables").mkdir(parents=True, exist_ok=True)
    (state / "inbox" / "tables" / half).write_bytes(table)
    (state / "inbox" / ".trial-17.tsv").write_bytes(table)
    (state / "catalog").mkdir(exist_ok=True)
    (state / "catalog" / "earlier.duckdb").write_bytes(table)
    (state / "scratch" / "fit").mkdir(parents=True)
    (state / "scratch" / "fit" / "state").write_bytes(table)
    (state / "dagster" / "storage").mkdir(exist_ok=True)
    (state / "dagster" / "storage" / "step.err").write_text(f"row of patient {patient} ({name})\n")
    (inbox / f"letter about {patient}.update.tsv").write_text(f"PATIENT_ID\tAGE\n{patient}\tsixty\n")
    with sqlite3.connect(state / "dagster" / "history" / "runs" / "index.db") as database:
        database.execute("CREATE TABLE IF NOT EXISTS told (text TEXT)")
        database.execute("INSERT INTO told VALUES (?)", [json.dumps({"failure": f"patient {name}: AGE 'x'"})])
        database.execute("INSERT INTO told VALUES (?)", [f"{patient} " * 5000])
        database.execute("DELETE FROM told WHERE length(text) > 5000")
    database.close()


@pytest.mark.parametrize("place", ["beside the study", "a shared folder", "object storage"])
def test_nothing_names_who_withdrew(place: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    without_drawing(monkeypatch)
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("GROPROG_STUDY", "")
    study, bucket, other = copied(made, tmp_path / "study"), None, None
    if place != "beside the study":
        address = f"memory://erasure/{uuid.uuid4().hex}" if place == "object storage" else f"file://{tmp_path}/shared"
        bucket = UPath(address) if place == "object storage" else None
        monkeypatch.setenv(STORE_VARIABLE, address)
        shutil.copytree(study.parent, tmp_path / "other")
        shutil.rmtree(tmp_path / "other" / ".groprog" / "store")
        moved_store(study, address)
        other = Workspace(tmp_path / "other" / "study.yaml")
        other.claims.register()
    workspace = Workspace(study)
    table = pd.read_csv(study.parent / "cohort" / "clinical.tsv", sep="\t", dtype=str)
    patient = str(table["PATIENT_ID"].iloc[5])
    name = pseudonym(patient, study_key(workspace.state))
    words = [patient, name]
    places = [study.parent / part for part in (".groprog", "results", "inbox")]
    places += [tmp_path / "temporary", *([tmp_path / "shared"] if bucket is None else [])]
    groprog("export", study)
    plant(study, patient, name)
    groprog("inbox", "take", study)
    (study.parent / "inbox" / f"{patient}.withdraw.txt").write_text(f"{patient}\n")
    groprog("inbox", "take", study)
    before = found_in(places, words, bucket)
    assert len(before) > 20, "the search finds what is there"
    assert waiting_withdrawals(Workspace(study)) == 1
    assert "1 withdrawal not yet erased" in groprog("status", study, status=2)
    with study_instance(workspace) as instance:
        for decided in decisions(instance):
            assert decided.asset_observation is not None
            assert patient not in str(decided.asset_observation.metadata), "no delivery's name reaches the event log"

    groprog("run", study)

    assert waiting_withdrawals(Workspace(study)) == 0
    assert "not yet erased" not in groprog("status", study, status=2)
    found = found_in(places, words, bucket)
    if other is not None:
        theirs = set(claimed(other.store))
        assert all(Path(item).name in theirs for item in found), found
        for asset, partition, digest in other.derivations.pointers():
            assert other.store.verifies(output(other.derivations.read(digest))), (asset, partition)
        forget_study(other.store, other.claims.study)
        groprog("store", "collect", study, "--remove")
        found = found_in(places, words, bucket)
    assert found == {}
    workspace = Workspace(study)
    for asset, partition, digest in workspace.derivations.pointers():
        assert workspace.store.verifies(output(workspace.derivations.read(digest))), (asset, partition)
    assert verify(workspace.ledger_path) == [], "what is left of each model's patients is sealed"
    rows = table_rows(workspace.ledger_path)
    groprog("lineage", "rebuild", "--study", study)
    assert table_rows(workspace.ledger_path) == rows, "a rebuild gives the same rows, also of models that are erased"
    assert "its bytes are erased" in groprog("model", "list", study)
    assert sum(run(study).values()) == 0
    back = study.parent / "inbox" / "july.update.tsv"
    back.write_text(f"PATIENT_ID\tOS_MONTHS\n{patient}\t99\n")
    assert f"patient {patient} has withdrawn" in groprog("inbox", "check", study, back, status=2)


def test_an_erasure_that_was_killed_goes_on(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each step dies once; the erasure is not said to be done before all were."""
    without_drawing(monkeypatch)
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    monkeypatch.setenv("GROPROG_STUDY", "")
    study = copied(made, tmp_path / "study")
    table = pd.read_csv(study.parent / "cohort" / "clinical.tsv", sep="\t", dtype=str)
    patient = str(table["PATIENT_ID"].iloc[5])
    (study.parent / "inbox" / "june.withdraw.txt").write_text(f"{patient}\n")
    groprog("inbox", "take", study)

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    first = "remove_remains"
    monkeypatch.setattr(erasure, first, dies)
    with pytest.raises(KeyboardInterrupt):
        run(study)
    monkeypatch.undo()
    monkeypatch.setenv("GROPROG_STUDY", "")
    workspace = Workspace(study)
    with study_instance(workspace) as instance:
        for step in ("erase_words", "record_decision", "collect", "forget_patients"):
            with monkeypatch.context() as patch:
                patch.setattr(erasure, step, dies)
                with pytest.raises(KeyboardInterrupt):
                    erase_withdrawn(instance, workspace)
            assert waiting_withdrawals(workspace) == 1
            assert verify(workspace.ledger_path) == []
        assert erase_withdrawn(instance, workspace)
        assert not erase_withdrawn(instance, workspace)
    places = [study.parent / ".groprog", study.parent / "inbox"]
    assert found_in(places, [patient, pseudonym(patient, study_key(workspace.state))]) == {}
    assert verify(workspace.ledger_path) == []


def test_values_from_a_table_that_is_gone_count_as_naming_the_patient(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The study's own table was edited since the run: the old bytes are known by their value, not by the file."""
    study = copied(made, tmp_path / "study")
    path = study.parent / "cohort" / "clinical.tsv"
    patient = str(pd.read_csv(path, sep="\t", dtype=str)["PATIENT_ID"].iloc[5])
    path.write_text(path.read_text().replace("\t6", "\t7", 1))
    workspace = Workspace(study)
    record = withdrawals.record_withdrawal(workspace, "d" * 64, [patient])
    assert record["roots"] == [workspace.derivations.current("clinical_records")]
    assert withdrawals.record_withdrawal(workspace, "e" * 64, ["a stranger"])["roots"] == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("patient P-0042 left", True),
        ("P-0042-T", True),
        ("P-00421", False),
        ("xP-0042", False),
        ("Smith, John", False),
        ("12", False),
    ],
)
def test_an_identifier_is_found_as_a_word(text: str, named: bool, tmp_path: Path):
    assert named_in(text, {"P-0042", "12"}) is named
    (tmp_path / "letter.txt").write_text(f"a line\n{text}\n")
    assert names_patient(tmp_path / "letter.txt", {"P-0042"}) is named
    (tmp_path / "table.tsv").write_text("id\tage\n12\t66\n")
    assert names_patient(tmp_path / "table.tsv", {"12"})
    assert not names_patient(tmp_path / "table.tsv", {"2"})


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        ({"feature": ["F1", "F2"], "P-0042-T": [0.5, 1.5]}, True),
        ({"feature": ["F1", "F2"], "P-00421": [0.5, 1.5]}, False),
        ({"patient": ["P-0001", "P-0042"], "value": [1.0, 2.0]}, True),
        ({"patient": pd.Categorical(["P-0001", "P-0042"])}, True),
        ({"patients": [["P-0001"], ["P-0007", "P-0042"]]}, True),
        ({"letter": ["of P-0042, who left"]}, True),
        ({"letter": [b"of P-0042"]}, True),
        ({"number": [42, 43]}, True),
        ({"number": [42.0, 43.0], "other": [True, False]}, False),
    ],
)
def test_an_identifier_is_found_in_a_parquet_file_of_which_the_values_are_not_read(
    frame: dict, named: bool, tmp_path: Path
):
    pd.DataFrame(frame).to_parquet(tmp_path / "given.parquet", compression="zstd")
    assert names_patient(tmp_path / "given.parquet", {"P-0042", "42"}) is named
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no table, P-0042 though")
    assert names_patient(tmp_path / "broken.parquet", {"P-0042"})


def test_a_mark_is_no_pseudonym_and_needs_the_key():
    key, other = b"k" * 32, b"o" * 32
    name = pseudonym("P-0042", key)
    assert withdrawal_mark(name, key) == withdrawal_mark(name, key)
    assert len({name, withdrawal_mark(name, key), withdrawal_mark(name, other)}) == 3
    assert name[2:] not in withdrawal_mark(name, key)


def test_a_patient_who_withdrew_is_named_by_no_note_of_later_checks(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The user's matrices still name the patient, and each check says so; what it keeps does not."""
    without_drawing(monkeypatch)
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    monkeypatch.setenv("GROPROG_STUDY", "")
    study = copied(made, tmp_path / "study")
    patient = pd.read_csv(study.parent / "cohort" / "expression.tsv", sep="\t", nrows=1).columns[6]
    name = pseudonym(patient, study_key(Workspace(study).state))
    (study.parent / "inbox" / "one.withdraw.txt").write_text(f"{patient}\n")
    groprog("inbox", "take", study)
    groprog("run", study)
    assert waiting_withdrawals(Workspace(study)) == 0
    assert patient in groprog("run", study, "--dry-run"), "the expression of nobody's column is said"
    assert found_in([study.parent / part for part in (".groprog", "results", "inbox")], [patient, name]) == {}
