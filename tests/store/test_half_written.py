"""What a dead process left half written is known by its name, also while nobody has waited for the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from groprog_assets.store.half_written import left_behind, remove_remains


def test_a_process_that_ended_unwaited_for_writes_nothing(tmp_path: Path):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended and is still listed
    os.kill(child.pid, 0)
    left = tmp_path / f".table.tsv.{child.pid}.0123abcd.part"
    left.write_text("half")
    assert left_behind(left)
    child.wait()


def test_a_living_process_keeps_its_file(tmp_path: Path):
    own = tmp_path / f".table.tsv.{os.getpid()}.0123abcd.part"
    own.write_text("half")
    assert not left_behind(own)
    assert remove_remains(tmp_path) == 0
