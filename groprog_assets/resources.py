"""The study as a Dagster resource: the workspace behind every asset, and who is told of progress."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from dagster import ConfigurableResource
from pydantic import Field

from groprog_assets.workspace import Workspace, open_workspace

ACTOR_VARIABLE = "GROPROG_USER"
ACTOR_TAG = "groprog/actor"
"""Who started a run, and the tag of the run that says so."""

LISTENERS: list[Callable[[str, dict[str, Any]], None]] = []


class StudyResource(ConfigurableResource):
    """The study of this code location."""

    path: str = Field(default="", description="the study file; empty takes the variable GROPROG_STUDY")

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.path or None)

    @property
    def actor(self) -> str:
        """Who launches runs in this process; empty when nobody said."""
        return os.environ.get(ACTOR_VARIABLE, "")

    def announce(self, event: str, **what: Any) -> None:
        """Tell whoever listens in this process (the command line's progress)."""
        for listener in LISTENERS:
            listener(event, what)
