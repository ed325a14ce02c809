"""eq. 14: the moving average of the parameters, which is what is validated and shipped."""

from __future__ import annotations

import torch
from torch import nn


class MovingAverage:
    """Theta_bar(t) = mu Theta_bar(t-1) + (1 - mu) Theta(t), divided by 1 - mu^t (A22), in float64.

    Without the correction the average would start at zero and drag every early validation with it.
    """

    def __init__(self, module: nn.Module, decay: float):
        self.decay = decay
        self.steps = 0
        self.sums = {name: torch.zeros_like(value, dtype=torch.float64) for name, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the module's present parameters."""
        self.steps += 1
        for name, value in module.named_parameters():
            self.sums[name].mul_(self.decay).add_(value.double(), alpha=1.0 - self.decay)

    def average(self) -> dict[str, torch.Tensor]:
        """Name -> bias-corrected average (float64). Raises ValueError before the first update."""
        if self.steps == 0:
            raise ValueError("the moving average has taken in no parameters yet")
        correction = 1.0 - self.decay**self.steps
        return {name: total / correction for name, total in self.sums.items()}

    @torch.no_grad()
    def write(self, module: nn.Module) -> None:
        """Put the average into `module`."""
        average = self.average()
        for name, value in module.named_parameters():
            value.copy_(average[name])
