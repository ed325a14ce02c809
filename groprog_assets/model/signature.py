"""The signature branch: what a gene's nascent descriptor says of its weight, as columns of each patient.

The weight of gene k is sum_j theta_j phi_j(u_k) (co-data), so a patient's column of function j is sum_k phi_j(u_k) z_ik. The
functions are fixed and few; their coefficients are fitted as a branch of the linear path. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import numpy as np

from groprog_assets.model.expression_encoder import product
from groprog_assets.study.model_parameters import SignatureParameters

RESPONSE, SIGNIFICANCE, DENSITY, RANK = "log2_fold_change", "significance", "body_density", "pausing_index_rank"
KEY_LOCUS, MARK = "key_locus", "mark_"
ENHANCERS, ENHANCER_RESPONSE = "enhancers_near", "enhancer_response"
LOCUS_ACTIVITY, LOCUS_RESPONSE = "key_locus_activity", "key_locus_response"
COORDINATION, TRACK = "chromatin_coordination", "track_"
SEQUENCE = "sequence_"
"""How the descriptors begin that come from a gene's sequence: they are made only where a study asks for them."""
PRETRAINED = "sequence_pretrained_"
"""How those of them begin that another model computed."""
NAMED = (ENHANCERS, ENHANCER_RESPONSE, LOCUS_ACTIVITY, LOCUS_RESPONSE, COORDINATION)
"""Descriptors with a switch of their own, whatever values they hold."""
SIGNED = (RESPONSE, SIGNIFICANCE, DENSITY, ENHANCER_RESPONSE, LOCUS_RESPONSE, COORDINATION)
"""Descriptors whose functions are 0 where nothing responds: they are not centred over the genes."""
SMALLEST_SPREAD = 1e-8


class Functions(NamedTuple):
    """phi: names (J,) of the functions; of: the descriptor that each is a function of; values (..., K, J), 0 for genes without
    a descriptor."""

    names: tuple[str, ...]
    of: tuple[str, ...]
    values: np.ndarray


class SignatureDocument(TypedDict):
    """The names of a SignatureEncoder as JSON; its arrays are stored beside it."""

    names: list[str]
    of: list[str]
    asked: dict[str, object]


def functions(descriptors: np.ndarray, names: tuple[str, ...], asked: SignatureParameters) -> Functions:
    """phi_j(u) of normalised descriptors (..., K, F) in the order of `names`; NaN rows are genes without a descriptor.

    The fold change is in [-1, 1] and 0 where nothing responds; a missing value counts as 0. Functions whose descriptor is not
    among `names` are left out. Indicators are not centred here; `SignatureEncoder` centres them over the genes.
    """
    at = {name: place for place, name in enumerate(names)}
    finite = np.isfinite(descriptors)
    known = finite.any(axis=-1)
    held = np.where(finite, descriptors, 0.0)
    made: list[tuple[str, str, np.ndarray]] = []

    def add(wanted: bool, name: str, of: str, *needed: str) -> np.ndarray | None:
        if not wanted or not all(each in at for each in (of, *needed)):
            return None
        made.append((name, of, np.zeros(known.shape)))
        return made[-1][2]

    def column(name: str) -> np.ndarray:
        return held[..., at[name]]

    if (place := add(asked.response, "response", RESPONSE)) is not None:
        place[...] = column(RESPONSE)
    if (place := add(asked.raised, "raised", RESPONSE)) is not None:
        place[...] = np.maximum(column(RESPONSE), 0.0)
    if (place := add(asked.lowered, "lowered", RESPONSE)) is not None:
        place[...] = np.minimum(column(RESPONSE), 0.0)
    if (place := add(asked.response_by_significance, "response_by_significance", SIGNIFICANCE, RESPONSE)) is not None:
        place[...] = column(RESPONSE) * np.abs(column(SIGNIFICANCE))
    if (place := add(asked.response_by_density, "response_by_density", DENSITY, RESPONSE)) is not None:
        place[...] = column(RESPONSE) * column(DENSITY)
    if (place := add(asked.pausing_classes, "strongly_paused", RANK)) is not None:
        place[...] = finite[..., at[RANK]] & (column(RANK) > 1.0 - asked.pausing_class_share)
    if (place := add(asked.pausing_classes, "weakly_paused", RANK)) is not None:
        place[...] = finite[..., at[RANK]] & (column(RANK) < asked.pausing_class_share)
    if (place := add(asked.enhancers, "enhancers_near", ENHANCERS)) is not None:
        place[...] = column(ENHANCERS)
    if (place := add(asked.enhancer_response, "enhancer_response", ENHANCER_RESPONSE)) is not None:
        place[...] = column(ENHANCER_RESPONSE)
    for name in (LOCUS_ACTIVITY, LOCUS_RESPONSE):
        if (place := add(asked.key_locus_activity, name, name)) is not None:
            place[...] = column(name)
    if (place := add(asked.response_by_coordination, "response_by_coordination", COORDINATION, RESPONSE)) is not None:
        place[...] = column(RESPONSE) * column(COORDINATION)
    for name in names:
        if name in NAMED:
            continue
        is_label = name != KEY_LOCUS and bool(np.isin(held[..., at[name]][known], (0.0, 1.0)).all())
        if name.startswith(SEQUENCE):
            wanted = True
        elif name.startswith(TRACK):
            wanted = asked.tracks
        else:
            wanted = (asked.marks and name.startswith(MARK)) or (asked.labels and is_label)
        if (place := add(wanted or (asked.key_loci and name == KEY_LOCUS), name, name)) is not None:
            place[...] = column(name)
    if not made:
        return Functions((), (), np.zeros((*known.shape, 0)))
    return Functions(
        tuple(name for name, _, _ in made),
        tuple(of for _, of, _ in made),
        np.stack([values for _, _, values in made], axis=-1),
    )


