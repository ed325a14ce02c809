"""The device of sequence nets: what is not moved is seen on torch's meta device, which mixes with no other; a clear refusal."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from groprog_assets.errors import ModelError
from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.model.device import device_of
from groprog_assets.model.sequence import training
from groprog_assets.model.sequence.adversarial import AdversarialLesson, AdversarialNetwork
from groprog_assets.model.sequence.profile import ProfileExamples, ProfileLesson, ProfileNetwork, margin
from groprog_assets.model.sequence.rungs import BUILDERS, GeneLesson, HighLowLesson, NetRung, Shape, outputs
from groprog_assets.study.sequence_net_parameters import NetParameters

SMALL = NetParameters(width=8, blocks=1, epochs=1, batch=16, shift=4, fragment_width=520)
FILTERS = np.random.default_rng(0).normal(size=(3, 4, 7)).astype(np.float32)
ROWS = np.arange(16)


def some(genes=40, width=200, side=0):
    random = np.random.default_rng(0)
    codes = random.integers(0, 5, (genes, width)).astype(np.uint8)
    return Examples(codes, random.normal(size=(genes, side)), random.normal(size=(genes, 2)))


@pytest.mark.parametrize("lesson", [GeneLesson, HighLowLesson])
@pytest.mark.parametrize("name", list(BUILDERS))
def test_every_tensor_of_a_rung_is_moved(name, lesson):
    examples = some(side=2)
    side = 0 if name.startswith("cnn_bilstm") else 2
    network = BUILDERS[name](Shape(200, side, 2, FILTERS), SMALL).to("meta")
    examples = examples if side else examples._replace(side=np.empty((40, 0)))
    loss = lesson(examples, examples, SMALL, 200).loss(network, ROWS, np.random.default_rng(0), 0.5)
    assert loss.device.type == "meta"
    loss.backward()


def test_every_tensor_of_fragments_and_tracks_is_moved():
    network = BUILDERS["cnn_bilstm"](Shape(200, 2, 2, FILTERS), SMALL).to("meta")
    examples = some(width=200 + 2 * 520)._replace(side=np.ones((40, 2)))
    lesson = GeneLesson(examples, examples, SMALL, 200)
    assert lesson.loss(network, ROWS, np.random.default_rng(0), 0.5).device.type == "meta"
    level = np.zeros(1)
    network = BUILDERS["cnn"](Shape(200, 0, 2, FILTERS, level, level + 1), SMALL).to("meta")
    examples = some(side=200)
    lesson = GeneLesson(examples, examples, SMALL, 200, 1)
    assert lesson.loss(network, ROWS, np.random.default_rng(0), 0.5).device.type == "meta"


def test_every_tensor_of_the_profile_and_the_adversarial_net_is_moved():
    random, own = np.random.default_rng(0), SMALL.model_copy(update={"profile_layers": 2})
    codes = random.integers(0, 4, (20, 60 + 2 * margin(2) + 8)).astype(np.uint8)
    examples = ProfileExamples(codes, random.poisson(1, (20, 2, 68)).astype(np.float32), np.ones((20, 2)))
    network = ProfileNetwork(4, 2, 2).to("meta")
    assert ProfileLesson(examples, examples, own).loss(network, ROWS, random, 0.0).device.type == "meta"
    genes = some()
    lesson = AdversarialLesson(genes, np.arange(40) % 2, genes, SMALL, 200)
    assert lesson.loss(AdversarialNetwork(200, 2, 2, SMALL).to("meta"), ROWS, random, 0.5).device.type == "meta"


class Elsewhere(nn.Module):
    """Says where it is asked, and answers on the CPU."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, device="meta"))
        self.asked = []

    def forward(self, x, side=None):
        self.asked += [x.device.type, side.device.type]
        return torch.zeros(len(x), 2)


def test_predictions_are_asked_for_where_the_net_is():
    network, examples = Elsewhere(), some(side=3)
    assert outputs(network, examples.codes, examples.side).shape == (40, 2)
    assert network.asked == ["meta", "meta"]


def test_a_net_trains_on_the_device_of_the_settings_and_comes_back(monkeypatch):
    asked = []
    monkeypatch.setattr(training, "device_of", lambda setting: (asked.append(setting), torch.device("cpu"))[1])
    examples = some()
    there = NetRung("cnn", 200, SMALL.model_copy(update={"device": "cuda"}), 1).fit(examples, examples)
    assert asked == ["cuda"]
    usual = NetRung("cnn", 200, SMALL, 1).fit(examples, examples)
    assert asked == ["cuda", "cpu"]
    assert all(np.array_equal(usual.arrays()[name], value) for name, value in there.arrays().items())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_is_refused_where_there_is_none():
    with pytest.raises(ModelError, match="no CUDA device here"):
        device_of("cuda")
    examples = some()
    with pytest.raises(ModelError, match="Say cpu, or auto"):
        NetRung("cnn", 200, SMALL.model_copy(update={"device": "cuda"}), 1).fit(examples, examples)
    assert NetRung("cnn", 200, SMALL.model_copy(update={"device": "auto"}), 1).fit(examples, examples).networks


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_trains_by_the_same_code():
    examples = some()
    there = NetRung("cnn", 200, SMALL.model_copy(update={"device": "cuda"}), 1).fit(examples, examples)
    usual = NetRung("cnn", 200, SMALL, 1).fit(examples, examples)
    p = [each.predict(examples.codes, examples.side) for each in (there, usual)]
    assert np.allclose(*p, atol=0.05)
