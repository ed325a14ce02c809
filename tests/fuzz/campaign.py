"""A campaign: so many mutants of every kind, each run once, and the table of what came out."""

from __future__ import annotations

import gc
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from click.testing import CliRunner

from tests.fuzz.children import Call, Outcome, run
from tests.fuzz.inputs import linked
from tests.fuzz.kinds import Kind, of_inbox, take

LIMIT = 10.0
"""Seconds after which a command counts as hanging."""


class Fault(NamedTuple):
    """A mutant that should have been refused and was not, or that broke the program: `how` and `why` of the mutant."""

    kind: str
    number: int
    how: str
    why: str
    what: str
    said: str


class Row(NamedTuple):
    """What became of the mutants of one kind; refusable: those that are invalid by their making; refused: of these."""

    kind: str
    mutants: int
    refusable: int
    refused: int
    accepted: int
    tracebacks: int
    hangs: int
    signals: int
    left: int


class Result(NamedTuple):
    """rows by kind; faults: those that count against the program."""

    rows: list[Row]
    faults: list[Fault]

    @property
    def total(self) -> Row:
        return Row("all", *(sum(row[place] for row in self.rows) for place in range(1, len(Row._fields))))

    def table(self) -> str:
        """The rows as text."""
        head = ("kind", "mutants", "refusable", "refused", "accepted", "tracebacks", "hangs", "signals", "left behind")
        lines = ["  ".join([f"{head[0]:<22}", *(f"{name:>11}" for name in head[1:])])]
        for row in [*self.rows, self.total]:
            lines.append("  ".join([f"{row.kind:<22}", *(f"{value:>11,}" for value in row[1:])]))
        return "\n".join(lines)


def warm_up(variants: dict[str, Path]) -> None:
    """Every variant checked once in this process, so that children have the modules loaded; each must have no problem."""
    from groprog_assets.cli.main import main

    for name, folder in variants.items():
        done = CliRunner().invoke(main, ["study", "check", str(folder / "study.yaml")])
        assert done.exit_code == 0, (name, done.output)
    gc.collect()
    gc.freeze()  # pages that a collection would touch are copied for each child


def campaign(
    kinds: Sequence[Kind],
    variants: dict[str, Path],
    mutants: int,
    seed: int,
    scratch: Path,
    jobs: int = 2,
    only: Sequence[int] = (),
) -> Result:
    """Run `mutants` mutants, shared evenly among the kinds; `only`: numbers of mutants of each kind, for all of them.

    A mutant is made from (seed, kind, number) alone, so that one can be made again by its number.
    """
    each = -(-mutants // len(kinds))
    made: dict[str, tuple[Kind, int, str, str]] = {}

    def calls() -> Iterator[Call]:
        for number in only or range(each):
            for kind in kinds:
                content = (variants[kind.variant] / kind.file).read_bytes()
                mutant = None
                for attempt in range(100):
                    random = Random(f"{seed}/{kind.name}/{number}/{attempt}")
                    # every kind of damage in turn, so that a small campaign has them all
                    operator = kind.damage[(number + attempt) % len(kind.damage)]
                    mutant = operator(content, random)
                    if mutant is not None and mutant.content != content:
                        break
                assert mutant is not None
                name = f"{kind.name}/{number}"
                made[name] = (kind, number, mutant.how, mutant.why)
                place = scratch / f"{zlib.crc32(name.encode()):08x}"
                shutil.rmtree(place, ignore_errors=True)
                folder = linked(variants[kind.variant], place, kind.file, mutant.content)
                stays = of_inbox if kind.call is take else _nothing
                yield Call(name, folder, lambda kind=kind, folder=folder: kind.call(folder), stays)

    counts = {kind.name: Counter[str]() for kind in kinds}
    faults: list[Fault] = []
    for outcome in run(calls(), LIMIT, jobs):
        kind, number, how, why = made[outcome.name]
        count = counts[kind.name]
        count["mutants"] += 1
        for what in _judged(outcome, why, count):
            faults.append(Fault(kind.name, number, how, why, what, outcome.said))
    names = Row._fields[1:]
    return Result([Row(kind.name, *(counts[kind.name][name] for name in names)) for kind in kinds], faults)


def _judged(outcome: Outcome, why: str, count: Counter[str]) -> Iterator[str]:
    """Count one outcome; what of it counts against the program."""
    if why:
        count["refusable"] += 1
        count["refused"] += outcome.refused
        if not outcome.refused:
            yield "not refused"
    count["accepted"] += outcome.status == 0
    for name, happened in (
        ("tracebacks", outcome.crashed),
        ("hangs", outcome.hung),
        ("signals", outcome.signal != 0),
        ("left", bool(outcome.left)),
    ):
        if happened:
            count[name] += 1
            yield f"{name}: {outcome.left if name == 'left' else outcome.signal or outcome.status}"
    if outcome.status not in (0, 2, None) and not outcome.crashed:
        count["tracebacks"] += 1
        yield f"exit status {outcome.status}"


def _nothing(path: str) -> bool:
    return False
