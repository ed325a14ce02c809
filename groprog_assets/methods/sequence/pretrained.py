"""Vectors of genes that another model computed elsewhere, such as a language model of DNA: read and put on few common axes. Files
in, tables out. No target, no outcome and no patient enters, so nothing here belongs to a fold.

A model that was trained fold by fold gives one table a fold, whose hidden axes are not comparable: each further table is rotated
onto the first by orthogonal Procrustes (Schoenemann 1966, doi:10.1007/BF02289451) on the genes that both hold, and their mean is
taken.
"""

from __future__ import annotations

import hashlib
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Notice, Problem, why_unreadable
from groprog_assets.methods.cohort.clinical_tables import read_table
from groprog_assets.methods.sequence.embedding import principal_scores
from groprog_assets.methods.sequence.gene_tables import numbers
from groprog_assets.study.sequence_study import PretrainedVectors
from groprog_assets.study.text_tables import count_of
from groprog_kernels.bases import decode

IDS = ("gene", "window")
"""Names of the array of ids in an .npz file."""
GENES_PER_AXIS = 2
"""Genes that must be known for each axis: with fewer, axes only repeat which gene is which."""
LEAST_AGREEMENT = 0.5
"""Procrustes correlation below which a Notice says that two tables hardly share axes."""
_HASH = re.compile(r"[0-9a-f]{64}")

Matrix = NDArray[np.float64]


class VectorTable(NamedTuple):
    """ids (n,): names of genes, or sha256 of windows; values (n, d), finite."""

    ids: list[str]
    values: Matrix

    @property
    def of_windows(self) -> bool:
        """Whether its ids are sha256 of windows' sequences."""
        return bool(self.ids) and all(_HASH.fullmatch(name) for name in self.ids)


class CommonAxes(NamedTuple):
    """scores (g, k), standardised over the known genes and 0 for the others; known (g,); agreement (m - 1,): Procrustes
    correlation, 0 to 1, of each further table with the first."""

    scores: Matrix
    known: NDArray[np.bool_]
    agreement: list[float]


def read_vectors(path: Path) -> VectorTable:
    """The vectors of a file: text (first column the ids, a number in every other), .npz (arrays `gene`, or `window`, and
    `values` (n, d)), or .safetensors (a tensor (d,) a gene, named by it).

    Raises AnnotationError with every problem: unreadable, no vector, an id twice, vectors of several lengths, cells that are
    missing, infinite or no number.
    """
    readers = {".npz": _from_npz, ".safetensors": _from_safetensors}
    ids, values = readers.get(path.suffix.lower(), _from_text)(path)
    problems = []
    if not len(ids) or not values.shape[1]:
        raise AnnotationError(_bad(path, "no vector", "A table holds a vector of each gene.", "Check the file."))
    names = pd.Series(ids)
    if names.duplicated().any():
        twice = names[names.duplicated()].iloc[0]
        problems.append(_bad(path, f"{twice} stands twice", "A gene has one vector.", "Keep one of each gene."))
    wrong = ~np.isfinite(values)
    if wrong.any():
        row, column = (int(at[0]) for at in np.nonzero(wrong))
        vectors = count_of(int(wrong.any(axis=1).sum()), "vector")
        value = f"{vectors} with missing or infinite values, such as {ids[row]}, number {column + 1}"
        rule = "A vector is whole; a gene without one counts as missing."
        problems.append(_bad(path, value, rule, "Leave such genes out of the table."))
    if problems:
        raise AnnotationError(problems)
    return VectorTable(ids, values)


def read_entry(given: PretrainedVectors) -> list[VectorTable]:
    """All tables of an entry of `sequence.pretrained`. Raises as `read_vectors`, with the problems of every table, and for tables
    of several lengths."""
    found, problems = [], []
    for path in given.tables:
        try:
            found.append(read_vectors(path))
        except AnnotationError as error:
            problems += error.problems
    lengths = [table.values.shape[1] for table in found]
    if len(set(lengths)) > 1:
        value = f"vectors of {' and '.join(map(str, sorted(set(lengths))))} numbers"
        rule = "The tables of one entry are of one model, whose folds differ; their vectors are equally long."
        remedy = "Give tables of another model as an entry with a name of its own."
        problems.append(Problem(f"sequence.pretrained, {given.name}", value, rule, remedy))
    if problems:
        raise AnnotationError(problems)
    return found


