"""The forest plot has a row a part; the robustness figure one a perturbation; both say when there is nothing."""

from __future__ import annotations

from groprog_assets.figures.ablation import PARTS, ablation_figure
from groprog_assets.figures.robustness import robustness_figure
from groprog_assets.model.ablation import CHANGES


def part(name: str, difference: float) -> dict:
    return {"part": name, "difference": difference, "lower": difference - 0.02, "upper": difference + 0.02}


def test_a_row_a_part():
    figure = ablation_figure({"parts": [part("omics", -0.06), part("ranking", 0.001)]})
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["without ranking loss", "without omics (clinical branch alone)"]
    assert set(CHANGES) <= set(PARTS)
    assert "parameters.ablation.parts" in ablation_figure({"parts": []}).axes[0].texts[0].get_text()


def test_a_difference_of_nothing_has_no_sign():
    figure = ablation_figure({"parts": [part("omics", -0.06), part("ranking", -0.0001)]})
    said = [text.get_text() for text in figure.axes[0].texts]
    assert said == ["−0.060", "0.000"]


def test_a_row_a_perturbation():
    summary = {"mean": 0.8, "lower": 0.7, "upper": 0.9}
    rows = [
        {"kind": kind, "level": level, "spearman": summary, "cindex": summary, "loss": summary}
        for kind, level in (("permutation", 1.0), ("noise", 0.5), ("gene_dropout", 0.3))
    ]
    members = {"cka": summary, "score_cka": summary, "spearman": summary}
    figure = robustness_figure({"robustness": {"perturbations": rows, "members": members, "seed_spread": 0.1}})
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["another's omics", "30 % of genes lost", "noise, 0.5 SD"]
    assert all(axes.get_title(loc="left").endswith("disturbed omics") for axes in figure.axes)
    assert robustness_figure({}).axes[0].texts
