"""A daemon that stopped is noticed where one is needed: by the command, with its status; elsewhere it is no fault."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from dagster._daemon.types import DaemonHeartbeat

from groprog_assets.cli.main import main
from groprog_assets.running.execution import study_instance
from groprog_assets.running.heartbeat import SILENT_SECONDS, spoken, standing
from groprog_assets.store.workspace import Workspace
from tests.trained_study import with_inbox


def beat(study: Path, ago: float) -> None:
    with study_instance(Workspace(study)) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago, "SENSOR", "one", []))


def status(study: Path, *words: str):
    return CliRunner().invoke(main, ["status", str(study), *words])


def test_a_study_that_needs_no_daemon_has_no_fault_without(study: Path):
    assert status(study).exit_code == 0
    beat(study, 1e6)
    result = status(study)
    assert result.exit_code == 0, result.output
    assert "sensor 12 days ago (this study needs none)" in result.output


@pytest.mark.parametrize(("ago", "exits"), [(None, 2), (1.0, 0), (SILENT_SECONDS + 60, 2)])
def test_a_silent_daemon_is_a_fault_where_an_inbox_waits(study: Path, ago: float | None, exits: int):
    with_inbox(study)
    if ago is not None:
        beat(study, ago)
    result, told = status(study), status(study, "--json")
    assert result.exit_code == told.exit_code == exits, result.output
    assert ("groprog dev" in result.output) == (exits == 2)
    assert bool(json.loads(told.output)["problems"]) == (exits == 2)


def test_ages_are_seen_from_the_moment_given(study: Path):
    with_inbox(study)
    beat(study, 0)
    workspace = Workspace(study)
    with study_instance(workspace) as instance:
        assert standing(instance, workspace, time.time() + 10).problems == []
        assert standing(instance, workspace, time.time() - 86_400).problems == [], (
            "a clock that jumped back is no silence"
        )
        late = standing(instance, workspace, time.time() + 7200)
    assert late.problems == ["sensor daemon silent for 2 h"]


def test_spans_are_said_in_one_unit():
    assert [spoken(seconds) for seconds in (0, 119, 120, 7200, 200_000)] == ["0 s", "119 s", "2 min", "2 h", "2 days"]
