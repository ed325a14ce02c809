"""One line broken at a time, and the tests that must notice: `python -m tests.architecture.breaks [--list] [WORD …]`.

A passing suite says little of a line that no test would miss. Each break below changes one line of a copy of the checkout in a
temporary folder to a wrong one and runs only the tests named for it; every one of them must go red. Before that all named tests
must pass in the unbroken copy. With words, only breaks whose file or note holds one of them are tried. The exit status is 0 when
every break was caught.

A line is found by its text, wherever it stands in the file. When code moves or is written anew, give the break the line's new
file or text; when the line is gone, break the one that took its place.

The breaks stand in `breaks.yaml`. A new one: the file, the whole line without its indentation, the wrong line, and the test
functions that must fail.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("breaks.yaml")
COPIED = ("groprog_kernels", "groprog_assets", "tests")
ALONE = ("setup.py", "pyproject.toml")
LONGEST = 600
"""Seconds that the tests of one break may take."""


class Break(NamedTuple):
    """A line of `file` (`before`, without its indentation) made wrong (`after`); `tests` are node ids that must all fail."""

    file: str
    note: str
    before: str
    after: str
    tests: tuple[str, ...]


class Outcome(NamedTuple):
    """What became of a break: caught, missed (the tests that stayed green), or not tried (why)."""

    broken: Break
    caught: bool
    said: str
    seconds: float


class LineNotFound(LookupError):
    """A break names a line that its file does not hold exactly once."""


def listed() -> list[Break]:
    """The breaks of `breaks.yaml`, in its order."""
    rows = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [Break(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def spoilt(broken: Break, root: Path = ROOT) -> str:
    """The file's text with the break in it. LineNotFound: no such file, or the line is not there exactly once."""
    path = root / broken.file
    if not path.is_file():
        raise LineNotFound(
            f"{broken.file} is not there. Was it moved? Give the break its new path ({broken.before!r})."
        )
    lines = path.read_text(encoding="utf-8").split("\n")
    places = [number for number, line in enumerate(lines) if line.strip() == broken.before]
    if len(places) != 1:
        found = "no longer holds" if not places else f"holds {len(places)} times"
        raise LineNotFound(
            f"{broken.file} {found} the line {broken.before!r}. Was it changed or moved? Give the break in "
            f"{LIST.name} the line that now does its work."
        )
    line = lines[places[0]]
    lines[places[0]] = line[: len(line) - len(line.lstrip())] + broken.after
    return "\n".join(lines)


class Checkout:
    """A copy of the checkout in a temporary folder, in which lines are broken and put back."""

    def __init__(self, folder: Path):
        self.folder = folder / "checkout"
        for name in COPIED:
            shutil.copytree(ROOT / name, self.folder / name)
        for name in ALONE:
            shutil.copy2(ROOT / name, self.folder / name)

    def environment(self, compiled: bool) -> dict[str, str]:
        """Imports come from the copy; examples are the same every time; loops run as Python where one of them is broken."""
        chosen = {
            **os.environ,
            "CI": "1",
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return chosen if compiled else {**chosen, "NUMBA_DISABLE_JIT": "1"}

    def failing(self, tests: Sequence[str], compiled: bool) -> set[str]:
        """Which of the test functions fail. RuntimeError when the tests could not be run at all, or one took too long."""
        report = self.folder / "report.xml"
        report.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--tb=line",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
            *tests,
        ]
        try:
            run = subprocess.run(
                command,
                cwd=self.folder,
                env=self.environment(compiled),
                capture_output=True,
                text=True,
                timeout=LONGEST,
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"the tests took longer than {LONGEST} s") from None
        if run.returncode not in (0, 1):
            raise RuntimeError("\n".join(run.stdout.strip().splitlines()[-8:]) or run.stderr.strip()[-800:])
        cases = list(ElementTree.parse(report).iter("testcase"))
        if not cases:
            raise RuntimeError("no test ran")
        skipped = {_name(case) for case in cases if case.find("skipped") is not None}
        bad = {_name(case) for case in cases if case.find("failure") is not None or case.find("error") is not None}
        if run.returncode == 0 and skipped:
            raise RuntimeError(f"{', '.join(sorted(skipped))} was skipped")
        return {test for test in tests if _called(test) in bad}

    def imported(self) -> Path:
        """Where the package comes from inside the copy; it must be the copy."""
        found = subprocess.run(
            [sys.executable, "-c", "import groprog_assets; print(groprog_assets.__file__)"],
            cwd=self.folder,
            env=self.environment(compiled=True),
            capture_output=True,
            text=True,
            check=True,
        )
        return Path(found.stdout.strip())

    def attempt(self, broken: Break) -> Outcome:
        """Break the line, run its tests, put the line back."""
        began = time.monotonic()
        path = self.folder / broken.file
        try:
            text = spoilt(broken, self.folder)
        except LineNotFound as problem:
            return Outcome(broken, False, str(problem), 0.0)
        was, stamp = path.read_bytes(), path.stat()
        library = next(iter(path.parent.glob(f"{path.stem}.*.so")), None) if path.suffix == ".pyx" else None
        compiled_as = library.read_bytes() if library else b""
        try:
            path.write_text(text, encoding="utf-8")
            if library:
                self.compile(path, library)
            failed = self.failing(broken.tests, compiled=not path.stem.endswith("_numba"))
            green = [test for test in broken.tests if test not in failed]
            said = f"stayed green: {', '.join(green)}" if green else ""
        except RuntimeError as problem:
            green, said = list(broken.tests), str(problem)
        finally:
            path.write_bytes(was)
            os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
            if library:
                library.write_bytes(compiled_as)
        return Outcome(broken, not green, said, time.monotonic() - began)

    def compile(self, source: Path, library: Path) -> None:
        """Build one Cython file by the project's own setup.py, in a folder that holds no other."""
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as place:
            inside = Path(place) / "groprog_kernels"
            inside.mkdir()
            shutil.copy2(source, inside)
            shutil.copy2(self.folder / "setup.py", place)
            command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
            run = subprocess.run(command, cwd=place, capture_output=True, text=True)
            built = inside / library.name
            if run.returncode or not built.is_file():
                raise RuntimeError(f"the broken line does not compile: {run.stderr.strip()[-400:]}")
            library.unlink()  # the old one may be open in a process
            shutil.copy2(built, library)


