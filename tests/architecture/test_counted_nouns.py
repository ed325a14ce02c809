"""A count before a noun goes through `count_of`, so that nobody reads "1 patients"."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from groprog_assets.wording import count_of

ROOT = Path(__file__).parents[2]
PLURALS = (
    r"alleles|artefacts|associations|axes|bases|batches|biomarkers|bytes|cases|centres|chromosomes|columns|contacts|contigs|days"
    r"|deaths|edges|edits|entries|errors|events|factors|features|fields|files|findings|fits|folds|genes|groups|identifiers"
    r"|intervals|kilobases|letters|libraries|lines|loci|members|messages|minutes|models|modules|months|motifs|notices|numbers"
    r"|packets|pages|pairs|paths|patients|peaks|points|positions|predictions|problems|pseudonyms|regions|repeats|rows|runs"
    r"|samples|seals|seconds|seqlets|sequences|sets|shards|signatures|sites|steps|studies|subjects|symbols|terms|tests|tracks"
    r"|transcripts|units|uses|values|variants|weeks|windows|workers|years"
)
AMBIGUOUS = "assays|ends|lists|marks|names|reads|starts|times"
"""Nouns that are verbs too: only a value that is a count by its look goes with them."""
ANY_WORD = r"(?:(?!(?:of|in|at|on|are|with|is|has|if|have|beside|about) )\w+ ){0,2}?"
NOUNS = re.compile(rf"\s{ANY_WORD}(?:{PLURALS})\b")
SUSPECTS = re.compile(rf"\s{ANY_WORD}(?:{AMBIGUOUS})\b|\s(?:are|have|were|do not|lie|stand|lead)\b")
PART = re.compile(
    r"(^\s*of (the |its |all )?|\b(none|all|each|some|few|most|0|1) of (the |its )?|\{\} of "
    r"|\b(most|least|than|over|under|to|the|stands) |[-–/×])$"
)
"""What stands before a count that is a part's whole ("1 of 3 genes"), a bound or a range."""
BOUNDS = re.compile(
    r"row\[2\]|^number$|minimum|maximum|least|longest|largest|fewest|width|[A-Z]{4}(?!.*\blen\()|^twice\b|twice\[|_R2|_HIT"
    r"|name|label|horizon|landmark|_days|months?\b|metric|kind|what|mend|^word$|^stage$|^form$|join\(|_id$|\.words$|^fixed\("
)
"""Names of settings and constants, a count of what was named twice and of what is told every hundred: never 1. Words, names and
measured times, which are no counts."""
COUNTS = re.compile(r"\b(len|sum|int|number)\(|\bcount\b|\bn\b|events|patients")


def counted(path: Path) -> list[str]:
    """Lines of a module that write a count and a plural noun, or a plural verb, into one text."""
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
            format_spec = ast.unparse(part.format_spec) if part.format_spec is not None else ""
            text = str(after.value) if isinstance(after, ast.Constant) else ""
            bare = format_spec == "f','" or COUNTS.search(written)
            follows = NOUNS.match(text) or (bare and SUSPECTS.match(text))
            no_count = "count_of" in written or BOUNDS.search(written) or PART.search(before) or "." in format_spec
            if follows and not no_count and part.conversion == -1:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {{{written}}}{text[:20]}")
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
    path.write_text(
        "f\"{len(rows)} rows left; {kept:,} of {len(all):,} genes, {count_of(n, 'unit')}\"\n"
        "f\"{number(table['pairs'])} genes of {name} reads; {open} runs unfinished; {int(n)} negative times\"\n"
        'f"; {small:,} are short; {text} are names; in {wait} seconds"\n'
    )
    assert counted(path) == [
        "text.py:1: {len(rows)} rows left; ",
        "text.py:2: {number(table['pairs'])} genes of ",
        "text.py:2: {open} runs unfinished; ",
        "text.py:2: {int(n)} negative times",
        "text.py:3: {small} are short; ",
        "text.py:3: {wait} seconds",
    ]
