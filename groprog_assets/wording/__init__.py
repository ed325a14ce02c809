"""Words of which every room makes its sentences: counted nouns.

Belongs here: what agrees with a number. Not here: how a number is rounded (`figures.numbers`). Standard library only.
"""

from __future__ import annotations


def count_of(count: int, noun: str, plural: str = "") -> str:
    """`1 cell`, `2 cells`; `plural` where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
