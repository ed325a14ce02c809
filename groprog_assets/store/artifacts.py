"""The content-addressed store: tables, arrays, documents, blobs and bundles are written as bytes and read back.

A value is a DataFrame (Parquet), a dict of NumPy arrays (npz with fixed timestamps), a JSON-able dict, a Blob, a
StoredFile (a file too large to hold in memory: it is moved into the store, and read from there by its path) or a Bundle of named
values (a JSON manifest that lists their digests). Equal values give equal bytes. Bytes are written to a temporary name, synced
and renamed to `ab/<sha256>`, so a reader never sees half of one. Nothing is pickled. No Dagster.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from groprog_assets.errors import ArtifactError, Problem, TableError, UnreachableError
from groprog_assets.store.half_written import half_written_name
from groprog_assets.store.kept_objects import KeptFiles, KeptObjects
from groprog_assets.store.stored_sequences import StoredSequences
from groprog_assets.store.table_files import decode_table, encode_table, table_pieces
from groprog_assets.tables import TABLES
from groprog_assets.tables.values import Arrays, Document, Value, Values

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("table", "arrays", "document", "blob", "file", "bundle")
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Blob(NamedTuple):
    """Bytes with the suffix of the file they would be (".html", ".safetensors")."""

    content: bytes
    suffix: str


class StoredFile(NamedTuple):
    """A file with the suffix it would have: before storing, the file to be moved; after loading, the stored one, verified."""

    path: Path
    suffix: str


class Bundle(dict[str, Value]):
    """Named values; `bundle.table` and `bundle["table"]` are the same."""

    def __getattr__(self, name: str) -> Value:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the bundle holds {', '.join(self)}, not {name}") from None


def stored_files(paths: Mapping[str, Path], suffix: str) -> Bundle:
    """The files of `paths` {name: file} as one value; they are moved into the store."""
    return Bundle({name: StoredFile(path, suffix) for name, path in paths.items()})


def stored_stage(stage: Value) -> Bundle:
    """A NamedTuple with `matrices` {name: Parquet} and `constants` {name: arrays} as a value; files are moved into the store."""
    held = {"matrices": stored_files(stage.matrices, ".parquet"), "constants": Bundle(stage.constants)}
    return Bundle({**stage._asdict(), **held})


def paths_of(files: Mapping[str, StoredFile]) -> dict[str, Path]:
    """{name: path} of files in the store; they are to be read only."""
    return {name: file.path for name, file in files.items()}


class Reference(NamedTuple):
    """What names stored bytes: their sha256, their kind, the table they hold, the suffix of a blob, their size."""

    sha256: str
    kind: str
    table: str = ""
    suffix: str = ""
    bytes: int = 0

    def as_json(self) -> Document:
        return {key: value for key, value in self._asdict().items() if value != ""}


def canonical_json(value: Value) -> bytes:
    """The one JSON form that is hashed: sorted keys, no spaces, UTF-8; NaN as null, infinities as text."""
    return canonical_plain(plain(value))


def canonical_plain(value: Value) -> bytes:
    """`canonical_json` of what `plain` gave, or what was read from JSON."""
    return _CANONICAL.encode(value).encode()


def plain(value: Value) -> Value:
    """`value` as JSON's own types: NumPy scalars and arrays, tuples, named tuples and paths are converted; NaN becomes None."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return float(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    raise ArtifactError(f"A document may hold text, numbers, lists and dicts, not {type(value).__name__}.")


def digest_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_value(value: Value) -> str:
    """sha256 of the canonical JSON of `value`."""
    return digest_bytes(canonical_json(value))


def digest_file(path: Path) -> str:
    """sha256 of a file, streamed."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def write_atomically(path: Path, content: bytes | Path, mode: int = 0o666) -> None:
    """`content`, or that of another file, at `path`, all of it or none: temporary name beside it, fsync, rename, fsync of the
    folder.

    mode: the file's permissions, less those that the process withholds (umask)."""
    temporary = path.parent / half_written_name(path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
            if isinstance(content, bytes):
                handle.write(content)
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, handle, 1 << 20)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unwritable(path: Path, error: OSError) -> ArtifactError:
    rule, remedy = "The file must be writable.", "Free space or mend rights."
    if path.is_dir():
        remedy = f"A folder stands in its place: move or remove {path}, or name a file, and give the command again."
    if blocking := next((folder for folder in path.parents if folder.is_file()), None):
        rule, remedy = f"{blocking} is a file, where a folder is needed.", "Name another place."
    return ArtifactError(Problem(str(path), error.strerror or str(error), rule, remedy))


def _is_frame(value: Value) -> bool:
    return type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "columns")


def _is_arrays(value: Value) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(
            type(item).__module__.partition(".")[0] == "numpy" and hasattr(item, "dtype") for item in value.values()
        )
        and all(
            hasattr(item, "__array_interface__") and getattr(item, "ndim", None) is not None for item in value.values()
        )
        and any(getattr(item, "ndim", 0) > 0 for item in value.values())
    )


