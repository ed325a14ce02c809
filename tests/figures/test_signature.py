"""The figure of the signature branch: a panel a curve, the steps by size, words where there is none."""

from __future__ import annotations

from groprog_assets.figures.signature import signature_weights


def test_curves_and_steps_are_drawn():
    curve = {"descriptor": "log2_fold_change", "origin": 0.0, "value": [-1, 0, 1], "weight": [-0.1, 0, 0.2]}
    curve |= {"lower": [-0.2, 0, 0.1], "upper": [0.0, 0, 0.3]}
    steps = [
        {"function": name, "descriptor": name, "coefficient": size, "lower": size - 0.1, "upper": size + 0.1}
        for name, size in (("cell_junction", 0.05), ("key_locus", -0.3))
    ]
    figure = signature_weights({"curves": [curve], "steps": steps})
    first, second = figure.axes
    assert list(first.lines[-1].get_ydata()) == [-0.1, 0, 0.2]
    assert [tick.get_text() for tick in second.get_yticklabels()] == ["key locus", "cell junction"]
    assert list(second.lines[-1].get_xdata()) == [-0.3, 0.05]


def test_no_branch_is_said():
    assert "no signature branch" in signature_weights({}).axes[0].texts[0].get_text()
