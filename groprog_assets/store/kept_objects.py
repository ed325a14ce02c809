"""What lies in a store: its values listed and removed, and the notes beside them that say which study uses what. No Dagster.

A note is a small file or object below `studies/`. Values lie at `<two digits>/<sha256>`; nothing else in the folder or bucket is
touched.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from groprog_assets.store.half_written import HALF_WRITTEN, left_behind

NOTES = "studies"
VALUE = re.compile(r"^[0-9a-f]{64}$")


class KeptObjects(Protocol):
    """Values and notes of one store. Errors are ArtifactError: UnreachableError where the storage does not answer."""

    def values(self) -> dict[str, int]:
        """{sha256: bytes} of every value."""

    def remove(self, digests: Iterable[str]) -> None:
        """Remove values; those that are not there are ignored."""

    def half_written(self) -> dict[Path, int]:
        """{file: bytes} that a writer who died left; a bucket shows none."""

    def notes(self, below: str = "") -> list[str]:
        """Names of the notes in a folder of them, relative to it, in order."""

    def write_note(self, name: str, content: bytes) -> None:
        """Write a note, whole."""

    def mark(self, name: str) -> None:
        """Write an empty note; durable when this returns."""

    def read_note(self, name: str) -> bytes | None:
        """The content of a note, or None."""

    def remove_notes(self, names: Iterable[str]) -> None:
        """Remove notes; those that are not there are ignored."""


class KeptFiles:
    """Values and notes in a folder."""

    def __init__(self, root: Path, write: Callable[[Path, bytes], None]):
        self.root, self._write = root, write

    def values(self) -> dict[str, int]:
        return {entry.name: entry.stat().st_size for entry in self._entries() if VALUE.match(entry.name)}

    def remove(self, digests: Iterable[str]) -> None:
        for sha256 in digests:
            (self.root / sha256[:2] / sha256).unlink(missing_ok=True)

    def half_written(self) -> dict[Path, int]:
        found = {}
        for entry in self._entries():
            if HALF_WRITTEN.match(entry.name) and left_behind(Path(entry.path), shared=True):
                found[Path(entry.path)] = entry.stat().st_size
        return found

    def notes(self, below: str = "") -> list[str]:
        folder = self.root / NOTES / below
        return sorted(
            os.path.relpath(os.path.join(place, name), folder)
            for place, _, names in os.walk(folder)
            for name in names
            if not name.startswith(".")
        )

    def write_note(self, name: str, content: bytes) -> None:
        self._write(self.root / NOTES / name, content)

    def mark(self, name: str) -> None:
        path = self.root / NOTES / name
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read_note(self, name: str) -> bytes | None:
        try:
            return (self.root / NOTES / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove_notes(self, names: Iterable[str]) -> None:
        for name in names:
            (self.root / NOTES / name).unlink(missing_ok=True)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        """Files in the folders of values; one that goes while they are listed is left out."""
        if not self.root.is_dir():
            return
        with os.scandir(self.root) as folders:
            for folder in folders:
                if len(folder.name) == 2 and folder.is_dir(follow_symlinks=False):
                    with os.scandir(folder.path) as files:
                        yield from (entry for entry in files if entry.is_file(follow_symlinks=False))


class KeptInBucket:
    """Values and notes under a prefix of object storage, through fsspec. Every listing is asked for anew."""

    def __init__(self, prefix: Any, files: Any, failed: Callable[[str, Exception], Exception]):
        self._prefix, self._files, self._failed = prefix, files, failed

    def values(self) -> dict[str, int]:
        found = {}
        for name, size in self._find(""):
            folder, _, sha256 = name.rpartition("/")
            if VALUE.match(sha256) and folder == sha256[:2]:
                found[sha256] = size
        return found

    def remove(self, digests: Iterable[str]) -> None:
        self._remove([f"{sha256[:2]}/{sha256}" for sha256 in digests])

    def half_written(self) -> dict[Path, int]:
        return {}

    def notes(self, below: str = "") -> list[str]:
        folder = f"{NOTES}/{below}" if below else NOTES
        return sorted(name.removeprefix(f"{folder}/") for name, _ in self._find(folder))

    def write_note(self, name: str, content: bytes) -> None:
        self._asked(name, lambda: self._files.pipe_file(self._key(f"{NOTES}/{name}"), content))

    def mark(self, name: str) -> None:
        self.write_note(name, b"")

    def read_note(self, name: str) -> bytes | None:
        try:
            return bytes(self._files.cat_file(self._key(f"{NOTES}/{name}")))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._failed(name, error) from error

    def remove_notes(self, names: Iterable[str]) -> None:
        self._remove([f"{NOTES}/{name}" for name in names])

    def _find(self, below: str) -> list[tuple[str, int]]:
        root = str(self._prefix.path).strip("/")

        def listed() -> Any:
            self._files.invalidate_cache()
            place = self._key(below) if below else str(self._prefix.path)
            return self._files.find(place, detail=True)

        found = self._asked(below, listed)
        return [(str(name).strip("/").removeprefix(f"{root}/"), int(info["size"] or 0)) for name, info in found.items()]

    def _remove(self, names: list[str]) -> None:
        for name in names if len(names) < 3 else []:
            self._remove_one(name)
        if len(names) >= 3:
            try:
                self._files.rm([self._key(name) for name in names])
            except FileNotFoundError:
                for name in names:
                    self._remove_one(name)
            except Exception as error:
                raise self._failed(names[0], error) from error

    def _remove_one(self, name: str) -> None:
        self._asked(name, lambda: self._files.rm_file(self._key(name)))

    def _asked(self, name: str, request: Callable[[], Any]) -> Any:
        try:
            return request()
        except FileNotFoundError:
            return {}
        except Exception as error:
            raise self._failed(name, error) from error

    def _key(self, name: str) -> str:
        return str((self._prefix / name).path)


def gone_or_dead(held: Callable[[], bytes | None], patience: float, pause: float = 0.2) -> bool:
    """Wait until `held` gives None (True), or the same content for `patience` seconds (False): whoever wrote it has died."""
    last, since = held(), time.monotonic()
    while last is not None and time.monotonic() - since < patience:
        time.sleep(pause)
        now = held()
        if now != last:
            last, since = now, time.monotonic()
    return last is None
