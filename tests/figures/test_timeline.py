"""A value through time: one row a different value, full where computed, open where kept."""

from __future__ import annotations

from groprog_assets.figures.timeline import LABELLED, timeline


def row(day: int, sha256: str, reused: bool = False, changes: tuple[str, ...] = ()) -> dict:
    moment = f"2026-01-{day:02}T00:00:00"
    return {"happened": moment, "sha256": sha256, "reused": reused, "actor": "ada", "changes": list(changes)}


def test_each_value_has_a_row_and_says_what_changed():
    rows = [row(1, "a" * 64), row(2, "a" * 64, reused=True), row(3, "b" * 64, changes=("seed", "file x", "p", "q"))]
    axes = timeline(rows, "risk_scores").axes[0]
    said = [text.get_text() for text in axes.texts]
    assert said == ["aaaaaaaa  ada", "bbbbbbbb  ada  seed; file x; p …"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True, False]


def test_one_moment_and_none_are_drawn():
    assert timeline([row(1, "a" * 64)]).axes[0].texts
    assert "never made" in timeline([]).axes[0].texts[0].get_text()


def test_of_many_values_the_newest_are_shown():
    rows = [row(1 + k % 28, f"{k:064}") for k in range(LABELLED + 6)]
    assert len(timeline(rows).axes[0].texts) == LABELLED
