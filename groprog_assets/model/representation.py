"""Genomic and clinical representations, g_i (128) and c_i (48), as torch modules (eqs. 1 and 3, Table 5)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from groprog_assets.errors import ModelError, Problem
from groprog_assets.model.encoders import SOURCES, Encoded, Encoders
from groprog_assets.study.model_parameters import RepresentationParameters

HIDDEN = 32
MINIMUM_VARIANCE = 1e-12


class Batch(NamedTuple):
    """`Encoded` as torch tensors, with the same shapes."""

    state: torch.Tensor
    state_codes: torch.Tensor
    treatment: torch.Tensor
    treatment_codes: torch.Tensor
    design: torch.Tensor
    z: torch.Tensor
    genes_present: torch.Tensor
    components: torch.Tensor
    has_omics: torch.Tensor
    matched: torch.Tensor | None
    signature: torch.Tensor
    further: torch.Tensor

    @classmethod
    def of(cls, encoded: Encoded, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Batch:
        """The encoded patients on `device`, numbers as `dtype`."""

        def number(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device=device, dtype=dtype)

        def whole(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        return cls(
            number(encoded.state),
            whole(encoded.state_codes),
            number(encoded.treatment),
            whole(encoded.treatment_codes),
            number(encoded.design),
            number(encoded.z),
            number(encoded.genes_present),
            number(encoded.components),
            whole(encoded.has_omics),
            None if encoded.matched is None else number(encoded.matched),
            number(encoded.signature),
            number(encoded.further),
        )

    def take(self, index: torch.Tensor) -> Batch:
        """The patients at `index`."""
        return Batch._make(None if tensor is None else tensor[index] for tensor in self)


class DescriptorMaps(nn.Module):
    """eq. 1: u_g = [phi_1(rho_tss), phi_2(rho_body), phi_3(pi), phi_4(delta), phi_5(omega)], one non-linear map for each source.

    (K, J + 1) -> (K, G): blocks side by side in the order density, pausing, differential (Table 5 widths); the last input
    column says whether the gene is described at all.
    """

    def __init__(self, sources: dict[str, tuple[int, ...]], widths: dict[str, int], flag_column: int):
        super().__init__()
        self.columns: dict[str, list[int]] = {}
        self.maps = nn.ModuleDict()
        self.widths: list[tuple[str, int]] = []
        for block, names in SOURCES.items():
            used = [name for name in names if sources.get(name)]
            if not used:
                self.widths.append(("", widths[block]))
                continue
            share = widths[block] // len(used)
            for place, name in enumerate(used):
                width = widths[block] - share * (len(used) - 1) if place == 0 else share
                self.columns[name] = [*sources[name], flag_column]
                first = nn.Linear(len(self.columns[name]), HIDDEN)
                self.maps[name] = nn.Sequential(first, nn.GELU(), nn.Linear(HIDDEN, width))
                self.widths.append((name, width))

    def last(self, name: str) -> nn.Module:
        """The last layer of the map of one source."""
        sequence: nn.Sequential = self.maps[name]  # type: ignore[assignment]
        return sequence[-1]

    def forward(self, descriptors: torch.Tensor) -> torch.Tensor:
        parts = []
        for name, width in self.widths:
            if name:
                parts.append(self.maps[name](descriptors[..., self.columns[name]]))
            else:
                parts.append(descriptors.new_zeros((*descriptors.shape[:-1], width)))
        return torch.cat(parts, dim=-1)  # (..., K, G)


class ColumnMaps(nn.Module):
    """g_i of the signature columns (n, S) and the first directions of expression (n, d), each of unit training spread.

    projected: (n, 128) in the blocks of Table 5, each a linear map of the columns whose descriptor belongs to it, plus one of the
    directions; otherwise the columns themselves, (n, S + d).
    """

    spread: torch.Tensor

    def __init__(self, encoders: Encoders, parameters: RepresentationParameters, projected: bool):
        super().__init__()
        signature = encoders.signature
        of = () if signature is None else signature.of
        loadings = encoders.libraries if encoders.mode == "matched" else encoders.expression
        held = 0 if loadings is None else loadings.directions.shape[1]
        self.directions = min(parameters.network_directions, held)
        self.register_buffer("spread", torch.ones(self.directions))
        self.of_block = {
            block: [place for place, name in enumerate(of) if encoders.descriptor.block_of(name) == block]
            for block in SOURCES
        }
        self.columns = len(of) + self.directions
        self.maps = nn.ModuleDict()
        if projected:
            for block, width in block_widths(parameters).items():
                self.maps[block] = nn.Linear(len(self.of_block[block]) + self.directions, width, bias=False)
        self.width = sum(block_widths(parameters).values()) if projected else self.columns

    def raw(self, batch: Batch) -> torch.Tensor:
        """(n, S + d)."""
        return torch.cat([batch.signature, batch.components[:, : self.directions] / self.spread], dim=1)

    def forward(self, batch: Batch) -> torch.Tensor:
        raw = self.raw(batch)
        if not len(self.maps):
            return raw
        return torch.cat([held(raw[:, self.taken(block)]) for block, held in self.maps.items()], dim=1)

    def taken(self, block: str) -> list[int]:
        """The raw columns that a block's map reads."""
        return [*self.of_block[block], *range(self.columns - self.directions, self.columns)]

    def pulled(self, slope: torch.Tensor) -> torch.Tensor:
        """(n, G) slopes of g -> (n, S + d) slopes of the raw columns."""
        if not len(self.maps):
            return slope
        raw, start = slope.new_zeros((slope.shape[0], self.columns)), 0
        for block, held in self.maps.items():
            weight: torch.Tensor = held.weight.to(slope)  # type: ignore[assignment]
            raw[:, self.taken(block)] += slope[:, start : start + weight.shape[0]] @ weight
            start += weight.shape[0]
        return raw

    @torch.no_grad()
    def settle(self, batch: Batch) -> None:
        """Take the spread of the directions from the training patients, once, before training."""
        if self.directions:
            spread = batch.components[:, : self.directions].std(dim=0, unbiased=False)
            self.spread.copy_(torch.where(spread > 1e-6, spread, torch.ones_like(spread)))


