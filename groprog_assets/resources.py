"""The study as a Dagster resource: the workspace behind every asset, and who is told of progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagster import ConfigurableResource
from pydantic import Field

from groprog_assets.workspace import Workspace, open_workspace

LISTENERS: list[Callable[[str, dict[str, Any]], None]] = []


class StudyResource(ConfigurableResource):
    """The study of this code location."""

    path: str = Field(default="", description="the study file; empty takes the variable GROPROG_STUDY")

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.path or None)

    def announce(self, event: str, **what: Any) -> None:
        """Tell whoever listens in this process (the command line's progress)."""
        for listener in LISTENERS:
            listener(event, what)
