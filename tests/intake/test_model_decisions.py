"""Models by version, and a person's decision: kept with its reason, standing until the next training, scored with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from groprog_assets.errors import ArtifactError, StudyError
from groprog_assets.intake.model_decisions import choose, find_model, known_models
from groprog_assets.intake.promotion import champion_before
from groprog_assets.lineage import ledger
from groprog_assets.lineage.decisions import decisions
from groprog_assets.methods.evaluation.promotion import decide
from groprog_assets.prognosis.standing_model import champion_model
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.workspace import Workspace

FIELDS = pd.DataFrame({"field": ["age"]})


@pytest.fixture
def instance(tmp_path: Path):
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def store(workspace: Workspace, asset: str, value: Any, inputs: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    record = {
        "asset": asset,
        "partition": "",
        "inputs": inputs,
        "files": [],
        "parameters": {},
        "overrides": {},
        "extra": {},
        "code_version": "c",
        "environment": "e",
        "kernels": "k",
        "seed": None,
        "left_out": [],
        "verdicts": [],
        "headline": {},
        "output": workspace.store.put(value).as_json(),
        **more,
    }
    digest = workspace.derivations.write(record)
    workspace.derivations.point(asset, "", digest)
    return {"name": asset, "asset": asset, "partition": "", "sha256": record["output"]["sha256"], "derivation": digest}


def train(workspace: Workspace, version: str, estimate: float, place: int) -> None:
    """A model of that version, judged and decided on, in the store and in the ledger."""
    features = store(workspace, "normalized_features", Bundle(table={"of": version}), [])
    cohort = store(workspace, "cohort", Bundle(fields=FIELDS), [])
    summary = {"model_version": version}
    model = store(workspace, "risk_model", Bundle(summary=summary), [features, cohort], headline=summary)
    document = {"models": {"groprog": {"c_ipcw": {"estimate": estimate, "lower": 0.5, "upper": 0.9}}}}
    judged = store(workspace, "evaluation", document, [model])
    current, behind = champion_before(workspace)
    compared = {"difference": estimate - current["champion"]["estimate"]} if current else None
    decision = decide(version, document, [], current, 0.0, compared)
    extra = {"current": current, "standing": behind, "failed": []}
    store(workspace, "champion", decision, [model, judged], extra=extra, headline={"promoted": decision["promoted"]})
    moment = f"2026-01-0{place} 00:00:00"
    with ledger.open_ledger(workspace.ledger_path, make=True) as connection:
        run = f"run-{place}"
        connection.execute("INSERT INTO runs VALUES (?, 'j', 'SUCCESS', '', NULL, ?, 'ada', '{}')", [run, moment])
        connection.execute("INSERT INTO seals VALUES (?, ?, 1, 'root', 'before', ?)", [place, run, f"seal-{place}"])
        row = [run, place, moment, model["sha256"], model["derivation"]]
        connection.execute("INSERT INTO materializations VALUES (?, ?, ?, 'risk_model', '', ?, ?, false)", row)
        closure = {
            digest: workspace.derivations.read(digest)
            for edge in (model, judged)
            for digest in workspace.derivations.closure(edge["derivation"])
        }
        ledger.add_derivations(connection, closure)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    from groprog_assets.store.artifacts import Store
    from groprog_assets.store.derivations import Derivations

    made: Any = SimpleNamespace(
        store=Store(tmp_path / "store"),
        derivations=Derivations(tmp_path / "derivations"),
        state=tmp_path,
        ledger_path=tmp_path / "ledger" / "l.duckdb",
        command="groprog run s.yaml",
        making="groprog run s.yaml --select +{}".format,
        has=lambda asset: True,
    )
    train(made, "aaaa1111", 0.70, 1)
    train(made, "aabb2222", 0.75, 2)
    return made


def standing(workspace: Workspace) -> str:
    return champion_model(workspace)[0].summary["model_version"]


def test_models_stand_in_order_with_their_estimates(workspace: Workspace):
    models = known_models(workspace)
    assert [(item.model_version, item.evidence["estimate"], item.actor) for item in models] == [
        ("aaaa1111", 0.70, "ada"),
        ("aabb2222", 0.75, "ada"),
    ]
    assert standing(workspace) == "aabb2222"


def test_going_back_is_kept_with_its_reason_and_scored_with(workspace: Workspace, instance):
    document = choose(workspace, instance, "", "rolled back", "broke on the new site", "eve")
    assert document["model_version"] == "aaaa1111"
    model, features, fields = champion_model(workspace)
    assert model.summary["model_version"] == "aaaa1111"
    assert features.table == {"of": "aaaa1111"}, "with the features it was trained on"
    assert fields.equals(FIELDS)
    (event,) = decisions(instance)
    assert event.asset_observation is not None
    held = event.asset_observation.metadata
    assert held["groprog/actor"].value == "eve"
    evidence = held["evidence"].value
    assert (evidence["before"], evidence["model_version"]) == ("aabb2222", "aaaa1111")
    assert evidence["reason"] == "broke on the new site"


def test_a_decision_by_hand_stands_when_the_study_is_run_again_and_is_the_one_to_beat(workspace: Workspace, instance):
    choose(workspace, instance, "aaaa", "rolled back", "why not", "eve")
    current, behind = champion_before(workspace)
    assert current is not None
    assert workspace.derivations.read(behind["risk_model"])["headline"]["model_version"] == "aaaa1111"
    again = decide("aabb2222", {}, [], current, 0.0)
    assert again["model_version"] == "aaaa1111"
    train(workspace, "cccc3333", 0.72, 3)
    assert standing(workspace) == "cccc3333", "better than the one gone back to, worse than the one left"


def test_a_model_that_neither_won_nor_stood_before_can_be_chosen(workspace: Workspace, instance):
    train(workspace, "cccc3333", 0.80, 3)
    assert standing(workspace) == "cccc3333"
    choose(workspace, instance, "aaaa", "promoted by hand", "the first one after all", "eve")
    assert standing(workspace) == "aaaa1111"
    train(workspace, "dddd4444", 0.10, 4)
    assert standing(workspace) == "aaaa1111", "a challenger that lost leaves it standing"


def test_what_cannot_be_decided_is_said(workspace: Workspace, instance):
    with pytest.raises(StudyError, match="2 models with version aa"):
        find_model(workspace, "aa")
    with pytest.raises(StudyError, match="no model with version zz"):
        choose(workspace, instance, "zz", "promoted by hand", "x", "eve")
    with pytest.raises(StudyError, match="is the champion already"):
        choose(workspace, instance, "aabb", "promoted by hand", "x", "eve")
    with pytest.raises(StudyError, match="needs a reason"):
        choose(workspace, instance, "aaaa", "promoted by hand", " ", "eve")
    workspace.store.path(
        workspace.derivations.read(find_model(workspace, "aaaa").derivation)["output"]["sha256"]
    ).unlink()
    with pytest.raises(ArtifactError, match="missing"):
        choose(workspace, instance, "aaaa", "promoted by hand", "x", "eve")
    assert standing(workspace) == "aabb2222"
    assert decisions(instance) == []
