"""One way to train all networks of the related work: Cox loss, full batch, AdamW, early stopping on a fifth of the patients."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from groprog_assets.fitting.stratified_folds import stratified_folds
from groprog_assets.model.device import single_threaded
from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.loss import cox_efron_loss, sorted_outcomes

EPOCHS, PATIENCE = 80, 12
RATE, DECAY, DROPOUT = 3e-3, 0.1, 0.3


def numbers(values: np.ndarray) -> torch.Tensor:
    """(n, p) as float32."""
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def train(
    build: Callable[[], nn.Module],
    forward: Callable[[nn.Module, np.ndarray, np.ndarray], torch.Tensor],
    outcomes: Outcomes,
    seed: int,
) -> nn.Module:
    """The network of `build` with the weights that were best on patients left out.

    forward(network, known, asked) gives the log-risk of the patients at the rows `asked`; graph methods let messages come from
    the rows `known` alone. Weights are drawn from `seed`, torch's global generator is not changed.
    """
    folds = stratified_folds(outcomes.event, 5, np.random.default_rng(seed))
    fit, held = np.flatnonzero(folds != 0), np.flatnonzero(folds == 0)
    known, judged = outcomes.take(fit), outcomes.take(held)
    sets, aside = (sorted_outcomes(each.time, each.event) for each in (known, judged))
    with single_threaded(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build()
        optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
        best, state, since = float("inf"), deepcopy(network.state_dict()), 0
        for _ in range(EPOCHS):
            network.train()
            optimiser.zero_grad()
            cox_efron_loss(forward(network, fit, fit), sets=sets).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            network.eval()
            with torch.no_grad():
                loss = float(cox_efron_loss(forward(network, fit, held), sets=aside))
            since += 1
            if loss < best - 1e-4:
                best, state, since = loss, deepcopy(network.state_dict()), 0
            if since >= PATIENCE:
                break
        network.load_state_dict(state)
    return network.eval()


def scored(call: Callable[[], torch.Tensor]) -> np.ndarray:
    """The result of a network without gradients, float64."""
    with single_threaded(), torch.no_grad():
        return call().double().numpy()
