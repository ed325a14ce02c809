"""A study's folder as an earlier version left it: run by this one, with its ledger whole.

`GROPROG_EARLIER` names the interpreter of an environment that holds the earlier version; without it the test is skipped.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from groprog_assets.cli.main import main

EARLIER = os.environ.get("GROPROG_EARLIER", "")
SELECT = ["--select", "+alignments or clinical_records"]


def groprog(*words: object) -> str:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
@pytest.mark.skipif(not EARLIER, reason="GROPROG_EARLIER names no interpreter of an earlier version")
def test_the_folder_of_an_earlier_version_is_taken_as_it_is(tmp_path: Path):
    earlier = Path(EARLIER).parent / "groprog"
    study = tmp_path / "study"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GROPROG")}
    for words in (["simulate", study, "--scale", "tiny"], ["run", study / "study.yaml", *SELECT]):
        subprocess.run([earlier, *map(str, words)], check=True, capture_output=True, env=environment)
    plan = groprog("run", study, *SELECT, "--dry-run")
    assert "never made" not in plan
    first = groprog("run", study, *SELECT)
    assert "values computed" in first
    assert "0 values computed" in groprog("run", study, *SELECT)
    assert "are sound" in groprog("lineage", "verify", study, "--full")
    history = groprog("lineage", "history", study, "clinical_records").splitlines()
    assert len(history) >= 2, "the earlier entries stay"
    assert "code" in history[1] or "kept" in history[1]
