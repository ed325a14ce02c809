"""A problem of a study, located by its field; `check` adds the line of the file. Standard library only."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """The field's location, its value, the rule, the remedy."""

    at: tuple[str | int, ...]
    value: str
    rule: str
    remedy: str
