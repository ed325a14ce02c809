"""`python -m findings` lists the findings with their last result; `--run NAME` and `--run-all` run them."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER.parent / "var" / "findings.json"
"""Kept on this machine only: `var/` is ignored by git."""


class Finding(NamedTuple):
    """A script and the sentence on its second line."""

    name: str
    statement: str
    path: Path


class Result(NamedTuple):
    """How a script ended: `date` in UTC, exit status (0: still as stated), wall time in seconds."""

    date: str
    status: int
    seconds: float


def findings(folder: Path = FOLDER) -> list[Finding]:
    """Every `*.sh` of `folder` in order of name; a script without a comment on its second line has an empty statement."""
    found = []
    for path in sorted(folder.glob("*.sh")):
        second = [*path.read_text(encoding="utf-8").splitlines(), "", ""][1]
        found.append(Finding(path.stem, second.removeprefix("#").strip() if second.startswith("#") else "", path))
    return found


def last_results(results: Path = RESULTS) -> dict[str, Result]:
    """The last result of every script that has run here, by name; empty before the first run."""
    if not results.is_file():
        return {}
    return {name: Result(**kept) for name, kept in json.loads(results.read_text(encoding="utf-8")).items()}


def run(finding: Finding, results: Path = RESULTS) -> Result:
    """Run a script to its end, its output going to the terminal, and keep its result in `results`."""
    start = monotonic()
    status = subprocess.run(["bash", str(finding.path)], check=False).returncode
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    result = Result(date, status, round(monotonic() - start, 1))
    kept = {name: earlier._asdict() for name, earlier in last_results(results).items()} | {
        finding.name: result._asdict()
    }
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return result


def listing(found: Sequence[Finding], kept: dict[str, Result]) -> str:
    """Two lines a finding: its name with the last result, and its statement."""
    width = max((len(finding.name) for finding in found), default=0)
    lines = []
    for finding in found:
        result = kept.get(finding.name)
        last = f"{result.date} UTC  exit {result.status}  {result.seconds:.0f} s" if result else "never run here"
        lines += [f"{finding.name:<{width}}  {last}", f"    {finding.statement}"]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER, results: Path = RESULTS) -> int:
    """The command: 0, or 1 when a script that was run exits non-zero."""
    parser = argparse.ArgumentParser(prog="python -m findings", description=__doc__)
    parser.add_argument("--run", metavar="NAME", action="append", default=[], help="run one; may be repeated")
    parser.add_argument("--run-all", action="store_true", help="run every one")
    options = parser.parse_args(arguments)
    found = findings(folder)
    unknown = set(options.run) - {finding.name for finding in found}
    if unknown:
        parser.error(f"no such finding: {', '.join(sorted(unknown))}. `python -m findings` lists them.")
    chosen = [finding for finding in found if options.run_all or finding.name in options.run]
    if not chosen:
        print(listing(found, last_results(results)))
        return 0
    ended = []
    for finding in chosen:
        print(f"== {finding.name}: {finding.statement}", flush=True)
        ended.append(run(finding, results))
        print(f"== {finding.name}: exit {ended[-1].status} after {ended[-1].seconds:.0f} s", flush=True)
    return int(any(result.status for result in ended))


if __name__ == "__main__":
    sys.exit(main())
