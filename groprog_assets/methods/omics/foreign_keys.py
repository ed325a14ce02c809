"""Keys that lead nowhere: values of a column that the table they refer to does not hold. Tables in, text out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.references import REFERENCES

SHOWN = 3


def broken_keys(held: Mapping[str, pd.DataFrame]) -> list[str]:
    """What is wrong with the declared references between the tables `held` {name: table}, in words; empty when nothing is.

    References to tables that are not held are not looked at; missing values refer to nothing.
    """
    found = []
    for name, frame in held.items():
        for column, target in REFERENCES.get(name, {}).items():
            other, _, key = target.partition(".")
            if other not in held:
                continue
            given = frame[column].dropna()
            lost = given[~given.isin(held[other][key])].unique()
            if len(lost):
                shown = ", ".join(map(str, lost[:SHOWN]))
                found.append(f"{count_of(len(lost), 'value')} of {name}.{column} are not in {target}: {shown}")
    return found
