"""The program that turns a BCF into text."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from groprog_assets.methods.sequence import bcf_process


def test_what_is_no_variant_file_ends_with_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "x.bcf"
    path.write_bytes(b"BCF\x02\x02 nothing")
    monkeypatch.setattr(sys, "argv", ["bcf_process", str(path)])
    monkeypatch.setattr(bcf_process, "limit_memory", lambda: None)
    with pytest.raises(SystemExit) as stopped:
        bcf_process.main()
    assert stopped.value.code not in (0, None)
