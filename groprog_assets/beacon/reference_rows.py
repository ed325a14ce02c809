"""Rows of reference tables in memory, by what pages ask for: read once a snapshot, so that a page asks no SQL for them."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.beacon.name_search import NameIndex
from groprog_assets.omics_catalog.catalog import Catalog, Rows

SYNONYMS = "SELECT term_id, text FROM term_synonyms ORDER BY ALL"
DISEASES_OF_TERM = (
    "SELECT term_id, disease_id, name, most FROM term_diseases ORDER BY term_id, most DESC NULLS LAST, disease_id"
)
FINDINGS_OF_DISEASE = (
    "SELECT disease_id, term_id, n, m, frequency, frequency_source, negated, array_to_string(sources[:4], ', ')"
    " || CASE WHEN len(sources) > 4 THEN ' …' ELSE '' END AS told_sources FROM disease_terms WHERE aspect = 'P'"
    " ORDER BY disease_id, negated, frequency DESC NULLS LAST, term_id, told_sources"
)
DISEASES_OF_GENE = (
    "SELECT DISTINCT key, gene_id, symbol, disease_id, name, relation FROM (SELECT symbol AS key, * FROM gene_disease"
    " UNION ALL SELECT gene_id AS key, * FROM gene_disease) LEFT JOIN diseases USING (disease_id)"
    " ORDER BY key, disease_id, gene_id, symbol, name, relation"
)
GENES_OF_DISEASE = "SELECT DISTINCT disease_id, symbol, gene_id FROM gene_disease ORDER BY ALL"
GENES_IN = {
    "gene_sets": "SELECT DISTINCT gene_id FROM gene_sets",
    "drug_target": "SELECT DISTINCT gene_id FROM drug_target",
    "features": "SELECT DISTINCT symbol FROM features WHERE symbol IS NOT NULL",
}
"""The symbols in tables that may be large; a table is asked only for a gene that is in it."""


class RowsByKey:
    """The answer to a question in SQL, sorted by its first column, as rows by the values of that column.

    A text is held once and its rows as numbers, so that a table of some hundred thousand rows takes a few megabytes.
    """

    def __init__(self, catalog: Catalog, question: str):
        columns = catalog.columns(question)
        self._columns = {name: _compact(values) for name, values in columns.items()}
        codes, texts = next(iter(self._columns.values()))
        bounds = [*np.flatnonzero(np.diff(codes, prepend=-2)).tolist(), len(codes)]
        assert texts is not None, "rows are asked for by a text"
        self._bounds = {texts[codes[a]]: (a, b) for a, b in pairwise(bounds)}

    def of(self, key: str) -> Rows:
        """The rows of a key by column name, in the order of the question; none where it has none."""
        start, end = self._bounds.get(key, (0, 0))
        columns = [_values(column, start, end) for column in self._columns.values()]
        return [dict(zip(self._columns, row, strict=True)) for row in zip(*columns, strict=True)]


Compact = tuple[np.ndarray, list[Any] | None]
"""Numbers of texts with the texts; or values with no texts, an object where one is missing."""


def _compact(values: np.ndarray) -> Compact:
    missing = np.ma.getmaskarray(values)
    plain = np.ma.getdata(values)
    if plain.dtype != object and not missing.any():
        return plain, None
    held = plain.astype(object)
    held[missing] = None
    if plain.dtype != object:
        return held, None
    codes, texts = pd.factorize(held)
    return codes.astype(np.int32), texts.tolist()


def _values(column: Compact, start: int, end: int) -> list[Any]:
    codes, texts = column
    found: list[Any] = codes[start:end].tolist()
    return found if texts is None else [None if code < 0 else texts[code] for code in found]


class ReferenceRows:
    """The reference tables of a snapshot; each part is read when it is first asked for, all of them by `read`."""

    def __init__(self, catalog: Catalog):
        self._catalog = catalog

    def read(self) -> None:
        """Read what has not been read, so that no page waits for it."""
        for name in ("names", "synonyms", "diseases_of_term", "findings_of_disease"):
            getattr(self, name)
        for name in ("diseases_of_gene", "genes_of_disease", "genes_in"):
            getattr(self, name)

    @cached_property
    def names(self) -> NameIndex:
        """What may be searched for by words."""
        return NameIndex(self._catalog)

    @cached_property
    def synonyms(self) -> RowsByKey:
        """By term: text."""
        return RowsByKey(self._catalog, SYNONYMS)

    @cached_property
    def diseases_of_term(self) -> RowsByKey:
        """By term: the diseases with it or a term below it, in which it is most frequent first."""
        return RowsByKey(self._catalog, DISEASES_OF_TERM)

    @cached_property
    def findings_of_disease(self) -> RowsByKey:
        """By disease: its annotated findings, the most frequent first, those that it does not have last."""
        return RowsByKey(self._catalog, FINDINGS_OF_DISEASE)

    @cached_property
    def diseases_of_gene(self) -> RowsByKey:
        """By symbol and by identifier of a gene: its diseases."""
        return RowsByKey(self._catalog, DISEASES_OF_GENE)

    @cached_property
    def genes_of_disease(self) -> RowsByKey:
        """By disease: symbol and identifier of its genes."""
        return RowsByKey(self._catalog, GENES_OF_DISEASE)

    @cached_property
    def genes_in(self) -> dict[str, frozenset[str]]:
        """{table of gene sets, drug targets or features: symbols of the genes in it}."""
        return {
            table: frozenset(value for row in self._catalog.rows(question) for value in row.values())
            for table, question in GENES_IN.items()
        }
