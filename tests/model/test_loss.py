"""Objective terms: gradients against finite differences, values against dense torch forms, edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from groprog_assets.model import loss as losses


def _cohort(n: int, seed: int) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    risk = torch.tensor(random.normal(size=n), dtype=torch.float64, requires_grad=True)
    return risk, random.integers(0, 6, n).astype(float), random.random(n) < 0.6


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_the_derivatives(seed: int) -> None:
    risk, time, event = _cohort(12, seed)
    weights = np.random.default_rng(seed).random(12)
    assert torch.autograd.gradcheck(lambda r: losses.cox_efron_loss(r, time, event), (risk,))
    assert torch.autograd.gradcheck(lambda r: losses.ranking_loss(r, time, event, weights), (risk,))
    h = torch.randn(12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    neighbours = torch.from_numpy(np.random.default_rng(seed).integers(0, 12, (12, 4)))
    pull = torch.rand(12, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: losses.coherence_loss(x, neighbours, pull), (h,))
    assert torch.autograd.gradcheck(
        lambda r, x: losses.objective(
            losses.cox_efron_loss(r, time, event),
            losses.ranking_loss(r, time, event),
            losses.coherence_loss(x, neighbours, pull),
            0.5,
            0.1,
        ),
        (risk, h),
    )


def test_values_equal_dense_torch_forms() -> None:
    risk, time, event = _cohort(30, 4)
    first = torch.from_numpy(event[:, None] & (time[:, None] < time[None, :])).double()
    dense = (first * torch.nn.functional.softplus(risk[None, :] - risk[:, None])).sum() / first.sum()
    torch.testing.assert_close(losses.ranking_loss(risk, time, event), dense)
    h = torch.randn(5, 2)
    neighbours, weights = torch.tensor([[1], [2], [3], [4], [0]]), torch.tensor([[1.0], [2.0], [0.0], [1.0], [0.5]])
    expected = (weights[:, 0] * (h - h[neighbours[:, 0]]).square().sum(1)).mean()
    torch.testing.assert_close(losses.coherence_loss(h, neighbours, weights), expected)


def test_equation_11_weighs_each_term() -> None:
    terms = (torch.tensor(1.0), torch.tensor(10.0), torch.tensor(100.0))
    assert float(losses.objective(*terms, 0.5, 0.01)) == pytest.approx(1.0 + 5.0 + 1.0)


def test_coherence_weights_get_no_gradient() -> None:
    h = torch.randn(4, 2, requires_grad=True)
    weights = torch.rand(4, 1, requires_grad=True)
    losses.coherence_loss(h, torch.tensor([[1], [0], [3], [2]]), weights).backward()
    assert h.grad is not None
    assert weights.grad is None


def test_finite_where_a_naive_sum_overflows() -> None:
    risk = torch.tensor([0.0, 100.0, 50.0, 2.0], requires_grad=True)
    value = losses.cox_efron_loss(risk, np.array([1.0, 1.0, 2.0, 2.0]), np.ones(4))
    value.backward()
    assert value.dtype == torch.float32
    assert float(value) == pytest.approx(146.6137056388801 / 4)
    assert torch.isfinite(risk.grad).all()


def test_no_event_says_nothing_and_sorting_once_is_the_same() -> None:
    risk, time, event = _cohort(10, 1)
    none = np.zeros(10, dtype=bool)
    for term in (losses.cox_efron_loss, losses.ranking_loss):
        value = term(risk, time, none)
        value.backward()
        assert float(value) == 0.0
        assert not risk.grad.any()
        sets = losses.sorted_outcomes(time, event)
        assert float(term(risk, time, event)) == float(term(risk, sets=sets))
    with pytest.raises(ValueError, match="sorted_outcomes"):
        losses.cox_efron_loss(risk)


def test_residuals_and_weights() -> None:
    time, event = np.array([1.0, 2.0, 3.0]), np.array([1, 0, 1])
    np.testing.assert_allclose(losses.null_residuals(time, event), [2 / 3, -1 / 3, -1 / 3])
    np.testing.assert_allclose(losses.event_weights(event, 2.0), np.array([2.0, 1.0, 2.0]) / (5 / 3))
    np.testing.assert_array_equal(losses.event_weights(np.ones(3), 1.0), np.ones(3))


def test_a_column_of_risks_is_refused() -> None:
    with pytest.raises(ValueError, match="Squeeze"):
        losses.cox_efron_loss(torch.zeros(3, 1), np.arange(3.0), np.ones(3))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_equals_cpu() -> None:
    risk, time, event = _cohort(50, 2)
    there = risk.detach().cuda().requires_grad_()
    for term in (losses.cox_efron_loss, losses.ranking_loss):
        (here,) = torch.autograd.grad(term(risk, time, event), risk)
        (gradient,) = torch.autograd.grad(term(there, time, event), there)
        torch.testing.assert_close(gradient.cpu(), here)
