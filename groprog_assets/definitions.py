"""The code location: assets, checks, jobs, schedules, sensors and resources, the same for tests, UI and command line.

Of a study without a cohort the assets of patients and models are names that nothing makes, and nothing starts them; so are
those of the sequence half and of omics where a study has none. A study without libraries has the omics assets, and those of its
cohort.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")

import dagster as dg

from groprog_assets import assets
from groprog_assets.errors import GroProgError
from groprog_assets.graph.io_managers import ArtifactIOManager
from groprog_assets.graph.resources import ComputePool, StudyResource
from groprog_assets.running import jobs, schedules, sensors
from groprog_assets.running.freshness import with_freshness
from groprog_assets.store.workspace import OMICS_ASSETS, WITHOUT_LIBRARIES, absent_assets, open_workspace
from groprog_assets.study.schema import Study

ABSENT = "not_in_this_study"
"""The group of the assets that a study does not have."""


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
    graph = with_freshness(dg.load_assets_from_package_module(assets), path)
    asked = _study(path)
    missing = {} if asked is None else absent_assets(asked)
    if asked is not None and not asked.libraries:
        mine = OMICS_ASSETS if asked.cohort is None else WITHOUT_LIBRARIES
        parts = {name: why for name, why in missing.items() if name in mine}
        own = [asset for asset in graph if asset.key.path[-1] in mine]
        made = {asset.key.path[-1] for asset in own}
        read = {key.path[-1] for asset in own for key in asset.dependency_keys}
        parts |= dict.fromkeys(sorted(read - made - parts.keys()), "it names no libraries")
        return dg.Definitions(
            assets=_without(own, parts),
            jobs=[jobs.omics_job],
            sensors=[*sensors.LEDGER],
            resources=resources,
            executor=dg.in_process_executor,
        )
    graph = _without(graph, missing)
    if asked is not None and asked.cohort is None:
        return dg.Definitions(
            assets=graph,
            jobs=[job for job in jobs.JOBS if job is not jobs.cohort_job],
            sensors=[sensors.libraries, *sensors.LEDGER],
            resources=resources,
            executor=dg.in_process_executor,
        )
    return dg.Definitions(
        assets=graph,
        jobs=list(jobs.JOBS),
        schedules=schedules.retraining(path),
        sensors=[sensors.libraries, sensors.inbox, *sensors.LEDGER],
        resources=resources,
        executor=dg.in_process_executor,
    )


def _without(graph: Sequence[Any], missing: Mapping[str, str]) -> list[Any]:
    """The assets of `graph`, those of `missing` {name: why} as names that nothing makes."""
    names = [
        dg.AssetSpec(name, description=f"Not in this study: {why}.", group_name=ABSENT).with_io_manager_key("artifacts")
        for name, why in missing.items()
    ]
    return [*(asset for asset in graph if asset.key.path[-1] not in missing), *names]


def _study(path: str) -> Study | None:
    """The study at `path` (or of GROPROG_STUDY); None where there is none to ask, and every asset stands."""
    try:
        return open_workspace(path or None).study
    except GroProgError:
        return None


defs = build_definitions()
