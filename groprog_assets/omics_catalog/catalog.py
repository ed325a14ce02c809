"""A catalogue file opened for reading, and the questions asked of it. DuckDB and the standard library only.

One cursor a question, in whatever thread asks it. Beside the file there is a table in memory: who may be counted for a purpose.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.omics_catalog.carriers import carriers_query
from groprog_assets.omics_catalog.cohort_query import SEXES, Carriers, Cohort

Rows = list[dict[str, Any]]
Permitted = Callable[[str, tuple[str, ...]], Iterable[str]]
"""(purpose, diseases studied) -> pseudonyms of the subjects whose consent allows it today."""


class Catalog:
    """An open catalogue."""

    def __init__(self, path: Path, permitted: Permitted):
        """permitted: asked once a purpose. ArtifactError for a file that is none."""
        self.path = path
        self._permitted = permitted
        self._lock = threading.Lock()
        self._purposes: dict[tuple[str, tuple[str, ...]], int] = {}
        try:
            self._root = duckdb.connect(":memory:", config={"threads": 1})
            quoted = str(path).replace("'", "''")
            self._root.execute(f"ATTACH '{quoted}' AS held (READ_ONLY)")
            self._root.execute("CREATE TABLE memory.permitted (purpose INTEGER, subject_ix INTEGER)")
        except duckdb.Error as error:
            rule, remedy = "It is a file that the asset omics_catalog wrote.", "Delete it; it is written again."
            raise ArtifactError(Problem(str(path), str(error).splitlines()[0], rule, remedy)) from error

    @cached_property
    def _genotypes(self) -> bool:
        """Whether an assay gives genotypes."""
        return self.number("SELECT count(*) FROM (SELECT 1 FROM genotypes LIMIT 1)") > 0

    def close(self) -> None:
        self._root.close()

    def rows(self, question: str, *values: object) -> Rows:
        """The answer to a question in SQL as rows by column name."""
        with self._root.cursor() as cursor:
            done = cursor.execute("USE held").execute(question, list(values))
            names = [column[0] for column in done.description or ()]
            return [dict(zip(names, row, strict=True)) for row in done.fetchall()]

    def columns(self, question: str) -> dict[str, Any]:
        """The answer to a question in SQL as arrays by column name, masked where a value is missing; for many rows."""
        with self._root.cursor() as cursor:
            return dict(cursor.execute("USE held").execute(question).fetchnumpy())

    def number(self, question: str, *values: object) -> int:
        """The answer to a question in SQL for one number."""
        with self._root.cursor() as cursor:
            row = cursor.execute("USE held").execute(question, list(values)).fetchone()
        return int(row[0]) if row else 0

    def count(self, asked: Cohort | Carriers) -> int:
        """How many subjects who may be counted for the purpose fulfil the question."""
        parts = [carriers_query(asked, self._genotypes)] if isinstance(asked, Carriers) else _parts(asked)
        purpose = self._purpose(asked.purpose, asked.studied)
        where = "".join(f" AND subject_ix IN ({part})" for part, _ in parts)
        values = [value for _, given in parts for value in given]
        return self.number(f"SELECT count(*) FROM memory.permitted WHERE purpose = ?{where}", purpose, *values)

    def counts_by(self, what: str, purpose: str = "", studied: tuple[str, ...] = ()) -> dict[str, int]:
        """{term or disease: subjects who may be counted}; what: subject_terms or subject_diseases. Those of nobody are absent."""
        key = "term_id" if what == "subject_terms" else "disease_id"
        question = (
            f"SELECT {key} AS id, count(*) AS subjects FROM {what} JOIN memory.permitted USING (subject_ix)"
            " WHERE purpose = ? GROUP BY id"
        )
        return {row["id"]: row["subjects"] for row in self.rows(question, self._purpose(purpose, studied))}

    def counts_of(self, rows: str, columns: str, purpose: str = "", studied: tuple[str, ...] = ()) -> Rows:
        """Subjects who may be counted by two columns of `subjects`: r, c, subjects; a missing value is "not stated"."""
        question = (
            f"SELECT coalesce({rows}, 'not stated') AS r, coalesce({columns}, 'not stated') AS c, count(*) AS subjects"
            " FROM subjects JOIN memory.permitted USING (subject_ix) WHERE purpose = ? GROUP BY ALL"
        )
        return self.rows(question, self._purpose(purpose, studied))

    def may_be_used(self, subject: str, purpose: str, studied: tuple[str, ...] = ()) -> bool:
        """Whether a subject is one who may be counted for a purpose."""
        question = "SELECT count(*) FROM subjects JOIN memory.permitted USING (subject_ix) WHERE purpose = ? AND subject_id = ?"
        return self.number(question, self._purpose(purpose, studied), subject) > 0

    def strata_sizes(self, purpose: str = "", studied: tuple[str, ...] = ()) -> dict[int, int]:
        """{stratum: subjects in it who may be counted for a purpose}."""
        question = (
            "SELECT stratum, count(*) AS subjects FROM subject_strata JOIN subjects USING (subject_id)"
            " JOIN memory.permitted USING (subject_ix) WHERE purpose = ? GROUP BY stratum"
        )
        return {row["stratum"]: row["subjects"] for row in self.rows(question, self._purpose(purpose, studied))}

    def gravest(self, symbol: str, classes: Sequence[str]) -> dict[int, int]:
        """{place in `classes` of the gravest class of a variant in a gene: subjects who may be counted without a purpose}.

        By records and by assays, a subject once; len(classes): of no such class.
        """
        place = {name: k for k, name in enumerate(classes)}
        least: dict[int, int] = {}
        for row in self.rows("SELECT subject_ix, classification FROM symbol_carriers WHERE symbol = ?", symbol):
            if row["subject_ix"] in self._counted_without_purpose:
                own = place.get(row["classification"], len(classes))
                least[row["subject_ix"]] = min(own, least.get(row["subject_ix"], own))
        return dict(Counter(least.values()))

    @cached_property
    def _counted_without_purpose(self) -> frozenset[int]:
        """The subjects who may be counted without a purpose."""
        question = "SELECT subject_ix FROM memory.permitted WHERE purpose = ?"
        return frozenset(row["subject_ix"] for row in self.rows(question, self._purpose("", ())))

    def placed(self, assay: str, factor: str, everybody: str) -> list[tuple[str, str, int]]:
        """(subject, group, position) of the samples of an assay whose subjects may be counted without a purpose.

        References are left out. factor: the sample factor whose values are the groups; without one all are the group
        `everybody`.
        """
        group = "coalesce(f.value, 'not stated')" if factor else "?"
        join = "LEFT JOIN sample_factors f ON f.sample_id = a.sample_id AND f.factor = ?" if factor else ""
        found = self.rows(
            f"SELECT subject_id, {group} AS grouped, a.position FROM assay_samples a JOIN samples s USING (sample_id)"
            f" JOIN subjects USING (subject_id) JOIN memory.permitted USING (subject_ix) {join}"
            " WHERE assay_id = ? AND purpose = ? AND NOT s.is_reference ORDER BY a.position",
            factor or everybody,
            assay,
            self._purpose("", ()),
        )
        return [(row["subject_id"], row["grouped"], row["position"]) for row in found]

    def groups(self, assay: str, factor: str) -> list[str]:
        """The groups of an assay's samples by a sample factor, references left out, whoever may be counted: which there are must
        not show whether somebody may."""
        found = self.rows(
            "SELECT DISTINCT coalesce(f.value, 'not stated') AS grouped FROM assay_samples a JOIN samples s USING (sample_id)"
            " LEFT JOIN sample_factors f ON f.sample_id = a.sample_id AND f.factor = ?"
            " WHERE assay_id = ? AND NOT s.is_reference ORDER BY grouped",
            factor,
            assay,
        )
        return [row["grouped"] for row in found]

    def measured(self, view: str, feature: int) -> list[float] | None:
        """The values of a feature by position, NaN where missing; None where the view, or the stage, has none."""
        quoted = view.replace('"', '""')
        try:
            found = self.rows(f'SELECT "values" AS held FROM "{quoted}" WHERE feature_ix = ?', feature)
        except duckdb.Error:
            return None
        return found[0]["held"] if found else None

    def _purpose(self, purpose: str, studied: tuple[str, ...]) -> int:
        """The number of a purpose among those in memory; who may be counted for it is judged when it is first asked."""
        key = (purpose, studied)
        with self._lock:
            if key not in self._purposes:
                number = len(self._purposes)
                names = sorted(self._permitted(purpose, studied))
                with self._root.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO memory.permitted SELECT ?, subject_ix FROM held.subjects"
                        " JOIN (SELECT unnest(?::VARCHAR[]) AS subject_id) USING (subject_id) ORDER BY subject_ix",
                        [number, names],
                    )
                self._purposes[key] = number
            return self._purposes[key]


def _parts(asked: Cohort) -> list[tuple[str, Sequence[object]]]:
    """The parts of a question that hold all together: (query of subject_ix, its values)."""
    found: list[tuple[str, Sequence[object]]] = []
    for term, descendants in asked.terms:
        if descendants:
            found.append(("SELECT subject_ix FROM subject_terms WHERE term_id = ?", (term,)))
        else:
            exact = (
                "SELECT subject_ix FROM phenotypes JOIN subjects USING (subject_id) WHERE term_id = ? AND NOT excluded"
            )
            found.append((exact, (term,)))
    for disease in asked.diseases:
        found.append(("SELECT subject_ix FROM subject_diseases WHERE disease_id = ?", (disease,)))
    for disease in asked.exactly:
        own = (
            "SELECT subject_ix FROM diagnoses JOIN subjects USING (subject_id) WHERE status <> 'excluded'"
            " AND list_contains(string_split(concat_ws('|', mondo_id, omim_id, orpha_id, source_id), '|'), ?)"
        )
        found.append((own, (disease,)))
    if set(asked.sexes) != set(SEXES):
        places = ", ".join("?" * len(asked.sexes))
        found.append((f"SELECT subject_ix FROM subjects WHERE sex IN ({places})", asked.sexes))
    if asked.ages is not None:
        found.append(("SELECT subject_ix FROM subjects WHERE age_months >= ? AND age_months < ?", asked.ages))
    return found
