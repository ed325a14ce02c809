"""Identifiers of metabolites: ChEBI, HMDB, InChIKey, by their prefix or form. Text in, CURIEs out."""

from __future__ import annotations

import re
from typing import NamedTuple

_CHEBI = re.compile(r"(?:chebi:)*\s*(\d+)", re.IGNORECASE)
_HMDB = re.compile(r"(?:hmdb:)?\s*HMDB(\d{5}|\d{7})", re.IGNORECASE)
_INCHIKEY = re.compile(r"(?:inchikey[:=])?\s*([A-Z]{14})-[A-Z]{10}-[A-Z]", re.IGNORECASE)
HMDB_DIGITS = 7
"""Digits of an HMDB accession since version 4; before there were 5: HMDB00001 is HMDB0000001."""


class Metabolite(NamedTuple):
    """curie: "" where the text names no metabolite of a known database, or several of one; several: the CURIEs of these."""

    curie: str
    several: tuple[str, ...] = ()


def metabolite_curie(text: str) -> str:
    """One identifier as a CURIE: CHEBI:17234, HMDB:HMDB0000122, InChIKey:WQZGKKKJIJFFOK (the first block: the skeleton without
    stereochemistry); "" for any other."""
    plain = text.strip()
    if re.match(r"chebi:", plain, re.IGNORECASE) and (found := _CHEBI.fullmatch(plain)):
        return f"CHEBI:{int(found[1])}"
    if found := _HMDB.fullmatch(plain):
        return f"HMDB:HMDB{int(found[1]):0{HMDB_DIGITS}d}"
    if found := _INCHIKEY.fullmatch(plain):
        return f"InChIKey:{found[1].upper()}"
    return ""


def metabolite_of(text: str, separator: str = "|") -> Metabolite:
    """The metabolite of a cell that may hold several identifiers: ChEBI before HMDB before InChIKey.

    Several of one database are no one metabolite, and none of them is chosen.
    """
    found = list(dict.fromkeys(filter(None, map(metabolite_curie, text.split(separator)))))
    for prefix in ("CHEBI:", "HMDB:", "InChIKey:"):
        same = [curie for curie in found if curie.startswith(prefix)]
        if same:
            return Metabolite(same[0]) if len(same) == 1 else Metabolite("", tuple(same))
    return Metabolite("")
