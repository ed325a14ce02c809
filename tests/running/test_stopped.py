"""A run that a scheduler or a person stops keeps what it finished, says so and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from groprog_assets.running.execution import close_orphans, study_instance
from groprog_assets.store.workspace import open_workspace


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_a_run_in_order(study: Path, number: signal.Signals, status: int):
    command = [sys.executable, "-m", "groprog_assets.cli.main", "run", str(study)]
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert running.stdout is not None
    for _ in range(2):
        assert running.stdout.readline().startswith("✓"), "two values are made, so the first one is in its place"
    running.send_signal(number)
    output, errors = running.communicate(timeout=300)
    assert running.returncode == status, output + errors
    assert "What was finished is kept" in errors
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)
    workspace = open_workspace(study)
    assert workspace.derivations.current("gene_models")
    with study_instance(workspace) as instance:
        assert close_orphans(instance) == 0, "the run is closed, not left as if it were still going on"


BETWEEN_JOBS = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for a command behind &
from dagster._utils.interrupts import capture_interrupts
from groprog_assets.cli.answering import readable
import click

@click.command()
@readable
def run():
    with capture_interrupts():
        pass  # a job begins and ends
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)

run()
"""


def test_between_two_jobs_sigterm_stops_a_run_whose_shell_ignores_sigint():
    done = subprocess.run([sys.executable, "-c", BETWEEN_JOBS], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 143, done.stderr
    assert "What was finished is kept" in done.stderr
