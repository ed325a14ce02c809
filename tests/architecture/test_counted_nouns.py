"""A count before a noun goes through `count_of`, so that nobody reads "1 patients"."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from groprog_assets.wording import count_of

ROOT = Path(__file__).parents[2]
NOUNS = re.compile(
    r"\s(?:(?!of|in|at|are)\w+ )?"
    r"(?:assays|bases|biomarkers|bytes|chromosomes|columns|edits|events|features|files|findings|genes|identifiers"
    r"|intervals|libraries|lines|motifs|packets|pairs|patients|reads|regions|rows|samples|shards|subjects|symbols|terms"
    r"|transcripts|units|values|variants|windows|workers)\b"
)
PART = re.compile(r"(\b(of|of the|of its|none of|all|most|least|than|over|under|to|the) |[-–/])$")
"""What stands before a count that is a part's whole ("1 of 3 genes"), a bound or a range."""
BOUNDS = re.compile(r"row\[2\]|^number$|minimum|maximum|most|least|longest|largest|[A-Z]{4}")
"""Names of settings and constants, a count of what was named twice and of what is told every hundred: never 1."""
COUNTS = re.compile(r"\b(len|sum|int)\(|\bcount\b|\bn\b|events|patients")


def counted(path: Path) -> list[str]:
    """Lines of a module that write a count and a plural noun into one text."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.JoinedStr):
            continue
        before = ""
        for part, after in zip(node.values, [*node.values[1:], ast.Constant("")]):
            if isinstance(part, ast.Constant):
                before = str(part.value)
                continue
            assert isinstance(part, ast.FormattedValue)
            written = ast.unparse(part.value)
            number = part.format_spec is not None and ast.unparse(part.format_spec) == "f','"
            follows = isinstance(after, ast.Constant) and NOUNS.match(str(after.value))
            bare = number or COUNTS.search(written)
            never = "count_of" in written or BOUNDS.search(written) or PART.search(before)
            if follows and bare and not never:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {{{written}}}{after.value[:20]}")
            before = ""
    return found


@pytest.mark.parametrize(
    "room",
    sorted(path.name for path in (ROOT / "groprog_assets").iterdir() if path.is_dir() and path.name != "simulation"),
)
def test_counts_before_a_noun_agree_with_it(room: str):
    found = [line for path in sorted((ROOT / "groprog_assets" / room).rglob("*.py")) for line in counted(path)]
    assert not found, "\n".join(found)


def test_one_is_no_plural():
    assert [count_of(n, "unit") for n in (0, 1, 2, 1200)] == ["0 units", "1 unit", "2 units", "1,200 units"]
    assert count_of(1, "patient has", "patients have") == "1 patient has"


def test_the_search_finds_a_bare_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / "text.py"
    path.write_text("f\"{len(rows)} rows left; {kept:,} of {len(all):,} genes, {count_of(n, 'unit')}\"\n")
    assert counted(path) == ["text.py:1: {len(rows)} rows left; "]
