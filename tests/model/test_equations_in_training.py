"""Equations where they act: the rates that step the weights, the weights that draw and weigh patients, the start of the stack."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from groprog_assets.model import training
from groprog_assets.model.cross_validation import Paths, fit_model
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.training import Member, train_member
from tests.model.cohorts import cohort, parameters

N = 80
MEMORY = 0.9
"""Of the smoothed gradient norms, A21."""


def trained(settings: Any) -> tuple[Member, Outcomes]:
    """A member trained on 64 of 80 patients, and the outcomes of the 64."""
    inputs, outcomes = cohort(N)
    encoders = Encoders.fit(inputs, settings)
    rows = np.arange(N)
    fit, held = rows[rows % 5 != 0], rows[rows % 5 == 0]
    member = train_member(encoders.transform(inputs), outcomes, encoders, settings, fit, held, 5)
    return member, outcomes.take(fit)


def watched_steps(patch: pytest.MonkeyPatch) -> list[tuple[list[float], list[float]]]:
    """Of every step of the optimiser: the gradient norm and the learning rate of each group (genomic, clinical, shared)."""
    seen: list[tuple[list[float], list[float]]] = []
    step = torch.optim.AdamW.step

    def watching(self: Any, *arguments: Any, **options: Any) -> Any:
        norms = []
        for group in self.param_groups:
            gradients = [parameter.grad for parameter in group["params"] if parameter.grad is not None]
            norms.append(float(np.sqrt(sum(float((each.double() ** 2).sum()) for each in gradients))))
        seen.append((norms, [group["lr"] for group in self.param_groups]))
        return step(self, *arguments, **options)

    patch.setattr(torch.optim.AdamW, "step", watching)
    patch.setattr(training, "GRADIENT_LIMIT", 1e12)  # unclipped, so that the norms seen are those of the losses
    return seen


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_equation_12_sets_the_rates_that_step_the_branches(monkeypatch: pytest.MonkeyPatch, beta: float):
    """l0 (1 + beta) / (1 + beta own / other) over smoothed norms, within the clamp; the shared weights and warm-ups keep l0."""
    base, low, high = 3e-3, 0.2, 1.5
    steps = watched_steps(monkeypatch)
    changed = {"learning_rate": base, "rate_balance": beta, "rate_clamp": [low, high], "joint_epochs": 12}
    member, _ = trained(parameters(training=changed))
    stages = [row["stage"] for row in member.history]
    assert len(steps) == len(stages), "one batch, one step an epoch"
    smoothed, joint = np.zeros(2), 0
    for stage, row, (norms, rates) in zip(stages, member.history, steps, strict=True):
        if stage != "joint":
            assert rates == [base] * 3
            continue
        joint += 1
        smoothed = MEMORY * smoothed + (1 - MEMORY) * np.array(norms[:2])
        own = smoothed / (1 - MEMORY**joint)
        expected = base * np.clip((1 + beta) / (1 + beta * own / own[::-1]), low, high)
        np.testing.assert_allclose(rates, [*expected, base], rtol=1e-4)
        np.testing.assert_allclose([row["genomic_rate"], row["clinical_rate"]], expected / base, rtol=1e-4)
    assert joint == 12
    assert any(abs(rates[0] - rates[1]) > 0.1 * base for _, rates in steps), (
        "the branches differ, so they cannot be swapped"
    )


def test_equation_11_is_minimised_with_the_studys_weights(monkeypatch: pytest.MonkeyPatch):
    """The gradient of each joint step is that of Cox + alpha ranking + beta coherence of the losses it was made of."""
    seen: list[tuple[float, ...]] = []
    total = training.objective

    def watching(cox: Any, ranking: Any, coherence: Any, *weights: float) -> Any:
        value = total(cox, ranking, coherence, *weights)
        seen.append((float(value), float(cox), float(ranking), float(coherence)))
        return value

    monkeypatch.setattr(training, "objective", watching)
    changed = {"ranking_weight": 0.7, "coherence_weight": 0.03}
    member, _ = trained(parameters(objective=changed, training={"joint_epochs": 3}))
    assert len(seen) == len(member.history)
    for row, (value, cox, ranking, coherence) in zip(member.history, seen, strict=True):
        assert [row["cox"], row["ranking"], row["coherence"]] == pytest.approx([cox, ranking, coherence])
        assert value == pytest.approx(cox + 0.7 * ranking + 0.03 * coherence, rel=1e-6)
        assert (coherence > 0) == (row["stage"] == "joint")


def weights_of_equation_13(event: np.ndarray, strength: float) -> np.ndarray:
    """1 + rho N_censored / N_event for an event, 1 otherwise; then scaled to mean one (A20)."""
    events = int(event.sum())
    raw = [1 + strength * (event.size - events) / events if happened else 1.0 for happened in event]
    return np.array(raw) / np.mean(raw)


@pytest.mark.parametrize("limit", [5000, 20])
def test_equation_13_weighs_the_pairs_of_every_batch(monkeypatch: pytest.MonkeyPatch, limit: int):
    given: list[np.ndarray | None] = []
    drawn: list[np.ndarray] = []
    loss, batches = training.ranking_loss, training.batches

    def weighing(risk: Any, *, weights: Any = None, sets: Any = None) -> Any:
        if risk.requires_grad:  # a step, not a validation
            given.append(None if weights is None else np.asarray(weights))
        return loss(risk, weights=weights, sets=sets)

    def drawing(*arguments: Any) -> Any:
        for rows in batches(*arguments):
            drawn.append(rows)
            yield rows

    monkeypatch.setattr(training, "ranking_loss", weighing)
    monkeypatch.setattr(training, "batches", drawing)
    settings = parameters(objective={"event_weight": 2.5}, training={"joint_epochs": 2, "full_batch_limit": limit})
    _, fitted = trained(settings)
    expected = weights_of_equation_13(fitted.event, 2.5)
    assert len(given) == len(drawn) > 0
    for weights, rows in zip(given, drawn, strict=True):
        assert weights is not None
        np.testing.assert_allclose(weights, expected[rows])


@pytest.mark.parametrize("strength", [0.0, 1.0, 6.0])
def test_equation_13_decides_how_many_events_a_batch_draws(monkeypatch: pytest.MonkeyPatch, strength: float):
    sizes: list[tuple[int, int]] = []
    step = training._Run._step

    def counting(self: Any, stage: Any, rows: np.ndarray) -> Any:
        sizes.append((int(self.fitted.event[rows].sum()), rows.size))
        return step(self, stage, rows)

    monkeypatch.setattr(training._Run, "_step", counting)
    limit = 16
    settings = parameters(
        objective={"event_weight": strength}, training={"full_batch_limit": limit, "joint_epochs": 1, "patience": 5}
    )
    _, fitted = trained(settings)
    weights = weights_of_equation_13(fitted.event, strength)
    share = weights[fitted.event].sum() / weights.sum()
    asked = min(round(limit * share), limit - 1)
    # A batch may hold an event twice, where one round of all events ends within it: it then counts once.
    assert max(events for events, _ in sizes) == asked
    assert np.mean([events for events, _ in sizes]) > asked - 1.5
    assert max(size for _, size in sizes) <= limit


@pytest.mark.parametrize("prior", [1e9, 100.0])
def test_the_network_earns_its_weight(prior: float):
    """With a prior that no data overrule the score is the linear path's alone; there is no floor."""
    inputs, outcomes = cohort(120, seed=3)
    settings = parameters(
        training={"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 5},
        linear_path={"earning_priors": [prior]},
    )
    paths: Paths = {}
    fitted = fit_model(inputs, outcomes, settings, paths=paths)
    path = paths[-1, 0]
    assert path is not None
    held = np.isfinite(fitted.out_of_fold)
    linear, risk = path.out_of_fold[held], fitted.out_of_fold[held]
    network = risk - fitted.stacking[0] * linear
    assert held.all()
    assert fitted.stacking[0] * linear.std() > 0.3
    assert network.std() < (1e-4 if prior > 100 else 0.5 * fitted.stacking[0] * linear.std())
