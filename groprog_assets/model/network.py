"""The risk network, added to the linear path: branches and two hidden layers, or the paper's fusion, trunk and risk head."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from groprog_assets.model.encoders import Encoded, Encoders
from groprog_assets.model.fusion import Fused, Fusion
from groprog_assets.model.representation import Batch, ClinicalBranch, GenomicBranch, block_widths
from groprog_assets.study.parameters import Parameters

RISK_SCALE = 0.5
Widths = tuple[int, int, int, int, int, int]


class Output(NamedTuple):
    """risk (n,) log relative hazard of the member; network (n,) r of eq. 9; linear (n,) path; h (n, G); eta (n,)."""

    risk: torch.Tensor
    network: torch.Tensor
    linear: torch.Tensor
    h: torch.Tensor
    eta: torch.Tensor


class Trunk(nn.Module):
    """eq. 8: s = LayerNorm(B_2 GELU(B_1 h + b_1) + b_2 + P h): 128 -> 128 -> 64 with a projection shortcut P."""

    def __init__(self, width: int, hidden: int, out: int, dropout: float):
        super().__init__()
        self.first = nn.Linear(width, hidden)
        self.second = nn.Linear(hidden, out)
        self.shortcut = nn.Linear(width, out, bias=False)
        self.norm = nn.LayerNorm(out)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        inner = self.second(self.dropout(nn.functional.gelu(self.first(h))))
        return self.norm(inner + self.shortcut(self.dropout(h)))


class RiskHead(nn.Module):
    """eq. 9: r = q^T s / tau_r, hazard ratio exp(r); q has norm one, so that tau_r alone sets the scale."""

    def __init__(self, width: int):
        super().__init__()
        self.direction = nn.Parameter(torch.randn(width) / width**0.5)
        self.log_temperature = nn.Parameter(-torch.log(torch.tensor(RISK_SCALE)))

    def forward(self, s: torch.Tensor) -> torch.Tensor:
        return (s @ self.q()) / self.log_temperature.exp()

    def q(self) -> torch.Tensor:
        """(s,) of norm one."""
        return self.direction / self.direction.norm().clamp_min(1e-8)

    def slope(self) -> torch.Tensor:
        """(s,): q / tau_r, by which each element of s enters r."""
        return self.q() / self.log_temperature.exp()


class Perceptron(nn.Module):
    """r (n,) of g (n, G) and c (n, C) by two hidden layers with GELU; h is the second. Each branch has its own part of the
    first layer, so that eq. 12 can set their rates."""

    def __init__(self, genomic: int, clinical: int, widths: list[int], dropout: float):
        super().__init__()
        self.genomic = nn.Linear(genomic, widths[0], bias=False)
        self.clinical = nn.Linear(clinical, widths[0])
        self.second = nn.Linear(widths[0], widths[1])
        self.last = nn.Linear(widths[1], 1, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, g: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first = self.dropout(nn.functional.gelu(self.genomic(g) + self.clinical(c)))
        h = self.dropout(nn.functional.gelu(self.second(first)))
        return self.last(h)[:, 0], h


class RiskNetwork(nn.Module):
    """One ensemble member: risk = w_linear * linear path + w_network * r + offset.

    Form "perceptron": r of two hidden layers, eta is not defined (NaN). Form "paper": eqs. 4-9.

    The output for a patient depends on that patient alone (attention mode "prototypes").
    """

    linear: torch.Tensor
    mixture: torch.Tensor
    offset: torch.Tensor

    def __init__(self, encoders: Encoders, parameters: Parameters, widths: Widths):
        """widths: columns of state, treatment, design, components, signature and further matrices."""
        super().__init__()
        representation, network = parameters.representation, parameters.network
        self.staged = network.form == "paper"
        self.genomic = GenomicBranch(encoders, representation, self.staged) if encoders.mode != "clinical" else None
        self.clinical = ClinicalBranch(encoders, representation, widths[:2])
        self.genomic_width = sum(block_widths(representation).values()) if self.genomic is None else self.genomic.width
        if self.staged:
            self.fusion = Fusion(self.genomic_width, self.clinical.width, network)
            self.input_dropout = nn.Dropout(network.dropout)
            self.trunk = Trunk(self.genomic_width, network.hidden_width, network.trunk_width, network.dropout)
            self.head = RiskHead(network.trunk_width)
            self.genomic_head = nn.Linear(self.genomic_width, 1)
            self.clinical_head = nn.Linear(self.clinical.width, 1)
            for head in (self.genomic_head, self.clinical_head):
                nn.init.zeros_(head.bias)
        else:
            layers = network.perceptron_widths
            self.perceptron = Perceptron(self.genomic_width, self.clinical.width, layers, network.dropout)
        self.hidden_width = self.genomic_width if self.staged else network.perceptron_widths[1]
        self.register_buffer("linear", torch.zeros(sum(widths[2:]), dtype=torch.float64))
        self.register_buffer("mixture", torch.tensor([0.0, 1.0], dtype=torch.float64))
        self.register_buffer("offset", torch.zeros((), dtype=torch.float64))

    def g(self, batch: Batch) -> torch.Tensor:
        """(n, G): the genomic representation; zeros without omics."""
        if self.genomic is None:
            return batch.state.new_zeros((batch.state.shape[0], self.genomic_width))
        return self.genomic(batch)

    def forward(self, batch: Batch) -> Output:
        g, c = self.g(batch), self.clinical(batch)
        if self.staged:
            g, c = self.input_dropout(g), self.input_dropout(c)
        r, fused = self.score(g, c, batch.has_omics)
        held = batch.has_omics[:, None]
        linear = self.linear_score(batch.design, batch.components * held, batch.signature * held, batch.further)
        mixture = self.mixture.to(linear)
        risk = mixture[0] * linear + mixture[1] * r + self.offset.to(linear)
        return Output(risk, r, linear, fused.h, fused.eta)

    def score(self, g: torch.Tensor, c: torch.Tensor, has_omics: torch.Tensor) -> tuple[torch.Tensor, Fused]:
        """r (n,) of eq. 9 from g (n, G) and c (n, C), with the fused representation h."""
        if not self.staged:
            r, h = self.perceptron(g * has_omics[:, None], c)
            return r, Fused(h, torch.full_like(r, torch.nan))
        fused = self.fusion(g, c, has_omics)
        return self.head(self.trunk(fused.h)), fused

    def linear_score(self, *parts: torch.Tensor) -> torch.Tensor:
        """The linear path (n,) from its columns: design, components, signature, further matrices."""
        columns = torch.cat(parts, dim=1)
        return columns @ self.linear.to(columns)

    def terms(self, batch: Batch) -> torch.Tensor:
        """(n, p + d): what the score is the sum of, plus the offset: each column of the linear path times its coefficient, and
        each neuron of the last layer (the trunk's output in the paper's form) times its, both times the weight of their part.

        The representation that scores: a part that weighs nothing is 0 in it.
        """
        g, c, held = self.g(batch), self.clinical(batch), batch.has_omics[:, None]
        if self.staged:
            last = self.trunk(self.fusion(g, c, batch.has_omics).h)
            slope = self.head.slope()
        else:
            last = self.perceptron(g * held, c)[1]
            slope = self.perceptron.last.weight[0]
        columns = torch.cat([batch.design, batch.components * held, batch.signature * held, batch.further], dim=1)
        weights = self.mixture.to(columns)
        return torch.cat([weights[0] * columns * self.linear.to(columns), weights[1] * last * slope], dim=1)

    @torch.no_grad()
    def hold_down(self, block: str, batch: Batch, share: float) -> None:
        """Scale a Table 5 block down, if need be, until it has at most `share` of the spread of what the network reads.

        That is g, or what the first layer of the perceptron makes of g; spread is the SD over the patients of `batch`.
        """
        columns = self.block_columns().get(block, [])
        if share >= 1 or not columns or not bool(batch.has_omics.any()) or self.genomic is None:
            return
        g = self.g(batch)[batch.has_omics]
        rest = [column for column in range(g.shape[1]) if column not in set(columns)]
        layer = None if self.staged else self.perceptron.genomic.weight
        own, other = (
            float((g[:, taken] if layer is None else g[:, taken] @ layer[:, taken].T).std(dim=0, unbiased=False).norm())
            for taken in (columns, rest)
        )
        most = share / (1.0 - share) * other
        if own <= most:
            return
        if layer is None:
            self.genomic.scale_block(block, most / own)
        else:
            layer[:, columns] *= most / own

    def block_columns(self) -> dict[str, list[int]]:
        """The columns of g that belong to each Table 5 block, and to the leading directions; empty without omics."""
        return {} if self.genomic is None else self.genomic.block_columns()

    def genomic_parameters(self) -> list[nn.Parameter]:
        """Parameters of the genomic branch and of its warm-up head or part of the first layer."""
        branch = [] if self.genomic is None else list(self.genomic.parameters())
        return [*branch, *(self.genomic_head if self.staged else self.perceptron.genomic).parameters()]

    def clinical_parameters(self) -> list[nn.Parameter]:
        """Parameters of the clinical branch and of its warm-up head or part of the first layer."""
        head = self.clinical_head if self.staged else self.perceptron.clinical
        return [*self.clinical.parameters(), *head.parameters()]

    def shared_parameters(self) -> list[nn.Parameter]:
        """Parameters of fusion, trunk and risk head, or of the later layers."""
        if not self.staged:
            return [*self.perceptron.second.parameters(), *self.perceptron.last.parameters()]
        return [*self.fusion.parameters(), *self.trunk.parameters(), *self.head.parameters()]


def input_widths(encoded: Encoded) -> Widths:
    """Number of columns of state, treatment, design, components, signature and further, as `RiskNetwork` takes them."""
    return (
        encoded.state.shape[1],
        encoded.treatment.shape[1],
        encoded.design.shape[1],
        encoded.components.shape[1],
        encoded.signature.shape[1],
        encoded.further.shape[1],
    )
