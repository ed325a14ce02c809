"""OBO files are parsed in a child process: its end, or its silence, is a damaged file."""

from __future__ import annotations

import io
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


MIXED = """format-version: 1.2
data-version: 2026-01-01

[Term]
id: GO:1
name: plain (a), of b's
namespace: biological_process
def: "Something." [GOC:me]
alt_id: GO:9
synonym: "a [b] {c} ! d|e" EXACT [GOC:1, GOC:2]
synonym: "f" RELATED []
is_a: GO:2 ! "quoted" (remark)
relationship: part_of GO:3 ! c
relationship: regulates GO:4

[Term]
id: GO:2
name: another \\"name\\"
def: "Something else." []
synonym: "g" BROAD typed [GOC:me "x"] {source="y"}
is_a: GO:3 {gci_relation="part_of", gci_filler="GO:4"}

[Term]
id: GO:3
name: gone
is_obsolete: true
replaced_by: GO:1
consider: GO:2

[Typedef]
id: part_of
name: part of
def: "Not a term." []

[Term]
id: HP_x:4
name: Sj\u00f6gren
is_a: GO:1
xref: EC:1
"""


def test_terms_of_a_plain_form_are_read_as_fastobo_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "mixed.obo"
    path.write_text(MIXED)
    rows, rest = obo_process.plain_terms(MIXED.splitlines(keepends=True))
    assert [row and row[0] for row in rows] == ["GO:1", None, "GO:3", None]
    assert ("Something" in rest, "EC:1" in rest, "Not a term" in rest, "gone" in rest) == (False, False, True, False)
    by_fastobo = obo_process._by_fastobo(io.BytesIO(MIXED.encode()))
    assert obo_process.parsed(str(path)) == by_fastobo
    assert [row[0] for row in by_fastobo[1]] == ["GO:1", "GO:2", "GO:3", "HP_x:4"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_broken_clause_that_is_not_read_is_no_reason_to_refuse_a_file(tmp_path: Path, end: str) -> None:
    path = tmp_path / "definition.obo"
    text = MIXED.replace('"Something." [GOC:me]', '"Something. [').replace('"Something else." []', "Something else.")
    path.write_bytes(text.replace("\n", end).encode())
    whole = obo_process._by_fastobo(io.BytesIO(MIXED.encode()))
    assert obo_process.parsed(str(path)) == whole


@pytest.mark.parametrize(
    ("stated", "broken", "line"),
    [
        ("is_a: GO:3 {", "isa: GO:3 {", 21),
        ("is_a: GO:1\n", "is_a GO:1\n", 38),
        ('"Not a term."', '"Not a term.', 33),
        ("id: GO:3\n", "", 24),
        ("xref: EC:1\n", "is_a: GO:2", 39),
        ("xref: EC:1\n", "xref: EC:1", 39),
    ],
)
def test_an_error_names_the_line_of_the_file(tmp_path: Path, stated: str, broken: str, line: int) -> None:
    path = tmp_path / "broken.obo"
    path.write_text(MIXED.replace(stated, broken, 1))
    with pytest.raises(AnnotationError, match=rf"line {line}\)"):
        obo.read_obo(path)


@pytest.mark.parametrize(
    "text",
    ["[Term]\nid: GO:1\n\n [Term] \nid: GO:2\n\n[Term]\nid: GO:3\n", '[Term]\nid: GO:1\ndef: "c\\\nname: b\\\n" []\n'],
)
def test_a_frame_or_a_line_that_begins_or_ends_oddly_is_read_as_fastobo_reads_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "whole.obo"
    path.write_text(text)
    assert obo_process.parsed(str(path)) == obo_process._by_fastobo(io.BytesIO(text.encode()))


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
