"""Stores beyond a folder: the same digests and promises on a filesystem that is not this machine's."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ArtifactError, StudyError
from groprog_assets.store.artifacts import Bundle, Store, StoredFile
from groprog_assets.store.object_storage import ObjectStore, open_store


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    made = open_store(f"memory://bucket/{uuid.uuid4().hex}", tmp_path / "cache")
    assert isinstance(made, ObjectStore)
    return made


def key(store: ObjectStore, sha256: str) -> str:
    return (store.prefix / sha256[:2] / sha256).path


def test_values_have_the_digests_they_have_in_a_folder(store: ObjectStore, tmp_path: Path):
    folder = Store(tmp_path / "folder")
    for value in (
        pd.DataFrame({"a": [1, 2]}),
        {"x": np.arange(4.0)},
        {"k": [1, "two"]},
        Bundle(table=pd.DataFrame({"a": [1]}), note={"k": 1}),
    ):
        reference = store.put(value)
        assert reference == folder.put(value)
        assert store.put(store.get(reference)) == reference
        assert store.verifies(reference)


def test_an_altered_or_missing_object_is_named_with_its_remedy(store: ObjectStore):
    reference = store.put({"a": 1})
    store.files.pipe_file(key(store, reference.sha256), b'{"a":2}')
    assert not store.verifies(reference)
    with pytest.raises(ArtifactError, match=r"pausing: memory://.* has sha256 .*run it again"):
        store.get(reference, "pausing", "run it again")
    assert store.put({"a": 1}) == reference, "putting the value again mends it"
    assert store.verifies(reference)
    store.files.rm_file(key(store, reference.sha256))
    with pytest.raises(ArtifactError, match="is missing"):
        store.get(reference)


def test_a_file_is_moved_in_and_read_by_a_verified_local_copy(store: ObjectStore, tmp_path: Path):
    given = tmp_path / "made.bam"
    given.write_bytes(b"reads" * 1000)
    reference = store.put(StoredFile(given, ".bam"))
    assert not given.exists()
    path = store.get(reference).path
    assert path.read_bytes() == b"reads" * 1000
    path.write_bytes(b"altered")
    assert store.get(reference).path.read_bytes() == b"reads" * 1000, "an altered copy is fetched again"
    store.files.pipe_file(key(store, reference.sha256), b"altered")
    path.unlink()
    with pytest.raises(ArtifactError, match="has sha256"):
        store.get(reference)
    assert not path.exists(), "what does not verify is never left where it would be read"
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_storage_that_fails_is_a_problem_and_no_traceback(store: ObjectStore, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(type(store.files), "pipe_file", refuse)
    with pytest.raises(ArtifactError, match=r"Access Denied.*credentials in the environment"):
        store.put({"a": 1})


@pytest.mark.parametrize(
    "address", ["ftp://host/x", "s3://key:secret@bucket/x", "s3://bucket/x?endpoint=y", "s3://", "file://host/x"]
)
def test_other_addresses_are_refused_without_repeating_what_may_be_secret(address: str):
    with pytest.raises(StudyError) as caught:
        open_store(address)
    assert "secret" not in str(caught.value)


def test_a_folder_by_its_address_is_that_folder(tmp_path: Path):
    reference = open_store(f"file://{tmp_path}/store").put({"a": 1})
    assert Store(tmp_path / "store").get(reference) == {"a": 1}


def test_a_digest_is_no_path(store: ObjectStore):
    with pytest.raises(ArtifactError, match="64 hexadecimal"):
        store.get_bytes("../" + "0" * 61)
