"""OBO files are parsed in a child process: its end, or its silence, is a damaged file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation import obo, obo_process

TEXT = "format-version: 1.2\ndata-version: 2026-01-01\n\n[Term]\nid: GO:1\nname: a\n\n[Term]\nid: GO:2\nname: b\nis_a: GO:1\n"


def test_terms_come_through_as_the_program_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.obo"
    path.write_text(TEXT)
    found = obo.read_obo(path)
    assert found.version == "2026-01-01"
    assert found.parents == {"GO:1": [], "GO:2": ["GO:1"]}
    sys.argv, before = ["", str(path)], sys.argv
    try:
        obo_process.main()
    finally:
        sys.argv = before
    head, *columns, last = map(json.loads, capsys.readouterr().out.splitlines())
    told = dict(zip(head["columns"], columns, strict=True))
    assert (told["term"], told["parents"], last) == (["GO:1", "GO:2"], [[], ["GO:1"]], {"end": ""})


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGABRT)", r"damaged file.*SIGABRT"),
        ("import time; time.sleep(60)", "damaged file.*did not end"),
        ("raise SystemExit(101)", "damaged file.*status 101"),
        ('print(\'{"end": "not OBO"}\')', "not OBO"),
        ("pass", "damaged file"),
    ],
)
def test_a_parser_that_stops_is_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    path = tmp_path / "b.obo"
    path.write_text(TEXT)
    monkeypatch.setattr(obo.child_process, "command", lambda *words: [sys.executable, "-c", program])
    monkeypatch.setattr(obo, "PATIENCE", 2.0)
    with pytest.raises(AnnotationError, match=words):
        obo.read_obo(path)
