"""eqs. 4-7 by their definitions, and where the letter fails: overflow, batch dependence, collapse."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from groprog_assets.model.fusion import (
    Coupling,
    EnergyBalance,
    Fusion,
    coherence_pairs,
    coupling,
    effective_rank,
    rms,
    write_back,
)
from groprog_assets.model.loss import coherence_loss
from groprog_assets.study.model_parameters import NetworkParameters
from tests.printed_equations import equation_6


def arrays(n: int = 6, scale: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(n, 128) * scale, torch.randn(n, 48) * scale


def test_equation_4_is_a_scaled_bilinear_softmax():
    g, c = arrays()
    module = Coupling(128, 48, NetworkParameters(attention="batch"))
    correlation = module.query.weight.T @ module.key.weight  # W_gc (128, 48)
    expected = torch.softmax(g @ correlation @ c.T / 48**0.5, dim=1)
    torch.testing.assert_close(module.attention(g, c), expected)
    torch.testing.assert_close(coupling(g[:, :48], c).sum(dim=1), torch.ones(6))


def test_equation_5_adds_the_gated_clinical_context():
    g, c = arrays()
    module = Coupling(128, 48, NetworkParameters(attention="batch"))
    attention = module.attention(g, c)
    expected = g + torch.sigmoid(module.gate(g)) * (attention @ c @ module.value.weight.T)
    torch.testing.assert_close(module(g, c), expected)
    torch.testing.assert_close(write_back(g, torch.zeros_like(g), module.gate(g)), g)


def test_without_coupling_g_stays_as_it_is():
    g, c = arrays()
    assert torch.equal(Coupling(128, 48, NetworkParameters(attention="none"))(g, c), g)


def test_prototypes_free_a_patient_from_his_batch_and_the_letter_does_not():
    g, c = arrays()
    has = torch.ones(6, dtype=torch.bool)
    for mode, alone_equals in (("prototypes", True), ("batch", False)):
        fusion = Fusion(128, 48, NetworkParameters(attention=mode)).double()
        together = fusion(g.double(), c.double(), has).h
        alone = fusion(g[:1].double(), c[:1].double(), has[:1]).h
        assert torch.allclose(together[:1], alone, atol=1e-12) is alone_equals


def test_prototypes_start_at_centroids_of_training_embeddings():
    module = Coupling(128, 48, NetworkParameters(prototypes=2))
    c = torch.cat([torch.zeros(10, 48), torch.ones(7, 48)])
    module.settle(c, torch.Generator().manual_seed(3))
    assert torch.isfinite(module.bank).all()
    assert float(torch.cdist(c, module.bank.detach()).min(dim=1).values.max()) < 5.0


@pytest.mark.parametrize("sign", [-1, 1])
def test_equation_6_mixes_within_the_clamp(sign: int):
    g, c = arrays()
    balance = EnergyBalance(128, 48, NetworkParameters(energy_sign=sign))
    has = torch.tensor([True] * 5 + [False])
    h, eta = balance(g, c, has)
    difference = rms(balance.genomic_norm(g)) - rms(balance.clinical_norm(c))
    expected = torch.sigmoid(sign * difference).clamp(0.1, 0.9) * has
    torch.testing.assert_close(eta, expected)
    torch.testing.assert_close(h, eta[:, None] * g + (1 - eta[:, None]) * balance.project(c))
    assert eta[-1] == 0
    assert eta[:5].std() > 0


def test_energy_is_finite_where_the_printed_equation_6_overflows():
    g, c = arrays(scale=1e4)
    g.requires_grad_()
    assert not torch.isfinite(equation_6(g, c)).any()
    balance = EnergyBalance(128, 48, NetworkParameters())
    h, eta = balance(g, c, torch.ones(6, dtype=torch.bool))
    (h.sum() + eta.sum()).backward()
    assert torch.isfinite(h).all()
    assert torch.isfinite(g.grad).all()


def test_equation_7_pairs_are_nearest_in_omics_and_weighed_by_outcome():
    omics = np.array([[0.0], [0.1], [5.0], [5.1], [20.0]])
    residual = np.array([1.0, 1.0, -1.0, 1.0, 0.0])
    pairs = coherence_pairs(omics, residual, 1)
    assert pairs.neighbours[:, 0].tolist() == [1, 0, 3, 2, 3]
    assert pairs.weights[0, 0] == 1.0
    assert pairs.weights[2, 0] == pytest.approx(np.exp(-4 / (2 * residual.std() ** 2)), rel=1e-6)
    assert coherence_pairs(omics[:1], residual[:1], 3).neighbours.shape == (1, 0)
    assert coherence_pairs(omics, np.zeros(5), 3).weights.min() == 1.0


def test_a_patient_without_omics_is_nobodys_neighbour():
    omics = np.array([[0.0], [0.1], [0.2], [0.0], [0.0]])
    residual = np.array([0.5, 0.4, 0.3, 0.5, 0.5])
    pairs = coherence_pairs(omics, residual, 2, np.array([True, True, True, False, False]))
    assert [set(row) for row in pairs.neighbours[:3].tolist()] == [{1, 2}, {0, 2}, {0, 1}]
    assert (pairs.weights[:3] > 0).all()
    assert (pairs.weights[3:] == 0).all()


def test_a_patient_with_too_few_known_others_is_paired_with_itself():
    omics, residual = np.array([[0.0], [0.1], [0.2]]), np.array([0.5, 0.4, 0.3])
    pairs = coherence_pairs(omics, residual, 2, np.array([True, True, False]))
    assert pairs.neighbours.tolist() == [[1, 0], [0, 1], [1, 0]]
    h = torch.tensor([[0.0], [1.0], [5.0]])
    loss = coherence_loss(h, torch.from_numpy(pairs.neighbours), torch.from_numpy(pairs.weights))
    assert float(loss) == pytest.approx(2 * float(pairs.weights[0, 0]) / 6)


def test_effective_rank_counts_dimensions_in_use():
    generator = torch.Generator().manual_seed(0)
    h = torch.randn(500, 4, generator=generator)
    assert effective_rank(torch.cat([h, torch.zeros(500, 10)], dim=1)) == pytest.approx(4, abs=0.1)
    assert effective_rank(h[:, :1].repeat(1, 9)) == pytest.approx(1.0, abs=1e-6)
    assert effective_rank(torch.ones(5, 3)) == 0.0
