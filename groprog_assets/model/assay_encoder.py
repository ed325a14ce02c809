"""The covariates that patients' assays give, as columns of the linear path: a branch of its own. NumPy only.

What is fitted to the assays stands in `methods.integration`; here it is a document and arrays, made and applied by the patients'
assays themselves. They see no outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

import numpy as np

from groprog_assets.errors import Problem
from groprog_assets.fitting.clinical_encoder import Z_LIMIT
from groprog_assets.model.patient_matrix import PatientMatrix, branch_loadings
from groprog_assets.study.text_tables import count_of

ASSAYS = "assays"
"""Kind and name of the branch."""
FEATURES_AT_LIMIT = 0.25
"""Of a patient's features of an assay, the share at `Z_LIMIT` that no patient on the training scale reaches."""
LEVEL_LIMIT = 10.0
"""Usual distances between patients: a sample with a median that far from the training level is on another scale."""
SLOPE_LIMIT = 2.0
"""A patient's values rise over the training means of the features up to so many times as much, or as little, on one scale."""
CALLED = ("count", "ordinal")
"""Scales of calls, such as mutated or not: a patient may have many rare ones, so distance from the mean tells no other scale."""


class WrittenCovariates(Protocol):
    """names {kind: its covariates}, K in all; a JSON-able document and arrays."""

    @property
    def names(self) -> dict[str, list[str]]: ...
    @property
    def document(self) -> dict[str, Any]: ...
    @property
    def arrays(self) -> dict[str, np.ndarray]: ...


class Standing(Protocol):
    """What a fit makes of one assay of n patients, as `methods.integration.fold_covariates` tells it."""

    @property
    def measured(self) -> np.ndarray: ...
    @property
    def used(self) -> np.ndarray: ...
    @property
    def missing(self) -> np.ndarray: ...
    @property
    def features(self) -> int: ...
    @property
    def beyond(self) -> np.ndarray: ...
    @property
    def off_level(self) -> np.ndarray: ...
    @property
    def slope(self) -> np.ndarray: ...
    @property
    def why(self) -> tuple[str, ...]: ...