def unmatched(given: PretrainedVectors, tables: Sequence[VectorTable], known: Iterable[str]) -> list[Problem]:
    """Why the tables cannot be used for the genes `known`: ids that match none, too few of them, too few that two
    tables share."""
    names, problems, least = set(known), [], GENES_PER_AXIS * given.components
    held = [names & set(table.ids) for table in tables]
    for path, table, own in zip(given.tables, tables, held, strict=True):
        if not own:
            value = f"0 of {len(table.ids):,} ids are known: {', '.join(table.ids[:3])} against {', '.join(sorted(names)[:3])}"
            rule = "The table names genes as the annotation does, or windows by the sha256 of their sequence."
            problems.append(_bad(path, value, rule, "Name them alike, without version numbers."))
    if problems:
        return problems
    where = f"sequence.pretrained, {given.name}"
    needed = f"With {count_of(given.components, 'axis', 'axes')}, {least:,} genes or more are needed."
    remedy = "Lower `components`, or give vectors of more genes."
    for path, own in zip(given.tables, held, strict=True):
        if len(own) < least:
            problems.append(Problem(where, f"{count_of(len(own), 'gene')} of {path.name} known", needed, remedy))
    for path, own in zip(given.tables[1:], held[1:], strict=True):
        if not problems and len(own & held[0]) < least:
            value = f"{count_of(len(own & held[0]), 'gene')} in both {given.tables[0].name} and {path.name}"
            problems.append(
                Problem(where, value, f"The tables are rotated onto each other on shared genes. {needed}", remedy)
            )
    return problems


def common_axes(tables: Sequence[tuple[Matrix, NDArray[np.bool_]]], components: int) -> CommonAxes:
    """The leading `components` axes of tables over the same genes: (values (g, d), known (g,)) each; rows that are not known are
    not read.

    Each table is reduced to its principal components and scaled to one size; each but the first is rotated, with reflections,
    onto the first; a gene has the mean of the tables that hold it.
    """
    reduced = []
    for values, known in tables:
        held = values[known] - values[known].mean(axis=0)
        scores = np.zeros((len(values), components))
        found = principal_scores(held, components)
        if len(held) < held.shape[1]:
            found /= np.sqrt(np.maximum(np.linalg.norm(found, axis=0), 1e-300))  # their scale is squared there
        scores[known, : found.shape[1]] = found / max(float(np.sqrt((found**2).sum(axis=1).mean())), 1e-300)
        reduced.append((scores, known))
    first, known_first = reduced[0]
    total, count, agreement = first.copy(), known_first.astype(float), []
    for scores, known in reduced[1:]:
        shared = known & known_first
        moving, onto = scores[shared], first[shared]
        centre, target = moving.mean(axis=0), onto.mean(axis=0)
        rotation, fit = procrustes(moving - centre, onto - target)
        total[known] += (scores[known] - centre) @ rotation + target
        count += known
        agreement.append(fit)
    known = count > 0
    mean = total[known] / count[known, None]
    spread = mean.std(axis=0)
    out = np.zeros(total.shape)
    out[known] = (mean - mean.mean(axis=0)) / np.where(spread > 1e-9, spread, 1)
    return CommonAxes(out[:, (spread > 1e-9)], known, agreement)


def procrustes(moving: Matrix, onto: Matrix) -> tuple[Matrix, float]:
    """(R (k, k), fit): the orthogonal R that brings moving (n, k) @ R nearest to onto (n, k) by squared distance, and the
    Procrustes correlation, 1 where a rotation and a scale make them equal. Both are centred by the caller."""
    left, strength, right = np.linalg.svd(moving.T @ onto)
    size = float(np.linalg.norm(moving) * np.linalg.norm(onto))
    return left @ right, float(strength.sum() / size) if size > 0 else 0.0


def pretrained_descriptors(
    given: Sequence[PretrainedVectors], genes: Sequence[str], windows: Mapping[str, str]
) -> pd.DataFrame:
    """Columns sequence_pretrained_<name>_<number> for the genes, in their order, and sequence_pretrained_<name>_missing where a
    gene has no vector (0, the mean, in the others).

    windows: gene -> sha256 of its window, for tables whose ids are such. Raises AnnotationError as `read_entry` and `unmatched`.
    """
    columns: dict[str, NDArray] = {}
    for entry in given:
        tables = [by_gene(table, windows) for table in read_entry(entry)]
        if problems := unmatched(entry, tables, genes):
            raise AnnotationError(problems)
        placed = [_placed(table, genes) for table in tables]
        made = common_axes(placed, entry.components)
        for path, fit in zip(entry.tables[1:], made.agreement, strict=True):
            if fit < LEAST_AGREEMENT:
                rule = f"Tables of one model agree once rotated; these two have a Procrustes correlation of {fit:.2f}."
                remedy = "Give tables of other models as entries with names of their own."
                warnings.warn(
                    Notice(Problem(str(path), f"hardly agrees with {entry.tables[0].name}", rule, remedy)),
                    stacklevel=2,
                )
        for number, column in enumerate(made.scores.T, 1):
            columns[f"sequence_pretrained_{entry.name}_{number}"] = column
        if not made.known.all():
            columns[f"sequence_pretrained_{entry.name}_missing"] = (~made.known).astype(float)
    return pd.DataFrame(columns, index=range(len(genes)))


