"""One patient's rows from another table: in place, added or taken out, everybody else untouched."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.lineage.retrained_scores import parameters_of, training_parameters, with_expression, with_row
from groprog_assets.store.artifacts import Bundle


def table(rows: dict[str, tuple[float, float]]) -> Bundle:
    records = pd.DataFrame({"patient_id": list(rows), "age": [row[0] for row in rows.values()]})
    outcomes = pd.DataFrame(
        {"patient_id": list(rows), "time": [row[1] for row in rows.values()], "event": [True] * len(rows)}
    )
    index = pd.DataFrame({"patient_id": list(rows), "batch": [f"run {age:.0f}" for age, _ in rows.values()]})
    return Bundle(index=index, records=records, fields=pd.DataFrame({"field": ["age"]}), outcomes=outcomes)


OLD = table({"a": (50.0, 1.0), "b": (60.0, 2.0), "c": (70.0, 3.0)})
NEW = table({"b": (65.0, 4.0), "d": (40.0, 5.0)})


def ages(made: Bundle) -> dict[str, float]:
    return dict(zip(made.records["patient_id"], made.records["age"]))


def test_a_row_is_replaced_where_it_stands():
    made = with_row(OLD, NEW, "b")
    assert ages(made) == {"a": 50.0, "b": 65.0, "c": 70.0}
    assert made.outcomes["time"].tolist() == [1.0, 4.0, 3.0]
    assert made.index["batch"].tolist() == ["run 50", "run 65", "run 70"]
    assert made.records.dtypes.equals(OLD.records.dtypes)
    assert ages(OLD)["b"] == 60.0


def test_a_row_is_added_at_the_end_or_taken_out():
    assert list(ages(with_row(OLD, NEW, "d"))) == ["a", "b", "c", "d"]
    assert list(ages(with_row(OLD, NEW, "a"))) == ["b", "c"]
    assert with_row(OLD, OLD, "a") is OLD


def test_a_column_the_other_lacks_is_missing():
    wider = Bundle(OLD, records=OLD.records.assign(stage="I"))
    made = with_row(wider, NEW, "b").records
    assert made["stage"].isna().tolist() == [False, True, False]


def test_expression_takes_the_genes_of_the_table_it_joins():
    held = {
        "values": np.array([[1, 2], [3, 4]], np.float32),
        "patient_id": np.array(["a", "b"]),
        "gene": np.array(["g", "h"]),
    }
    other = {
        "values": np.array([[9, 8]], np.float32),
        "patient_id": np.array(["b"]),
        "gene": np.array(["h", "k"]),
    }
    made = with_expression(held, other, "b")
    rows = dict(zip(made["patient_id"].tolist(), made["values"].tolist()))
    assert rows["a"] == [1, 2]
    assert np.isnan(rows["b"][0])
    assert rows["b"][1] == 9
    assert with_expression(held, other, "a")["patient_id"].tolist() == ["b"]


def test_parameters_come_back_and_strangers_are_noted():
    model = {"parameters": {"parameters.training": {"seed": 3, "joint_epochs": 9, "gone": 1}}}
    notes: list[str] = []
    found = parameters_of(model, 5, notes)
    assert (found.training.seed, found.training.joint_epochs) == (5, 9)
    assert notes == ["training.gone is unknown to this version; counted with code"]
    assert training_parameters(model) == {"training.joint_epochs": 9, "training.gone": 1, "seed": 3}