class PatientAssays(Protocol):
    """The assays of n patients, as `methods.integration.patient_assays` makes them."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def genes(self) -> tuple[str, ...]: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def values(self) -> np.ndarray: ...
    def take(self, index: np.ndarray) -> PatientAssays: ...
    def measured(self) -> np.ndarray: ...
    def measured_by(self) -> dict[str, np.ndarray]: ...
    def fit(self) -> WrittenCovariates: ...
    def covariates(self, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> np.ndarray: ...
    def standing(
        self, document: dict[str, Any], arrays: dict[str, np.ndarray], limit: float
    ) -> Mapping[str, Standing]: ...


FurtherOmics = PatientMatrix | PatientAssays
"""What the patients have beside expression, each a branch of its own."""


class AssayDocument(TypedDict):
    """What is text of an AssayEncoder; its arrays are stored beside it."""

    name: str
    kind: str
    genes: list[str]
    fitted: dict[str, Any]


@dataclass(frozen=True)
class AssayEncoder:
    """Columns (n, r) = z @ loadings, z (n, K) = (covariate - centre) / scale, 0 where the assays of a patient do not give it.

    genes: the names of the K covariates. fitted, constants: what gives the covariates. The scale is the standard deviation times
    the square root of the number of covariates of the kind: one penalty then allows each kind (a few factors, hundreds of gene
    sets) the same variance of its part, as the blocks of a multiple factor analysis have.
    """

    genes: tuple[str, ...]
    centre: np.ndarray
    scale: np.ndarray
    loadings: np.ndarray
    fitted: dict[str, Any]
    constants: dict[str, np.ndarray]

    name = kind = ASSAYS

    @classmethod
    def fit(cls, assays: PatientAssays) -> AssayEncoder | None:
        """Fit on the training patients whose `assays` these are; None when no covariate varies between them."""
        found = assays.fit()
        values = assays.covariates(found.document, found.arrays)
        known = np.isfinite(values)
        count = np.maximum(known.sum(axis=0), 1)
        centre = np.where(known, values, 0.0).sum(axis=0) / count
        scale = np.sqrt(np.where(known, (values - centre) ** 2, 0.0).sum(axis=0) / count)
        kept = np.flatnonzero(scale > 1e-8)
        if not kept.size:
            return None
        names = [name for own in found.names.values() for name in own]
        blocks = np.concatenate([np.full(len(own), np.sqrt(len(own))) for own in found.names.values()])
        # A covariate that does not vary stays among them, with a column of zeros: the constants give all of them.
        scale = np.where(scale > 1e-8, scale * blocks, np.inf)
        loadings = branch_loadings(np.where(known, (values - centre) / scale, 0.0), kept)
        return cls(tuple(names), centre, scale, loadings, found.document, found.arrays)

    def values(self, assays: FurtherOmics | None, n: int) -> np.ndarray:
        """(n, K) covariates of any patients, NaN where their assays do not give one."""
        if assays is None:
            return np.full((n, len(self.genes)), np.nan)
        assert not isinstance(assays, PatientMatrix)
        return assays.covariates(self.fitted, self.constants)

    def z(self, assays: FurtherOmics | None, n: int) -> np.ndarray:
        """(n, K) of any patients: standardised covariates, 0 where there is none."""
        values = self.values(assays, n)
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(values), (values - self.centre) / self.scale, 0.0)

    def columns(self, assays: FurtherOmics | None, n: int) -> np.ndarray:
        """(n, r) float32 columns of the branch."""
        return (self.z(assays, n) @ self.loadings).astype(np.float32)

    def reads(self, assays: FurtherOmics) -> bool:
        """Whether the patients have an assay that was fitted."""
        assert not isinstance(assays, PatientMatrix)
        return bool({told["name"] for told in self.fitted["assays"]} & set(assays.measured_by()))

    def knows(self, assays: FurtherOmics | None, n: int) -> np.ndarray:
        """(n,) bool: patients of whom a value of some assay counts."""
        return _used(self.standing(assays), n)

    def standing(self, assays: FurtherOmics | None) -> Mapping[str, Standing]:
        """What the constants make of each assay of the patients; nothing without assays."""
        assert not isinstance(assays, PatientMatrix)
        return {} if assays is None else assays.standing(self.fitted, self.constants, Z_LIMIT)

    def problems(self, assays: FurtherOmics) -> list[Problem]:
        """One problem for each assay of which a patient's values are on another scale than those of the training patients."""
        scale = {told["name"]: told["normalised_scale"] for told in self.fitted["assays"]}
        found = []
        for name, assay in self.standing(assays).items():
            far = np.flatnonzero(assay.beyond > FEATURES_AT_LIMIT)
            if far.size and scale[name] not in CALLED:
                share = f"{assay.beyond[far].max():.0%}"
                value = (
                    f"{count_of(far.size, 'patient')} with up to {share} of the features at {Z_LIMIT:g} SD or beyond"
                )
                rule = f"A patient on the scale of the training data has at most {FEATURES_AT_LIMIT:.0%}."
                remedy = "Give values in the unit and on the scale that the model was trained on."
                found.append(Problem(f"assay {name}", value, rule, remedy))
            off = np.flatnonzero(assay.off_level > LEVEL_LIMIT)
            if off.size:
                value = f"{count_of(off.size, 'patient')} with a median up to {assay.off_level[off].max():.3g} SD off"
                rule = f"A sample's median is within {LEVEL_LIMIT:g} SD of the training samples'."
                remedy = "Give logarithms of the base, and of values in the unit, that the model was trained on."
                found.append(Problem(f"assay {name}", value, rule, remedy))
            with np.errstate(invalid="ignore", divide="ignore"):
                steep = np.flatnonzero(np.abs(np.log2(np.maximum(assay.slope, 0))) > np.log2(SLOPE_LIMIT))
            if steep.size:
                worst = steep[np.argmax(np.abs(assay.slope[steep] - 1))]
                value = f"{count_of(steep.size, 'patient')} with values that rise {assay.slope[worst]:.2g} x the means"
                rule = f"Over the features' training means, values rise 1/{SLOPE_LIMIT:g} to {SLOPE_LIMIT:g} x as much."
                remedy = (
                    f"Give values on the scale {self._scale(name)}, as in training, not their logarithms or powers."
                )
                found.append(Problem(f"assay {name}", value, rule, remedy))
        return found

    def _scale(self, name: str) -> str:
        """The scale of an assay's values as read in training."""
        return next(str(told["scale"]) for told in self.fitted["assays"] if told["name"] == name)

    def notes(self, assays: FurtherOmics | None, n: int) -> list[str]:
        """For each patient, which assays and how many features are missing, what does not count and why; empty where all is
        there."""
        names = [told["name"] for told in self.fitted["assays"]]
        held = self.standing(assays)
        counts = _used(held, n)
        said = []
        for row in range(n):
            lacking = [name for name in names if name not in held or not held[name].measured[row]]
            words = [
                f"{name}: {assay.why[row]}, counted as not measured" for name, assay in held.items() if assay.why[row]
            ]
            words += [
                f"{name}: {assay.missing[row]} of {assay.features} features missing, left out"
                for name, assay in held.items()
                if assay.used[row] and assay.missing[row]
            ]
            if not counts[row]:
                words.append("no assay: counted as average")
            elif lacking:
                words.append(f"no {', '.join(lacking)}: scored by the other assays")
            said.append("; ".join(words))
        return said

    def document(self) -> AssayDocument:
        """What is text; arrays are in `arrays`."""
        return {"name": self.name, "kind": self.kind, "genes": list(self.genes), "fitted": self.fitted}

    def arrays(self) -> dict[str, np.ndarray]:
        """assays_centre (K,), _scale (K,), _loadings (K, r), and the constants as assays_fitted_<name>."""
        held = {"centre": self.centre, "scale": self.scale, "loadings": self.loadings}
        held |= {f"fitted_{name}": values for name, values in self.constants.items()}
        return {f"{ASSAYS}_{part}": np.ascontiguousarray(values) for part, values in held.items()}

    @classmethod
    def restore(cls, document: AssayDocument, arrays: dict[str, np.ndarray]) -> AssayEncoder:
        """The encoder that `document()` and `arrays()` describe."""
        start = f"{ASSAYS}_fitted_"
        constants = {name.removeprefix(start): values for name, values in arrays.items() if name.startswith(start)}
        centre, scale, loadings = (arrays[f"{ASSAYS}_{part}"] for part in ("centre", "scale", "loadings"))
        return cls(tuple(document["genes"]), centre, scale, loadings, document["fitted"], constants)


def _used(held: Mapping[str, Standing], n: int) -> np.ndarray:
    # (n,) bool: patients of whom some assay counts.
    return np.asarray(np.any([np.zeros(n, bool), *(assay.used for assay in held.values())], axis=0))
