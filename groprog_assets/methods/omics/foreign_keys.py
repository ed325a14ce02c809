"""Keys that lead nowhere: values of a column that the table they refer to does not hold. Tables in, text out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.references import JOINT_REFERENCES, REFERENCES

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
                found.append(_told(len(lost), "value", f"{name}.{column}", target, shown))
        for columns, other in JOINT_REFERENCES.get(name, {}).items():
            if other in held:
                found += _broken_jointly(name, frame, list(columns), other, held[other])
    return found


def _broken_jointly(name: str, frame: pd.DataFrame, columns: list[str], other: str, target: pd.DataFrame) -> list[str]:
    """What is wrong with a reference of several columns together."""
    given = frame[columns].dropna().drop_duplicates()
    joined = given.merge(target[columns].drop_duplicates(), "left", columns, indicator="there")
    lost = joined.loc[joined["there"] == "left_only", columns]
    if lost.empty:
        return []
    shown = ", ".join(" ".join(map(str, row)) for row in lost.head(SHOWN).itertuples(index=False))
    return [_told(len(lost), "pair", f"{name} ({', '.join(columns)})", other, shown)]


def _told(count: int, what: str, where: str, target: str, shown: str) -> str:
    return f"{count_of(count, what)} of {where} {'is' if count == 1 else 'are'} not in {target}: {shown}"
