"""The cap of the pausing block: a planted pausing signal is held down to its share, in the path and in every network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from groprog_assets.model.cross_validation import fit_path, train_final
from groprog_assets.model.inputs import ModelInputs, Outcomes
from groprog_assets.model.linear import SIGNATURE, branch_columns, held_down
from groprog_assets.model.representation import Batch
from tests.model.cohorts import BLOCKS, DESCRIPTORS, cohort, parameters

CAP = 0.2


def of_pausing(n: int = 200) -> tuple[ModelInputs, Outcomes]:
    """The cohort, with its factor carried by genes after their pausing instead of their fold change."""
    inputs, outcomes = cohort(n)
    table = inputs.descriptors[:, [0, 1, 2, 4, 3, 5]]
    names = tuple("pausing_index_rank" if name == "pausing_index" else name for name in DESCRIPTORS)
    return replace(
        inputs, descriptors=table, descriptor_names=names, blocks={**BLOCKS, "pausing": ("pausing_index_rank",)}
    ), outcomes


def test_coefficients_are_scaled_to_the_share_and_only_where_it_is_exceeded():
    rows = np.random.default_rng(0).normal(size=(500, 3))
    auxiliary = np.array([False, True, True])
    large, small = np.array([0.5, 1.0, -1.0]), np.array([0.5, 0.01, 0.0])
    held = held_down(large, rows, auxiliary, CAP)
    own, other = (rows[:, auxiliary] @ held[auxiliary]).std(), (rows[:, 0] * held[0]).std()
    assert own / (own + other) == pytest.approx(CAP)
    assert held[1] / held[2] == pytest.approx(-1.0)
    np.testing.assert_array_equal(held_down(small, rows, auxiliary, CAP), small)
    np.testing.assert_array_equal(held_down(large, rows, auxiliary, 1.0), large)
    np.testing.assert_array_equal(held_down(large, rows, auxiliary, 0.0)[1:], 0.0)


def path_share(cap: float) -> tuple[float, float]:
    """Share of the pausing columns in the signature branch of all patients, and the branch's cross-validated gain."""
    inputs, outcomes = of_pausing()
    settings = parameters(representation={"pausing_cap": cap})
    encoders, path = fit_path(inputs, outcomes, settings)
    encoded = encoders.transform(inputs)
    branch = next(branch for branch in path.branches if branch.name == SIGNATURE)
    theta = branch.whole[branch_columns(encoded, encoders.further)[SIGNATURE]]
    pausing = np.array([name == "pausing_index_rank" for name in encoders.signature.of])
    own, other = ((encoded.signature[:, kept] @ theta[kept]).std() for kept in (pausing, ~pausing))
    return float(own / (own + other)), branch.gain


def test_the_signature_branch_keeps_the_cap_and_chooses_with_it():
    free, gain = path_share(1.0)
    capped, less = path_share(CAP)
    assert free > 0.5
    assert capped == pytest.approx(CAP, abs=0.01)
    assert less < gain, "the penalty is chosen by the capped fits, and a true signal is lost with them"


@pytest.mark.parametrize(("form", "pooling"), [("perceptron", "columns"), ("paper", "columns"), ("paper", "tokens")])
def test_the_network_keeps_the_cap_in_every_form(form: str, pooling: str):
    inputs, outcomes = of_pausing(120)

    def shares(cap: float) -> list[float]:
        settings = parameters(
            network={"form": form},
            representation={"pooling": pooling, "pausing_cap": cap, "gene_deviation": False, "network_directions": 1},
        )
        model = train_final(inputs, outcomes, settings).model
        found = []
        for network in model.members:
            batch = Batch.of(model.encoders.transform(inputs), dtype=torch.float64)
            g = network.g(batch)
            columns = network.block_columns()["pausing"]
            rest = [column for column in range(g.shape[1]) if column not in columns]
            layer = torch.eye(g.shape[1]).double() if network.staged else network.perceptron.genomic.weight.T
            own, other = (float((g[:, part] @ layer[part]).std(dim=0).norm().detach()) for part in (columns, rest))
            found.append(own / (own + other))
        return found

    free, capped = shares(1.0), shares(0.05)
    assert min(free) > 0.1
    assert max(capped) < 0.06, "measured on all patients, held down on those of the member"
