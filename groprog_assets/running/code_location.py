"""The runs of the command line as runs of the UI's code location.

Dagster's UI sorts runs by the code location that they belong to: its timeline, the pages of jobs and the filter of runs leave out
a run that names none. A run that is executed in this process names none by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial

import dagster as dg
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

LOCATION = "groprog_assets.definitions"
"""The name of the code location, as `groprog dev` starts it."""
REPOSITORY = "__repository__"
"""Dagster's own name for the definitions of a module."""


def origin_of(job: str) -> RemoteJobOrigin:
    """Where the UI finds the job of this name."""
    place = RegisteredCodeLocationOrigin(LOCATION)
    return RemoteJobOrigin(repository_origin=RemoteRepositoryOrigin(place, REPOSITORY), job_name=job)


@contextlib.contextmanager
def in_code_location(instance: dg.DagsterInstance, job: str) -> Iterator[None]:
    """Runs of `job` that this process makes meanwhile belong to the code location.

    `execute_in_process` has no argument for it, and the origin is written once, when the run is made.
    """
    instance.create_run_for_job = partial(instance.create_run_for_job, remote_job_origin=origin_of(job))  # type: ignore[method-assign]
    try:
        yield
    finally:
        del instance.create_run_for_job