def by_gene(table: VectorTable, windows: Mapping[str, str]) -> VectorTable:
    """The table with genes in place of the sha256 of their windows; every gene of a window has its vector. Other ids stay as
    they are, and so does a table of genes. windows: gene -> sha256."""
    if not table.of_windows:
        return table
    genes: dict[str, list[str]] = {}
    for gene, sha256 in windows.items():
        genes.setdefault(sha256, []).append(gene)
    rows = [(name, row) for row, sha256 in enumerate(table.ids) for name in genes.get(sha256, [sha256])]
    return VectorTable([name for name, _ in rows], table.values[[row for _, row in rows]])


def window_hashes(genes: Sequence[str], codes: NDArray[np.uint8]) -> dict[str, str]:
    """Gene -> sha256 of its window's sequence in A, C, G, T and N, codes (g, L)."""
    return {gene: hashlib.sha256(decode(row).encode()).hexdigest() for gene, row in zip(genes, codes, strict=True)}


def _placed(table: VectorTable, genes: Sequence[str]) -> tuple[Matrix, NDArray[np.bool_]]:
    row = pd.Series(np.arange(len(table.ids)), index=table.ids).reindex(list(genes))
    known = row.notna().to_numpy()
    values = np.zeros((len(genes), table.values.shape[1]))
    values[known] = table.values[row[known].astype(int)]
    return values, known


def _from_text(path: Path) -> tuple[list[str], Matrix]:
    cells = read_table(path).cells
    ids = cells.iloc[:, 0].str.strip().tolist() if cells.shape[1] else []
    rule = "Behind the first column, which names the genes, every cell is a number."
    found, problems = numbers(path, cells, list(cells.columns[1:]), rule, "Correct the cell, or remove the column.")
    if problems:
        raise AnnotationError(problems)
    return ids, np.column_stack([*found.values()]) if found else np.empty((len(cells), 0))


def _from_npz(path: Path) -> tuple[list[str], Matrix]:
    try:
        with np.load(path, allow_pickle=False) as held:
            name = next((each for each in IDS if each in held.files), None)
            if name is None or "values" not in held.files:
                value = f"arrays {', '.join(held.files) or 'none'}"
                rule = "An .npz file holds `gene` (n,), or `window`, and `values` (n, d)."
                raise AnnotationError(_bad(path, value, rule, "np.savez(path, gene=names, values=vectors)"))
            ids, values = held[name], held["values"]
    except (OSError, ValueError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        rule = "An .npz file holds arrays of text and numbers, no objects."
        raise AnnotationError(
            _bad(path, f"cannot be read: {why_unreadable(error)}", rule, "Write it again.")
        ) from error
    return _shaped(path, [str(each) for each in np.asarray(ids).ravel()], values)


def _from_safetensors(path: Path) -> tuple[list[str], Matrix]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        held = load_file(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        rule = "A .safetensors file holds a tensor (d,) of float32 a gene, named by it."
        raise AnnotationError(
            _bad(path, f"cannot be read: {why_unreadable(error)}", rule, "Write it again.")
        ) from error
    names = sorted(held)
    lengths = {held[name].shape for name in names}
    if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
        value = f"tensors of shapes {', '.join(map(str, sorted(lengths)[:3]))}"
        rule = "A .safetensors file holds a tensor (d,) a gene, named by it, all equally long."
        raise AnnotationError(_bad(path, value, rule, "Write it again, or use .npz for a matrix."))
    return _shaped(path, names, np.stack([held[name] for name in names]) if names else np.empty((0, 0)))


def _shaped(path: Path, ids: list[str], values: NDArray) -> tuple[list[str], Matrix]:
    if values.ndim != 2 or len(values) != len(ids) or values.dtype.kind not in "fiu":
        value = f"{count_of(len(ids), 'id')}, values of shape {values.shape} and type {values.dtype}"
        rule = "Values are numbers, a row a gene."
        raise AnnotationError(_bad(path, value, rule, "Write them as float32 (n, d)."))
    return ids, values.astype(np.float64)


def _bad(path: Path, value: str, rule: str, remedy: str) -> Problem:
    return Problem(str(path), value, rule, remedy)
