"""eq. 14: the recursion, its correction, and its trip through a checkpoint."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from groprog_assets.model.ema import MovingAverage


def test_equation_14_with_bias_correction():
    module = nn.Linear(1, 1, bias=False)
    average = MovingAverage(module, 0.9)
    with pytest.raises(ValueError, match="no parameters"):
        average.average()
    literal, values = 0.0, [2.0, 4.0, -1.0]
    for value in values:
        with torch.no_grad():
            module.weight.fill_(value)
        average.update()
        literal = 0.9 * literal + 0.1 * value
    assert float(average.state()["weight"]) == pytest.approx(literal)
    assert float(average.average()["weight"]) == pytest.approx(literal / (1 - 0.9**3))


def test_constant_parameters_average_to_themselves_from_the_first_step():
    module = nn.Linear(3, 2)
    average, twin = MovingAverage(module, 0.99), nn.Linear(3, 2)
    for _ in range(3):
        average.update()
        average.write(list(twin.parameters()))
        torch.testing.assert_close(twin.weight, module.weight)


def test_restored_average_goes_on():
    module = nn.Linear(2, 2)
    whole, first = MovingAverage(module, 0.9), MovingAverage(module, 0.9)
    whole.update()
    first.update()
    second = MovingAverage(module, 0.9)
    second.restore(first.state(), first.steps)
    with torch.no_grad():
        module.weight.add_(1.0)
    whole.update()
    second.update()
    for one, other in zip(whole.average().values(), second.average().values()):
        assert torch.equal(one, other)
