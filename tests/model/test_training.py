"""One member: stages in order, deterministic to the byte, resumable, averaged weights shipped."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from groprog_assets.errors import ModelError
from groprog_assets.model.device import device_of
from groprog_assets.model.ema import MovingAverage
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.fusion import coherence_pairs
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.training import train_member
from groprog_assets.tables import TABLES
from tests.model.cohorts import FIELDS, cohort, matched, parameters

STOP = 12


class Killed(Exception):
    """What a test throws to end a run between two epochs."""


def trained(settings=None, seed: int = 5, n: int = 80, **keywords):
    settings = settings or parameters()
    inputs, outcomes = cohort(n)
    encoders = Encoders.fit(inputs, settings)
    inner = np.arange(n) % 5
    return train_member(
        encoders.transform(inputs),
        outcomes,
        encoders,
        settings,
        np.flatnonzero(inner != 0),
        np.flatnonzero(inner == 0),
        seed,
        **keywords,
    )


def same(one, other) -> bool:
    first, second = one.network.state_dict(), other.network.state_dict()
    return all(torch.equal(first[name], second[name]) for name in first) and str(one.history) == str(other.history)


def test_stages_follow_and_rows_fit_the_table():
    rows: list[dict] = []
    member = trained(progress=rows.append)
    assert rows == member.history
    assert [row["stage"] for row in rows[:8]] == ["genomic"] * 4 + ["clinical"] * 3 + ["joint"]
    columns = {"repeat", "fold", "seed"} | set(rows[0])
    assert columns == set(TABLES["training_history"].column_names)
    joint = [row for row in rows if row["stage"] == "joint"]
    assert all(0 <= row["validation_concordance"] <= 1 and row["coherence"] > 0 for row in joint)
    assert all(0.1 <= row["eta_mean"] <= 0.9 and 1 <= row["effective_rank"] <= 128 for row in joint)
    assert {row["genomic_rate"] for row in joint} != {1.0}
    assert joint[-1]["cox"] < joint[0]["cox"]


def test_matched_patients_are_paired_with_those_of_like_libraries():
    settings = parameters()
    inputs, outcomes = matched(20)
    near = np.arange(20) // 2  # every two patients have nearly the same library
    descriptors = inputs.descriptors[near] + 1e-3 * inputs.descriptors
    descriptors[[4, 5]] = np.nan
    encoders = Encoders.fit(replace(inputs, descriptors=descriptors), settings)
    encoded = encoders.transform(replace(inputs, descriptors=descriptors))
    seen: list[np.ndarray] = []

    def watch(omics, residual, neighbours, known):
        seen.append(known)
        pairs = coherence_pairs(omics, residual, 1, known)
        seen.append(pairs.neighbours[:, 0])
        return pairs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("groprog_assets.model.training.coherence_pairs", watch)
        rows = np.arange(20)
        train_member(encoded, outcomes, encoders, settings, rows, rows, 1)
    known, partner = seen[:2]
    assert np.flatnonzero(~known).tolist() == [4, 5]
    assert (partner[known] == (rows ^ 1)[known]).all()


def test_two_runs_give_the_same_bytes_and_another_seed_others():
    before = torch.random.get_rng_state()
    first = trained()
    assert torch.equal(before, torch.random.get_rng_state()), "training leaves the caller's generator alone"
    assert same(first, trained())
    assert not same(first, trained(seed=6))


def test_batches_beyond_the_limit_train_too():
    settings = parameters(training={"full_batch_limit": 30, "joint_epochs": 4})
    member = trained(settings)
    assert same(member, trained(settings))


@pytest.mark.parametrize("epoch", [2, 6, 7, STOP])
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path, epoch: int):
    def kill(row: dict) -> None:
        if row["epoch"] == epoch:
            raise Killed

    whole = trained()
    with pytest.raises(Killed):
        trained(progress=kill, folder=tmp_path, checkpoint_seconds=0.0)
    resumed: list[dict] = []
    again = trained(progress=resumed.append, folder=tmp_path, checkpoint_seconds=0.0)
    assert resumed[0]["epoch"] == epoch, "the epoch before the kill was saved"
    assert same(whole, again)
    assert same(whole, trained(folder=tmp_path)), "a finished member is read, not trained"


def test_an_unreadable_checkpoint_starts_over(tmp_path: Path):
    (tmp_path / "state.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00garbage!")
    assert same(trained(), trained(folder=tmp_path))


def test_shipped_weights_are_the_best_average():
    member = trained()
    scores = [row["validation_concordance"] for row in member.history if row["stage"] == "joint"]
    from groprog_kernels.concordance import harrell

    _, outcomes = cohort(80)
    held = outcomes.take(np.flatnonzero(np.arange(80) % 5 == 0))
    reached = harrell(member.validation_score, held.time, held.event).cindex
    assert min(abs(reached - score) for score in scores) < 1e-6
    assert not member.network.training
    assert all(value.dtype == torch.float64 for value in member.network.parameters())


def test_the_average_takes_in_every_step_of_small_batches(monkeypatch: pytest.MonkeyPatch):
    """eq. 14 stands against fluctuations between small batches: an average of epochs' ends would not see them."""
    settings = parameters(training={"full_batch_limit": 20, "joint_epochs": 2})
    steps = []
    update = MovingAverage.update
    monkeypatch.setattr(MovingAverage, "update", lambda self: (steps.append(self.steps), update(self))[1])
    member = trained(settings)
    joint = [row for row in member.history if row["stage"] == "joint"]
    assert len(joint) == 2
    assert steps == list(range(2 * 4)), "64 patients in batches of at most 20 are four steps an epoch"


