"""Dual path, motif net and hybrid: what each form promises, and planted signals that only it can use."""

from __future__ import annotations

import numpy as np
import torch

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.targets import pearson
from groprog_assets.model.sequence.dual_path import DualPathNetwork
from groprog_assets.model.sequence.hybrid import FARTHEST, HybridNetwork, RelativeAttention
from groprog_assets.model.sequence.inputs import one_hot_tensor
from groprog_assets.model.sequence.motif_net import MotifScan, stacked
from groprog_assets.model.sequence.rungs import NetRung
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_kernels.bases import reverse_complement

WINDOW, FRAGMENT = 200, 520
OWN = NetParameters(fragment_width=FRAGMENT, epochs=2, batch=32, shift=4)


def codes_of(genes=6, columns=WINDOW, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (genes, columns)).astype(np.uint8)


def with_fragments(genes=6, seed=0):
    weights = torch.tensor([[0.9, 0.3, 0.1], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]).repeat(genes // 3, 1)
    return one_hot_tensor(codes_of(genes, WINDOW + 3 * FRAGMENT, seed)), weights


def dual(compat=""):
    torch.manual_seed(0)
    return DualPathNetwork(WINDOW, FRAGMENT, 2, 0.0, 0.0, compat).eval()


def test_absent_fragments_are_not_read_and_the_order_of_fragments_does_not_matter():
    network = dual()
    x, weights = with_fragments()
    with torch.no_grad():
        found = network(x, weights)
        other = x.clone()
        other[1, :, WINDOW + FRAGMENT :] = 0
        other[2, :, WINDOW:] = 0
        assert torch.allclose(network(other, weights)[1:3], found[1:3], atol=1e-6)
        assert not torch.equal(network(other.roll(1, 0), weights)[2:3], found[2:3])
        swapped = torch.cat([x[:, :, :WINDOW], x[:, :, WINDOW + FRAGMENT : WINDOW + 2 * FRAGMENT]], dim=2)
        swapped = torch.cat([swapped, x[:, :, WINDOW : WINDOW + FRAGMENT], x[:, :, WINDOW + 2 * FRAGMENT :]], dim=2)
        assert torch.allclose(network(swapped, weights[:, [1, 0, 2]])[:1], found[:1], atol=1e-5)
        alone = network(x[2:3, :, :WINDOW])
        assert torch.allclose(alone, found[2:3], atol=1e-6), "without contacts it is the window alone"


def test_the_attention_of_a_gene_adds_up_to_one_over_its_fragments():
    x, weights = with_fragments()
    with torch.no_grad():
        links = dual().links(x, weights)
    assert torch.allclose(links.sum(dim=1), torch.tensor([1.0, 1, 0, 1, 1, 0]), atol=1e-5)
    assert (links[1, 1:] == 0).all()
    assert (links[0] > 0).all()


def test_the_literal_form_returns_a_mix_of_the_distal_path_alone():
    """With a fragment whose positions are all alike the promoter reaches the output of our form, and not that of DeepCBA's."""
    x = one_hot_tensor(codes_of(4, WINDOW + FRAGMENT))
    x[:, :, WINDOW:] = x[:1, :, WINDOW:]
    weights = torch.ones(4, 1)
    results = {}
    for compat in ("", "deepcba"):
        network = dual(compat)
        network.distal.forward = lambda given: torch.ones(len(given), 2, 256)  # type: ignore[method-assign]
        with torch.no_grad():
            results[compat] = network(x, weights)
    spread = {compat: float(found.std(dim=0).max()) for compat, found in results.items()}
    assert spread["deepcba"] < 1e-7
    assert spread[""] > 1e-4


def test_a_word_in_the_fragments_is_read_by_the_dual_path():
    random = np.random.default_rng(0)
    examples = []
    for seed in (0, 1):
        codes = codes_of(300, WINDOW + 2 * FRAGMENT, seed)
        weight, holds = (
            np.column_stack([np.ones(300), random.random(300) < 0.5]).astype(float),
            random.random(300) < 0.5,
        )
        for row in np.flatnonzero(holds):
            for at in random.integers(WINDOW, WINDOW + FRAGMENT - 12, 12):
                codes[row, at : at + 12] = [0, 0, 2, 2] * 3
        target = holds + 0.1 * random.normal(size=300)
        examples.append(Examples(codes, weight, target[:, None]))
    own = OWN.model_copy(update={"epochs": 8, "learning_rate": 3e-3, "head_dropout": 0.0, "dropout": 0.0})
    fitted = NetRung("cnn_bilstm", WINDOW, own, 1).fit(examples[0], examples[0].rows(np.arange(50)))
    test = examples[1]
    assert pearson(fitted.predict(test.codes, test.side)[:, 0], test.targets[:, 0]) > 0.8
    without = fitted.predict(test.codes[:, :WINDOW], np.empty((300, 0)))
    assert np.isfinite(without).all()


def test_motif_evidence_is_the_same_on_both_strands():
    random = np.random.default_rng(0)
    scan = MotifScan(stacked([random.normal(size=(4, 7)), random.normal(size=(4, 4))]))
    codes = codes_of()
    with torch.no_grad():
        one, other = scan(one_hot_tensor(codes)), scan(one_hot_tensor(reverse_complement(codes)))
    assert one.shape == (6, 2, WINDOW)
    assert torch.allclose(one, other.flip(2), atol=1e-5)


def test_motifs_stand_in_the_middle_of_an_odd_number_of_columns():
    found = stacked([np.ones((4, 3)), np.ones((4, 6))])
    assert found.shape == (2, 4, 7)
    assert found[0, 0].tolist() == [0, 0, 1, 1, 1, 0, 0]


def test_attention_depends_on_the_distance_alone_and_not_beyond_the_farthest():
    torch.manual_seed(0)
    attention = RelativeAttention()
    with torch.no_grad():
        attention.bias.normal_()
        x = torch.randn(1, 1, 128).expand(1, 300, 128)
        plain = attention(x)
        assert torch.allclose(plain, plain[:, :1].expand_as(plain), atol=1e-5), "the same value everywhere"
        changed = attention.bias.clone()
        changed[:, 2 * FARTHEST] += 5
        far = torch.zeros(1, 300, 128)
        far[0, 0] = torch.randn(128)
        before = attention(far)
        attention.bias.copy_(changed)
        moved = (attention(far) - before).abs().amax(dim=2)[0]
    assert (moved[:FARTHEST] < 1e-6).all()
    assert (moved[FARTHEST:] > 1e-5).all()


def test_the_hybrid_takes_any_length():
    network = HybridNetwork(0, 3, 16, 1, 0.0, 0.0).eval()
    for columns in (64, 1051):
        assert network(one_hot_tensor(codes_of(2, columns))).shape == (2, 3)
