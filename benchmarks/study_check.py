"""`groprog study check` of the bundled study beside an earlier build: CPU seconds of the command and its children.

`python -m benchmarks.study_check --before PYTHON [--study FILE] [--rounds N]`. PYTHON is the interpreter of the environment that
holds the earlier build. Without a study the bundled one is simulated under /tmp. Both must call the study sound; they run in
turn, and the first pair, which fills caches, does not count. The figure is the median of the pairs' ratios.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def measure(python: str, study: Path) -> float:
    """CPU seconds, user and system, of one check."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(Path(python).parent / "groprog"), "study", "check", str(study)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=study.parent).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert told.rstrip().endswith("no problems")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", required=True)
    parser.add_argument("--study", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        study = options.study or Path(scratch) / "study" / "study.yaml"
        if options.study is None:
            groprog = str(Path(sys.executable).parent / "groprog")
            subprocess.run([groprog, "simulate", str(study.parent)], check=True, capture_output=True)
        pairs = [(measure(options.before, study), measure(sys.executable, study)) for _ in range(options.rounds + 1)][
            1:
        ]
    earlier, now = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(ours / theirs for theirs, ours in pairs)
    print(f"study check: before {earlier:.2f} CPU s, now {now:.2f} CPU s; ratio of the pairs {ratio:.3f}")


if __name__ == "__main__":
    main()
