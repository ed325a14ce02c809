"""Fusion of the genomic and clinical branches: eqs. 4-7, in the forms that docs/methods.md settles.

n = patients, m = keys, G = 128 genomic, C = 48 clinical dimensions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from groprog_assets.study.model_parameters import NetworkParameters
from groprog_kernels.neighbours import nearest


class Fused(NamedTuple):
    """h (n, G) of eq. 6, eta (n,) the genomic share."""

    h: torch.Tensor
    eta: torch.Tensor


class Coupling(nn.Module):
    """eqs. 4-5: attention of genomic queries over clinical keys, and the gated write-back.

    A = softmax(Q K^T / sqrt(kappa)) with Q = g W_q, K = c W_k, so that W_gc = W_q W_k^T; kappa is the key width.
    g_hat = g + sigma(r^T g) * A U c. Keys are the frozen prototype bank ("prototypes": a patient's value needs no other
    patient) or the patients of the batch ("batch", the literal form).
    """

    def __init__(self, genomic: int, clinical: int, parameters: NetworkParameters):
        super().__init__()
        self.mode = parameters.attention
        self.query = nn.Linear(genomic, clinical, bias=False)
        self.key = nn.Linear(clinical, clinical, bias=False)
        self.value = nn.Linear(clinical, genomic, bias=False)  # U
        self.gate = nn.Linear(genomic, 1, bias=False)  # r
        self.bank = nn.Parameter(torch.randn(parameters.prototypes, clinical) * 0.5)

    def forward(self, g: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        if self.mode == "none":
            return g
        keys = self.keys(c)
        queries, keyed, values = self.query(g), self.key(keys), self.value(keys)
        written = functional.scaled_dot_product_attention(queries[None], keyed[None], values[None])[0]
        return write_back(g, written, self.gate(g))

    def keys(self, c: torch.Tensor) -> torch.Tensor:
        """(m, C) keys of the attention: the prototype bank, or in batch mode the patients themselves."""
        return c if self.mode == "batch" else self.bank

    def attention(self, g: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        """A (n, m) of eq. 4, for inspection."""
        return coupling(self.query(g), self.key(self.keys(c)))

    @torch.no_grad()
    def settle(self, c: torch.Tensor, generator: torch.Generator) -> None:
        """Start the bank at centroids (Lloyd, 10 rounds) of the training patients' clinical embeddings c (n, C)."""
        size = self.bank.shape[0]
        chosen = torch.randperm(c.shape[0], generator=generator)
        centres = c[chosen[torch.arange(size) % c.shape[0]].to(c.device)].clone()
        for _ in range(10):
            nearest = torch.cdist(c, centres).argmin(dim=1)
            sums = torch.zeros_like(centres).index_add_(0, nearest, c)
            counts = torch.bincount(nearest, minlength=size).to(c)[:, None]
            centres = torch.where(counts > 0, sums / counts.clamp_min(1.0), centres)
        self.bank.copy_(centres)


def coupling(queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """eq. 4: (n, d), (m, d) -> A (n, m), rows summing to one, kappa = d."""
    return torch.softmax(queries @ keys.T / queries.shape[1] ** 0.5, dim=1)


def write_back(g: torch.Tensor, written: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """eq. 5: g_hat = g + sigma(gate) * written; g, written (n, G), gate (n, 1)."""
    return g + torch.sigmoid(gate) * written


class EnergyBalance(nn.Module):
    """eq. 6: eta = sigma(sign * (rms(LN g_hat) - rms(LN c)) / T + b), clamped; h = eta g_hat + (1 - eta) V c.

    sign -1 gives the modality with more energy less weight (the aim stated in the paper), +1 more weight (eq. 6 as printed).
    Patients without omics: eta = 0. The weights of the layer norms start at different values, so that the energy differs
    between patients from the first step.
    """

    def __init__(self, genomic: int, clinical: int, parameters: NetworkParameters):
        super().__init__()
        self.genomic_norm = nn.LayerNorm(genomic)
        self.clinical_norm = nn.LayerNorm(clinical)
        for norm in (self.genomic_norm, self.clinical_norm):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
        self.project = nn.Linear(clinical, genomic, bias=False)  # V
        self.log_temperature = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(()))
        self.sign = parameters.energy_sign
        self.lower, self.upper = parameters.energy_clamp

    def forward(self, g: torch.Tensor, c: torch.Tensor, has_omics: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        difference = rms(self.genomic_norm(g)) - rms(self.clinical_norm(c))
        eta = torch.sigmoid(self.sign * difference / self.log_temperature.exp() + self.bias)
        eta = eta.clamp(self.lower, self.upper) * has_omics
        return eta[:, None] * g + (1.0 - eta[:, None]) * self.project(c), eta


class Fusion(nn.Module):
    """eqs. 4-6 in one: (n, G), (n, C) -> Fused."""

    def __init__(self, genomic: int, clinical: int, parameters: NetworkParameters):
        super().__init__()
        self.coupling = Coupling(genomic, clinical, parameters)
        self.balance = EnergyBalance(genomic, clinical, parameters)

    def forward(self, g: torch.Tensor, c: torch.Tensor, has_omics: torch.Tensor) -> Fused:
        return Fused(*self.balance(self.coupling(g, c), c, has_omics))


class CoherencePairs(NamedTuple):
    """The pairs of eq. 7: neighbours (n, k) int64 row indices, weights (n, k) float32 in (0, 1]."""

    neighbours: np.ndarray
    weights: np.ndarray


def coherence_pairs(
    omics: np.ndarray, residual: np.ndarray, neighbours: int, known: np.ndarray | None = None
) -> CoherencePairs:
    """Omega and omega_pq of eq. 7: k nearest neighbours in training omics, weighed by outcome affinity.

    omics (n, r); residual (n,) null-model martingale residuals, which censored patients have too. The affinity is
    exp(-(M_p - M_q)^2 / (2 sd(M)^2)), and 0 for pairs with a patient whose omics are not `known` (n,) bool (None: all are).
    No n x n array. Fewer than two patients give no pairs; a patient with too few known others is paired with itself,
    which adds 0.
    """
    n = omics.shape[0]
    held = np.ones(n, bool) if known is None else np.asarray(known, bool)
    chosen = nearest(omics, neighbours, held)
    spread = max(float(residual.std()), 1e-8)
    weights = np.exp(-((residual[:, None] - residual[chosen]) ** 2) / (2.0 * spread**2))
    weights *= held[:, None] & held[chosen]
    return CoherencePairs(chosen, weights.astype(np.float32))


def effective_rank(h: torch.Tensor) -> float:
    """exp of the entropy of the normalised covariance spectrum of h (n, G): dimensions in use; 1 means collapse."""
    centred = (h - h.mean(dim=0)).double()
    gram = centred @ centred.T if centred.shape[0] < centred.shape[1] else centred.T @ centred
    values = torch.linalg.eigvalsh(gram).clamp_min(0.0)
    total = float(values.sum())
    if total <= 0.0:
        return 0.0
    share = values / total
    share = share[share > 0]
    return float(torch.exp(-(share * share.log()).sum()))


def rms(x: torch.Tensor) -> torch.Tensor:
    """Root mean square over the last axis; finite for norms of 1e4 in float32, with a gradient at zero."""
    return (x.square().mean(dim=-1) + 1e-12).sqrt()
