"""Which rows of the sample table the sample names of an assay's file mean. Names in, rows and problems out."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from unicodedata import normalize

from groprog_assets.errors import Problem
from groprog_assets.methods.assays.sample_table import SampleRows
from groprog_assets.study.annotation_files import some
from groprog_assets.study.text_tables import count_of


class SampleNames:
    """The rows of a sample table by the names that files use: sample, else alias; of the assay, else of every one."""

    def __init__(self, read: SampleRows):
        self._row: dict[tuple[str, str], int] = {}
        rows = read.rows
        for column in ("sample", "alias"):
            for k, (assay, name) in enumerate(zip(rows["assay"], rows[column], strict=True)):
                if isinstance(name, str):
                    self._row.setdefault((assay, name), k)
        self._names = {name for _, name in self._row}

    def row(self, assay: str, name: str) -> int | None:
        """The row of the sample that a file of `assay` calls `name`; None where there is none."""
        name = normalize("NFC", name)  # as the sample table has it
        found = self._row.get((assay, name))
        return self._row.get(("", name)) if found is None else found

    def problems(self, where: str, assay: str, names: Sequence[str]) -> Iterator[Problem]:
        """Samples of a file without a row, named twice, or meaning one row twice."""
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            rule = "A sample stands once in an assay; twice, it would count as two."
            remedy = "Remove one, or give the two different names."
            yield Problem(where, f"{count_of(len(twice), 'sample')} twice: {some(twice, 5)}", rule, remedy)
        lost = [name for name in dict.fromkeys(names) if self.row(assay, name) is None]
        if lost:
            near = difflib.get_close_matches(lost[0], sorted(self._names - set(names)), 1, 0.6)
            rule = f"Every sample of {assay} has a row in the sample table, by exact name or alias, which says whose it is."
            remedy = f"Did you mean {near[0]!r}? " if near else ""
            value = f"{count_of(len(lost), 'sample')} of {len(names):,} in no row of the sample table: {some(lost, 5)}"
            yield Problem(where, value, rule, f"{remedy}Add the rows, or remove the samples from the file.")
        known = Counter(self.row(assay, name) for name in dict.fromkeys(names))
        shared = [row for row, count in known.items() if row is not None and count > 1]
        if shared:
            rule = "A row of the sample table stands for one sample of an assay."
            yield Problem(where, f"{count_of(len(shared), 'row')} for two samples each", rule, "Correct the aliases.")