class GenomicBranch(nn.Module):
    """g_i (n, G); zero for patients without omics. The g_i of a patient does not depend on other patients.

    pooling "columns": see `ColumnMaps`. "tokens": the three blocks 64/16/48 of Table 5, G = 128. In signature mode g_block =
    sum_k z_ik phi_block(u_k) / sqrt(genes present) + the per-gene deviation, which lies in the span of the leading directions of
    training expression (components (n, r) times a matrix with weight decay) and covers genes without a descriptor; in matched
    mode g_block = mean_k phi_block(u_ik).
    """

    gene_descriptors: torch.Tensor
    scale: torch.Tensor

    def __init__(self, encoders: Encoders, parameters: RepresentationParameters, projected: bool = True):
        super().__init__()
        widths = block_widths(parameters)
        self.mode = encoders.mode
        self.blocks = widths
        self.columns = ColumnMaps(encoders, parameters, projected) if parameters.pooling == "columns" else None
        if self.columns is not None and not self.columns.columns:
            self.columns = None
        self.width = sum(widths.values()) if self.columns is None else self.columns.width
        self.register_buffer("scale", torch.ones(()))
        if self.columns is not None:
            self.maps, self.deviation = None, None
            return
        flag = len(encoders.descriptor.names)
        described = encoders.described
        table = np.zeros((0, flag + 1), np.float32)
        if encoders.gene_descriptors is not None:
            table = encoders.gene_descriptors[described]
        self.register_buffer("gene_descriptors", torch.from_numpy(np.ascontiguousarray(table)), persistent=False)
        self.maps = DescriptorMaps(encoders.descriptor.sources, widths, flag) if table.size or self.matched else None
        components = 0 if encoders.expression is None else encoders.expression.directions.shape[1]
        self.deviation = (
            nn.Linear(components, self.width, bias=False) if components and parameters.gene_deviation else None
        )

    @property
    def matched(self) -> bool:
        return self.mode == "matched"

    def block_columns(self) -> dict[str, list[int]]:
        """The columns of g of each Table 5 block; of unprojected columns also of the "directions"."""
        if self.columns is not None and not len(self.columns.maps):
            first = self.columns.columns - self.columns.directions
            return {**self.columns.of_block, "directions": list(range(first, self.columns.columns))}
        ends = np.cumsum(list(self.blocks.values())).tolist()
        return {block: list(range(end - self.blocks[block], end)) for block, end in zip(self.blocks, ends)}

    @torch.no_grad()
    def scale_block(self, block: str, factor: float) -> None:
        """Multiply what the trained weights give for a Table 5 block by `factor`. Nothing is trained in unprojected columns."""
        if self.columns is not None:
            held = [self.columns.maps[block]] if len(self.columns.maps) else []
        elif self.maps is not None:
            held = [self.maps.last(name) for name, _ in self.maps.widths if name in SOURCES[block]]
        else:
            held = []
        for layer in held:
            for parameter in layer.parameters():
                parameter.mul_(factor)
        if self.deviation is not None:
            self.deviation.weight[self.block_columns()[block]] *= factor

    def forward(self, batch: Batch) -> torch.Tensor:
        if self.columns is not None:
            return self.columns(batch) * self.scale * batch.has_omics[:, None]
        if self.matched and batch.matched is not None and self.maps is not None:
            described = batch.matched[..., -1:]  # (n, K, 1)
            pooled = (self.maps(batch.matched) * described).sum(dim=1) / described.sum(dim=1).clamp_min(1.0)
        else:
            pooled = batch.z.new_zeros((batch.z.shape[0], self.width))
            if self.maps is not None and batch.z.shape[1]:
                pooled = batch.z @ self.maps(self.gene_descriptors) / batch.genes_present.sqrt()[:, None]
            if self.deviation is not None:
                pooled = pooled + self.deviation(batch.components[:, : self.deviation.in_features])
        return pooled * self.scale * batch.has_omics[:, None]

    def gene_weights(self, loadings: torch.Tensor, described: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(K, G) twice: effect of one standard deviation of each gene on g, through its deviation and through its descriptor
        before the division by sqrt(genes present). loadings (K, r), described (K,) bool of the vocabulary."""
        deviation = loadings.new_zeros((loadings.shape[0], self.width))
        mapped = torch.zeros_like(deviation)
        if self.deviation is not None:
            own = loadings[:, : self.deviation.in_features]
            deviation = own @ self.deviation.weight.T.to(loadings) * self.scale.to(loadings)
        if self.maps is not None:
            mapped[described] = self.maps(self.gene_descriptors).to(loadings) * self.scale.to(loadings)
        return deviation, mapped

    @torch.no_grad()
    def settle(self, batch: Batch) -> None:
        """Scale g to unit spread on the training patients, once, before training.

        Raises ModelError when g is the same for all patients, because it would then carry no information.
        """
        held = batch.has_omics
        if not bool(held.any()):
            return
        if self.columns is not None:
            self.columns.settle(batch.take(held))
        g = self(batch)[held]
        variance = float(g.var(dim=0, unbiased=False).sum())
        check_variance(variance)
        self.scale.fill_(1.0 / max(variance / self.width, MINIMUM_VARIANCE) ** 0.5)


class ClinicalBranch(nn.Module):
    """c_i (n, 48): eq. 3 without the label: [psi(c_num); sum_r E_r[z_r]; masked history], Table 5 widths 32 and 16.

    The unknown level of each field is row 0 of its embedding and starts at zero.
    """

    def __init__(self, encoders: Encoders, parameters: RepresentationParameters, widths: tuple[int, int]):
        super().__init__()
        half = parameters.patient_state_width // 2
        state, treatment = widths
        self.state = nn.Linear(state, parameters.patient_state_width - half) if state else None
        self.state_levels = _embeddings(encoders.clinical.level_counts("state"), half)
        self.treatment = nn.Linear(treatment, parameters.treatment_width) if treatment else None
        self.treatment_levels = _embeddings(encoders.clinical.level_counts("treatment"), parameters.treatment_width)
        self.widths = (parameters.patient_state_width - half, half, parameters.treatment_width)
        self.width = sum(self.widths)

    def forward(self, batch: Batch) -> torch.Tensor:
        return self.compose(batch.state, batch.treatment, *self.levels(batch))

    def levels(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """E_r[z_r] of each coded field: (n, R_state, .) and (n, R_treatment, .)."""
        return (
            _level_vectors(self.state_levels, batch.state_codes, batch.state, self.widths[1]),
            _level_vectors(self.treatment_levels, batch.treatment_codes, batch.state, self.widths[2]),
        )

    def compose(
        self, state: torch.Tensor, treatment: torch.Tensor, state_levels: torch.Tensor, treatment_levels: torch.Tensor
    ) -> torch.Tensor:
        """c (n, C) from numbers and level vectors."""
        mapped = state.new_zeros((state.shape[0], self.widths[0])) if self.state is None else self.state(state)
        history = treatment_levels.sum(dim=1)
        if self.treatment is not None:
            history = history + self.treatment(treatment)
        return torch.cat([mapped, state_levels.sum(dim=1), history], dim=1)


def block_widths(parameters: RepresentationParameters) -> dict[str, int]:
    """Table 5: density 64, pausing 16, differential and GO 48."""
    return {
        "density": parameters.density_width,
        "pausing": parameters.pausing_width,
        "differential": parameters.differential_width,
    }


def check_variance(variance: float) -> None:
    """Raise ModelError when the between-patient variance of g is not positive."""
    if not np.isfinite(variance) or variance <= MINIMUM_VARIANCE:
        raise ModelError(
            Problem(
                "genomic representation",
                f"between-patient variance {variance:.3g}",
                "g_i must differ between patients, or it carries no prognostic information.",
                "Give expression or nascent libraries per patient, or choose representation.mode: clinical.",
            )
        )


def _embeddings(counts: list[int], width: int) -> nn.ModuleList:
    tables = nn.ModuleList()
    for count in counts:
        table = nn.Embedding(count, width)
        nn.init.normal_(table.weight, std=0.1)
        with torch.no_grad():
            table.weight[0].zero_()
        tables.append(table)
    return tables


def _level_vectors(tables: nn.ModuleList, codes: torch.Tensor, like: torch.Tensor, width: int) -> torch.Tensor:
    if not len(tables):
        return like.new_zeros((like.shape[0], 0, width))
    return torch.stack([table(codes[:, column]) for column, table in enumerate(tables)], dim=1)
