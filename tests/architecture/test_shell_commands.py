"""A command that a message tells goes through `shell_command` or `shell_word`, so that a path with spaces can be pasted."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from groprog_assets.wording import shell_command, shell_word

ROOT = Path(__file__).parents[2]
PROGRAM = re.compile(
    r"(?:^|[`(:;|>]\s*|\s)(?:groprog (?!lineage trace )[a-z]+(?: [a-z]+)?|samtools [a-z]+|gunzip|gzip -|bgzip|zcat|iconv|tabix"
    r"|dask worker|chmod|cat|cp|mv|rm)\b(?:[^`;,.]|\.\w)*\s$"
)
"""Text that ends within a command, just before a word of it."""
QUOTED = re.compile(r"^shell_(?:word|command)\(|\.(?:command|making\(.*\))$|address$|\.shape$")
"""What is quoted already; an address of a scheduler, which holds nothing that a shell reads otherwise."""


def unquoted(path: Path) -> list[str]:
    """Values that a module writes into the text of a command as they are."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.JoinedStr):
            continue
        before = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                before += str(part.value)
                continue
            assert isinstance(part, ast.FormattedValue)
            written = ast.unparse(part.value)
            if PROGRAM.search(before) and not QUOTED.search(written):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {before[-30:]}{{{written}}}")
            before += "x"
    return found


@pytest.mark.parametrize(
    "room", sorted(path.name for path in (ROOT / "groprog_assets").iterdir() if (path / "__init__.py").is_file())
)
def test_words_of_a_command_are_quoted(room: str):
    found = [line for path in sorted((ROOT / "groprog_assets" / room).rglob("*.py")) for line in unquoted(path)]
    assert not found, "\n".join(found)


def test_the_search_finds_a_bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / "text.py"
    path.write_text(
        'f"Try `groprog export {path}`, or {path}; `gunzip -c {shell_word(path)} | bgzip > {other.name}`."\n'
    )
    assert [line.partition(": ")[2] for line in unquoted(path)] == [
        "Try `groprog export {path}",
        " or x; `gunzip -c x | bgzip > {other.name}",
    ]


def test_a_shell_reads_the_words_back():
    words = ["groprog", "run", "/data/my study/it's äöü.yaml", "--select", "+pausing", "$HOME"]
    assert shlex.split(shell_command(*words)) == words
    assert shlex.split(shell_word(Path("a b"))) == ["a b"]
    assert shell_command("groprog", "run", Path("/data/study.yaml")) == "groprog run /data/study.yaml"
