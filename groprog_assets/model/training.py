"""Training of one ensemble member: three stages, adaptive rates, moving average, early stopping. Deterministic and resumable."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from groprog_assets.model.device import device_of, single_threaded
from groprog_assets.model.ema import MovingAverage
from groprog_assets.model.encoders import Encoded, Encoders
from groprog_assets.model.fusion import coherence_pairs, effective_rank
from groprog_assets.model.inputs import Outcomes
from groprog_assets.model.loss import (
    coherence_loss,
    cox_efron_loss,
    event_weights,
    null_residuals,
    objective,
    ranking_loss,
    sorted_outcomes,
)
from groprog_assets.model.network import RiskNetwork, input_widths
from groprog_assets.model.representation import Batch
from groprog_assets.model.schedule import (
    EarlyStopping,
    GradientRates,
    batches,
    stage_of,
    warmup_epochs,
)
from groprog_assets.model.training_state import EpochRow, TrainingDocument, TrainingFolder, TrainingState
from groprog_assets.study.parameters import Parameters
from groprog_kernels.concordance import harrell

GRADIENT_LIMIT = 5.0
Progress = Callable[[EpochRow], None]


class Validation(NamedTuple):
    """Validation results after a joint epoch: Harrell's C, mean eta of eq. 6, effective rank of h."""

    concordance: float
    eta_mean: float
    effective_rank: float


NOT_VALIDATED = Validation(float("nan"), float("nan"), float("nan"))


class Member(NamedTuple):
    """A trained member: network (moving-average weights, evaluation mode), history rows, validation score r (v,), eta (n,)."""

    network: RiskNetwork
    history: list[EpochRow]
    validation_score: np.ndarray


