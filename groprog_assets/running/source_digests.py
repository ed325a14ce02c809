"""Digesting the files of a study's libraries beside other work, before the run asks for their digests."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from groprog_assets.errors import GroProgError
from groprog_assets.graph.specification import LIBRARY_FILES
from groprog_assets.store.workspace import Workspace


@contextlib.contextmanager
def digested_meanwhile(workspace: Workspace) -> Iterator[None]:
    """Inside, a thread digests the files of the libraries; the end of the block waits for it, unless an error ends the block.

    The digests are kept as `Workspace.file_digest` keeps them. What cannot be read is left to whoever asks for its digest, who
    says so.
    """

    def digest() -> None:
        for library in workspace.study.libraries:
            with contextlib.suppress(GroProgError, OSError):
                workspace.source_files(LIBRARY_FILES, library.id)

    beside = threading.Thread(target=digest, name="digests", daemon=True)
    beside.start()
    yield
    beside.join()
