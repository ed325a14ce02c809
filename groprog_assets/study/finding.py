"""A problem of a study, located by its field; `check` adds the line of the file. Standard library only."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Finding(NamedTuple):
    """The field's location, its value, the rule, the remedy."""

    at: tuple[str | int, ...]
    value: str
    rule: str
    remedy: str


def closest(name: str, known: Iterable[str]) -> str:
    """A remedy for a name that is not known: the nearest of `known`, else what there is."""
    named = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(name.casefold(), named, 1, 0.6)
    return f"Did you mean {named[close[0]]!r}?" if close else f"There are: {', '.join([*named.values()][:20])}."


def repeated(names: list[str], part: tuple[str | int, ...], field: str, what: str) -> Iterator[Finding]:
    """A finding for each name that stands twice in a list of the study: `part` and `field` say where, `what` what it names."""
    seen: Counter[str] = Counter()
    for k, name in enumerate(names):
        seen[name.lower()] += 1
        if seen[name.lower()] > 1:
            yield Finding(
                (*part, k, field),
                f"{name!r} stands twice",
                f"{what} are told apart by this name, upper and lower case alike (they become file names).",
                "Rename one.",
            )
