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


def test_a_number_that_no_process_has_and_a_link_to_a_folder_are_removed(tmp_path: Path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "table.tsv").write_text("whole")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / ".table.tsv.99999999999.0123abcd.part").write_text("half")
    (tmp_path / "in" / ".folder.99999999999.0123abcd.part").symlink_to(tmp_path / "kept")
    assert remove_remains(tmp_path / "in") == 2
    assert (tmp_path / "kept" / "table.tsv").read_text() == "whole"
