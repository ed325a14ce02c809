"""The field of a parameter with its unit and source (`cited`), and a group of parameters that refuses unknown names.

Standard library and pydantic only.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def cited(default: Any, *, unit: str, source: str, why: str = "", **rules: Any) -> Any:
    """A field that carries where its value comes from; `rules` are pydantic's bounds (gt, ge, lt, le)."""
    extra: dict[str, Any] = {"unit": unit, "source": source, "why": why}
    if isinstance(default, list | dict):
        return Field(default_factory=lambda: type(default)(default), json_schema_extra=extra, **rules)
    return Field(default=default, json_schema_extra=extra, **rules)


class ParameterGroup(BaseModel):
    """A named group of parameters; unknown names are refused, so that a misspelt override cannot pass unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)
