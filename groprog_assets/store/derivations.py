"""Derivations: immutable records of how a stored value came to be, and the pointer that names an asset's current one.

A derivation lists the output's digest, the inputs as actually read (each with its own derivation), the source files, the code
version, the study sections and parameters used, the environment, the kernels and the seed. Its name is the sha256 of its
canonical JSON, so two equal derivations are one file. `memo/` maps everything but the outcome to a derivation: what was computed
once is not computed again. Every file is written whole or not at all. No Dagster, no DuckDB.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NotRequired, TypedDict

from groprog_assets.errors import ArtifactError, Problem, UnreachableError
from groprog_assets.store.artifacts import (
    Reference,
    Store,
    canonical_json,
    canonical_plain,
    digest_bytes,
    digest_value,
    write_atomically,
)
from groprog_assets.study.files import open_regular
from groprog_assets.tables.values import Document

VERSION = 1
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
OUTCOME = ("output", "verdicts", "headline", "plots")
RECORDED = ("kernels",)  # written down, but the code version already covers the kernels an asset reaches


class ReadEdge(TypedDict):
    """A value that was read: its asset and partition, its digest, the derivation that made it."""

    asset: str
    partition: str
    sha256: str
    derivation: str


class Edge(ReadEdge):
    """A value that was read, with the argument that took it."""

    name: str


class RecordedVerdict(TypedDict):
    """The outcome of a check."""

    name: str
    passed: bool
    description: str
    values: Document
    blocking: bool


class Record(TypedDict):
    """A derivation. `output`, `verdicts`, `headline` and `plots` are its outcome; all else is what decided it."""

    version: int
    asset: str
    partition: str
    inputs: list[Edge]
    files: list[Document]
    study: Document
    parameters: dict[str, Document]
    overrides: dict[str, Document]
    left_out: list[dict[str, str]]
    extra: Document
    code_version: str
    environment: str
    kernels: str
    seed: int | None
    output: NotRequired[Document]
    verdicts: NotRequired[list[RecordedVerdict]]
    headline: NotRequired[Document]
    plots: NotRequired[dict[str, str]]


def checked_name(name: str) -> str:
    """`name` if it may be a file or partition name; asset, library and mark names are."""
    if not NAME.fullmatch(name):
        raise ArtifactError(
            Problem("name", repr(name), "Letters, digits, '_', '.', '-', at most 64, no leading dot.", "Rename it.")
        )
    return name


class Derivations:
    """The records of one study, under one folder, and the store of the values that they name (else `store` beside the folder)."""

    def __init__(self, root: Path, store: Store | None = None):
        self.root = Path(root)
        self.store = store or Store(self.root.parent / "store")

    def write(self, record: Record) -> str:
        """Store `record`; its digest."""
        content = canonical_json(record)
        digest = digest_bytes(content)
        path = self.root / "records" / digest[:2] / f"{digest}.json"
        if not path.is_file() or path.read_bytes() != content:
            write_atomically(path, content)
        self._erased(digest).unlink(missing_ok=True)  # its value was made again
        return digest

    def read(self, digest: str) -> Record:
        """The record of `digest`, verified."""
        path = self.root / "records" / digest[:2] / f"{digest}.json"
        try:
            content = path.read_bytes()
        except OSError:
            raise ArtifactError(
                Problem("derivation", f"{path} is missing", "Every value has its record.", "Run the study again.")
            ) from None
        if digest_bytes(content) != digest:
            raise ArtifactError(
                Problem("derivation", f"{path} was altered", "Its name is its digest.", "Run the study again.")
            )
        record: Record = json.loads(content)
        return record

    def point(self, asset: str, partition: str, digest: str) -> None:
        """Make `digest` the current derivation of an asset (or of one partition of it)."""
        write_atomically(self._pointer(asset, partition), canonical_json({"derivation": digest}))

    def drop(self, asset: str, partition: str) -> None:
        """Make nothing the current derivation; the record stays."""
        self._pointer(asset, partition).unlink(missing_ok=True)

    def current(self, asset: str, partition: str = "") -> str | None:
        """The digest of the current derivation, or None."""
        try:
            with open_regular(self._pointer(asset, partition)) as file:
                return str(json.loads(file.read())["derivation"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def current_record(self, asset: str, partition: str = "") -> Record | None:
        """The current derivation; None when there is none or its file is lost or altered, so that the value is made again."""
        digest = self.current(asset, partition)
        try:
            return self.read(digest) if digest else None
        except ArtifactError:
            return None

    def pointers(self) -> Iterator[tuple[str, str, str]]:
        """(asset, partition, digest) of everything current, in order."""
        for path in sorted((self.root / "current").glob("*/*.json")):
            partition = "" if path.stem == "_" else path.stem
            digest = self.current(path.parent.name, partition)
            if digest:
                yield path.parent.name, partition, digest

    def closure(self, digest: str) -> dict[str, Record]:
        """{digest: record} of a derivation and all it rests on."""
        found: dict[str, Record] = {}
        waiting = [digest] if digest else []
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self.read(name)
                waiting += [item["derivation"] for item in found[name]["inputs"]]
        return dict(sorted(found.items()))

    def all(self) -> Iterator[str]:
        """The digest of every derivation there is."""
        for path in (self.root / "records").glob("??/*.json"):
            yield path.stem

    def digests_of(self, record: Record) -> set[str]:
        """All digests of a derivation's value and plots; of a bundle without its manifest, that of the manifest alone.

        UnreachableError when the store does not answer.
        """
        found = set(record.get("plots", {}).values())
        waiting = [output(record)]
        while waiting:
            reference = waiting.pop()
            found.add(reference.sha256)
            if reference.kind == "bundle" and self.store.holds(reference.sha256):
                waiting += self.store.members(reference).values()
        return found

    def named(self, known: dict[str, set[str]] | None = None) -> dict[str, set[str]]:
        """{derivation: digests of its value and plots}, apart from those whose values are erased.

        known: what an earlier call gave; only derivations made since are read. ArtifactError for a record that was altered.
        """
        erased, known = self.erased(), known or {}
        return {
            digest: known[digest] if digest in known else self.digests_of(self.read(digest))
            for digest in self.all()
            if digest not in erased
        }

    def named_digests(self) -> set[str]:
        """Digests of all that whole derivations name, apart from those whose values are erased.

        UnreachableError when the store does not answer.
        """
        erased, found = self.erased(), set()
        for digest in self.all():
            try:
                if digest not in erased:
                    found |= self.digests_of(self.read(digest))
            except UnreachableError:
                raise
            except ArtifactError:
                continue
        return found

    def erased(self) -> set[str]:
        """Derivations whose values are erased; their records stay."""
        return {path.name for path in (self.root / "erased").glob("??/*") if path.name[0] != "."}

    def mark_erased(self, digest: str) -> None:
        """Record that the value of a derivation is erased."""
        write_atomically(self._erased(digest), b"")

    def remember(self, key: str, digest: str) -> None:
        """Record that the circumstances `key` gave the derivation `digest`."""
        write_atomically(self.root / "memo" / key[:2] / key, digest.encode())

    def recall(self, key: str) -> tuple[str, Record] | None:
        """The derivation that `key` gave earlier, if its record is whole."""
        try:
            with open_regular(self.root / "memo" / key[:2] / key) as file:
                digest = file.read().decode()
            return digest, self.read(digest)
        except (OSError, UnicodeDecodeError, ArtifactError):
            return None

    def _erased(self, digest: str) -> Path:
        return self.root / "erased" / digest[:2] / digest

    def _pointer(self, asset: str, partition: str) -> Path:
        return self.root / "current" / checked_name(asset) / f"{checked_name(partition) if partition else '_'}.json"


class Foreseen(Derivations):
    """Derivations as they will be: what is written and pointed at is held in memory, over what lies on disk."""

    def __init__(self, root: Path, store: Store | None = None):
        super().__init__(root, store)
        self._records: dict[str, Record] = {}
        self._pointers: dict[tuple[str, str], str] = {}

    def write(self, record: Record) -> str:
        digest = digest_value(record)
        self._records[digest] = record
        return digest

    def read(self, digest: str) -> Record:
        return self._records[digest] if digest in self._records else super().read(digest)

    def point(self, asset: str, partition: str, digest: str) -> None:
        self._pointers[asset, partition] = digest

    def current(self, asset: str, partition: str = "") -> str | None:
        return self._pointers.get((asset, partition)) or super().current(asset, partition)

    def pointers(self) -> Iterator[tuple[str, str, str]]:
        held = {(asset, partition): digest for asset, partition, digest in super().pointers()} | self._pointers
        yield from ((asset, partition, digest) for (asset, partition), digest in sorted(held.items()))


def memo_key(record: Record) -> str:
    """sha256 over the circumstances of a derivation: all of it but its outcome and the derivations behind its inputs.

    record: of JSON's own types, as `plain` gives them.
    """
    circumstances = {key: value for key, value in record.items() if key not in OUTCOME + RECORDED}
    circumstances["inputs"] = [
        {key: value for key, value in item.items() if key != "derivation"} for item in record["inputs"]
    ]
    return digest_bytes(canonical_plain(circumstances))


def output(record: Record) -> Reference:
    """The reference to a derivation's value."""
    return Reference(**record["output"])


def failed_barriers(record: Record) -> dict[str, str]:
    """{check: what it found} of the blocking checks of the derivation that failed."""
    return {
        verdict["name"]: verdict["description"]
        for verdict in record["verdicts"]
        if verdict["blocking"] and not verdict["passed"]
    }


def told_barriers(record: Record) -> list[str]:
    """`failed_barriers` as "check: finding"."""
    return [f"{name}: {found}" for name, found in failed_barriers(record).items()]


def passed(record: Record) -> bool:
    """Whether no blocking check of the derivation failed."""
    return not failed_barriers(record)
