"""The profile net: strands swap with the window, a planted start is found, one multinomial, cut and resumed, stored arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from groprog_assets.methods.sequence.profiles import mean_profile, profile_scores, summarised
from groprog_assets.model.sequence.inputs import one_hot_tensor
from groprog_assets.model.sequence.profile import (
    ProfileExamples,
    ProfileLesson,
    ProfileNetwork,
    both_strands,
    fit_profile,
    margin,
    other_strand,
    restored_profile,
)
from groprog_assets.study.sequence_net_parameters import NetParameters
from groprog_kernels.bases import reverse_complement

OWN = NetParameters(
    profile_width=8, profile_layers=2, profile_output=60, shift=4, epochs=12, batch=32, learning_rate=5e-3
)
WORD = np.array([3, 0, 3, 0, 0, 2], np.uint8)
"""TATAAG: reads begin 8 bp behind its first base."""
REACH = 60 + 2 * margin(2) + 2 * 4


def starts(genes=600, seed=0, depth=300):
    """Windows in which reads fall 8 bp behind a word on either strand, and now and then anywhere."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (genes, REACH)).astype(np.uint8)
    profile = random.poisson(0.2, (genes, 2, 68)).astype(np.float32)
    for row in range(genes):
        at, reverse = int(random.integers(0, 50)), random.random() < 0.3
        window = reverse_complement(codes[row]) if reverse else codes[row].copy()
        window[at + margin(2) : at + margin(2) + 6] = WORD
        codes[row] = reverse_complement(window) if reverse else window
        own = profile[row, ::-1, ::-1] if reverse else profile[row]
        own[0, at + 8] += random.poisson(depth)
    middle = profile[:, :, 4:64]
    return ProfileExamples(codes, profile, middle.sum(axis=2).astype(float))


def test_the_other_strand_of_a_window_gives_the_same_reads_with_strands_swapped():
    torch.manual_seed(0)
    network = ProfileNetwork(8, 2, 2).eval()
    codes = np.random.default_rng(0).integers(0, 5, (5, 60 + 2 * margin(2))).astype(np.uint8)
    x, y = one_hot_tensor(codes), one_hot_tensor(reverse_complement(codes))
    assert torch.equal(other_strand(x), y)
    with torch.no_grad():
        (first, reads), (second, again) = both_strands(network, x), both_strands(network, y)
        assert not torch.allclose(network(x)[0], other_strand(network(y)[0]), atol=1e-3), "without the mean it is not"
    assert first.shape == (5, 2, 60)
    assert torch.allclose(first, other_strand(second), atol=1e-6)
    assert torch.allclose(reads, again, atol=1e-6)


def test_a_planted_start_is_found_in_new_windows_far_better_than_by_the_mean_profile():
    train, validation, test = starts(), starts(60, 1), starts(80, 2)
    fitted = fit_profile(train, validation, OWN, 1)
    found = fitted.predict(test.codes[:, 4:-4])
    assert np.allclose(found.profile.sum(axis=(1, 2)), 1)
    measured = test.profile[:, :, 4:64]
    net, flat = (
        summarised(profile_scores(measured, each, 100))
        for each in (found.profile, mean_profile(train.profile[:, :, 4:64].astype(float)))
    )
    assert net.jsd < 0.6 < flat.jsd
    assert net.near > 0.8 > 0.3 > flat.near
    assert (found.counts > 0).all()


def test_shuffled_windows_are_no_better_than_the_mean_profile():
    train, test = starts(300), starts(80, 2)
    order = np.random.default_rng(0).permutation(300)
    mixed = train._replace(profile=train.profile[order], counts=train.counts[order])
    fitted = fit_profile(mixed, starts(60, 1), OWN.model_copy(update={"epochs": 5}), 1)
    measured = test.profile[:, :, 4:64]
    net, flat = (
        summarised(profile_scores(measured, each, 100)).jsd
        for each in (fitted.predict(test.codes[:, 4:-4]).profile, mean_profile(mixed.profile[:, :, 4:64].astype(float)))
    )
    assert abs(net - flat) < 0.03


def test_cut_and_resumed_gives_the_same_bytes_and_arrays_give_the_same_net(tmp_path):
    train, validation = starts(80), starts(20, 1)
    own = OWN.model_copy(update={"epochs": 4})
    whole = fit_profile(train, validation, own, 1)

    class Cut(Exception):
        pass

    def cut(row):
        if row["epoch"] == 1:
            raise Cut

    with pytest.raises(Cut):
        fit_profile(train, validation, own, 1, tmp_path, cut)
    again = fit_profile(train, validation, own, 1, tmp_path)
    assert all(np.array_equal(value, again.arrays()[name]) for name, value in whole.arrays().items())
    held = restored_profile(whole.arrays())
    codes = validation.codes[:, 4:-4]
    assert np.array_equal(held.predict(codes).profile, whole.predict(codes).profile)
    assert np.array_equal(held.predict(codes).counts, whole.predict(codes).counts)


def test_the_error_is_one_multinomial_over_both_strands():
    examples = starts(6)
    own = OWN.model_copy(update={"shift": 0, "count_weight": 0.0, "profile_counts": 1})
    examples = ProfileExamples(examples.codes[:, 4:-4], examples.profile[:, :, 4:64], examples.counts)
    lesson = ProfileLesson(examples, examples, own)

    class Flat(nn.Module):
        def forward(self, x):
            return torch.zeros(len(x), 2, 60), torch.zeros(len(x), 2)

    shares = np.exp(lesson.bias.astype(float)) / np.exp(lesson.bias.astype(float)).sum()
    counts = examples.profile / examples.profile.sum(axis=(1, 2), keepdims=True)
    expected = -(counts * np.log(shares)).sum(axis=(1, 2)).mean()
    assert lesson.score(Flat()) == pytest.approx(-expected, rel=1e-5)
    assert np.exp(lesson.bias).sum() == pytest.approx(1, rel=1e-5)


def test_the_default_net_reads_2114_bp():
    assert 1000 + 2 * margin(8) == 2114
