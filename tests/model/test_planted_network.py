"""The network where only it can know: an effect of the programme that turns with stage; and a plain perceptron beside it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from groprog_assets.model.cross_validation import fit_model
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.loss import cox_efron_loss, sorted_outcomes
from groprog_assets.model.predict import predict
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell
from tests.model.cohorts import split
from tests.model.planted import planted

SETTINGS = Parameters.model_validate({"linear_path": {"partitions": 1}, "training": {"joint_epochs": 120}})


def plain_perceptron(x: np.ndarray, outcomes, held_x: np.ndarray, seed: int) -> np.ndarray:
    """Risk (m,) by the mean of five 64-32 perceptrons, each stopped early on a fifth of the patients."""
    inner = np.random.default_rng(seed).permutation(len(outcomes)) % 5
    found = np.zeros(len(held_x))
    for place in range(5):
        torch.manual_seed(seed + place)
        net = nn.Sequential(
            nn.Linear(x.shape[1], 64),
            nn.GELU(),
            nn.Dropout(0.3),
            nn.Linear(64, 32),
            nn.GELU(),
            nn.Dropout(0.3),
            nn.Linear(32, 1),
        )
        optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.1)
        fit, stop = outcomes.take(np.flatnonzero(inner != place)), outcomes.take(np.flatnonzero(inner == place))
        sets, stop_sets = sorted_outcomes(fit.time, fit.event), sorted_outcomes(stop.time, stop.event)
        rows, stop_rows = (torch.from_numpy(x[inner != place]).float(), torch.from_numpy(x[inner == place]).float())
        best, kept, since = np.inf, copy.deepcopy(net.state_dict()), 0
        while since < 15:
            net.train()
            optimiser.zero_grad()
            cox_efron_loss(net(rows)[:, 0], sets=sets).backward()
            optimiser.step()
            net.eval()
            with torch.no_grad():
                loss = float(cox_efron_loss(net(stop_rows)[:, 0], sets=stop_sets))
            since += 1
            if loss < best - 1e-6:
                best, kept, since = loss, copy.deepcopy(net.state_dict()), 0
        net.load_state_dict(kept)
        net.eval()
        with torch.no_grad():
            found += net(torch.from_numpy(held_x).float())[:, 0].numpy() / 5
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    """Means over two folds of a planted interaction: C of path, network, model and plain perceptron; the network's share."""
    inputs, outcomes = planted("interaction", seed=0)
    rows = []
    for fold in split(len(inputs), 5)[:2]:
        given, held = inputs.take(fold.train), inputs.take(fold.test)
        fitted = fit_model(given, outcomes.take(fold.train), SETTINGS, fold=fold.fold)
        told = predict(fitted.model, held)
        encoders = Encoders.fit(given, SETTINGS)

        def columns(patients, encoders=encoders):
            encoded = encoders.transform(patients)
            directions = encoded.components[:, :8].astype(np.float64)
            return np.hstack([encoded.design, encoded.signature, directions / np.maximum(directions.std(axis=0), 1e-6)])

        plain = plain_perceptron(columns(given), outcomes.take(fold.train), columns(held), 5)
        spread = np.array([told.linear.std(), told.network.std()]) * fitted.stacking
        time, event = outcomes.time[fold.test], outcomes.event[fold.test]
        risks = (told.linear, told.network, told.risk, plain)
        rows.append([*(harrell(risk, time, event).cindex for risk in risks), spread[1] / spread.sum()])
    return dict(zip(("path", "network", "model", "plain", "share"), np.mean(rows, axis=0)))


def test_the_network_learns_what_no_sum_of_columns_can(found):
    assert found["share"] > 0.2
    assert found["model"] - found["path"] >= 0.02


def test_the_network_alone_is_no_worse_than_a_plain_perceptron(found):
    assert found["network"] >= found["plain"] - 0.005
    assert found["network"] > found["path"]
