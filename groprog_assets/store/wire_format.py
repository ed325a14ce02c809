"""Named values as one piece of bytes, for workers, and back. Nothing is pickled. No Dagster.

A message is a length, a JSON header with name, kind and size of every value, and the values' own bytes one after another: tables
as an Arrow stream (unlike Parquet it keeps the categories of an empty column), arrays as npz, documents as JSON. What has an
order keeps it. A value in a store that every worker reaches travels as its digest, and is read and verified where it is needed.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from groprog_assets.errors import ArtifactError, Problem, UnreachableError
from groprog_assets.store.artifacts import (
    Blob,
    Bundle,
    Reference,
    Store,
    decode_arrays,
    encode_arrays,
    plain,
)
from groprog_assets.store.object_storage import open_store
from groprog_assets.tables.values import Value, Values

if TYPE_CHECKING:
    import pandas as pd

_LENGTH = struct.Struct(">Q")


class Stored(NamedTuple):
    """A value that lies in a store and was not read yet: where, its reference, what to call it."""

    store: Store
    reference: Reference
    name: str
    remedy: str = ""
    by_sequence: bool = False
    """Whether the value is a table of reads that is not to be held whole."""

    def value(self) -> Value:
        """The value, its digest verified; a table that is taken by sequence as `StoredSequences`."""
        if self.by_sequence:
            return self.store.sequences(self.reference, self.name, self.remedy)
        return self.store.get(self.reference, self.name, self.remedy)

    def member(self, name: str) -> Stored:
        """A member of a bundle, unread."""
        return Stored(self.store, self.store.members(self.reference)[name], f"{self.name}.{name}", self.remedy)

    def in_sequences(self) -> Stored:
        """The same table of reads, of which each sequence is read when it is asked for."""
        return self._replace(by_sequence=True)

    def pieces(self) -> Iterator[pd.DataFrame]:
        """The rows of a table in order, in tables of about half a million."""
        return self.store.pieces(self.reference, self.name, self.remedy)


class ReadInTurn(Mapping[str, Value]):
    """Stored values by name. Each is read when it is asked for and not held here, so that who goes through them holds one."""

    def __init__(self, stored: Mapping[str, Stored]):
        self._stored = stored

    def __getitem__(self, name: str) -> Value:
        return self._stored[name].value()

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def tables_in_sequences(libraries: Mapping[str, Stored], member: str = "") -> ReadInTurn:
    """The table of reads of each library, or that `member` of its value, of which each sequence is read when it is asked for."""
    held = {library: item.member(member) if member else item for library, item in libraries.items()}
    return ReadInTurn({library: item.in_sequences() for library, item in held.items()})


def held_in_sequences(libraries: Mapping[str, Stored], member: str, *others: str) -> dict[str, Bundle]:
    """The table of reads `member` of each library by sequence, read whole, beside other members of its value."""
    return {
        library: Bundle(
            {member: dict(item.member(member).in_sequences().value()), **{o: item.member(o).value() for o in others}}
        )
        for library, item in libraries.items()
    }


def pack(values: Values) -> bytes:
    """The bytes of named values: tables, arrays or dicts of arrays, JSON-able values, blobs, `Stored` ones, bundles of these.

    Equal values in equal order give equal bytes. ArtifactError for anything else. A stored value
    goes by its digest unless its store is the memory of this process, which no worker sees.
    """
    header, parts = [], []
    for name, value in values.items():
        kind, about, content = _encoded(name, value)
        header.append({"name": name, "kind": kind, "about": about, "bytes": len(content)})
        parts.append(content)
    told = _json(header)
    return b"".join([_LENGTH.pack(len(told)), told, *parts])


def unpack(message: bytes) -> dict[str, Value]:
    """The values of a message by name, stored ones read and verified. ArtifactError for bytes that are none."""
    try:
        (length,) = _LENGTH.unpack_from(message)
        place = _LENGTH.size + length
        header = json.loads(message[_LENGTH.size : place])
        if len(message) != place + sum(item["bytes"] for item in header):
            raise ValueError("cut short")
    except (struct.error, ValueError, KeyError, TypeError) as error:
        rule = "It is what `pack` of the same version wrote."
        raise ArtifactError(Problem("message", str(error), rule, "Update the workers.")) from None
    view = memoryview(message)
    values = {}
    for item in header:
        content = bytes(view[place : place + item["bytes"]])
        place += item["bytes"]
        values[item["name"]] = _decoded(item["kind"], item["about"], content)
    return values


def opened(values: Values) -> dict[str, Value]:
    """The same values, stored ones read and verified: what a shard sees without any message."""
    return {name: value.value() if isinstance(value, Stored) else value for name, value in values.items()}


def _encoded(name: str, value: Value) -> tuple[str, Any, bytes]:
    if isinstance(value, Stored):
        if value.store.address:
            about = {"store": value.store.address, "reference": value.reference.as_json(), "name": value.name}
            return "stored", {**about, "remedy": value.remedy, "by_sequence": value.by_sequence}, b""
        return _encoded(name, value._replace(by_sequence=False).value())
    if type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "columns"):
        return "table", None, _arrow_stream(value)
    if isinstance(value, Blob):
        return "blob", value.suffix, value.content
    if isinstance(value, Bundle):
        return "bundle", None, pack(value)
    if isinstance(value, bytes):
        return "bytes", None, value
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return "array", None, encode_arrays({"array": value})
    if isinstance(value, dict) and value and all(hasattr(item, "dtype") for item in value.values()):
        return "arrays", list(value), encode_arrays(value)
    return "document", None, _json(value)


def _json(value: Value) -> bytes:
    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _decoded(kind: str, about: Any, content: bytes) -> Value:
    if kind == "stored":
        reference = Reference(**about["reference"])
        return _fetched(
            Stored(open_store(about["store"]), reference, *(about[key] for key in ("name", "remedy", "by_sequence")))
        )
    if kind == "table":
        return _from_arrow_stream(content)
    if kind == "blob":
        return Blob(content, about)
    if kind == "bundle":
        return Bundle(unpack(content))
    if kind == "bytes":
        return content
    if kind == "array":
        return decode_arrays(content)["array"]
    if kind == "arrays":
        arrays = decode_arrays(content)
        return {name: arrays[name] for name in about}
    if kind == "document":
        return json.loads(content)
    raise ArtifactError(Problem("message", kind, "Kinds are those `pack` writes.", "Update the workers."))


def _fetched(stored: Stored) -> Value:
    """The value of a store, whose sender has it: where it is not there, this machine sees another store or none."""
    store, reference, name = stored.store, stored.reference, stored.name
    try:
        return stored.value()
    except ArtifactError as error:
        if isinstance(error, UnreachableError) or store.holds(reference.sha256):
            raise
        seen = f"the store {store.shown} does not hold {reference.sha256[:12]} as seen from {os.uname().nodename}"
        rule = "Every worker must see the store of whoever runs the study."
        mend = (
            "Mount it at the same place on every machine, or set compute.store or GROPROG_STORE to one that all reach."
        )
        raise ArtifactError(
            Problem(name, seen, rule, f"{mend} If its files were removed, run the study again.")
        ) from None


def _arrow_stream(frame: pd.DataFrame) -> bytes:
    import pyarrow as pa

    batch = pa.RecordBatch.from_pandas(frame, preserve_index=False)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_batch(batch)
    return sink.getvalue()


def _from_arrow_stream(content: bytes) -> Value:
    import pyarrow as pa

    with pa.ipc.open_stream(content) as stream:
        return stream.read_all().to_pandas()
