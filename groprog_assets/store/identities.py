"""The list that says which name a subject's pseudonym stands for: in the state folder, for its owner alone, never an artifact."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from groprog_assets.store.artifacts import write_atomically

FILE = "identity.parquet"


def remember(state: Path, identities: Mapping[str, str]) -> Path:
    """Write {name: pseudonym}, together with what the list holds already, readable by its owner alone; the file's path."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = state / FILE
    held = names(state)
    known = {**held, **identities}
    if path.is_file() and known == held:
        return path
    sink = io.BytesIO()
    ordered = sorted(known.items())
    columns = {"name": [name for name, _ in ordered], "subject_id": [identifier for _, identifier in ordered]}
    pq.write_table(pa.table(columns, schema=pa.schema([(column, pa.string()) for column in columns])), sink)
    write_atomically(path, sink.getvalue(), mode=0o600)
    return path


def forget_all(state: Path) -> None:
    """Remove the list."""
    (state / FILE).unlink(missing_ok=True)


def names(state: Path) -> dict[str, str]:
    """{name: pseudonym} of the list; empty where there is none."""
    import pyarrow.parquet as pq

    path = state / FILE
    if not path.is_file():
        return {}
    table = pq.read_table(path)
    return dict(zip(table["name"].to_pylist(), table["subject_id"].to_pylist(), strict=True))
