"""The workspace of a copy of the tiny study, with the specification of every asset known."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.definitions import defs
from groprog_assets.store.workspace import Workspace, open_workspace

assert defs  # loading them registers every asset's specification


@pytest.fixture
def workspace(study: Path) -> Workspace:
    return open_workspace(study)
