"""Perturbed omics for robustness tests, and the output of each ensemble member for the same patients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from groprog_assets.model.device import single_threaded
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.predict import PATIENTS_AT_ONCE
from groprog_assets.model.representation import Batch
from groprog_assets.model.risk_model import RiskModel
from groprog_assets.study.parameters import PerturbationParameters


class Perturbed(NamedTuple):
    """Perturbed patients: kind ("noise", "gene_dropout", "permutation"), its size, number of the draw, the inputs."""

    kind: str
    level: float
    draw: int
    inputs: ModelInputs


class MemberView(NamedTuple):
    """Output of each of m members for n patients: risk (m, n), h (m, n, G) of eq. 6, terms (m, n, T) that the risk is the sum
    of (`RiskNetwork.terms`)."""

    risk: np.ndarray
    h: np.ndarray
    terms: np.ndarray


def perturbations(
    model: RiskModel, inputs: ModelInputs, parameters: PerturbationParameters, seed: int
) -> Iterator[Perturbed]:
    """The patients under noise, gene dropout and permutation, `draws` times a level; nothing in clinical mode.

    noise: every omics value plus `level` training SDs of its gene (matched: of its descriptor) times a standard normal.
    gene_dropout: a share `level` of the genes missing, the same for all patients. permutation (level 1): each patient with
    another's omics. Equal seeds give equal draws. Missing values stay missing.
    """
    if model.encoders.mode == "clinical" or inputs.mode == "clinical":
        return
    matched = model.encoders.mode == "matched"
    held = inputs if matched else inputs.with_genes(model.genes)
    values = held.descriptors if matched else held.expression
    assert values is not None
    scale = np.array(model.encoders.descriptor.scale) if matched else _spread(model)

    def changed(new: np.ndarray) -> ModelInputs:
        return replace(held, descriptors=new) if matched else replace(held, expression=new)

    for draw in range(parameters.draws):
        for level in parameters.noise:
            random = np.random.default_rng([seed, draw, 1, int(level * 1000)])
            noise = random.standard_normal(values.shape, dtype=np.float32) * (level * scale).astype(np.float32)
            yield Perturbed("noise", level, draw, changed(values + noise))
        for level in parameters.gene_dropout:
            random = np.random.default_rng([seed, draw, 2, int(level * 1000)])
            lost = random.permutation(len(held.genes))[: round(level * len(held.genes))]
            holes = values.copy()
            holes[:, lost] = np.nan
            yield Perturbed("gene_dropout", level, draw, changed(holes))
        random = np.random.default_rng([seed, draw, 3])
        yield Perturbed("permutation", 1.0, draw, changed(values[random.permutation(len(held))]))


def member_view(model: RiskModel, inputs: ModelInputs) -> MemberView:
    """Risk, fused representation and terms of the score of each patient by each member of the ensemble."""
    risk, fused, terms = [], [], []
    with single_threaded(), torch.no_grad():
        for start in range(0, len(inputs), PATIENTS_AT_ONCE):
            rows = np.arange(start, min(start + PATIENTS_AT_ONCE, len(inputs)))
            batch = Batch.of(model.encoders.transform(inputs.take(rows)), "cpu", torch.float64)
            outputs = [network(batch) for network in model.members]
            risk.append(np.stack([output.risk.numpy() for output in outputs]))
            fused.append(np.stack([output.h.numpy() for output in outputs]))
            terms.append(np.stack([network.terms(batch).numpy() for network in model.members]))
    return MemberView(np.concatenate(risk, axis=1), np.concatenate(fused, axis=1), np.concatenate(terms, axis=1))


def _spread(model: RiskModel) -> np.ndarray:
    assert model.encoders.expression is not None
    return model.encoders.expression.scale
