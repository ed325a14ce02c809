"""The outcome of a check."""

from __future__ import annotations

from dataclasses import dataclass, field

from groprog_assets.tables.values import Document


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check: whether it passed, what was seen, and what to do when it did not."""

    name: str
    passed: bool
    description: str
    values: Document = field(default_factory=dict)
    blocking: bool = False

    def as_json(self) -> Document:
        return {
            "name": self.name,
            "passed": bool(self.passed),
            "description": self.description,
            "values": self.values,
            "blocking": self.blocking,
        }
