"""All that a ledger holds, in an order of its own: what a rebuilt ledger must equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from groprog_assets.lineage.ledger import TABLES, open_ledger


def table_rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the ledger at `path`, sorted."""
    with open_ledger(path) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in TABLES}
