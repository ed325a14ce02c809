"""The campaign finds planted faults; sound inputs pass; and thousands of damaged ones are refused in words."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fuzz.assay_kinds import VARIANT, assay_kinds, write_assays
from tests.fuzz.campaign import campaign, warm_up
from tests.fuzz.children import Call, Outcome, run
from tests.fuzz.inputs import linked, write_scored, write_variants
from tests.fuzz.kinds import Kind, kinds, scoring_kinds
from tests.fuzz.operators import Mutant


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = write_variants(tmp_path_factory.mktemp("variants"))
    found[VARIANT] = write_assays(tmp_path_factory.mktemp("assays") / "study")
    warm_up(found)
    return found


def outcome(folder: Path, call: Callable[[], object]) -> Outcome:
    folder.mkdir()
    (made,) = run(iter([Call("one", folder, call)]), 1.0)
    return made


def _prints(text: str, status: int) -> None:
    print(text, file=sys.stderr)
    sys.exit(status)


def test_a_traceback_a_signal_a_hang_and_remains_are_seen(tmp_path: Path) -> None:
    assert outcome(tmp_path / "a", lambda: 1 // 0).crashed
    killed = outcome(tmp_path / "b", lambda: os.kill(os.getpid(), signal.SIGSEGV))
    assert killed.signal == signal.SIGSEGV
    assert "Segmentation fault" in killed.said
    assert outcome(tmp_path / "c", lambda: [0 for _ in iter(int, 1)]).hung, "busy"
    assert outcome(tmp_path / "d", lambda: time.sleep(60)).hung, "waiting"
    assert outcome(tmp_path / "e", lambda: (tmp_path / "e" / "x").touch()).left == ["x"]
    assert outcome(tmp_path / "f", lambda: os.posix_spawn("/bin/sleep", ["sleep", "60"], {})).left == ["a process"]
    assert outcome(tmp_path / "g", lambda: _prints("✗ bad", 2)).refused
    assert not outcome(tmp_path / "h", lambda: _prints("bad", 2)).refused
    assert not outcome(tmp_path / "i", lambda: _prints("✗ bad\nthread panicked at", 2)).refused


def test_every_kind_passes_as_it_is(variants: dict[str, Path], tmp_path: Path) -> None:
    def calls() -> Iterator[Call]:
        for k, kind in enumerate([*kinds(), *assay_kinds()]):
            content = (variants[kind.variant] / kind.file).read_bytes()
            folder = linked(variants[kind.variant], tmp_path / str(k), kind.file, content)
            yield Call(kind.name, folder, lambda kind=kind, folder=folder: kind.call(folder), lambda path: True)

    refused = {made.name: made.said for made in run(calls(), 60.0) if made.status != 0}
    assert refused == {}


def test_a_mutant_that_is_not_refused_is_a_fault_and_can_be_made_again(
    variants: dict[str, Path], tmp_path: Path
) -> None:
    def changed(content: bytes, random: object) -> Mutant:
        return Mutant(content + b"\n", "harmless", "said to be invalid")

    kind = Kind("planted", "genome", "genome/chrom.sizes", [changed], lambda folder: None)
    result = campaign([kind], variants, 2, 1, tmp_path)
    assert [fault.what for fault in result.faults] == ["not refused"] * 2
    again = campaign([kind], variants, 2, 1, tmp_path, only=[1])
    assert [(fault.number, fault.how) for fault in again.faults] == [(1, "harmless")]


@pytest.mark.slow
def test_damaged_inputs_of_every_kind(
    variants: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    scored = write_scored(tmp_path_factory.mktemp("scored") / "study")
    every = {**variants, "scored": scored}
    result = campaign([*kinds(), *assay_kinds(), *scoring_kinds()], every, 4_000, 1, tmp_path_factory.mktemp("mutants"))
    with capsys.disabled():
        print(f"\n{result.table()}")
    total = result.total
    broken = [fault for fault in result.faults if fault.what != "not refused"]
    assert total.mutants >= 3_000
    assert broken == []
    assert total.refused >= 0.95 * total.refusable > 0
