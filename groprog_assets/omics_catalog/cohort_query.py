"""Questions for how many subjects fulfil something, in the one form in which equal questions are equal. Standard library only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

SEXES = ("female", "male", "other", "unknown")
OLDEST = 90 * 12
"""Ages above 89 years are stored as 89."""


@dataclass(frozen=True)
class Cohort:
    """Subjects who fulfil everything that is asked.

    terms: (live term, whether its descendants count) sorted; diseases: identifiers, sorted, each with those below it where the
    catalogue has a hierarchy; exactly: diseases without those below them, sorted; sexes: any of these, sorted; ages: [least,
    below) in months; purpose and studied: what the answer is for.
    """

    terms: tuple[tuple[str, bool], ...] = ()
    diseases: tuple[str, ...] = ()
    sexes: tuple[str, ...] = SEXES
    ages: tuple[int, int] | None = None
    purpose: str = ""
    studied: tuple[str, ...] = ()
    exactly: tuple[str, ...] = ()

    def canonical(self) -> str:
        """One text for equal questions; what was answered before there was `exactly` keeps its text, and so its noise."""
        fields = asdict(self)
        if not self.exactly:
            del fields["exactly"]
        return _canonical("individuals", fields)


@dataclass(frozen=True)
class Carriers:
    """Subjects with an interpreted variant. start, end: 0-based half-open; two values bracket the bound.

    range: one start and one end, overlapping; bracket: two of each; sequence: a start with ref and alt.
    """

    build: str = ""
    chrom: str = ""
    start: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    ref: str = ""
    alt: str = ""
    kind: str = ""
    gene: str = ""
    purpose: str = ""
    studied: tuple[str, ...] = ()

    def canonical(self) -> str:
        return _canonical("g_variants", asdict(self))


def _canonical(entry: str, fields: dict[str, object]) -> str:
    return json.dumps({"of": entry, **fields}, sort_keys=True, separators=(",", ":"))
