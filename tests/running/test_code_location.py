"""Runs of the command line are runs of the UI's code location."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from groprog_assets.running.code_location import LOCATION, REPOSITORY, in_code_location
from groprog_assets.running.execution import study_instance
from groprog_assets.store.workspace import Workspace


def test_every_run_of_a_command_names_the_code_location_and_the_command(twice_run: Path):
    with study_instance(Workspace(twice_run)) as instance:
        ours = {".dagster/repository": f"{REPOSITORY}@{LOCATION}"}
        runs = instance.get_runs()
        assert len(instance.get_runs(dg.RunsFilter(tags=ours))) == len(runs) > 2
        assert len({run.tags["groprog/command_id"] for run in runs}) == 2
        for run in runs:
            origin = run.remote_job_origin
            assert origin is not None
            assert origin.job_name == run.job_name
            assert origin.repository_origin.code_location_origin.location_name == LOCATION


def test_the_instance_is_left_as_it_was():
    with dg.DagsterInstance.ephemeral() as instance:
        with in_code_location(instance, "some_job"):
            assert "create_run_for_job" in vars(instance)
        assert "create_run_for_job" not in vars(instance)
