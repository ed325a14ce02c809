"""The reader of SurvSet's tables: which rows are events."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.survset import read_cohort


def table(event: list) -> pd.DataFrame:
    rows = len(event)
    return pd.DataFrame({"time": np.arange(rows) + 1.0, "event": event, "num_age": np.arange(rows) + 40.0})


def test_a_competing_event_ends_follow_up_and_is_no_event() -> None:
    cohort = read_cohort(table([0, 1, 2, 1, 3, 0]))
    assert cohort.outcomes.event.tolist() == [False, True, False, True, False, False]
    assert cohort.outcomes.time.tolist() == [1, 2, 3, 4, 5, 6]
    assert (cohort.event_code, cohort.competing) == (1, 2)


def test_a_table_of_one_cause_has_no_competing_events() -> None:
    cohort = read_cohort(table([True, False, True]))
    assert cohort.outcomes.event.tolist() == [True, False, True]
    assert cohort.competing == 0


@pytest.mark.parametrize("event", [[0, 1, -1], [0.5, 1, 0], [1, np.nan, 0]])
def test_other_codes_are_refused(event: list) -> None:
    with pytest.raises(ValueError, match="event codes"):
        read_cohort(table(event))
