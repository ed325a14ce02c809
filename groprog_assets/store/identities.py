"""The list that says which name a subject's pseudonym stands for: in the state folder, for its owner alone, never an artifact."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from groprog_assets.store.artifacts import write_atomically

FILE = "identity.parquet"


def write_names(state: Path, identities: Mapping[str, str]) -> None:
    """Write {name: pseudonym} in the place of the list that there is, readable by its owner alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = state / FILE
    if path.is_file() and dict(identities) == names(state):
        return
    sink = io.BytesIO()
    ordered = sorted(identities.items())
    columns = {"name": [name for name, _ in ordered], "subject_id": [identifier for _, identifier in ordered]}
    pq.write_table(pa.table(columns, schema=pa.schema([(column, pa.string()) for column in columns])), sink)
    write_atomically(path, sink.getvalue(), mode=0o600)


def names(state: Path) -> dict[str, str]:
    """{name: pseudonym} of the list; empty where there is none."""
    import pyarrow.parquet as pq

    path = state / FILE
    if not path.is_file():
        return {}
    table = pq.read_table(path)
    return dict(zip(table["name"].to_pylist(), table["subject_id"].to_pylist(), strict=True))
