"""The form of every script in `findings/`, read and not run, and the command that lists and runs them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from findings.__main__ import FOLDER, Finding, findings, last_results, main

SCRIPTS = [pytest.param(finding, id=finding.name) for finding in findings()]
PINNED = re.compile(r"^[A-Za-z0-9][\w.\-]*(\[[\w,]+\])?==\d[\w.]*$")
"""`package==version`, as pip takes it."""
MADE_UP = """#!/usr/bin/env bash
# A made-up tool says {status} where 0 was expected.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
exit {status}
"""


def _commands(text: str) -> list[str]:
    """Lines of a script as the shell joins them, comments left out."""
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


def _installed(text: str) -> list[str]:
    """What every `pip install` of a script names, options left out."""
    words = []
    for line in _commands(text):
        if match := re.search(r"\bpip install\b(.*)", line):
            words += [word for word in re.split(r"[>|&;]", match[1])[0].split() if not word.startswith("-")]
    return words


@pytest.mark.parametrize("finding", SCRIPTS)
def test_a_script_states_its_surprise_and_can_be_run(finding: Finding):
    lines = finding.path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert re.fullmatch(r"# [A-Za-z].{30,}[.]", lines[1]), "the second line states the surprise in one sentence"
    assert ". " not in finding.statement, "one sentence"
    assert len(lines[1]) <= 140
    assert os.access(finding.path, os.X_OK), "chmod +x"
    assert "set -euo pipefail" in lines


@pytest.mark.parametrize("finding", SCRIPTS)
def test_a_script_works_in_a_temporary_folder_that_it_removes(finding: Finding):
    commands = _commands(finding.path.read_text(encoding="utf-8"))
    made = [match[1] for line in commands if (match := re.match(r"(\w+)=\$\(mktemp -d\)$", line))]
    assert len(made) == 1
    assert any(re.match(rf"trap .*rm -rf \"\${made[0]}\".* EXIT$", line) for line in commands)
    assert any(line.startswith("python3.11 -m venv ") for line in commands)


@pytest.mark.parametrize("finding", SCRIPTS)
def test_a_script_installs_exact_versions_from_pypi_and_nothing_else(finding: Finding):
    text = finding.path.read_text(encoding="utf-8")
    packages = _installed(text)
    assert packages
    assert not [package for package in packages if not PINNED.match(package)]
    assert not [package for package in packages if package.startswith("torch==")], "too heavy"
    assert not re.search(r"\b(curl|wget|git clone|conda|index-url|find-links)\b|https?://", text)


@pytest.mark.parametrize("finding", SCRIPTS)
def test_a_script_knows_nothing_of_this_project(finding: Finding):
    text = finding.path.read_text(encoding="utf-8")
    assert "groprog" not in text.lower()
    assert not re.search(r"/(work|root|home)/", text)


def test_every_file_of_the_folder_is_a_finding_or_the_command():
    rest = {path.name for path in FOLDER.iterdir() if path.suffix != ".sh" and path.name != "__pycache__"}
    assert rest == {"__init__.py", "__main__.py"}


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("pip install -q pysam==0.24.1 \\\n  numpy==2.4.6 >log || exit 2\n", ["pysam==0.24.1", "numpy==2.4.6"]),
        ("# pip install anything\n", []),
    ],
)
def test_the_reader_of_install_lines_joins_lines_and_leaves_out_comments(text: str, packages: list[str]):
    assert _installed(text) == packages


@pytest.mark.parametrize("package", ["pysam", "pysam>=0.24", "./pysam", "git+ssh"])
def test_what_is_not_pinned_is_seen(package: str):
    assert not PINNED.match(package)


def test_the_command_lists_runs_and_remembers(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, results = tmp_path / "findings", tmp_path / "var" / "findings.json"
    folder.mkdir()
    (folder / "holds.sh").write_text(MADE_UP.format(status=0), encoding="utf-8")
    (folder / "changed.sh").write_text(MADE_UP.format(status=3), encoding="utf-8")

    assert main([], folder, results) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed == [
        "changed  never run here",
        "    A made-up tool says 3 where 0 was expected.",
        "holds    never run here",
        "    A made-up tool says 0 where 0 was expected.",
    ]
    assert main(["--run", "holds"], folder, results) == 0
    assert set(last_results(results)) == {"holds"}
    assert main(["--run-all"], folder, results) == 1
    kept = last_results(results)
    assert {name: result.status for name, result in kept.items()} == {"changed": 3, "holds": 0}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", result.date) for result in kept.values())
    capsys.readouterr()
    main([], folder, results)
    assert re.match(r"changed  \d{4}-\d\d-\d\d \d\d:\d\d UTC  exit 3  \d+ s\n", capsys.readouterr().out)


def test_an_unknown_name_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--run", "nothing"], tmp_path, tmp_path / "findings.json")
    assert "no such finding: nothing" in capsys.readouterr().err
