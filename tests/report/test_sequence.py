"""The section of the sequence half: what its tables say."""

from __future__ import annotations

import math

import pandas as pd

from groprog_assets.report.blocks import table
from groprog_assets.report.sequence import _row
from groprog_assets.report.summary import findings

ROW = {
    **{"task": "body.control", "view": "promoter", "rung": "ridge", "genes": 238},
    **{"pearson": 0.4465, "lower": 0.3325, "upper": 0.5521, "of_ceiling": math.nan, "r2": 0.1, "auroc": 0.7},
    **{"random_split": 0.56, "inflation": 0.1142, "inflation_lower": 0.0364, "inflation_upper": 0.1961},
}


def test_held_out_r_is_written_out_and_sorts_by_its_value():
    shown = table([str(column) for column in range(10)], [_row(ROW)])["rows"][0]
    assert shown[4] == {"text": "0.447 [0.333, 0.552]", "sort": 0.4465}  # a drawing would take the place of the text
    assert shown[9] == {"text": "0.114 [0.036, 0.196]", "sort": 0.1142}
    assert shown[5]["text"] == "–"


def test_the_first_screen_answers_what_it_asks_of_the_sequence():
    other = {**ROW, "rung": "mean", "pearson": 0.0}
    metrics = pd.DataFrame(
        [{**ROW, "champion": True}, {**other, "champion": False}, {**ROW, "task": "tss", "champion": True}]
    )
    summary = {"main_task": "body.control", "split": {"by": "chromosomes"}}
    context = {"study": {}, "sequence_evaluation": {"metrics": metrics, "summary": summary}}
    [found] = findings(context)
    assert found == {
        "label": "Sequence",
        "text": "Correlation with body.control of genes held out by chromosomes: 0.447 (0.333 to 0.552) from the promoter, "
        "which a random split would show as 0.560.",
        "anchor": "sequence",
    }
    assert findings({"study": {}}) == []
