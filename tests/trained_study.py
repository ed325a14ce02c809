"""A tiny study run to its report with little training, and copies of it that a test may change."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from groprog_assets.definitions import build_definitions
from groprog_assets.running.execution import run_lock, run_study, study_instance
from groprog_assets.store.artifacts import Blob, Bundle
from groprog_assets.store.workspace import Workspace

LITTLE = {
    "training": {
        "genomic_warmup_epochs": 1,
        "clinical_warmup_epochs": 1,
        "joint_epochs": 2,
        "ensemble_seeds": 1,
    },
    "linear_path": {"penalties": [1.0]},
    "evaluation": {"folds": 2, "bootstrap_samples": 20},
    "transcription": {"tune": False},
    "ablation": {"parts": "none"},
}


def trained_study(folder: Path) -> Path:
    """Simulate a study of four libraries and 60 patients with an inbox, run all of it; its study.yaml."""
    from groprog_assets.simulation import simulate_study

    path = with_inbox(simulate_study(folder, scale="tiny", fastq=False))
    document = yaml.safe_load(path.read_text())
    document["parameters"] = {**(document.get("parameters") or {}), **LITTLE}
    path.write_text(yaml.safe_dump(document))
    run(path)
    return path


def without_drawing(patch: pytest.MonkeyPatch) -> None:
    """Figures become empty files: drawing them takes longer than training here, and has tests of its own."""

    def blank(drawing: dict[str, Any]) -> Bundle:
        return Bundle({kind: Bundle({name: Blob(b"", f".{kind}") for name in drawing}) for kind in ("png", "svg")})

    patch.setattr("groprog_assets.report.figure_list.drawn", blank)
    patch.setattr("groprog_assets.graph.derive.png", lambda figure: b"")


def with_inbox(path: Path) -> Path:
    """The study, its cohort with an empty inbox from now on."""
    document = yaml.safe_load(path.read_text())
    document["cohort"]["inbox"] = "inbox"
    path.write_text(yaml.safe_dump(document))
    (path.parent / "inbox").mkdir()
    return path


def copied(made: Path, folder: Path) -> Path:
    """A copy of a study with its state."""
    shutil.copytree(made.parent, folder)
    (folder / ".groprog" / "dagster" / "dagster.yaml").unlink(missing_ok=True)
    return folder / made.name


def run(path: Path, select: str = "") -> Counter[str]:
    """`groprog run`, the environment left as it was; {asset: values computed}, kept ones at 0."""
    from groprog_assets.graph import resources

    workspace = Workspace(path)
    found: Counter[str] = Counter()

    def listen(event: str, what: dict[str, Any]) -> None:
        if event == "finished":
            found[what["asset"]] += not what["reused"]

    resources.LISTENERS.append(listen)
    try:
        with run_lock(workspace), pytest.MonkeyPatch.context() as patch:
            for name in ("DAGSTER_HOME", "GROPROG_STUDY"):
                patch.setenv(name, str(path))
            report = run_study(workspace, build_definitions(study_path=str(path)), select, actor="ada")
    finally:
        resources.LISTENERS.remove(listen)
    assert not report.failures, report.failures
    return found


def answer(path: Path, requests: list[dg.RunRequest]) -> Counter[str]:
    """Run what a sensor or a schedule asks for, as the daemon would; {asset: values computed}, kept ones at 0.

    Taken from the event log: materializations by whether they were kept.
    """
    workspace = Workspace(path)
    definitions = build_definitions(study_path=str(path))
    found: Counter[str] = Counter()
    with study_instance(workspace) as instance:
        for request in requests:
            assert request.job_name
            made = definitions.resolve_job_def(request.job_name).execute_in_process(
                instance=instance, partition_key=request.partition_key, raise_on_error=False
            )
            assert made.success, [event.message for event in made.all_events if event.is_failure]
            for event in made.get_asset_materialization_events():
                kept = event.step_materialization_data.materialization.metadata["groprog/reused"].value
                found[event.asset_key.to_user_string()] += not kept
    return found
