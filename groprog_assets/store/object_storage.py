"""The store on object storage, through fsspec: the same digests, and no reader ever sees half a value. No Dagster.

Only storage that shows an object once it is whole is taken (S3 and what speaks it, Google, Azure, this process's memory); a
folder that several machines mount is a `file://` address and is written as every folder is. Credentials come from the
environment of whoever runs; an address holds none.
"""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from groprog_assets.errors import ArtifactError, Problem, StudyError, UnreachableError
from groprog_assets.store.artifacts import Reference, Store, digest_bytes, digest_file
from groprog_assets.store.half_written import half_written_name, scratch_folder
from groprog_assets.store.kept_objects import KeptInBucket, KeptObjects
from groprog_assets.study.schema import StoreAddress

STORE_VARIABLE = "GROPROG_STORE"
ADDRESS: TypeAdapter[str] = TypeAdapter(StoreAddress)


def open_store(address: str, cache: Path | None = None) -> Store:
    """The store at an address: a folder, `file:///folder`, or a `StoreAddress`.

    cache: folder for local copies of what only a file can be (alignments, tables that DuckDB reads); a temporary one without.
    StudyError for another protocol, anything in the address beside bucket and prefix, or when the program that speaks the
    protocol is absent.
    """
    if address.startswith("file:///"):
        return Store(Path(address.removeprefix("file://")))
    if "://" not in address:
        return Store(Path(address))
    try:
        return ObjectStore(ADDRESS.validate_python(address), cache)
    except ValidationError:
        rule = "An address is protocol://bucket/prefix (s3, gs, gcs, az, abfs, memory) or file:///folder, and nothing else."
        shown = f"{address.partition('://')[0]}://…"
        remedy = "Credentials stay in the environment; mount other storage and give its folder."
        raise StudyError(Problem("compute.store", shown, rule, remedy)) from None


class ObjectStore(Store):
    """Content-addressed objects under one prefix; `path` and `get_file` give verified local copies."""

    def __init__(self, address: str, cache: Path | None = None):
        from upath import UPath

        try:
            self.prefix: Any = UPath(address)
            self.files: Any = self.prefix.fs
        except (ImportError, ValueError) as error:
            remedy = "pip install 'groprog[object-storage]', or the fsspec package of that storage."
            raise StudyError(Problem("compute.store", address, str(error), remedy)) from None
        self.address = "" if self.prefix.protocol == "memory" else address
        self._shown = address.rstrip("/")
        self._cache = cache
        self.claim: Callable[[str], None] = lambda sha256: None
        self.objects: KeptObjects = KeptInBucket(self.prefix, self.files, self._failed)

    def path(self, sha256: str) -> Path:
        """A local file with the bytes of `sha256`, verified."""
        return self.get_file(sha256)

    def put_bytes(self, content: bytes) -> str:
        """The digest under which `content` now lies; one request, after which it is there as a whole."""
        sha256 = digest_bytes(content)
        self.claim(sha256)
        try:
            self.files.pipe_file(self._key(sha256), content)
        except Exception as error:
            raise self._failed(sha256, error) from error
        return sha256

    def put_file(self, path: Path) -> str:
        """Move a finished file into the store, never holding it in memory; its digest. The file is gone from `path`."""
        sha256 = digest_file(path)
        self.claim(sha256)
        try:
            self.files.put_file(str(path), self._key(sha256))
        except Exception as error:
            raise self._failed(sha256, error) from error
        path.unlink()
        return sha256

    def get_bytes(self, sha256: str, name: str = "artifact", remedy: str = "") -> bytes:
        """The bytes of `sha256`, verified."""
        try:
            content: bytes = self.files.cat_file(self._key(sha256))
        except FileNotFoundError:
            raise self._missing(sha256, name, remedy) from None
        except Exception as error:
            raise self._failed(sha256, error) from error
        self._verify(digest_bytes(content), sha256, name, remedy)
        return content

    def get_file(self, sha256: str, name: str = "artifact", remedy: str = "") -> Path:
        """A local copy of `sha256`, verified each time; fetched when it is not there or was altered."""
        if self._cache is None:
            self._cache = scratch_folder("cache")
            atexit.register(shutil.rmtree, self._cache, ignore_errors=True)
        key, target = self._key(sha256), self._cache / sha256[:2] / sha256
        if target.is_file() and digest_file(target) == sha256:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / half_written_name(sha256)
        try:
            try:
                self.files.get_file(key, str(temporary))
            except FileNotFoundError:
                raise self._missing(sha256, name, remedy) from None
            except Exception as error:
                raise self._failed(sha256, error) from error
            self._verify(digest_file(temporary), sha256, name, remedy)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        return target

    def table_source(self, reference: Reference, name: str = "artifact", remedy: str = "") -> bytes | Path:
        """The bytes of a table, verified: no local copy is made."""
        return self.get_bytes(reference.sha256, name, remedy)

    @property
    def shown(self) -> str:
        """Where the store is, for a reader."""
        return self._shown

    def copies(self) -> dict[str, Path]:
        """{sha256: file} of the local copies."""
        found = self._cache.glob("??/*") if self._cache else ()
        return {path.name: path for path in found if not path.name.startswith(".")}

    def holds(self, sha256: str) -> bool:
        """Whether an object lies under `sha256`; UnreachableError when nobody can say."""
        try:
            return bool(self.files.exists(self._key(sha256)))
        except Exception as error:
            raise self._failed(sha256, error) from error

    def _key(self, sha256: str) -> str:
        self.checked(sha256)
        return str((self.prefix / sha256[:2] / sha256).path)

    def _verify(self, found: str, sha256: str, name: str, remedy: str) -> None:
        if found != sha256:
            seen = f"{self._shown}/{sha256[:2]}/{sha256} has sha256 {found[:12]}"
            remedy = remedy or "Run the study again: `groprog run STUDY` rebuilds what is missing."
            raise ArtifactError(Problem(name, seen, f"It was stored with {sha256[:12]}.", remedy))

    def _missing(self, sha256: str, name: str, remedy: str) -> ArtifactError:
        seen = f"{self._shown}/{sha256[:2]}/{sha256} is missing"
        remedy = remedy or "Run the study again: `groprog run STUDY` rebuilds what is missing."
        return ArtifactError(Problem(name, seen, "Its bytes must be in the store.", remedy))

    def _failed(self, name: str, error: Exception) -> UnreachableError:
        rule = "The object storage must be reachable, and let values be read and written."
        remedy = (
            "Look at the bucket's name, the credentials in the environment and the network; what was finished is kept."
        )
        told = f"{type(error).__name__}: {error}"
        return UnreachableError(Problem(f"{self._shown} ({name or 'list'})", told, rule, remedy))
