"""A part of the study file: unknown fields are refused, numbers have a size that some study could have, and nothing changes it.

Standard library and pydantic only.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationInfo, field_validator

from groprog_assets.study.bounds import within_bounds

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""Names of libraries, conditions, marks and loci: they become file and partition names."""


class StudyPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _within_bounds(cls, value: Any, field: ValidationInfo) -> Any:
        """A number is finite and of a size that some study could have; a range of plausible values may be open."""
        return value if field.field_name in ("plausible", "metadata") else within_bounds(value)