def gene_functions(descriptors: np.ndarray, names: tuple[str, ...], asked: SignatureParameters) -> Functions:
    """`functions` of the genes' descriptors (K, F), those that are no response centred over the described genes."""
    found = functions(descriptors, names, asked)
    known = np.isfinite(descriptors).any(axis=-1)
    if not known.any():
        return Functions((), (), np.zeros((len(descriptors), 0)))
    for column, of in enumerate(found.of):
        if of not in SIGNED:
            found.values[known, column] -= found.values[known, column].mean()
    return found


@dataclass(frozen=True)
class SignatureEncoder:
    """The functions with what scales them, fitted on training patients and their genes; no outcome enters.

    names, of (J,): functions, and the descriptor of each; asked: which were asked for. weights (K, J): phi of each gene over the
    training SD of its column; indicators, labels and marks centred over the described genes, responses as they are; scale (J,):
    that SD. In matched mode the descriptors are the patient's own, and weights is the mean phi of each gene in training.
    """

    names: tuple[str, ...]
    of: tuple[str, ...]
    weights: np.ndarray
    scale: np.ndarray
    asked: SignatureParameters

    @classmethod
    def fit(
        cls, descriptors: np.ndarray, names: tuple[str, ...], z: np.ndarray, asked: SignatureParameters
    ) -> SignatureEncoder | None:
        """Signature mode: descriptors (K, F) of the vocabulary, z (n, K) standardised expression of training patients.

        None when no function varies between patients.
        """
        found = gene_functions(descriptors, names, asked)
        return cls.of_spread(found, (z.astype(np.float64) @ found.values).std(axis=0), asked)

    @classmethod
    def of_spread(cls, found: Functions, spread: np.ndarray, asked: SignatureParameters) -> SignatureEncoder | None:
        """The encoder of `gene_functions` whose columns have the SD `spread` (J,) in training; None when none varies."""
        kept = spread > SMALLEST_SPREAD
        return cls._of_columns(found, found.values / np.where(kept, spread, 1.0), spread, kept, asked)

    @classmethod
    def fit_matched(
        cls, descriptors: np.ndarray, names: tuple[str, ...], asked: SignatureParameters
    ) -> SignatureEncoder | None:
        """Matched mode: descriptors (n, K, F) of the training patients who have a library; None when nothing varies."""
        found = functions(descriptors, names, asked)
        pooled = found.values.sum(axis=1)
        spread = pooled.std(axis=0)
        kept = spread > SMALLEST_SPREAD * np.maximum(1.0, np.abs(pooled).max(axis=0, initial=0.0))
        return cls._of_columns(found, found.values.mean(axis=0), spread, kept, asked)

    @classmethod
    def _of_columns(
        cls, found: Functions, weights: np.ndarray, spread: np.ndarray, kept: np.ndarray, asked: SignatureParameters
    ) -> SignatureEncoder | None:
        """The encoder of the `kept` columns (J,) of weights (K, J); None when none is kept."""
        if not kept.any():
            return None
        chosen = np.flatnonzero(kept)
        return cls(
            tuple(found.names[place] for place in chosen),
            tuple(found.of[place] for place in chosen),
            weights[:, kept],
            spread[kept],
            asked,
        )

    def columns(self, z: np.ndarray) -> np.ndarray:
        """s (n, J) float32 of standardised expression (n, K): a missing gene (z = 0) counts as one at its median."""
        return product(z, self.weights)

    def matched_parts(self, descriptors: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
        """(n, K, J): the part of each gene in s of patients with libraries of their own; 0 for the mean training patient."""
        known = np.isfinite(descriptors).any(axis=-1)
        return np.where(known[..., None], (self.phi(descriptors, names) - self.weights) / self.scale, 0.0)

    def phi(self, descriptors: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
        """(..., K, J) of descriptors (..., K, F): each function of the encoder; 0 where its descriptor is not there."""
        found = functions(descriptors, names, self.asked)
        at = {name: place for place, name in enumerate(found.names)}
        values = np.zeros((*found.values.shape[:-1], len(self.names)))
        for column, name in enumerate(self.names):
            if name in at:
                values[..., column] = found.values[..., at[name]]
        return values

    def document(self) -> SignatureDocument:
        """The names; arrays are in `arrays`."""
        return {"names": list(self.names), "of": list(self.of), "asked": self.asked.model_dump(mode="json")}

    def arrays(self) -> dict[str, np.ndarray]:
        """signature_weights (K, J) and signature_scale (J,)."""
        return {"signature_weights": self.weights, "signature_scale": self.scale}

    @classmethod
    def restore(cls, document: SignatureDocument | None, arrays: dict[str, np.ndarray]) -> SignatureEncoder | None:
        """The encoder that `document()` and `arrays()` describe; None gives None."""
        if document is None:
            return None
        names, of = tuple(document["names"]), tuple(document["of"])
        asked = SignatureParameters.model_validate(document["asked"])
        return cls(names, of, arrays["signature_weights"], arrays["signature_scale"], asked)
