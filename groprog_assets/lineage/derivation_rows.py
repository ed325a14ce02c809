"""What the ledger's tables hold of a derivation, read out of its record: written so, and verified so. Standard library only."""

from __future__ import annotations

from typing import Any

from groprog_assets.store.artifacts import canonical_json, canonical_plain
from groprog_assets.store.derivations import Record

DERIVED = ("derivation_inputs", "derivation_files", "derivation_parameters")


def derivation_row(digest: str, record: Record, body: str = "") -> tuple[Any, ...]:
    """The row of a derivation in `derivations`; body: its canonical JSON, where it is at hand."""
    return (
        digest,
        record["asset"],
        record["partition"],
        record["output"]["sha256"],
        record["code_version"],
        record["environment"],
        record["kernels"],
        record["seed"],
        body or canonical_json(record).decode(),
    )


def derived_rows(digest: str, record: Record) -> tuple[list[tuple[Any, ...]], ...]:
    """The rows of a derivation in each table of `DERIVED`, in the order of their keys; record: of JSON's own types."""
    inputs = [
        (digest, place, item["name"], item["asset"], item["partition"], item["sha256"], item["derivation"])
        for place, item in enumerate(record["inputs"])
    ]
    files = [
        (digest, place, item["role"], item["library"], item["path"], item["bytes"], item["sha256"])
        for place, item in enumerate(record["files"])
    ]
    parameters = []
    for group, values in record["parameters"].items():
        for name, value in values.items():
            full = f"{group.partition('.')[2]}.{name}"
            shown = canonical_plain(value).decode()
            changed = record["overrides"].get(full, {})
            published = canonical_plain(changed["default"]).decode() if "default" in changed else shown
            parameters.append((digest, full, shown, published))
    return inputs, files, sorted(parameters)
