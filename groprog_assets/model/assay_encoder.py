"""The covariates that patients' assays give, as columns of the linear path: a branch of its own. NumPy only.

What is fitted to the assays stands in `methods.integration`; here it is a document and arrays, made and applied by the patients'
assays themselves. They see no outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

import numpy as np

from groprog_assets.model.patient_matrix import PatientMatrix, branch_loadings

ASSAYS = "assays"
"""Kind and name of the branch."""


class WrittenCovariates(Protocol):
    """names {kind: its covariates}, K in all; a JSON-able document and arrays."""

    @property
    def names(self) -> dict[str, list[str]]: ...
    @property
    def document(self) -> dict[str, Any]: ...
    @property
    def arrays(self) -> dict[str, np.ndarray]: ...


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

    def z(self, assays: FurtherOmics | None, n: int) -> np.ndarray:
        """(n, K) of any patients: standardised covariates, 0 where there is none."""
        if assays is None:
            return np.zeros((n, len(self.genes)))
        assert not isinstance(assays, PatientMatrix)
        values = assays.covariates(self.fitted, self.constants)
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(values), (values - self.centre) / self.scale, 0.0)

    def columns(self, assays: FurtherOmics | None, n: int) -> np.ndarray:
        """(n, r) float32 columns of the branch."""
        return (self.z(assays, n) @ self.loadings).astype(np.float32)

    def reads(self, assays: FurtherOmics) -> bool:
        """Whether the patients have an assay that was fitted."""
        assert not isinstance(assays, PatientMatrix)
        return bool({told["name"] for told in self.fitted["assays"]} & set(assays.measured_by()))

    def notes(self, assays: FurtherOmics | None, n: int) -> list[str]:
        """For each patient, which assays are missing and how that was treated; empty where none is."""
        assert not isinstance(assays, PatientMatrix)
        names = [told["name"] for told in self.fitted["assays"]]
        held = {} if assays is None else assays.measured_by()
        have = np.array([held.get(name, np.zeros(n, bool)) for name in names]).reshape(len(names), n)
        said = []
        for row in range(n):
            lacking = [name for name, there in zip(names, have[:, row]) if not there]
            if len(lacking) == len(names):
                said.append("no assay: counted as average")
            else:
                said.append(f"no {', '.join(lacking)}: scored by the other assays" if lacking else "")
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
