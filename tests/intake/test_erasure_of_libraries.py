"""Matched mode: with a patient who withdraws goes all that was computed from the patient's own nascent library."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import pandas as pd
import pytest
import yaml
from upath import UPath

from groprog_assets.graph.specification import LIBRARY_ASSETS
from groprog_assets.intake.erasure import waiting_withdrawals
from groprog_assets.intake.withdrawals import libraries_of
from groprog_assets.lineage.verification import verify
from groprog_assets.running import sensors
from groprog_assets.simulation import simulate_study
from groprog_assets.store.derivations import output
from groprog_assets.store.object_storage import STORE_VARIABLE
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import OF_PATIENTS, Workspace
from tests.intake.test_erasure import groprog, moved_store
from tests.remains import found_in
from tests.trained_study import LITTLE, copied, run, with_inbox, without_drawing

PATIENTS = 24


def changed(study: Path, **cohort: object) -> None:
    """The study file with other fields of its cohort."""
    document = yaml.safe_load(study.read_text())
    document["cohort"].update(cohort)
    study.write_text(yaml.safe_dump(document))


def owners(study: Path) -> dict[str, str]:
    return yaml.safe_load(study.read_text())["cohort"]["nascent_libraries"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("written") / "study"
    path = with_inbox(simulate_study(place, scale="tiny", patients=PATIENTS, fastq=False, matched=True))
    document = yaml.safe_load(path.read_text())
    document["parameters"] = {**document["parameters"], **LITTLE, "representation": {"mode": "matched"}}
    document["parameters"]["linear_path"] = {"enabled": False}
    document["validation"] = []
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture(scope="module")
def made(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        without_drawing(patch)
        study = copied(written, tmp_path_factory.mktemp("made") / "study")
        run(study)
        return study


@pytest.mark.slow
@pytest.mark.parametrize("place", ["beside the study", "object storage"])
def test_nothing_is_left_of_the_library_of_who_withdrew(
    place: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    without_drawing(monkeypatch)
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    monkeypatch.setenv("GROPROG_STUDY", "")
    study, bucket = copied(made, tmp_path / "study"), None
    if place == "object storage":
        address = f"memory://erasure/{uuid.uuid4().hex}"
        bucket = UPath(address)
        monkeypatch.setenv(STORE_VARIABLE, address)
        moved_store(study, address)
    groprog("export", study)
    patient, library = list(owners(study).items())[5]
    workspace = Workspace(study)
    name = pseudonym(patient, study_key(workspace.state))
    places = [study.parent / part for part in (".groprog", "results", "inbox")]
    theirs = digests_of(workspace, library)
    features = output(workspace.derivations.current_record("patient_features")).sha256
    tracks = [path for path in (study.parent / "results").rglob("*") if library in path.name]
    assert len(theirs) > len(LIBRARY_ASSETS)
    assert tracks
    for digest in sorted(theirs):
        workspace.store.get_bytes(digest)  # a local copy too
    sealed = found_in([study.parent / ".groprog" / "derivations"], [patient, name])
    assert sealed == {}, "derivations, which are sealed, never name a patient"

    (study.parent / "inbox" / "june.withdraw.txt").write_text(f"{patient}\n")
    told = groprog("inbox", "check", study, study.parent / "inbox" / "june.withdraw.txt")
    assert f"library {library} is theirs" in told
    assert f"{study} still names one of them" in told
    assert f"reads/{library}.bam holds reads of one of them" in told
    groprog("inbox", "take", study)
    assert f"library {library} is left out: its patient has withdrawn" in groprog("run", study)

    workspace = Workspace(study)
    assert waiting_withdrawals(workspace) == 0
    assert found_in(places, [patient, name], bucket) == {}
    left = set(workspace.store.objects.values()) | set(workspace.store.copies())
    assert left & {*theirs, features} == set()
    assert not any(path.exists() for path in tracks)
    assert found_in([study.parent / "results"], [library]).keys() <= {
        str(study.parent / "results" / part) for part in ("lineage.duckdb", "lineage.json")
    }, "the ledger says which library was erased"
    assert not any(partition == library for _, partition, _ in workspace.derivations.pointers())
    assert patient not in load_asset(workspace, "patient_features")["patient_id"]
    assert len(load_asset(workspace, "patient_features")["patient_id"]) == PATIENTS - 1
    for asset, partition, digest in workspace.derivations.pointers():
        assert workspace.store.verifies(output(workspace.derivations.read(digest))), (asset, partition)
    assert verify(workspace.ledger_path) == []
    assert sum(run(study).values()) == 0

    changed(study, nascent_libraries={who: item for who, item in owners(study).items() if who != patient})
    workspace = Workspace(study)
    ours, _ = workspace.eligible_libraries(LIBRARY_ASSETS)
    patients, _ = workspace.eligible_libraries((*LIBRARY_ASSETS, OF_PATIENTS))
    assert library not in {item.id for item in [*ours, *patients]}, (
        "without its owner it is no library of the experiment"
    )
    document = yaml.safe_load(study.read_text())
    document["libraries"] = [item for item in document["libraries"] if item["id"] != library]
    study.write_text(yaml.safe_dump(document))
    (study.parent / "reads" / f"{library}.bam").unlink()
    assert Workspace(study).withdrawn_libraries == []
    assert sum(run(study).values()) == 0, "the remedies, followed, change nothing else"


def digests_of(workspace: Workspace, library: str) -> set[str]:
    """Digests of the values of a library that no other value has."""
    theirs, others = set(), set()
    for asset, partition, digest in workspace.derivations.pointers():
        found = workspace.derivations.digests_of(workspace.derivations.read(digest))
        (theirs if asset in LIBRARY_ASSETS and partition == library else others).update(found)
    return theirs - others


def test_a_library_that_others_use_is_refused_with_a_remedy_that_works(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sensors, "STABLE_SECONDS", 0)
    monkeypatch.setenv("GROPROG_STUDY", "")
    study = tmp_path / "study" / "study.yaml"
    shutil.copytree(written.parent, study.parent)
    given = owners(study)
    (patient, library), (other, _) = list(given.items())[5:7]
    changed(study, nascent_libraries={**given, other: library})
    leaving = study.parent / "inbox" / "june.withdraw.txt"
    leaving.write_text(f"{patient}\n")
    said = groprog("inbox", "check", study, leaving, status=2)
    assert f"library {library}: it is also the library of a patient who stays" in said
    groprog("inbox", "take", study)
    assert waiting_withdrawals(Workspace(study)) == 0
    changed(study, nascent_libraries=given)
    leaving.write_text(f"{patient}\n")
    groprog("inbox", "take", study)
    workspace = Workspace(study)
    assert waiting_withdrawals(workspace) == 1
    assert workspace.withdrawn_libraries == [library]
    assert patient not in workspace.study.nascent_libraries


@pytest.mark.slow
def test_a_library_that_became_one_of_the_experiment_is_refused(made: Path, tmp_path: Path):
    study = copied(made, tmp_path / "study")
    patient, library = list(owners(study).items())[5]
    changed(study, nascent_libraries={who: item for who, item in owners(study).items() if who != patient})
    theirs, barred = libraries_of(Workspace(study), {patient})
    assert theirs == set()
    assert barred == {library: "it was theirs and is now a library of the experiment"}
    document = yaml.safe_load(study.read_text())
    document["libraries"] = [item for item in document["libraries"] if item["id"] != library]
    study.write_text(yaml.safe_dump(document))
    assert libraries_of(Workspace(study), {patient}) == ({library}, {}), "derivations tell whose it was"


def test_the_simulated_libraries_do_not_name_their_patients(written: Path):
    study = Workspace(written).study
    assert len(study.nascent_libraries) == PATIENTS
    assert not any(patient in library for patient, library in study.nascent_libraries.items())
    assert pd.Series(study.nascent_libraries).is_unique
