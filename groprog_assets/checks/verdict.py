"""The outcome of a check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check: whether it passed, what was seen, and what to do when it did not."""

    name: str
    passed: bool
    description: str
    values: dict[str, Any] = field(default_factory=dict)
    blocking: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "passed": bool(self.passed),
            "description": self.description,
            "values": self.values,
            "blocking": self.blocking,
        }
