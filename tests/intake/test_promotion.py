"""The promotion decision rests on what stood before it, so that running again is running the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from groprog_assets.intake import promotion
from groprog_assets.store.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(study: Path) -> Workspace:
    return open_workspace(study)


def judged(workspace: Workspace, model: str, before: dict[str, Any] | None) -> None:
    """As if `model` were the current risk model and had been judged when `before` stood."""
    derivations = workspace.derivations
    output = {"kind": "document", "sha256": model * 64, "bytes": 1}
    trained = derivations.write({"asset": "risk_model", "inputs": [], "output": output, "verdicts": []})
    derivations.point("risk_model", "", trained)
    edge = {"name": "risk_model", "sha256": model * 64, "derivation": trained}
    decided = {"asset": "champion", "inputs": [edge], "output": output, "verdicts": [], "extra": {"current": before}}
    decided["headline"] = {"promoted": True}
    derivations.point("champion", "", derivations.write(decided))


def test_a_decision_taken_is_not_a_circumstance_of_itself(workspace: Workspace) -> None:
    assert promotion.circumstances_of_decision(workspace) == {
        "current": None,
        "standing": {},
        "failed": [],
        "withdrawn": "",
    }
    judged(workspace, "a", None)
    assert promotion.circumstances_of_decision(workspace)["current"] is None
    judged(workspace, "b", {"reason": "first model of this study"})
    assert promotion.circumstances_of_decision(workspace)["current"] == {"reason": "first model of this study"}


def test_another_model_meets_the_champion_that_stands(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(workspace, "a", None)
    monkeypatch.setattr(promotion, "load_asset", lambda *_: {"champion": "a"})
    output = {"kind": "document", "sha256": "b" * 64, "bytes": 1}
    trained = workspace.derivations.write({"asset": "risk_model", "inputs": [], "output": output, "verdicts": []})
    workspace.derivations.point("risk_model", "", trained)
    assert promotion.circumstances_of_decision(workspace)["current"] == {"champion": "a"}
