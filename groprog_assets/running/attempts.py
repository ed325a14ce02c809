"""Runs that a sensor or schedule asks for: one at a time for what is due, and again after one has failed."""

from __future__ import annotations

import time

import dagster as dg

DUE_TAG = "groprog/due"
"""The tag of a run with the key of what is due; equal keys are attempts at the same thing."""
RETRY_SECONDS = 3600.0
"""A sensor asks again this long after an attempt has failed: what made it fail may be mended by then."""

FAILED = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def attempt(
    instance: dg.DagsterInstance, key: str, job: str | None = None, wait: float = RETRY_SECONDS
) -> dg.RunRequest | None:
    """The request for the next attempt at `key`; None for an empty key, while an attempt is under way, and for `wait` seconds
    after one has failed. The caller asks only for what is still due."""
    if not key:
        return None
    records = instance.get_run_records(dg.RunsFilter(tags={DUE_TAG: key}))
    failed = [record for record in records if record.dagster_run.status in FAILED]
    if any(not record.dagster_run.is_finished for record in records):
        return None
    if any(time.time() - (record.end_time or 0.0) < wait for record in failed):
        return None
    return dg.RunRequest(run_key=f"{key}:{len(failed)}" if failed else key, job_name=job, tags={DUE_TAG: key})
