"""Compact identifiers (CURIEs): one spelling of each prefix."""

from __future__ import annotations

from functools import lru_cache

SPELLINGS = {
    **dict.fromkeys(("orpha", "orphanet", "ordo"), "ORPHA"),
    **dict.fromkeys(("omim", "mim"), "OMIM"),
    "omimps": "OMIMPS",
    "mondo": "MONDO",
    "hp": "HP",
    "decipher": "DECIPHER",
}
"""Prefix in lower case -> the spelling used here. OMIMPS is a series of diseases and never equal to OMIM."""


@lru_cache(maxsize=1 << 16)
def curie(text: str) -> str:
    """`text` without surrounding space, its prefix in the spelling used here; "" for an empty text."""
    prefix, colon, local = text.strip().partition(":")
    return f"{SPELLINGS.get(prefix.lower(), prefix)}:{local}" if colon else prefix


def prefix_of(identifier: str) -> str:
    """The prefix of an identifier; "" where it has none."""
    prefix, colon, _ = identifier.partition(":")
    return prefix if colon else ""