def test_equal_patients_stop_the_run_with_the_reason():
    inputs, outcomes = cohort(40, genes=4)
    settings = parameters()
    encoders = Encoders.fit(inputs, settings)
    same_for_all = ModelInputs(
        inputs.patient_id, FIELDS, inputs.covariates, np.tile(inputs.expression[3], (40, 1)), inputs.genes
    )
    with pytest.raises(ModelError, match="must differ between patients"):
        train_member(
            encoders.transform(same_for_all), outcomes, encoders, settings, np.arange(30), np.arange(30, 40), 0
        )


def test_device_setting():
    assert device_of("cpu").type == "cpu"
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_mixed_precision_trains_on_the_cpu_as_well():
    """Forward products in bfloat16; weights, losses and what is shipped keep their precision, so scores stay close."""
    usual, mixed = trained(), trained(parameters(training={"precision": "bfloat16"}))
    again = trained(parameters(training={"precision": "bfloat16"}))
    assert same(mixed, again)
    assert not same(mixed, usual)
    assert all(value.dtype == torch.float64 for value in mixed.network.parameters())
    assert all(np.isfinite(row["cox"]) for row in mixed.history)
    assert np.corrcoef(usual.validation_score, mixed.validation_score)[0, 1] > 0.9


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_cuda_trains_by_the_same_code(precision: str):
    there = trained(parameters(training={"device": "cuda", "precision": precision}))
    assert all(value.device.type == "cpu" for value in there.network.parameters())
    assert np.corrcoef(trained().validation_score, there.validation_score)[0, 1] > 0.9


class LargestTensor(TorchDispatchMode):
    """Remembers the most numbers that one tensor held."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, torch.Tensor):
                self.numbers = max(self.numbers, each.untyped_storage().nbytes() // each.element_size())
        return result


def test_no_array_over_all_pairs_of_patients_is_ever_made():
    n = 3000
    settings = parameters(training={"full_batch_limit": 200, "joint_epochs": 1})
    tracemalloc.start()
    try:
        with LargestTensor() as largest:
            trained(settings, n=n)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # NumPy's is the sum of all that was held at once.
    assert 0 < largest.numbers < n * n // 8
    assert most < n * n * 4


def test_modality_dropout_teaches_the_network_to_do_without_omics():
    from dataclasses import replace

    from groprog_assets.model.cross_validation import train_final
    from groprog_assets.model.predict import predict

    inputs, outcomes = cohort(150, seed=2)
    assert inputs.expression is not None
    shuffled = replace(inputs, expression=inputs.expression[np.random.default_rng(0).permutation(len(inputs))])
    moved = {}
    for rate in (0.0, 0.9):
        asked = parameters(representation={"modality_dropout": rate}, linear_path={"enabled": False})
        model = train_final(inputs, outcomes, asked).model
        clean, other = predict(model, inputs).risk, predict(model, shuffled).risk
        moved[rate] = np.std(other - clean) / np.std(clean)
    assert moved[0.9] < 0.9 * moved[0.0]
