"""The funnel of patients: every row of the table is in one step, by event."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from groprog_assets.methods.cohort.patient_funnel import Step, patient_funnel, told

COUNT = st.integers(0, 9)


@given(COUNT, COUNT, st.lists(st.tuples(COUNT, COUNT, COUNT), max_size=4))
def test_what_is_removed_and_what_remains_is_everybody(events: int, censored: int, removed: list[tuple[int, int, int]]):
    steps = [Step(f"rule {k}", *counts, "asks") for k, counts in enumerate(removed)]
    funnel = patient_funnel(events, censored, steps, None)
    assert funnel["remaining"].iloc[0] == events + censored + int(np.array(removed).sum())
    assert funnel["remaining"].iloc[-1] == events + censored
    assert (
        funnel["remaining"].to_numpy()[:-1] - funnel["removed"].to_numpy()[1:] == funnel["remaining"].to_numpy()[1:]
    ).all()
    assert (
        funnel["events"].to_numpy()[:-1] - funnel["removed_events"].to_numpy()[1:] == funnel["events"].to_numpy()[1:]
    ).all()
    assert funnel["events"].iloc[-1] == events
    assert funnel["censored"].iloc[-1] == censored


def test_in_one_sentence():
    funnel = patient_funnel(6, 4, [Step("no time for OS", 2, 1, 0, "asks")], (5, 3))
    assert told(funnel) == (
        "13 patients read; 3 left out, no time for OS (2 with the event, 1 censored); "
        "10 in the cohort (6 with the event, 4 censored); 8 of them have expression (5 with the event, 3 censored)"
    )
