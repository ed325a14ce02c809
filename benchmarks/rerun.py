"""A run that finds nothing changed, beside an earlier build: CPU seconds of the run, of its dry run and of the command's import.

`python -m benchmarks.rerun --before PYTHON [--study FOLDER --study-before FOLDER] [--rounds N]`. PYTHON is the interpreter of the
environment that holds the earlier build. Each build simulates and runs the bundled study itself, or takes a folder of a finished
run; both must keep every value. The builds take turns, the first pair, which fills caches, does not count, and Python may keep
what it compiles. The figure is the median of the pairs' ratios.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple


class Build(NamedTuple):
    """A build's command and its finished study."""

    groprog: str
    study: Path


def call(build: Build, *words: str) -> tuple[float, str]:
    """(CPU seconds, user and system, of a command and its children; what it printed)."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [build.groprog, *words], capture_output=True, text=True, check=True, cwd=build.study.parent, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def rerun(build: Build) -> float:
    """CPU seconds of a run that keeps everything."""
    seconds, told = call(build, "run", str(build.study))
    assert re.search(r"^0 values computed, [1-9]\d* kept", told, re.MULTILINE), told[-500:]
    return seconds


def dry_run(build: Build) -> float:
    """CPU seconds of the plan of such a run."""
    seconds, told = call(build, "run", str(build.study), "--dry-run")
    assert told.splitlines()[-1].startswith("0 to compute"), told[-500:]
    return seconds


def help_text(build: Build) -> float:
    """CPU seconds of `groprog --help`."""
    return call(build, "--help")[0]


def finished(python: str, given: Path | None, scratch: Path) -> Build:
    """The build of an interpreter with a finished study, its own where none is given."""
    groprog = str(Path(python).parent / "groprog")
    study = (given or scratch) / "study.yaml"
    build = Build(groprog, study)
    if given is None:
        subprocess.run([groprog, "simulate", str(scratch)], check=True, capture_output=True)
        call(build, "run", str(study))
    return build


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", required=True)
    parser.add_argument("--study", type=Path)
    parser.add_argument("--study-before", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        earlier = finished(options.before, options.study_before, Path(scratch) / "before")
        now = finished(sys.executable, options.study, Path(scratch) / "now")
        for what, measure in (("run, nothing changed", rerun), ("dry run", dry_run), ("--help", help_text)):
            pairs = [(measure(earlier), measure(now)) for _ in range(options.rounds + 1)][1:]
            theirs, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
            ratio = statistics.median(mine / other for other, mine in pairs)
            print(f"{what:<22} before {theirs:5.2f} CPU s, now {ours:5.2f} CPU s; ratio of the pairs {ratio:.3f}")


if __name__ == "__main__":
    main()
