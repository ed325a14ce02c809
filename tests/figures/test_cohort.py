"""The cohort's figures: drawn from any summary, the same bytes twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.figures.cohort import LARGEST_TABLE, follow_up, missingness, patient_funnel, table_one
from groprog_assets.figures.style import figure_bytes
from tests.methods.cohort.test_cohort import assemble


def words(figure: object) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in [*axes.texts, axes.title])  # type: ignore[attr-defined]


def test_every_figure_says_its_numbers_and_repeats() -> None:
    made = assemble()
    events = int(made.outcomes["event"].sum())
    drawn = [lambda: follow_up(made.outcomes, made.summary), lambda: table_one(made.summary)]
    drawn.append(lambda: missingness(made.summary, made.fields))
    for draw in drawn:
        assert figure_bytes(draw()) == figure_bytes(draw())
    titles = "\n".join(axes.get_title(loc="left") for axes in drawn[0]().axes)
    assert f"OS: {events} events, {len(made.outcomes)} patients" in titles
    assert f"Event ({events})" in words(drawn[1]())
    assert "known 60 days after baseline" in words(drawn[2]())


@pytest.mark.parametrize("event", [True, False])
def test_all_events_or_none(event: bool) -> None:
    outcomes = pd.DataFrame({"patient_id": list("abcd"), "time": [0.0, 1.0, 1.0, 2.0], "event": event})
    summary = {"follow_up": {"median": None, "median_survival": None}, "endpoint": "PFS"}
    figure = follow_up(outcomes, summary)
    assert "median not reached" in words(figure)
    assert figure_bytes(figure)


def test_nobody_and_nothing_is_said_in_words() -> None:
    made = assemble()
    assert "No patients" in words(follow_up(made.outcomes.iloc[:0], {}))
    known = made.fields.assign(used=True)
    assert "known for every patient" in words(missingness({"missing": {"age": 0.0}, "patients": 3}, known))
    assert "No covariates" in words(table_one({}))


def test_the_funnel_draws_who_is_left_by_event() -> None:
    from groprog_assets.methods.cohort.patient_funnel import Step
    from groprog_assets.methods.cohort.patient_funnel import patient_funnel as funnel_table

    funnel = funnel_table(
        60, 30, [Step("no time for OS", 7, 2, 0, "asks"), Step("no event for OS", 0, 0, 1, "asks")], (50, 30)
    )
    figure = patient_funnel(funnel)
    (axes,) = figure.axes
    assert "90, 1 left out" in words(figure)
    assert "80, 10 fewer" in words(figure)
    widths = [[bar.get_width() for bar in group] for group in axes.containers]
    assert widths == [[67, 60, 60, 50], [32, 30, 30, 30], [1, 1, 0, 0]]
    assert figure_bytes(patient_funnel(funnel)) == figure_bytes(figure)
    assert "No patients" in words(patient_funnel(funnel.iloc[:0]))


def test_a_long_table_is_cut_and_says_so() -> None:
    cell = {"count": 1, "known": 400}
    row = {
        "kind": "categorical",
        "unit": "",
        "missing": 0,
        "all": cell,
        "event": cell,
        "censored": {"count": 0, "known": 0},
    }
    rows = [{**row, "field": "f", "level": f"{k}" * 50} for k in range(LARGEST_TABLE + 5)]
    text = words(table_one({"table_one": rows, "patients": 400, "events": 400}))
    assert "5 more rows" in text
    assert "1 (<1 %)" in text
    assert np.char.count(text, "–") >= LARGEST_TABLE
