"""Explanation of a score: the contribution of each covariate, block and gene. The contributions sum to the score.

Integrated Gradients (Sundararajan et al. 2017, doi:10.48550/arXiv.1703.01365) along the straight line from the reference
patient (training means, every gene at its median, unknown levels at zero) to the patient; Gauss-Legendre steps in float64.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from groprog_assets.errors import ModelError, Problem
from groprog_assets.model.device import single_threaded
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.network import RiskNetwork
from groprog_assets.model.predict import check_inputs
from groprog_assets.model.representation import Batch
from groprog_assets.model.risk_model import RiskModel

STEPS = 48
TOLERANCE = 1e-3
LINEAR_BLOCK = "linear_path"
SIGNATURE_BLOCK = "signature"
"""The signature branch of the linear path; LINEAR_BLOCK holds its directions of expression."""
SOURCE_BLOCK = "other_cohorts"
"""The score of genes that other cohorts gave; what they say of the fields is in the contributions of the fields."""


class Explanation(NamedTuple):
    """For n patients; contributions are in units of log relative hazard, means over the members.

    risk (n,); reference (n,): risk of the reference patient (one value with omics, one without). fields: names; field
    (n, fields). genes: names; gene (n, K). blocks: the Table 5 blocks of the network, the signature branch, the linear path's
    directions of expression, each further matrix, and what other cohorts say of the genes; block (n, blocks): the sum of the
    genes' contributions, grouped by block. alterations: the genes of further matrices, as "matrix: gene"; alteration (n, A).
    residual (n,) = risk - reference - sum of fields - sum of blocks.
    """

    patient_id: np.ndarray
    risk: np.ndarray
    reference: np.ndarray
    fields: tuple[str, ...]
    field: np.ndarray
    genes: tuple[str, ...]
    gene: np.ndarray
    blocks: tuple[str, ...]
    block: np.ndarray
    alterations: tuple[str, ...]
    alteration: np.ndarray
    residual: np.ndarray


class _Parts(NamedTuple):
    """The variables that the integration path changes, by member: g (n, G), state, treatment, level vectors (n, R, .)."""

    g: torch.Tensor
    state: torch.Tensor
    treatment: torch.Tensor
    state_levels: torch.Tensor
    treatment_levels: torch.Tensor


def explain(model: RiskModel, inputs: ModelInputs, steps: int = STEPS) -> Explanation:
    """Contributions of each covariate, block and gene to each patient's risk.

    g is linear in the patient's expression, so the part of each gene in g is exact, and so is the linear path. The rest of the
    network is integrated. Raises ModelError when the parts differ from risk - reference by more than 1e-3 for any patient
    (use more `steps` then). Source: paper 4.5-4.6, 5.
    """
    check_inputs(model, inputs)
    encoded = model.encoders.transform(inputs)
    batch = Batch.of(encoded, "cpu", torch.float64)
    clinical = model.encoders.clinical
    read = {encoding.name for encoding in clinical.fields if not encoding.dropped} | set(model.encoders.design_fields)
    fields = tuple(encoding.name for encoding in clinical.fields if encoding.name in read)
    genes = (
        model.genes if model.encoders.mode == "signature" else inputs.genes if model.encoders.mode == "matched" else ()
    )
    widths = model.members[0].block_columns()
    further = model.encoders.further
    fixed = 0 if model.encoders.expression is None else model.encoders.expression.fixed
    blocks = (*widths, SIGNATURE_BLOCK, LINEAR_BLOCK, *further, *([SOURCE_BLOCK] if fixed else []))
    n = len(inputs)
    field, gene, block = np.zeros((n, len(fields))), np.zeros((n, len(genes))), np.zeros((n, len(blocks)))
    risk, reference = np.zeros(n), np.zeros(n)
    z = np.zeros((n, 0))
    if model.encoders.expression is not None:
        z = model.encoders.encoded_expression(inputs).z.astype(np.float64)
    omics_columns, loadings, owner = _omics_columns(model, inputs, z)
    pull, signal = np.zeros(loadings.shape[1]), np.zeros(encoded.signature.shape[1])
    altered = np.zeros(encoded.further.shape[1])
    signature = batch.signature * batch.has_omics[:, None]
    ends = encoded.design.shape[1] + encoded.components.shape[1]
    at = {name: place for place, name in enumerate(fields)}
    with single_threaded():
        for network in model.members:
            parts, member_risk, member_reference = _integrate(network, batch, steps)
            weight_linear, weight_network = network.mixture.tolist()
            risk += member_risk
            reference += member_reference
            columns = clinical.number_fields("state"), clinical.number_fields("treatment")
            for names, values in zip(columns, (parts.state, parts.treatment)):
                for column, name in enumerate(names):
                    field[:, at[name]] += weight_network * values[:, column].numpy()
            coded = clinical.code_fields("state"), clinical.code_fields("treatment")
            for names, values in zip(coded, (parts.state_levels, parts.treatment_levels)):
                for column, name in enumerate(names):
                    field[:, at[name]] += weight_network * values[:, column].sum(dim=1).numpy()
            design = encoded.design * network.linear.numpy()[: encoded.design.shape[1]]
            for column, name in enumerate(model.encoders.design_fields):
                field[:, at[name]] += weight_linear * design[:, column]
            for place, (_name, where) in enumerate(widths.items()):
                block[:, place] += weight_network * (parts.g[:, where]).sum(dim=1).numpy()
            last = ends + signal.size
            omics, theta = network.linear[encoded.design.shape[1] : ends], network.linear[ends:last]
            at_signature = len(widths)
            block[:, at_signature] += weight_linear * (signature @ theta).numpy()
            shown, own = batch.components * batch.has_omics[:, None], omics.numel() - fixed
            block[:, at_signature + 1] += weight_linear * (shown[:, :own] @ omics[:own]).numpy()
            if fixed:
                block[:, -1] += weight_linear * (shown[:, own:] @ omics[own:]).numpy()
            altered += weight_linear * network.linear[last:].numpy()
            if genes:
                gene += weight_network * _gene_parts(model, network, batch, parts.g, z, inputs)
                if omics.numel():
                    pull += weight_linear * omics.numpy()
                signal += weight_linear * theta.numpy()
    np.add.at(gene.T, owner, (omics_columns * (loadings @ pull)).T)
    if model.encoders.signature is not None and signal.any():
        gene += _signature_parts(model, inputs, z, signal)
    alterations, alteration = _alterations(model, inputs, altered)
    for place, name in enumerate(further, len(widths) + 2):
        held = np.array([label.startswith(f"{name}: ") for label in alterations])
        block[:, place] = alteration[:, held].sum(axis=1)
    count = len(model.members)
    residual = (risk - reference - field.sum(axis=1) - block.sum(axis=1)) / count
    worst = float(np.abs(residual).max(initial=0.0))
    if worst > TOLERANCE:
        raise ModelError(
            Problem(
                "explanation",
                f"parts miss the score by {worst:.2g}",
                f"They must sum to risk - reference within {TOLERANCE:g}.",
                "Integrate with more steps.",
            )
        )
    return Explanation(
        inputs.patient_id,
        risk / count,
        reference / count,
        fields,
        field / count,
        genes,
        gene / count,
        blocks,
        block / count,
        alterations,
        alteration / count,
        residual,
    )


def _alterations(model: RiskModel, inputs: ModelInputs, slope: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    # ("matrix: gene", (n, A)): the part of each gene of the further matrices in their columns, times their coefficients (F,).
    held = {matrix.name: matrix for matrix in inputs.matrices}
    names: list[str] = []
    parts = [np.zeros((len(inputs), 0))]
    start = 0
    for encoder in model.encoders.matrices:
        end = start + encoder.loadings.shape[1]
        names += [f"{encoder.name}: {gene}" for gene in encoder.genes]
        parts.append(encoder.z(held.get(encoder.name), len(inputs)) * (encoder.loadings @ slope[start:end]))
        start = end
    return tuple(names), np.hstack(parts)


def _omics_columns(model: RiskModel, inputs: ModelInputs, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # What the linear path's directions are made of: columns (n, C), loadings (C, r), the gene each column belongs to (C,).
    encoders = model.encoders
    if encoders.libraries is not None and inputs.mode == "matched":
        columns = encoders.encoded_libraries(inputs).z.astype(np.float64)
        at = {gene: place for place, gene in enumerate(inputs.genes)}
        return columns, encoders.libraries.loadings, np.array([at[gene] for gene in encoders.library_genes], np.int64)
    if encoders.expression is not None:
        return z, encoders.expression.loadings, np.arange(z.shape[1])
    return np.zeros((len(inputs), 0)), np.zeros((0, 0)), np.zeros(0, np.int64)


def _signature_parts(model: RiskModel, inputs: ModelInputs, z: np.ndarray, signal: np.ndarray) -> np.ndarray:
    # (n, K): the part of each gene in the signature columns times their coefficients (J,).
    signature = model.encoders.signature
    assert signature is not None
    if model.encoders.mode == "matched":
        return np.asarray(model.encoders.signature_parts(inputs) @ signal)
    return np.asarray(z * (signature.weights @ signal))


def _integrate(network: RiskNetwork, batch: Batch, steps: int) -> tuple[_Parts, np.ndarray, np.ndarray]:
    # Contributions to r of every part, shaped as the parts; risk (n,) and reference risk (n,).
    with torch.no_grad():
        output = network(batch)
        whole = _Parts(network.g(batch), batch.state, batch.treatment, *network.clinical.levels(batch))
    sums = [torch.zeros_like(part) for part in whole]
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    for node, weight in zip((nodes + 1) / 2, weights / 2):
        at = [(part * node).requires_grad_() for part in whole]
        gradients = torch.autograd.grad(_network_score(network, _Parts(*at), batch).sum(), at, allow_unused=True)
        for total, gradient in zip(sums, gradients):
            if gradient is not None:
                total += weight * gradient
    with torch.no_grad():
        origin = _network_score(network, _Parts(*(torch.zeros_like(part) for part in whole)), batch)
    reference = network.mixture[1] * origin + network.offset
    return _Parts(*(total * part for total, part in zip(sums, whole))), output.risk.numpy(), reference.numpy()


def _network_score(network: RiskNetwork, parts: _Parts, batch: Batch) -> torch.Tensor:
    c = network.clinical.compose(parts.state, parts.treatment, parts.state_levels, parts.treatment_levels)
    return network.score(parts.g, c, batch.has_omics)[0]


def _column_parts(
    model: RiskModel, inputs: ModelInputs, z: np.ndarray, slope: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    # (n, K): each gene's part of the signature columns and directions (unit spread), times their slopes (n, S + d).
    signature = model.encoders.signature
    held = 0 if signature is None else len(signature.names)
    gene = np.zeros((len(inputs), len(inputs.genes) if model.encoders.mode == "matched" else z.shape[1]))
    if signature is not None and model.encoders.mode == "matched":
        gene += np.einsum("nkj,nj->nk", model.encoders.signature_parts(inputs), slope[:, :held])
    elif signature is not None:
        gene += z * (slope[:, :held] @ signature.weights.T)
    columns, loadings, owner = _omics_columns(model, inputs, z)
    parts = columns * ((slope[:, held:] / spread) @ loadings[:, : spread.size].T)
    np.add.at(gene.T, owner, parts.T)
    return gene


@torch.no_grad()
def _gene_parts(
    model: RiskModel, network: RiskNetwork, batch: Batch, contribution: torch.Tensor, z: np.ndarray, inputs: ModelInputs
) -> np.ndarray:
    # A gene's share of each g_d times the integrated gradient there: (n, K).
    assert network.genomic is not None
    g = network.g(batch)
    columns = network.genomic.columns
    slope = torch.where(g.abs() > 1e-12, contribution / g, torch.zeros_like(g))  # (n, G), the integrated gradient
    if columns is not None:
        raw = (columns.pulled(slope) * network.genomic.scale * batch.has_omics[:, None]).numpy()
        return _column_parts(model, inputs, z, raw, columns.spread.numpy())
    if model.encoders.mode == "matched":
        assert batch.matched is not None
        assert network.genomic.maps is not None
        held = batch.matched[..., -1:]
        shares = network.genomic.maps(batch.matched) * held / held.sum(dim=1, keepdim=True).clamp_min(1.0)
        return (shares * network.genomic.scale * slope[:, None, :]).sum(dim=2).numpy()
    assert model.encoders.expression is not None
    loadings = torch.from_numpy(model.encoders.expression.loadings)
    described = torch.from_numpy(model.encoders.described)
    deviation, mapped = network.genomic.gene_weights(loadings, described)
    per_gene = slope @ deviation.T + (slope @ mapped.T) / batch.genes_present.sqrt()[:, None]
    return (torch.from_numpy(z) * per_gene * batch.has_omics[:, None]).numpy()
