"""Values about to be read: what to run where another version of the program stored them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from groprog_assets.errors import TableError
from groprog_assets.store.readings import Reading
from groprog_assets.store.workspace import Workspace


def test_after_an_upgrade_the_whole_study_is_to_be_run(study: Path):
    """A value of one asset made anew would rest on values of the earlier version."""
    workspace = Workspace(study)
    frame = pd.DataFrame({"gene": ["A"], "mark": ["m"], "promoter_signal": [1.0], "body_signal": [2.0]})
    older = workspace.store.put(frame, "chromatin_signal")._replace(table="consensus")
    with pytest.raises(TableError) as caught:
        Reading(workspace, "cohort", "", "", older).value()
    assert caught.value.problems[0].where == "cohort"
    assert f"`groprog run {study}`" in caught.value.problems[0].remedy
    assert "--select" not in str(caught.value)
