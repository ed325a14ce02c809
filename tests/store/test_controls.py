"""-TAP and input controls are no part of the experiment, except for the assets that ask for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from groprog_assets.graph.specification import LIBRARY_ASSETS, SPECIFICATIONS
from groprog_assets.store.workspace import WITH_CONTROLS, Workspace


def test_a_control_is_seen_by_initiation_regions_alone(written: Path, tmp_path: Path):
    import groprog_assets.definitions  # noqa: F401  # its assets fill SPECIFICATIONS

    shutil.copytree(written.parent, tmp_path / "study")
    path = tmp_path / "study" / "study.yaml"
    content = yaml.safe_load(path.read_text())
    for library in content["libraries"]:
        library["assay"] = "pro-cap"
    content["libraries"][0]["control"] = "tap"
    content["libraries"].append({**content["libraries"][-1], "id": "tap", "condition": "minus_tap", "replicate": 1})
    path.write_text(yaml.safe_dump(content))
    workspace = Workspace(path)
    experiment = [library.id for library in workspace.eligible_libraries(LIBRARY_ASSETS)[0]]
    assert "tap" not in experiment
    assert len(experiment) == len(content["libraries"]) - 1
    every = [library.id for library in workspace.eligible_libraries((*LIBRARY_ASSETS, WITH_CONTROLS))[0]]
    assert every == [*experiment, "tap"]
    asking = {name for name, item in SPECIFICATIONS.items() if WITH_CONTROLS in item.library_gates}
    assert asking == {"initiation_regions"}


def test_an_input_from_a_control_does_not_make_the_features_due(written: Path, tmp_path: Path):
    """What an asset with controls has read is compared with what assets of its gates see, or it would be made for ever."""
    from groprog_assets.intake.retraining import _made

    class Records:
        @staticmethod
        def current_record(asset: str, library: str) -> dict:
            return {"output": {"sha256": f"{asset}-{library}"}, "verdicts": []}

    shutil.copytree(written.parent, tmp_path / "study")
    path = tmp_path / "study" / "study.yaml"
    content = yaml.safe_load(path.read_text())
    for library in content["libraries"]:
        library["assay"] = "pro-cap"
    content["libraries"][0]["control"] = content["libraries"][1]["id"]
    path.write_text(yaml.safe_dump(content))
    workspace = Workspace(path)
    workspace.derivations = Records()  # type: ignore[assignment]
    control = content["libraries"][1]["id"]
    seen = {library for _, library in _made(workspace, SPECIFICATIONS["initiation_regions"].library_gates)}
    assert control in seen
    assert control not in {library for _, library in _made(workspace, SPECIFICATIONS["gene_signal"].library_gates)}
