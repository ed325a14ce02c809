"""Moving average of the parameters (eq. 14). The averaged parameters are validated and saved as the model."""

from __future__ import annotations

import torch
from torch import nn


class MovingAverage:
    """Theta_bar(t) = mu Theta_bar(t-1) + (1 - mu) Theta(t), divided by 1 - mu^t, in float64.

    Without the correction the average would start at zero, and early validation scores would be wrong.
    """

    def __init__(self, module: nn.Module, decay: float):
        self.decay = decay
        self.steps = 0
        named = list(module.named_parameters())
        self.names = [name for name, _ in named]
        self.values = [value for _, value in named]
        self.sums = [torch.zeros_like(value, dtype=torch.float64) for value in self.values]

    @torch.no_grad()
    def update(self) -> None:
        """Add the module's current parameters to the average."""
        self.steps += 1
        torch._foreach_mul_(self.sums, self.decay)
        torch._foreach_add_(self.sums, [value.double() for value in self.values], alpha=1.0 - self.decay)

    def average(self) -> dict[str, torch.Tensor]:
        """Name -> bias-corrected average (float64). Raises ValueError before the first update."""
        if self.steps == 0:
            raise ValueError("the moving average has taken in no parameters yet")
        correction = 1.0 - self.decay**self.steps
        return {name: total / correction for name, total in zip(self.names, self.sums)}

    @torch.no_grad()
    def write(self, targets: list[nn.Parameter]) -> None:
        """Put the average into `targets`, the parameters of a twin module in the same order."""
        for target, value in zip(targets, self.average().values()):
            target.copy_(value)

    def state(self) -> dict[str, torch.Tensor]:
        """Name -> uncorrected sum, for a checkpoint."""
        return dict(zip(self.names, self.sums))

    def restore(self, sums: dict[str, torch.Tensor], steps: int) -> None:
        """Continue from the sums of a checkpoint."""
        self.sums = [sums[name] for name in self.names]
        self.steps = steps