def _called(test: str) -> str:
    return test.partition("::")[2]


def _name(case: ElementTree.Element) -> str:
    return str(case.get("name")).partition("[")[0]


def run(breaks: Sequence[Break], tell: Callable[[str], None]) -> list[Outcome]:
    """Try every break in a fresh copy; a line of text as each ends. RuntimeError when a named test fails in the unbroken copy."""
    with tempfile.TemporaryDirectory(prefix="groprog-breaks-") as folder:
        checkout = Checkout(Path(folder))
        if checkout.folder.resolve() not in checkout.imported().resolve().parents:
            raise RuntimeError(f"tests in the copy would import {checkout.imported()}")
        for compiled in (True, False):
            asked = [item for item in breaks if item.file.endswith("_numba.py") is not compiled]
            tests = sorted({test for item in asked for test in item.tests})
            if tests and (failed := checkout.failing(tests, compiled)):
                raise RuntimeError(f"red without any break: {', '.join(sorted(failed))}")
        tell(f"{len({test for item in breaks for test in item.tests})} tests pass in the unbroken copy")
        outcomes = []
        for item in breaks:
            outcome = checkout.attempt(item)
            outcomes.append(outcome)
            tell(line(outcome))
    return outcomes


def line(outcome: Outcome) -> str:
    """A row of the table: caught or not, where, what was broken, how long it took."""
    mark = "caught" if outcome.caught else "MISSED"
    file = Path(outcome.broken.file)
    text = f"{mark}  {outcome.seconds:5.1f} s  {file.parent.name}/{file.name:<26} {outcome.broken.note}"
    return text if outcome.caught else f"{text}\n        {outcome.said}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Break one line at a time and see the tests go red.")
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="only breaks whose file or note holds one of the words"
    )
    parser.add_argument("--list", action="store_true", help="print the breaks and end")
    asked = parser.parse_args(arguments)
    chosen = [
        item for item in listed() if not asked.words or any(word in f"{item.file} {item.note}" for word in asked.words)
    ]
    if asked.list:
        for item in chosen:
            print(f"{item.file}: {item.note}\n  - {item.before}\n  + {item.after}\n  {', '.join(item.tests)}")
        return 0
    outcomes = run(chosen, lambda text: print(text, flush=True))
    caught = sum(outcome.caught for outcome in outcomes)
    print(f"{caught} of {len(outcomes)} breaks were caught")
    return 0 if caught == len(outcomes) and outcomes else 1


if __name__ == "__main__":
    sys.exit(main())