def new_network(encoders: Encoders, parameters: Parameters, encoded: Encoded, seed: int) -> RiskNetwork:
    """A network with weights drawn from `seed` alone. Torch's global generator is not changed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RiskNetwork(encoders, parameters, input_widths(encoded))


def train_member(
    encoded: Encoded,
    outcomes: Outcomes,
    encoders: Encoders,
    parameters: Parameters,
    fit: np.ndarray,
    validation: np.ndarray,
    seed: int,
    progress: Progress | None = None,
    folder: Path | None = None,
    checkpoint_seconds: float = 5.0,
) -> Member:
    """Train on the rows `fit`, stop early on the rows `validation` of a training fold.

    Stages: genomic warm-up, clinical warm-up (each branch with its own linear head), joint with
    J = Cox + alpha ranking + beta coherence (eq. 11). `progress` gets each epoch's history row. With `folder`, the state is
    saved atomically at most every `checkpoint_seconds` and after the last epoch; a later call continues from it and gives the
    same bytes. Raises ModelError when g does not vary between patients.
    """
    with single_threaded():
        run = _Run(encoded, outcomes, encoders, parameters, fit, validation, seed)
        store = TrainingFolder(folder, checkpoint_seconds) if folder is not None else None
        if store is not None:
            run.restore(store)
        while not run.finished:
            row = run.epoch()
            if progress is not None:
                progress(row)
            if store is not None:
                store.save_when_due(run.state, run.finished)
        return run.member()


class _Run:
    """The state of one training run. A checkpoint needs only `state` and `restore`."""

    def __init__(
        self,
        encoded: Encoded,
        outcomes: Outcomes,
        encoders: Encoders,
        parameters: Parameters,
        fit: np.ndarray,
        validation: np.ndarray,
        seed: int,
    ):
        self.parameters, self.seed = parameters, seed
        training = parameters.training
        self.device = device_of(training.device)
        self.mixed = training.precision == "bfloat16"
        self.network = new_network(encoders, parameters, encoded, seed).to(self.device)
        self.genomic = self.network.genomic is not None
        self.fixed = 0 if encoders.expression is None else encoders.expression.fixed
        self.everyone = encoded.take(validation)
        self.batch = Batch.of(encoded.take(fit), self.device)
        self.held_out = Batch.of(self.everyone, self.device)
        self.fitted, self.validated = outcomes.take(fit), outcomes.take(validation)
        self.sets = sorted_outcomes(self.fitted.time, self.fitted.event)
        self.validation_sets = sorted_outcomes(self.validated.time, self.validated.event)
        weights = event_weights(self.fitted.event, parameters.objective.event_weight)
        self.sampling = weights
        self.weights = torch.from_numpy(weights).to(self.device)
        self.residual = null_residuals(self.fitted.time, self.fitted.event)
        if self.network.genomic is not None:
            self.network.genomic.settle(self.batch)
        self.trained = list(self.network.parameters())
        self.branches = (self.network.genomic_parameters(), self.network.clinical_parameters())
        groups = [
            {"params": self.branches[0], "lr": training.learning_rate},
            {"params": self.branches[1], "lr": training.learning_rate},
            {"params": self.network.shared_parameters(), "lr": training.learning_rate},
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=training.weight_decay, foreach=True)
        self.rates = GradientRates(training.rate_balance, (training.rate_clamp[0], training.rate_clamp[1]))
        self.average = MovingAverage(self.network, training.ema_decay)
        self.stopping = EarlyStopping(training.patience)
        self.shadow = deepcopy(self.network).eval()
        self.shadow_parameters = list(self.shadow.parameters())
        self.best: dict[str, torch.Tensor] = {}
        self.warm: dict[str, torch.Tensor] = {}
        self.warm_loss = float("inf")
        self.next_epoch = 0
        self.warmup = warmup_epochs(training, self.genomic, self.network.staged)
        self.history: list[EpochRow] = []
        self.pairs = None
        if self.fitted.time.size <= training.full_batch_limit:
            self.pairs = self._pairs(np.arange(self.fitted.time.size))

    @property
    def finished(self) -> bool:
        joint = self.next_epoch - self.warmup
        return joint >= self.parameters.training.joint_epochs or self.stopping.done(self.next_epoch - 1)

    def epoch(self) -> EpochRow:
        training = self.parameters.training
        number = self.next_epoch
        stage = stage_of(number, training, self.genomic, self.network.staged)
        if number and stage != stage_of(number - 1, training, self.genomic, self.network.staged):
            self._leave_warmup()
        if number == self.warmup and self.network.staged:
            self._enter_joint()
        generator = np.random.default_rng([self.seed, number])
        sums = {"cox": 0.0, "ranking": 0.0, "coherence": 0.0}
        steps = 0
        with torch.random.fork_rng(devices=[] if self.device.type == "cpu" else None):
            (torch.default_generator if self.device.type == "cpu" else torch.cuda).manual_seed(
                self.seed * 1_000_003 + number
            )
            for rows in batches(self.fitted.event, self.sampling, training.full_batch_limit, generator):
                terms = self._step(stage, rows)
                steps += 1
                if stage == "joint":
                    self.average.update()
                for name, value in terms.items():
                    sums[name] += value
        means = {name: value / max(steps, 1) for name, value in sums.items()}
        if stage != "joint":
            self._validate_branch(stage)
            found, rates = NOT_VALIDATED, (1.0, 1.0)
        else:
            found, rates = self._validate(number), self.current_rates
        row: EpochRow = {
            "epoch": number,
            "stage": stage,
            "cox": means["cox"],
            "ranking": means["ranking"],
            "coherence": means["coherence"],
            "validation_concordance": found.concordance,
            "genomic_rate": rates[0],
            "clinical_rate": rates[1],
            "eta_mean": found.eta_mean,
            "effective_rank": found.effective_rank,
        }
        self.history.append(row)
        self.next_epoch = number + 1
        return row

    current_rates: tuple[float, float] = (1.0, 1.0)

    def _step(self, stage: str, rows: np.ndarray) -> dict[str, float]:
        whole = rows.size == self.fitted.time.size
        index = torch.from_numpy(rows).to(self.device)
        batch = self.batch if whole else self.batch.take(index)
        sets = self.sets if whole else sorted_outcomes(self.fitted.time[rows], self.fitted.event[rows])
        weights = self.weights if whole else self.weights[index]
        self.optimiser.zero_grad(set_to_none=True)
        network, weighing = self.network, self.parameters.objective
        coherence = torch.zeros((), dtype=torch.float64, device=self.device)
        # Mixed precision halves what the products of the forward pass move; weights, losses and validation keep float32 or more.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            if stage == "genomic":
                risk = network.genomic_head(network.input_dropout(network.g(batch)))[:, 0]
            elif stage == "clinical":
                risk = network.clinical_head(network.input_dropout(network.clinical(batch)))[:, 0]
            else:
                output = network(self._drop_modality(batch))
                risk = output.network
        if stage == "joint" and weighing.coherence_weight and self.genomic:
            neighbours, affinity = self.pairs if whole and self.pairs is not None else self._pairs(rows)
            coherence = coherence_loss(output.h.float(), neighbours, affinity)
        risk = risk.float()
        cox = cox_efron_loss(risk, sets=sets)
        ranking = ranking_loss(risk, weights=weights, sets=sets)
        objective(cox, ranking, coherence, weighing.ranking_weight, weighing.coherence_weight).backward()
        if stage == "joint":
            self._set_rates()
        nn.utils.clip_grad_norm_(self.trained, GRADIENT_LIMIT)
        self.optimiser.step()
        network.hold_down("pausing", batch, self.parameters.representation.pausing_cap)
        return {"cox": float(cox.detach()), "ranking": float(ranking.detach()), "coherence": float(coherence.detach())}

    def _drop_modality(self, batch: Batch) -> Batch:
        probability = self.parameters.representation.modality_dropout
        if not self.genomic or probability <= 0.0:
            return batch
        kept = torch.rand(batch.has_omics.shape[0]) >= probability
        return batch._replace(has_omics=batch.has_omics & kept.to(self.device))

    def _set_rates(self) -> None:
        training = self.parameters.training
        if self.genomic and training.rate_balance > 0:
            genomic, clinical = _gradient_norm(self.branches[0]), _gradient_norm(self.branches[1])
            self.current_rates = self.rates.update(genomic, clinical)
        for group, rate in zip(self.optimiser.param_groups, (*self.current_rates, 1.0)):
            group["lr"] = training.learning_rate * rate

    @torch.no_grad()
    def _validate_branch(self, stage: str) -> None:
        # A warm-up runs its published rounds; the branch goes on from the round that was best on the validation part.
        network = self.network.eval()
        if stage == "genomic":
            risk = network.genomic_head(network.g(self.held_out))[:, 0]
        else:
            risk = network.clinical_head(network.clinical(self.held_out))[:, 0]
        network.train()
        loss = float(cox_efron_loss(risk, sets=self.validation_sets))
        if loss < self.warm_loss:
            prefix = f"{stage}."
            held = {name: value for name, value in network.named_parameters() if name.startswith(prefix)}
            self.warm_loss, self.warm = loss, {name: value.clone() for name, value in held.items()}

    @torch.no_grad()
    def _leave_warmup(self) -> None:
        for name, value in self.network.named_parameters():
            if name in self.warm:
                value.copy_(self.warm[name])
        self.warm, self.warm_loss = {}, float("inf")

    @torch.no_grad()
    def _enter_joint(self) -> None:
        self.network.eval()
        generator = torch.Generator().manual_seed(self.seed)
        self.network.fusion.coupling.settle(self.network.clinical(self.batch), generator)
        self.network.train()

    @torch.no_grad()
    def _validate(self, epoch: int) -> Validation:
        self.average.write(self.shadow_parameters)
        self.shadow.hold_down("pausing", self.batch, self.parameters.representation.pausing_cap)
        output = self.shadow(self.held_out)
        risk = output.network.double().cpu()
        loss = float(cox_efron_loss(risk, sets=self.validation_sets))
        loss += self.parameters.objective.ranking_weight * float(ranking_loss(risk, sets=self.validation_sets))
        if self.stopping.update(epoch, loss):
            self.best = {name: value.detach().clone() for name, value in self.shadow.state_dict().items()}
        concordance = harrell(risk.numpy(), self.validated.time, self.validated.event).cindex
        return Validation(float(concordance), float(output.eta.mean()), effective_rank(output.h))

    def _pairs(self, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        batch = self.batch.take(torch.from_numpy(rows).to(self.device))
        omics = batch.components[:, : batch.components.shape[1] - self.fixed] if batch.components.shape[1] else batch.z
        if batch.matched is not None:
            omics = batch.matched.flatten(start_dim=1)
        neighbours, known = self.parameters.objective.coherence_neighbours, batch.has_omics.cpu().numpy()
        pairs = coherence_pairs(omics.cpu().numpy(), self.residual[rows], neighbours, known)
        return torch.from_numpy(pairs.neighbours).to(self.device), torch.from_numpy(pairs.weights).to(self.device)

    def state(self) -> TrainingState:
        """Everything that later epochs depend on: tensors, and a JSON-able document."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors.update({f"best.{name}": value for name, value in self.best.items()})
        tensors.update({f"warm.{name}": value for name, value in self.warm.items()})
        tensors.update({f"average.{name}": value for name, value in self.average.state().items()})
        for place, held in self.optimiser.state_dict()["state"].items():
            tensors.update({f"optimiser.{place}.{name}": value for name, value in held.items()})
        document: TrainingDocument = {
            "next_epoch": self.next_epoch,
            "average_steps": self.average.steps,
            "best": self.stopping.best if self.stopping.best_epoch >= 0 else None,
            "best_epoch": self.stopping.best_epoch,
            "warm_loss": self.warm_loss if self.warm else None,
            "rates": (self.rates.genomic, self.rates.clinical, self.rates.steps),
            "current_rates": self.current_rates,
            "learning_rates": [group["lr"] for group in self.optimiser.param_groups],
            "history": self.history,
        }
        return TrainingState(tensors, document)

    def restore(self, store: TrainingFolder) -> None:
        """Continue from the stored state, if there is one."""
        held = store.load()
        if held is None:
            return
        tensors, document = held
        parts: dict[str, dict[str, torch.Tensor]] = {
            part: {} for part in ("network", "best", "warm", "average", "optimiser")
        }
        for name, value in tensors.items():
            part, rest = name.split(".", 1)
            parts[part][rest] = value.to(self.device)
        self.network.load_state_dict(parts["network"])
        self.best, self.warm = parts["best"], parts["warm"]
        self.warm_loss = float("inf") if document["warm_loss"] is None else document["warm_loss"]
        self.average.restore(parts["average"], document["average_steps"])
        held_state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in parts["optimiser"].items():
            place, key = name.split(".")
            held_state.setdefault(int(place), {})[key] = value.cpu() if key == "step" else value
        groups = self.optimiser.state_dict()["param_groups"]
        for group, rate in zip(groups, document["learning_rates"]):
            group["lr"] = rate
        self.optimiser.load_state_dict({"state": held_state, "param_groups": groups})
        self.stopping.best_epoch = document["best_epoch"]
        self.stopping.best = float("inf") if document["best"] is None else document["best"]
        self.rates.genomic, self.rates.clinical, self.rates.steps = document["rates"]
        self.current_rates = (document["current_rates"][0], document["current_rates"][1])
        self.next_epoch, self.history = document["next_epoch"], document["history"]

    @torch.no_grad()
    def member(self) -> Member:
        self.shadow.load_state_dict(self.best or self.network.state_dict())
        network = self.shadow.cpu().double().eval()
        score = network(Batch.of(self.everyone, "cpu", torch.float64)).network.numpy()
        return Member(network, self.history, score)


def _gradient_norm(parameters: list[nn.Parameter]) -> float:
    norms = [parameter.grad.norm() for parameter in parameters if parameter.grad is not None]
    return float(torch.stack(norms).norm()) if norms else 0.0