def encode_arrays(arrays: Values) -> bytes:
    """npz bytes, members in name order with a fixed date; text arrays as fixed-width unicode, objects refused."""
    import numpy as np

    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(arrays):
            array = np.asarray(arrays[name])
            if array.dtype.kind in "OT":
                array = array.astype(str)
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", _EPOCH),
                member.getvalue(),
                compress_type=zipfile.ZIP_DEFLATED,
                compresslevel=1,
            )
    return sink.getvalue()


def decode_arrays(content: bytes) -> Arrays:
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


LARGE = 1 << 22
"""Bytes of a stored table beyond which it is read from its file, not from a copy in memory; a table of reads holds seven times
as much in memory."""

LARGEST_KEPT = 128 << 20
"""Bytes of decoded tables that a process keeps: several assets of a run read the same ones."""

_KEPT: dict[tuple[str, str], Any] = {}
_SIZES: dict[tuple[str, str], int] = {}
"""Bytes of the kept tables: asking pandas takes longer than many a table takes to read."""
_KEEPING = threading.Lock()


def _decoded(source: bytes | Path, reference: Reference) -> Value:
    """The table of verified bytes. Those used last are kept, unless one alone is too large; pandas copies a table when someone
    changes it."""
    key = (reference.sha256, reference.table)
    with _KEEPING:
        frame, size = _KEPT.pop(key, None), _SIZES.pop(key, 0)
    if frame is None:
        frame = decode_table(source, reference.table)
        size = int(frame.memory_usage().sum())
    if size > LARGEST_KEPT:
        return frame
    with _KEEPING:
        _KEPT[key], _SIZES[key] = frame, size
        while sum(_SIZES.values()) > LARGEST_KEPT:
            oldest = next(iter(_KEPT))
            del _KEPT[oldest], _SIZES[oldest]
    return frame.copy(deep=False)


def let_go() -> None:
    """Keep no decoded table any more."""
    with _KEEPING:
        _KEPT.clear()
        _SIZES.clear()


@contextlib.contextmanager
def _told_version(name: str) -> Iterator[None]:
    try:
        yield
    except TableError as error:
        mend = "Another version of the program stored it. Run the study again, the whole of it: `groprog run STUDY`."
        raise TableError([replace(problem, where=name, remedy=mend) for problem in error.problems]) from None


