"""Dummy coding of covariates for the baselines, with the constants of the clinical encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groprog_assets.fitting.clinical_encoder import ClinicalEncoder, FieldEncoding
from groprog_assets.fitting.covariates import HasCovariates

# Baselines have no curves: they may follow a straight line further than the model does.
Z_LIMIT = 5.0


@dataclass(frozen=True)
class DummyCoding:
    """Columns of numbers, levels and missing flags.

    Continuous and ordinal fields: the z-score, limited to 5 SD. Categorical: 1 where the patient has the level, one column
    for each level except the most frequent; a level not seen in training is 0 in all of them. `flagged` fields have a column
    that is 1 where the value is missing.
    """

    encoder: ClinicalEncoder
    flagged: frozenset[str]

    @classmethod
    def fit(cls, given: HasCovariates, flag_above: float, known_by_days: float = 0.0) -> DummyCoding:
        """Constants from the training patients, as `ClinicalEncoder.fit`, but with missing flags for fields of every kind.

        A field is flagged when more than `flag_above` (fraction), and not all, of its values are missing.
        """
        encoder = ClinicalEncoder.fit(given, flag_above, known_by_days)
        shares = {
            spec.name: float(_missing(spec.kind, given.covariates[spec.name]).mean())
            for spec in given.fields
            if spec.known_at_days <= known_by_days
        }
        return cls(encoder, frozenset(name for name, share in shares.items() if flag_above < share < 1))

    @property
    def names(self) -> list[str]:
        """The name of each column: field, field=level, or field missing."""
        return [name for _, name in self._columns()]

    @property
    def fields(self) -> list[str]:
        """The field each column belongs to."""
        return [field for field, _ in self._columns()]

    def _columns(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for field in self.encoder.fields:
            names: list[str] = []
            if field.kind == "categorical":
                names.extend(f"{field.name}={field.levels[level - 1]}" for level in _contrasts(field))
            elif not field.dropped:
                names.append(field.name)
            if field.name in self.flagged:
                names.append(f"{field.name} missing")
            found.extend((field.name, name) for name in names)
        return found

    def transform(self, given: HasCovariates) -> np.ndarray:
        """(n, p) float64 without NaN: the columns `names` of any patients; fields they lack count as missing."""
        columns: list[np.ndarray] = []
        for field in self.encoder.fields:
            values = given.covariates.get(field.name)
            if values is None:
                values = np.full(len(given), np.nan) if field.kind == "continuous" else np.full(len(given), "")
            if field.kind == "categorical":
                code = field.codes(values)
                columns.extend(code == level for level in _contrasts(field))
            elif not field.dropped:
                number = field.numbers(values)
                z = field.z(np.where(np.isnan(number), field.median, number))
                columns.append(np.clip(z, -Z_LIMIT, Z_LIMIT))
            if field.name in self.flagged:
                columns.append(_missing(field.kind, values))
        return np.column_stack(columns).astype(np.float64) if columns else np.zeros((len(given), 0))


def _contrasts(field: FieldEncoding) -> list[int]:
    # Codes of the levels that have a column: all but the most frequent; none where there is one level.
    if field.dropped or not field.most_frequent:
        return []
    return [level for level in range(1, len(field.levels) + 1) if level != field.most_frequent]


def _missing(kind: str, values: np.ndarray) -> np.ndarray:
    missing: np.ndarray = np.isnan(values) if kind == "continuous" else values == ""
    return missing
