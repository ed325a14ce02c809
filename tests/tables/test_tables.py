"""Repeated keys are refused however the rows lie, and however many blocks they fill."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groprog_assets import tables
from groprog_assets.errors import TableError

ROW = st.tuples(st.sampled_from("ab"), st.sampled_from("+-"), st.integers(0, 3))


@settings(deadline=None, max_examples=120)
@given(rows=st.lists(ROW, max_size=14), ordered=st.booleans(), block=st.sampled_from([1, 3, 1 << 20]))
def test_a_repeated_key_is_refused(rows, ordered, block):
    frame = pd.DataFrame(sorted(rows) if ordered else rows, columns=["chrom", "strand", "position"]).assign(count=1)
    frame["chrom"] = pd.Categorical(frame["chrom"], ["a", "b"])
    frame["strand"] = pd.Categorical(frame["strand"], ["+", "-"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_ROWS", block)
        if len(set(rows)) < len(rows):
            with pytest.raises(TableError, match="stands twice"):
                tables.conform(frame, "positions")
        else:
            assert len(tables.conform(frame, "positions")) == len(rows)


def subjects_table(**changed: object) -> pd.DataFrame:
    row = {"subject_id": "p-1", "sex": "female", "age_months": 7, "vital_status": "alive", "source": "a", "site": None}
    return pd.DataFrame([row | changed]).astype({"age_months": "Int32"})


def test_a_value_that_is_none_of_a_columns_own_is_refused():
    assert len(tables.conform(subjects_table(), "subjects")) == 1
    with pytest.raises(TableError, match=r"column sex: F\. It is one of female, male, other, unknown"):
        tables.conform(subjects_table(sex="F"), "subjects")


def test_text_is_in_one_form_and_what_is_not_known_is_missing():
    made = tables.conform(subjects_table(site="Zu\u0308rich"), "subjects")
    assert made["site"].tolist() == ["Z\u00fcrich"]
    assert tables.conform(subjects_table(), "subjects")["site"].isna().all()
    with pytest.raises(TableError, match="column site: empty text"):
        tables.conform(subjects_table(site=""), "subjects")


def test_categories_of_text_become_the_text_and_a_repeated_pair_is_still_refused():
    genes, terms = pd.Index(["B", "A", "C"]), pd.Index(["t2", "t1"])
    rows = pd.DataFrame(
        {
            "gene": pd.Categorical.from_codes([0, 0, 2, 1], categories=genes),
            "term": pd.Categorical.from_codes([0, 1, 1, 0], categories=terms),
            "direct": [True, False, True, True],
        }
    )
    made = tables.conform(rows, "ontology_annotations")
    pd.testing.assert_frame_equal(made, rows.astype({"gene": "str", "term": "str"}))
    with pytest.raises(TableError, match="stands twice"):
        tables.conform(rows.iloc[[0, 1, 1]], "ontology_annotations")
    with pytest.raises(TableError, match="missing value"):
        tables.conform(
            rows.assign(gene=pd.Categorical.from_codes([0, 0, -1, 1], categories=genes)), "ontology_annotations"
        )


def test_categories_that_become_one_text_count_as_a_repeated_key():
    rows = pd.DataFrame(
        {
            "gene": pd.Categorical.from_codes([0, 1], categories=pd.Index([1, "1"], dtype=object)),
            "term": pd.Categorical(["t", "t"]),
            "direct": [True, True],
        }
    )
    with pytest.raises(TableError, match="stands twice"):
        tables.conform(rows, "ontology_annotations")


@pytest.mark.parametrize("name", [name for name, table in tables.TABLES.items() if not table.key])
def test_a_table_without_a_key_may_have_equal_rows(name):
    cells = {"str": "a", "bool": True, tables.INTEGER_LIST: [1], tables.TEXT_LIST: ["a"]}
    row = {
        column.name: column.values[0] if column.values else cells.get(column.dtype, 1)
        for column in tables.TABLES[name].columns
    }
    assert len(tables.conform(pd.DataFrame([row, row]), name)) == 2