class Store:
    """Content-addressed files under one folder.

    `claim` is called with a digest before its bytes are stored; `objects` lists and removes what lies there.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self.address = str(self.root.absolute())
        self.claim: Callable[[str], None] = lambda sha256: None
        self.objects: KeptObjects = KeptFiles(self.root, write_atomically)

    def checked(self, sha256: str) -> str:
        """`sha256` if it is a digest, and so a file name."""
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ArtifactError(Problem("artifact", sha256, "A digest is 64 hexadecimal digits.", ""))
        return sha256

    def path(self, sha256: str) -> Path:
        return self.root / self.checked(sha256)[:2] / sha256

    def put_bytes(self, content: bytes) -> str:
        """The digest under which `content` now lies; bytes that are there already are not written again."""
        sha256 = digest_bytes(content)
        self.claim(sha256)
        path = self.path(sha256)
        if not (path.is_file() and path.stat().st_size == len(content) and digest_file(path) == sha256):
            write_atomically(path, content)
        return sha256

    def put_file(self, path: Path) -> str:
        """Move a finished file into the store, never holding it in memory; its digest. The file is gone from `path`."""
        sha256 = digest_file(path)
        self.claim(sha256)
        target = self.path(sha256)
        if target.is_file() and digest_file(target) == sha256:
            path.unlink()
            return sha256
        try:
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
        except OSError as error:
            raise _unwritable(target, error) from error
        return sha256

    def get_file(self, sha256: str, name: str = "artifact", remedy: str = "") -> Path:
        """The path of `sha256` in the store, its bytes verified; they are to be read only."""
        path = self.path(sha256)
        found = digest_file(path) if path.is_file() else ""
        if found != sha256:
            seen = f"{path} has sha256 {found[:12]}" if found else f"{path} is missing"
            remedy = remedy or "Run the study again: `groprog run STUDY` rebuilds what is missing."
            raise ArtifactError(Problem(name, seen, f"It was stored with {sha256[:12]}.", remedy))
        return path

    def get_bytes(self, sha256: str, name: str = "artifact", remedy: str = "") -> bytes:
        """The bytes of `sha256`, verified."""
        path = self.path(sha256)
        remedy = remedy or "Run the study again: `groprog run STUDY` rebuilds what is missing."
        try:
            content = path.read_bytes()
        except OSError:
            raise ArtifactError(
                Problem(name, f"{path} is missing", "Its bytes must be in the store.", remedy)
            ) from None
        found = digest_bytes(content)
        if found != sha256:
            raise ArtifactError(
                Problem(name, f"{path} has sha256 {found[:12]}", f"It was stored with {sha256[:12]}.", remedy)
            )
        return content

    @property
    def shown(self) -> str:
        """Where the store is, for a reader."""
        return self.address

    def copies(self) -> dict[str, Path]:
        """{sha256: file} of local copies; a folder needs none."""
        return {}

    def holds(self, sha256: str) -> bool:
        """Whether something lies under `sha256`; its bytes are not read."""
        return self.path(sha256).is_file()

    def verifies(self, reference: Reference) -> bool:
        """Whether every byte of the value is there and unaltered; UnreachableError when nobody can say."""
        try:
            if reference.kind == "file":
                return bool(self.get_file(reference.sha256))
            content = self.get_bytes(reference.sha256)
        except UnreachableError:
            raise
        except ArtifactError:
            return False
        if reference.kind != "bundle":
            return True
        return all(self.verifies(Reference(**member)) for member in json.loads(content)["members"].values())

    def members(self, reference: Reference) -> dict[str, Reference]:
        """The members of a bundle."""
        return {
            name: Reference(**member)
            for name, member in json.loads(self.get_bytes(reference.sha256))["members"].items()
        }

    def put(self, value: Value, tables: str | Mapping[str, str] = "") -> Reference:
        """Store `value`; `tables` names the declared table it is, or one per member of a bundle."""
        if _is_frame(value):
            table = tables if isinstance(tables, str) else tables.get("", "")
            if table and table not in TABLES:
                raise ArtifactError(f"{table} is no declared table")
            return self._reference(encode_table(value, table), "table", table=table)
        if isinstance(value, Blob):
            return self._reference(value.content, "blob", suffix=value.suffix)
        if isinstance(value, StoredFile):
            size = value.path.stat().st_size
            return Reference(self.put_file(value.path), "file", "", value.suffix, size)
        if isinstance(value, Bundle) or hasattr(value, "_asdict"):
            items = value if isinstance(value, Bundle) else value._asdict()
            names = {} if isinstance(tables, str) else tables
            members = {
                name: self.put(item, names.get(name, "")).as_json() for name, item in items.items() if item is not None
            }
            return self._reference(canonical_json({"members": members}), "bundle")
        if _is_arrays(value):
            return self._reference(encode_arrays(value), "arrays")
        if isinstance(value, Mapping | list):
            return self._reference(canonical_json(value), "document")
        raise ArtifactError(
            f"An asset's value is a table, arrays, a document, a blob, a file or a bundle of these, not {type(value).__name__}."
        )

    def get(self, reference: Reference, name: str = "artifact", remedy: str = "") -> Value:
        """The value of `reference`, its digest verified and its table conformed; TableError, with the remedy, for a table whose
        columns are of another version of the program."""
        if reference.kind == "file":
            return StoredFile(self.get_file(reference.sha256, name, remedy), reference.suffix)
        if reference.kind == "table":
            with _told_version(name):
                return _decoded(self.table_source(reference, name, remedy), reference)
        content = self.get_bytes(reference.sha256, name, remedy)
        if reference.kind == "arrays":
            return decode_arrays(content)
        if reference.kind == "document":
            return json.loads(content)
        if reference.kind == "blob":
            return Blob(content, reference.suffix)
        if reference.kind == "bundle":
            members = json.loads(content)["members"]
            return Bundle({key: self.get(Reference(**item), f"{name}.{key}", remedy) for key, item in members.items()})
        raise ArtifactError(
            Problem(name, reference.kind, f"Kinds are {', '.join(KINDS)}.", "A newer version wrote it.")
        )

    def pieces(self, reference: Reference, name: str = "artifact", remedy: str = "") -> Iterator[pd.DataFrame]:
        """The rows of a stored table in order, in tables of about half a million; verified, raising as `get` does."""
        source = self.table_source(reference, name, remedy)
        with _told_version(name):
            yield from table_pieces(source, reference.table)

    def sequences(self, reference: Reference, name: str = "artifact", remedy: str = "") -> StoredSequences:
        """A stored table of reads, each sequence of which is read when it is asked for; verified, raising as `get` does."""
        source = self.table_source(reference, name, remedy)
        with _told_version(name):
            return StoredSequences(source, reference.sha256, reference.table)

    def read_back(self, reference: Reference, name: str = "artifact") -> None:
        """Read a value as `get` does and keep nothing: it raises where a byte was altered or a column is not as declared."""
        if reference.kind == "bundle":
            for key, member in self.members(reference).items():
                self.read_back(member, f"{name}.{key}")
        elif reference.kind == "table" and reference.bytes > LARGE:
            for _ in self.pieces(reference, name):
                pass
        else:
            self.get(reference, name)

    def table_source(self, reference: Reference, name: str = "artifact", remedy: str = "") -> bytes | Path:
        """What a table is decoded from, verified: its bytes, or where they are many its file."""
        if reference.bytes > LARGE:
            return self.get_file(reference.sha256, name, remedy)
        return self.get_bytes(reference.sha256, name, remedy)

    def _reference(self, content: bytes, kind: str, table: str = "", suffix: str = "") -> Reference:
        return Reference(self.put_bytes(content), kind, table, suffix, len(content))
