"""The code location: assets, checks, jobs, schedules, sensors and resources, the same for tests, UI and command line."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")

import dagster as dg

from groprog_assets import assets, jobs, schedules, sensors
from groprog_assets.freshness import with_freshness
from groprog_assets.io_managers import ArtifactIOManager
from groprog_assets.resources import ComputePool, StudyResource


def build_definitions(**overrides: Any) -> dg.Definitions:
    """The definitions; `study_path` names the study, further keywords replace resources by name."""
    path = str(overrides.pop("study_path", ""))
    study = StudyResource(path=path)
    resources = {
        "study": study,
        "pool": ComputePool(study=study),
        "artifacts": ArtifactIOManager(study=study),
        **overrides,
    }
    return dg.Definitions(
        assets=with_freshness(dg.load_assets_from_package_module(assets), path),
        jobs=list(jobs.JOBS),
        schedules=schedules.retraining(path),
        sensors=[sensors.libraries, sensors.inbox, *sensors.LEDGER],
        resources=resources,
        executor=dg.in_process_executor,
    )


defs = build_definitions()
