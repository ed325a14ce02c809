"""Declared column sources against what happens: each column an asset reads is changed, and only declared columns may move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groprog_assets.graph.column_sources import COLUMN_SOURCES
from groprog_assets.graph.derive import circumstances
from groprog_assets.graph.specification import SPECIFICATIONS, main_member
from groprog_assets.store.artifacts import Bundle
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import Workspace
from tests.trained_study import copied, run

ASSETS = ("pausing", "gene_features", "normalized_features", "cohort")
KEYS = {"gene", "mark", "library", "condition", "chrom", "strand", "transcript", "name", "patient_id"}
"""They decide which rows belong together, which is not a value's source."""


@pytest.fixture(scope="module")
def made(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    path = copied(written, tmp_path_factory.mktemp("columns") / "study")
    run(path, "+normalized_features or +cohort")
    return Workspace(path)


def main_of(asset: str, value: Any) -> pd.DataFrame | None:
    tables = SPECIFICATIONS[asset].tables
    if not tables:
        return None
    return value if isinstance(tables, str) else value[main_member(SPECIFICATIONS[asset])]


def replaced(asset: str, value: Any, table: pd.DataFrame) -> Any:
    if isinstance(SPECIFICATIONS[asset].tables, str):
        return table
    return Bundle({**value, main_member(SPECIFICATIONS[asset]): table})


def value_of(reading: Any) -> Any:
    if reading is None:
        return None
    return {name: item.value() for name, item in reading.items()} if isinstance(reading, dict) else reading.value()


def changed_column(values: pd.Series, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    held = values.to_numpy(copy=True)
    if held.dtype.kind in "iu":
        return (held + rng.integers(0, 3, len(held))).astype(held.dtype)
    if held.dtype.kind == "f":
        return held * (1 + 0.3 * rng.random(len(held)))
    return ~held if held.dtype.kind == "b" else rng.permutation(held)


def moved(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """Columns whose values differ, rows taken in order."""
    assert len(before) == len(after)
    pairs = {name: (before[name].astype(object).tolist(), after[name].astype(object).tolist()) for name in before}
    return {name for name, (old, new) in pairs.items() if [str(item) for item in old] != [str(item) for item in new]}


@pytest.mark.slow
@pytest.mark.parametrize("asset", ASSETS)
def test_only_declared_columns_move(made: Workspace, asset: str):
    specification = SPECIFICATIONS[asset]
    libraries = [library.id for library in made.study.libraries]
    readings: dict[str, Any] = {
        item: {name: read_asset(made, item, name) for name in libraries}
        if specification.gates(item)
        else read_asset(made, item)
        if made.has(item)
        else None  # the study has no such asset
        for item in specification.inputs
    }
    _, view = circumstances(made, specification, "", readings)
    context = {"study": view, "workspace": made, "progress": lambda text: None, "scratch": Path("unused")}
    values = {name: context[name] if name in context else value_of(readings[name]) for name in specification.arguments}

    def result(**other: Any) -> pd.DataFrame:
        value = specification.function(**{**values, **other}).value
        table = main_of(asset, value if isinstance(value, dict | pd.DataFrame) else value._asdict())
        assert table is not None
        return table

    base, sources = result(), COLUMN_SOURCES[asset]
    seen = 0
    for item in (name for name in specification.inputs if readings[name] is not None):
        many = bool(specification.gates(item))
        one = values[item][libraries[0]] if many else values[item]
        table = main_of(item, one)
        for column in [] if table is None else [name for name in table if name not in KEYS]:
            spoilt = replaced(item, one, table.assign(**{column: changed_column(table[column], 1)}))
            found = moved(base, result(**{item: {**values[item], libraries[0]: spoilt} if many else spoilt}))
            undeclared = {name for name in found & set(sources) if f"{item}.{column}" not in sources[name].split()}
            assert not undeclared, (f"{item}.{column}", undeclared)
            seen += len(found)
    assert seen, "nothing moved, so nothing was tested"
