"""The list of breaks is sound, and each break turns its tests red."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.breaks import ROOT, Break, LineNotFound, line, listed, main, run, spoilt

ROOMS = (
    "groprog_kernels",
    "groprog_assets/methods",
    "groprog_assets/model",
    "groprog_assets/figures",
    "groprog_assets/report",
)
FEWEST = 40


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_every_break_names_a_line_that_is_there():
    lost = []
    for item in listed():
        try:
            spoilt(item)
        except LineNotFound as problem:
            lost.append(str(problem))
    assert not lost, "\n".join(lost)


def test_every_break_names_tests_that_are_there():
    for item in listed():
        assert item.tests, item
        for test in item.tests:
            file, _, function = test.partition("::")
            assert (ROOT / file).is_file(), f"{file} is not there; give the break {item.note!r} the test's new place"
            assert function in functions(ROOT / file), (
                f"{file} has no {function}; name a test that fails when {item.note}"
            )


def test_breaks_differ_and_cover_every_room():
    breaks = listed()
    assert len(breaks) >= FEWEST
    assert len({(item.file, item.before, item.after) for item in breaks}) == len(breaks)
    assert all(item.before.strip() == item.before != item.after for item in breaks)
    for room in ROOMS:
        assert sum(item.file.startswith(room) for item in breaks) >= 5, room


@pytest.mark.parametrize(
    ("file", "before", "said"),
    [
        ("groprog_kernels/density_numba.py", "depth[first] += 2", "no longer holds the line 'depth[first] += 2'"),
        ("groprog_kernels/moved.py", "depth[first] += 1", "groprog_kernels/moved.py is not there"),
        ("groprog_kernels/window_counts_numba.py", "@kernel", "holds 5 times the line"),
    ],
)
def test_a_line_that_is_gone_is_named(file: str, before: str, said: str):
    with pytest.raises(LineNotFound, match=r"Was it (changed or )?moved") as caught:
        spoilt(Break(file, "", before, "pass", ()))
    assert said in str(caught.value)


def test_a_break_keeps_the_lines_indentation():
    item = Break("groprog_kernels/density_numba.py", "", "depth[first] += 1", "depth[first] += 2", ())
    was = (ROOT / item.file).read_text().split("\n")
    now = spoilt(item).split("\n")
    assert [(old.strip(), new) for old, new in zip(was, now, strict=True) if old != new] == [
        ("depth[first] += 1", "        depth[first] += 2")
    ]


@pytest.mark.slow
def test_what_changes_nothing_and_what_does_not_run_are_not_caught():
    test = ("tests/figures/test_numbers.py::test_spans",)
    harmless = Break(
        "groprog_assets/running/heartbeat.py", "", 'return f"{seconds:.0f} s"', 'return f"{seconds:.0f}" + " s"', test
    )
    broken = harmless._replace(after="return (")
    gone = harmless._replace(before="return 'nothing of the kind'")
    wrong = harmless._replace(after='return f"{seconds + 2:.0f} s"')
    outcomes = run([harmless, broken, gone, wrong], lambda text: None)
    assert [outcome.caught for outcome in outcomes] == [False, False, False, True]
    assert "stayed green: tests/figures/test_numbers.py::test_spans" in line(outcomes[0])
    assert "MISSED" in line(outcomes[1])
    assert "no longer holds the line" in outcomes[2].said
    with pytest.raises(RuntimeError, match=r"red without any break|no test ran|not found"):
        run([harmless._replace(tests=("tests/figures/test_numbers.py::test_nothing",))], lambda text: None)


@pytest.mark.slow
def test_every_break_is_caught():
    """About eighty breaks in ten to twenty minutes of CPU."""
    assert main([]) == 0
