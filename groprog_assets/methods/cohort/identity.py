"""Identity of patients: identifiers that differ only in spelling, and patients with identical data.

Tables in, tables and problems out; no Dagster. A duplicated patient could be in training and test data at once.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem
from groprog_assets.methods.cohort.clinical_tables import Table
from groprog_assets.study.text_tables import count_of

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10))))
"""Invisible characters outside the Unicode format category."""
_SEPARATORS = re.compile(r"[-_. ]+")
_TCGA_SAMPLE = re.compile(r"(?P<patient>tcga-[a-z0-9]{2}-[a-z0-9]{4})-\d\d[a-z]?(?:-.*)?")
ENOUGH_GENES = 20
"""Fewest genes with a value for comparing two expression profiles; with fewer, profiles can be equal by chance."""


class Twins(NamedTuple):
    """Identical rows. groups: one list of row numbers per set of identical rows, in order; expected: number of identical pairs
    expected by chance among the distinct rows; evidence: the columns compared, as text."""

    groups: list[list[int]]
    expected: float
    evidence: str


def patient_key(identifier: str) -> str:
    """An identifier in the form used for comparison: NFKC, no invisible characters, one kind of dash, single spaces, case
    folded.

    >>> patient_key(" Ｐ01\\u200b ") == patient_key("p01")
    True
    >>> patient_key("TCGA\\u2011AA") == patient_key("tcga-aa")
    True
    """
    if identifier.isascii():
        return " ".join(identifier.split()).casefold()
    kept = []
    for character in unicodedata.normalize("NFKC", identifier):
        category = unicodedata.category(character)
        if category == "Pd" or character == "\u2212":
            kept.append("-")
        elif (category not in ("Cf", "Cc") and character not in INVISIBLE) or character in "\t\n\r":
            kept.append(character)
    return unicodedata.normalize("NFKC", " ".join("".join(kept).split()).casefold())


def spelling_problems(patients: Sequence[str], where: str, table: Table | None = None) -> list[Problem]:
    """One problem where differently written identifiers have the same `patient_key`; repeats of one spelling are not
    checked here."""
    spellings: dict[str, dict[str, int]] = {}
    for row, patient in enumerate(patients):
        if patient:
            spellings.setdefault(patient_key(patient), {}).setdefault(patient, row)
    several = {key: found for key, found in spellings.items() if len(found) > 1}
    if not several:
        return []
    shown = "; ".join(" and ".join(ascii(one) for one in found) for found in list(several.values())[:3])
    rows = ""
    if table is not None:
        chosen = np.zeros(len(patients), bool)
        chosen[[row for found in several.values() for row in found.values()]] = True
        rows = f"; {table.rows(chosen)}"
    return [
        Problem(
            where,
            f"{count_of(len(several), 'patient stands', 'patients stand')} "
            f"under several spellings ({shown}{', ...' if len(several) > 3 else ''}{rows})",
            "Identifiers that differ in case, width, spaces or characters nobody sees are one patient, who would be trained on "
            "and tested on.",
            "Keep one row a patient, or give different patients different identifiers.",
        )
    ]


def plain_key(identifier: str) -> str:
    """`patient_key` with every separator a dash, as files of two sources differ (R writes A-1 as A.1), and without what TCGA adds
    for a sample.

    >>> plain_key("TCGA.AB.1000.01A") == plain_key("tcga-ab-1000")
    True
    """
    key = _SEPARATORS.sub("-", patient_key(identifier))
    sample = _TCGA_SAMPLE.fullmatch(key)
    return sample["patient"] if sample else key


def shared_patients(own: Iterable[str], others: Iterable[str]) -> list[str]:
    """Identifiers of `others` that are one of `own` under `plain_key`, in their order."""
    known = {plain_key(patient) for patient in own}
    return [patient for patient in others if plain_key(patient) in known]


def row_keys(frame: pd.DataFrame) -> np.ndarray:
    """(n,) text: each row in the form used for comparison; numbers to six digits, missing values kept."""
    parts = []
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_bool_dtype(values):
            parts.append(np.where(values, "1", "0"))
        elif pd.api.types.is_numeric_dtype(values):
            parts.append(np.array([f"{value:.6g}" for value in values.to_numpy(np.float64)]))
        else:
            parts.append(values.where(values.notna(), "").astype("str").to_numpy())
    return np.array(["\x1f".join(row) for row in zip(*parts)], dtype=object) if parts else np.array([], dtype=object)


def expected_pairs(frame: pd.DataFrame) -> float:
    """Expected number of identical pairs among the distinct rows if the columns were independent."""
    distinct = frame[~pd.Series(row_keys(frame)).duplicated().to_numpy()]
    n = len(distinct)
    chance = 1.0
    for name in distinct.columns:
        counts = pd.Series(row_keys(distinct[[name]])).value_counts().to_numpy(np.float64)
        chance *= float(((counts / n) ** 2).sum())
    return chance * n * (n - 1) / 2


def identical_rows(frame: pd.DataFrame) -> Twins:
    """Rows of `frame` (outcome and covariates, without the identifier) that are identical in every column."""
    groups = _groups(row_keys(frame))
    return Twins(groups, expected_pairs(frame) if groups else 0.0, count_of(len(frame.columns), "column"))


def profile_keys(values: np.ndarray) -> np.ndarray:
    """(n,) text: each expression profile `values` (n, genes) as compared; "" with fewer than ENOUGH_GENES distinct values."""
    keys = []
    for row in np.asarray(values, np.float32):
        known = row[np.isfinite(row)][: 10 * ENOUGH_GENES]
        compared = np.where(np.isfinite(row), np.round(row, 4), np.float32(1e30)) + np.float32(0)  # -0 becomes 0
        enough = len(np.unique(known)) >= ENOUGH_GENES
        keys.append(hashlib.blake2b(compared.tobytes(), digest_size=16).hexdigest() if enough else "")
    return np.array(keys, dtype=object)


def identical_profiles(values: np.ndarray) -> Twins:
    """Rows of an expression matrix (n, genes) that are identical in every gene."""
    return Twins(_groups(profile_keys(values)), 0.0, f"all {count_of(values.shape[1], 'gene')} of the expression")


def _groups(keys: np.ndarray) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for row, key in enumerate(keys.tolist()):
        if key:
            found.setdefault(key, []).append(row)
    return [rows for rows in found.values() if len(rows) > 1]


def joined_groups(count: int, *several: Sequence[Sequence[int]]) -> np.ndarray:
    """(count,) int: the first row of the set each row belongs to; sets that share a row are one. A row alone is its own first."""
    first = np.arange(count)

    def root(row: int) -> int:
        while first[row] != row:
            row = int(first[row])
        return row

    for groups in several:
        for group in groups:
            roots = sorted(root(row) for row in group)
            for other in roots[1:]:
                first[other] = roots[0]
    return np.array([root(row) for row in range(count)], dtype=np.int64)
