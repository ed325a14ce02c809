"""Training figures draw what the history holds, and say so where it holds nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.figures.style import figure_bytes
from groprog_assets.figures.training import energy_histogram, training_curves


def history(fits: int = 3) -> pd.DataFrame:
    rows = []
    for seed in range(fits):
        for epoch in range(6 + seed):
            stage = "genomic" if epoch < 2 else "clinical" if epoch < 3 else "joint"
            joint = stage == "joint"
            rows.append(
                {
                    "repeat": 0,
                    "fold": 0,
                    "seed": seed,
                    "epoch": epoch,
                    "stage": stage,
                    "cox": 4.0 - 0.1 * epoch,
                    "ranking": 0.7 - 0.01 * epoch,
                    "coherence": 2.0 if joint else 0.0,
                    "validation_concordance": 0.6 + 0.01 * epoch if joint else np.nan,
                    "genomic_rate": 0.8 if joint else 1.0,
                    "clinical_rate": 1.2 if joint else 1.0,
                    "eta_mean": 0.5 if joint else np.nan,
                    "effective_rank": 9.0 if joint else np.nan,
                }
            )
    return pd.DataFrame(rows)


def test_curves_show_medians_and_stage_ends():
    figure = training_curves(history())
    losses, validation, *_ = figure.axes
    assert [text.get_text() for text in losses.get_legend().get_texts()] == ["Cox", "ranking", "coherence"]
    cox = losses.get_lines()[0]
    np.testing.assert_allclose(cox.get_ydata()[:3], [1.0, 3.9 / 4, 3.8 / 4])
    np.testing.assert_array_equal(validation.get_lines()[0].get_xdata(), np.arange(3, 8))
    assert [line.get_xdata()[0] for line in losses.get_lines()[-2:]] == [1.5, 2.5]
    assert figure_bytes(figure) == figure_bytes(training_curves(history()))


def test_no_history_says_so():
    figure = training_curves(history().iloc[:0])
    assert figure.axes[0].texts[0].get_text() == "no training history"


def test_energy_counts_patients_without_omics_apart():
    axes = energy_histogram(np.array([0.0, 0.2, 0.4, np.nan]), (0.1, 0.9)).axes[0]
    assert "1 without omics" in axes.get_title(loc="left")
    assert sum(patch.get_height() for patch in axes.patches) == 2
    assert energy_histogram(np.zeros(3), (0.1, 0.9)).axes[0].texts[0].get_text() == "no patient has omics"
