"""The field of a parameter with its unit and source (`cited`), and a group of parameters that refuses unknown names.

Standard library and pydantic only.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from groprog_assets.study.bounds import within_bounds


def cited(default: Any, *, unit: str, source: str, why: str = "", **rules: Any) -> Any:
    """A field that carries where its value comes from; `rules` are pydantic's bounds (gt, ge, lt, le)."""
    extra: dict[str, Any] = {"unit": unit, "source": source, "why": why}
    if isinstance(default, list | dict):
        return Field(default_factory=lambda: type(default)(default), json_schema_extra=extra, **rules)
    return Field(default=default, json_schema_extra=extra, **rules)


class ParameterGroup(BaseModel):
    """A named group of parameters; unknown names are refused, so that a misspelt override cannot pass unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _within_bounds(cls, value: Any, field: ValidationInfo) -> Any:
        """A number is finite and of a size that some study could have."""
        extra = cls.model_fields[str(field.field_name)].json_schema_extra
        return within_bounds(value, str(extra.get("unit", "")) if isinstance(extra, dict) else "")
