"""The days of the experiment: what the record says, nothing else."""

from __future__ import annotations

from groprog_assets.figures.style import CONTROL, TREATMENT, figure_bytes
from groprog_assets.figures.wet_lab import days_of, wet_lab_days

DAYS = {"day_2": "run-on with Br-UTP; 30 C, 7 min", "day_1": ["nuclei extracted"], "cells": "Huh7", "Day 4": "library"}


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_days_come_in_order_with_their_steps():
    assert days_of(DAYS) == {1: ["nuclei extracted"], 2: ["run-on with Br-UTP", "30 C, 7 min"], 4: ["library"]}
    assert list(days_of(DAYS)) == [1, 2, 4]
    assert days_of({"birthday_1": "no", "day": "no"}) == {}


def test_libraries_of_one_course_share_a_row_and_others_have_their_own():
    shorter = {name: DAYS[name] for name in ("day_1", "day_2")}
    figure = wet_lab_days(
        {"m1": DAYS, "m2": DAYS, "o1": shorter}, {"m1": "mock", "m2": "mock", "o1": "oe"}, "mock", "oe"
    )
    said = texts(figure)
    assert [text for text in said if text.startswith("Day")] == ["Day 1", "Day 2", "Day 4"]
    boxes = [text for text in said if text.startswith("\u2022")]
    assert len(boxes) == 3 + 2
    assert sum("Br-UTP" in box for box in boxes) == 2
    colours = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert colours["mock: m1, m2"] == CONTROL
    assert colours["oe: o1"] == TREATMENT
    assert figure_bytes(figure) == figure_bytes(figure)


def test_a_record_without_days_says_how_to_state_them():
    figure = wet_lab_days({"m1": {"cells": "Huh7"}}, {"m1": "mock"}, "mock", "oe")
    assert "day_1" in texts(figure)[0]
