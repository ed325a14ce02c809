"""Names by which clinical tables name outcomes. Standard library only."""

from __future__ import annotations

from itertools import pairwise

from groprog_assets.study.plausible_ranges import words_of

OUTCOME_WORDS = frozenset(
    {"os", "pfs", "dss", "dfs", "rfs", "efs", "pfi", "dfi", "mfs", "dmfs", "css", "ttp", "event", "outcome", "followup"}
    | {"death", "dead", "deceased", "died", "vital", "mortality", "survival", "survive", "survived"}
    | {"censor", "censored", "censoring", "relapse", "relapsed", "recurrence", "recurred", "progression", "progressed"}
)
"""Whole words of a name split at case changes, digits and punctuation."""
OUTCOME_PHRASES = (("follow", "up"), ("days", "to"), ("time", "to"), ("last", "contact"), ("new", "tumor"))
BEFORE_BASELINE = ("birth", "diagnosis")
"""What `days to` may lead to without being an outcome."""


def names_outcome(name: str) -> bool:
    """Whether a column name holds a word or phrase by which clinical tables name outcomes.

    >>> [names_outcome(name) for name in ("PFS_MONTHS", "daysToDeath", "AGE", "days_to_birth")]
    [True, True, False, False]
    """
    words = words_of(name)
    phrases = [pair for pair in pairwise(words) if pair in OUTCOME_PHRASES]
    if phrases and all(pair[1] == "to" for pair in phrases) and set(words) & set(BEFORE_BASELINE):
        phrases = []
    return bool(OUTCOME_WORDS & set(words)) or bool(phrases)
