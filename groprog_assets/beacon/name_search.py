"""Names by the words that are in them: an index in memory, made once a snapshot, so that a search reads no table."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

import numpy as np

from groprog_assets.omics_catalog.catalog import Catalog

NAMES = "SELECT kind, id, name, lowered FROM search_names ORDER BY lowered, kind, id, name"
MOST_WORDS = 8
BEHIND_ALL = chr(0x10FFFF)
SAME, BEGINS, CONTAINS = 0, 1, 2
"""How well a name fits: it is the words, it begins with them, it has them."""
UNFOUND = np.iinfo(np.int64).max


class FoundName(NamedTuple):
    """kind: finding, disease, gene, pathway or drug; name: the first of its names that was found."""

    kind: str
    id: str
    name: str


class NameIndex:
    """Names and synonyms of findings, diseases, genes, gene sets and drugs, each with the thing that it names.

    What has no blank is in a name where it is in one of the words of the name. The distinct words stand in one text, and beside
    each the numbers of the names that have it. Names are sorted by their lower-case form.
    """

    def __init__(self, catalog: Catalog):
        columns = catalog.columns(NAMES)
        kinds, ids, self._names, self._lowered = (np.ma.getdata(columns[name]).tolist() for name in columns)
        numbers: dict[tuple[str, str], int] = {}
        self._of = np.array([numbers.setdefault(pair, len(numbers)) for pair in zip(kinds, ids, strict=True)], np.int32)
        self._things = list(numbers)
        self._rank = np.empty(len(numbers), np.int32)
        self._rank[sorted(range(len(numbers)), key=lambda k: self._things[k][::-1])] = np.arange(len(numbers))
        self._having_id: dict[str, list[int]] = {}
        for number, name in enumerate(ids):
            self._having_id.setdefault(name, []).append(number)
        self._lengths = np.array([len(lowered) for lowered in self._lowered], np.int32)
        having: dict[str, list[int]] = {}
        for number, lowered in enumerate(self._lowered):
            for word in set(lowered.split()):
                having.setdefault(word, []).append(number)
        self._text = "\n".join(having)
        self._starts = np.cumsum([0, *(len(word) + 1 for word in having)])[:-1]
        sizes = np.array([len(names) for names in having.values()], np.int64)
        self._word = np.repeat(np.arange(len(having), dtype=np.int32), sizes)
        self._having = np.array([number for names in having.values() for number in names], np.int32)

    def found(self, words: str, identifier: str, most: int) -> list[FoundName]:
        """The first `most` things with a name that has each of the words (the first eight, case does not count), or with this
        identifier. The best come first: a name that is the words, one that begins with them, then the shortest."""
        parts = words.lower().split()[:MOST_WORDS]
        has = np.ones(len(self._names), bool)
        for part in parts:
            has &= self._having_part(part)
        has[self._having_id.get(identifier, [])] = True
        found = np.flatnonzero(has)
        text = " ".join(parts)
        fits = np.full(len(found), CONTAINS)
        first, behind = bisect_left(self._lowered, text), bisect_right(self._lowered, text)
        fits[(found >= first) & (found < bisect_left(self._lowered, text + BEHIND_ALL))] = BEGINS
        fits[(found >= first) & (found < behind)] = SAME
        of = self._of[found]
        best, shortest, first_name = (np.full(len(self._things), UNFOUND) for _ in range(3))
        for least, values in ((best, fits), (shortest, self._lengths[found]), (first_name, found)):
            np.minimum.at(least, of, values)
        things = np.flatnonzero(best != UNFOUND)
        order = things[np.lexsort((self._rank[things], shortest[things], best[things]))[:most]]
        return [
            FoundName(kind=kind, id=name, name=self._names[first_name[k]])
            for k in order
            for kind, name in [self._things[k]]
        ]

    def knows(self, kind: str, identifier: str) -> bool:
        """Whether a thing of this kind has this identifier."""
        return any(self._things[self._of[k]][0] == kind for k in self._having_id.get(identifier, ()))

    def _having_part(self, part: str) -> np.ndarray:
        """Which names have a text without blanks in them."""
        places = [found.start() for found in re.finditer(re.escape(part), self._text)]
        chosen = np.zeros(len(self._starts), bool)
        chosen[np.searchsorted(self._starts, places, "right") - 1] = True
        has = np.zeros(len(self._names), bool)
        has[self._having[chosen[self._word]]] = True
        return has
