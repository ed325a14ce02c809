"""Files of libraries are digested once, beside other work, and errors are left to whoever asks for a digest."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from groprog_assets.errors import StudyError
from groprog_assets.graph.specification import LIBRARY_FILES
from groprog_assets.methods.reads import raw_reads
from groprog_assets.running.source_digests import digested_meanwhile
from groprog_assets.store import workspace as module
from groprog_assets.store.artifacts import digest_file
from groprog_assets.store.workspace import Workspace


def test_each_file_is_read_once_for_the_plan_and_for_its_identity(study: Path, monkeypatch):
    read: list[Path] = []

    def counted(path: Path) -> str:
        read.append(path)
        return digest_file(path)

    monkeypatch.setattr(module, "digest_file", counted)
    workspace = Workspace(study)
    with digested_meanwhile(workspace):
        pass
    of_libraries = list(read)
    assert of_libraries
    assert len(set(of_libraries)) == len(of_libraries)
    for library in workspace.study.libraries:
        files = workspace.source_files(LIBRARY_FILES, library.id)
        named = raw_reads.identify(workspace.library(library.id), workspace.file_digest)["files"]
        assert [item["sha256"] for item in named] == [item["sha256"] for item in files]
    assert read == of_libraries


def test_a_file_that_cannot_be_read_is_left_to_who_asks(study: Path, monkeypatch):
    workspace = Workspace(study)
    first, *others = workspace.study.libraries
    path = workspace.resolve(first.alignments)
    path.unlink()
    with digested_meanwhile(workspace):
        pass
    with pytest.raises(StudyError, match="No such file"):
        workspace.file_digest(path)
    monkeypatch.delattr(module, "digest_file")  # the others are known
    assert others
    assert all(workspace.source_files(LIBRARY_FILES, library.id) for library in others)


def test_an_error_does_not_wait_for_digests(study: Path, monkeypatch):
    begun, free = threading.Event(), threading.Event()

    def held(path: Path) -> str:
        begun.set()
        free.wait()
        return digest_file(path)

    monkeypatch.setattr(module, "digest_file", held)
    ended = False
    try:
        with digested_meanwhile(Workspace(study)):
            begun.wait()
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        ended = not free.is_set()
    free.set()
    assert ended
