"""Columns of sequences in a user's table: their lengths and letters. Cells in, problems out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from groprog_assets.errors import Problem
from groprog_assets.study.text_tables import count_of

NO_NUCLEOTIDE = r"([^ACGTNRYSWKMBDHVacgtnryswkmbdhv])"


def row_told(place: object) -> str:
    """A row of a table, counted as its reader does. place: its number from 0."""
    return f"row {int(str(place)) + 1} below the header"


def length_problems(path: Path, cells: pd.DataFrame, names: list[str], least: int, remedy: str) -> list[Problem]:
    """A problem where the sequences of the columns `names` together are not all equally long, of `least` bases or more.

    remedy: how sequences of unequal length are mended.
    """
    told = " and ".join(names)
    lengths = pd.concat([cells[name].str.len() for name in names])
    usual = lengths.mode().iloc[0]
    if lengths.nunique() == 1 and usual >= least:
        return []
    rule = "All are equally long" + (f", {least} or more." if least > 1 else ".")
    if lengths.nunique() == 1:
        value = f"{told} of {count_of(usual, 'base')} in every row"
        return [Problem(str(path), value, rule, "Give longer sequences.")]
    other = lengths[lengths != usual]
    value = f"{told} of {lengths.min()} to {lengths.max()} bases, {row_told(other.index[0])} has {other.iloc[0]}"
    return [Problem(str(path), value, rule, remedy)]


def letter_problems(path: Path, cells: pd.DataFrame, names: list[str]) -> list[Problem]:
    """A problem for each of the columns with a letter that is no nucleotide of DNA, which would be read as an unknown base."""
    problems = []
    for name in names:
        strange = cells[name].str.extract(NO_NUCLEOTIDE, expand=False).dropna()
        if len(strange):
            rule = "A sequence has the letters A, C, G, T, N and IUPAC codes."
            value = f"{strange.iloc[0]!r} in {name}, {row_told(strange.index[0])}"
            problems.append(Problem(str(path), value, rule, "Write T for U and N for a gap, or correct the sequence."))
    return problems
