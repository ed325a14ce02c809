"""Why a score changed: the parts sum to the change, a factor that did not change has none, and a replay is the record again."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from groprog_assets.errors import LedgerError
from groprog_assets.lineage.apportionment import CODE, COHORT, PATIENT, SEED, Apportionment, apportion
from groprog_assets.lineage.pictures import diff_picture, write_picture
from groprog_assets.store.workspace import Workspace
from tests.trained_study import copied, run

PATIENT_ID = "SIM-0002"
SMALL = {
    "training": {"joint_epochs": 2, "genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "ensemble_seeds": 1},
    "evaluation": {"bootstrap_samples": 20, "promotion_margin": 1.0},
}
"""So wide a margin that each model is promoted."""


def change(path: Path, **training: int) -> None:
    document = yaml.safe_load(path.read_text())
    parameters = document.setdefault("parameters", {})
    parameters.setdefault("training", {}).update(training)
    path.write_text(yaml.safe_dump(document))


@pytest.fixture(scope="module")
def study(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained three times: another seed the second time; another age of one patient, four patients fewer the third."""
    path = copied(written, tmp_path_factory.mktemp("apportioned") / "study")
    document = yaml.safe_load(path.read_text())
    document["parameters"] = SMALL
    path.write_text(yaml.safe_dump(document))
    clinical = path.parent / "cohort" / "clinical.tsv"
    run(path, "+risk_scores")
    change(path, seed=7)
    run(path, "+risk_scores")
    table = pd.read_csv(clinical, sep="\t", dtype=str, keep_default_na=False)
    older = table["PATIENT_ID"] == PATIENT_ID
    table.loc[older, "AGE"] = str(float(table.loc[older, "AGE"].iloc[0]) + 15)
    table.drop(index=range(10, 14)).to_csv(clinical, sep="\t", index=False)
    run(path, "+risk_scores")
    return path


def summed(found: Apportionment) -> float:
    return sum(part.part for part in found.parts)


@pytest.mark.slow
def test_a_change_is_shared_out_and_sums(study: Path, tmp_path: Path):
    workspace = Workspace(study)
    found = apportion(workspace, PATIENT_ID)
    assert found is not None
    assert {part.factor for part in found.parts} == {COHORT, PATIENT}, "the replay of either end is its record"
    assert summed(found) == pytest.approx(found.change, abs=1e-12)
    told = {part.factor: part.changes for part in found.parts}
    assert any(text.startswith("age: ") for text in told[PATIENT])
    assert any(re.fullmatch(r"patients: [34] left", text) for text in told[COHORT]), (
        "one of them may have been left out"
    )
    assert len(found.runs) == 4
    write_picture(diff_picture(found, PATIENT_ID), tmp_path / "diff.svg")
    assert b"this patient" in (tmp_path / "diff.svg").read_bytes()
    with pytest.raises(LedgerError, match="SVG or PNG"):
        write_picture(diff_picture(found, PATIENT_ID), tmp_path / "diff.pdf")


@pytest.mark.slow
def test_another_patient_has_no_part_of_his_own(study: Path):
    found = apportion(Workspace(study), "SIM-0005")
    assert found is not None
    assert [part.factor for part in found.parts] == [COHORT]
    assert found.parts[0].part == pytest.approx(found.change, abs=1e-12)


@pytest.mark.slow
def test_other_batches_of_the_others_are_their_part(study: Path, tmp_path: Path):
    path = copied(study, tmp_path / "study")
    document = yaml.safe_load(path.read_text())
    document["parameters"]["representation"] = {"harmonization": "combat"}
    path.write_text(yaml.safe_dump(document))
    run(path, "+risk_scores")
    clinical = path.parent / "cohort" / "clinical.tsv"
    table = pd.read_csv(clinical, sep="\t", dtype=str, keep_default_na=False)
    moved = table["PATIENT_ID"].isin(["SIM-0005", "SIM-0006", "SIM-0007", "SIM-0008"])
    table["BATCH"] = table["BATCH"].where(~moved, table["BATCH"].map({"site_1": "site_2", "site_2": "site_1"}))
    table.to_csv(clinical, sep="\t", index=False)
    run(path, "+risk_scores")
    workspace = Workspace(path)
    found = apportion(workspace, PATIENT_ID)
    assert found is not None
    assert abs(found.change) > 1e-6
    assert [part.factor for part in found.parts] == [COHORT]
    assert found.parts[0].part == pytest.approx(found.change, abs=1e-12)
    assert "batch of 4 patients" in found.parts[0].changes
    own = apportion(workspace, "SIM-0005")
    assert own is not None
    assert {part.factor for part in own.parts} == {COHORT, PATIENT}
    assert summed(own) == pytest.approx(own.change, abs=1e-12)
    told = {part.factor: part.changes for part in own.parts}
    assert "batch of 3 patients" in told[COHORT]
    assert any(text.startswith("batch: site_") for text in told[PATIENT])


@pytest.mark.slow
def test_a_seed_alone_explains_all(study: Path):
    workspace = Workspace(study)
    first, second = versions(workspace)[:2]
    found = apportion(workspace, PATIENT_ID, first[:12], second[:12])
    assert found is not None
    assert [part.factor for part in found.parts] == [SEED]
    assert found.parts[0].part == pytest.approx(found.change, abs=1e-12)
    assert found.parts[0].changes == ["seed: 20260101 -> 7"]
    with pytest.raises(LedgerError, match="names nothing"):
        apportion(workspace, PATIENT_ID, "no-such-model")


@pytest.mark.slow
def test_code_that_is_not_at_hand_is_said_and_the_parts_still_sum(study: Path, monkeypatch: pytest.MonkeyPatch):
    """As if the present code trained another model than the recorded one did."""
    from groprog_assets.lineage import apportionment

    workspace = Workspace(study)
    trained = apportionment.trained_risk
    monkeypatch.setattr(apportionment, "trained_risk", lambda *given: trained(*given) + 0.25)
    real = apportionment.SPECIFICATIONS
    other = {name: OtherCode(real[name]) for name in ("risk_model", "risk_scores")}
    monkeypatch.setattr(apportionment, "SPECIFICATIONS", {**real, **other})
    found = apportion(workspace, PATIENT_ID)
    assert found is not None
    parts = {part.factor: part for part in found.parts}
    assert parts[CODE].part == pytest.approx(0.0, abs=1e-12), "it moves both ends alike"
    assert not parts[CODE].swapped
    assert summed(found) == pytest.approx(found.change, abs=1e-12)
    assert any("not at hand" in note for note in found.notes)


class OtherCode:
    """A specification whose code is another version."""

    def __init__(self, given: object):
        self.given = given
        self.code_version = "0" * 64


def versions(workspace: Workspace) -> list[str]:
    from groprog_assets.intake.model_decisions import known_models

    return [model.model_version for model in known_models(workspace)]
