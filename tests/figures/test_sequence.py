"""Figures of the sequence half: what is drawn is what the tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.figures import sequence, sequence_logos

SUMMARY = {"main_task": "body", "views": {"promoter": {"champion": "ridge_kmer"}}}


def texts(figure) -> str:
    drawn = [axes.get_title() + axes.get_title("left") + axes.get_xlabel() for axes in figure.axes]
    return "\n".join([*drawn, *(label.get_text() for axes in figure.axes for label in axes.get_yticklabels())])


def test_predicted_against_measured_says_r_and_its_ceiling():
    predictions = pd.DataFrame(
        {
            "view": "promoter",
            "rung": "ridge_kmer",
            "task": "body",
            "fold": 0,
            "target": [1.0, 2, 3],
            "predicted": [1.0, 3, 2],
        }
    )
    row = {
        "view": "promoter",
        "task": "body",
        "rung": "ridge_kmer",
        "champion": True,
        "pearson": 0.45,
        "of_ceiling": 0.5,
    }
    metrics = pd.DataFrame([row, {**row, "champion": False, "pearson": 0.1}])
    assert "r 0.45; replicates allow 0.90" in texts(sequence.predicted_against_measured(predictions, SUMMARY, metrics))
    alone = metrics.assign(of_ceiling=np.nan)
    assert "replicates" not in texts(sequence.predicted_against_measured(predictions, SUMMARY, alone))


def test_the_ablation_has_a_row_a_stretch_with_its_interval():
    table = pd.DataFrame({"task": "body", "around": "TSS", "start": [-100, 0], "end": [0, 100], "whole": 0.5})
    for name, values in (("alone", [0.4, 0.1]), ("loss", [0.2, 0.0])):
        table = table.assign(
            **{name: values, f"{name}_lower": np.array(values) - 0.05, f"{name}_upper": np.array(values) + 0.05}
        )
    figure = sequence.window_ablation(table)
    assert "TSS -100 to 0" in texts(figure)
    points = [axes.collections[1].get_offsets().data[:, 0].tolist() for axes in figure.axes]
    assert points == [[0.4, 0.1], [0.2, 0.0]]
    lines = figure.axes[0].collections[0].get_segments()
    assert np.allclose([line[:, 0] for line in lines], [[0.35, 0.45], [0.05, 0.15]])
    sequence.window_ablation(table.iloc[:0])


def test_profiles_are_drawn_as_measured_and_predicted_on_one_scale():
    measured, predicted = np.zeros((1, 2, 10)), np.zeros((1, 2, 10))
    measured[0, 0, 5], measured[0, 1, 2], predicted[0, 0, 6] = 30, 10, 1.0
    figure = sequence.profile_examples(measured, predicted, [{"gene": "A", "jsd": 0.5, "reads": 40}])
    assert "A: 40 reads" in texts(figure)
    assert "predicted, JSD 0.50" in texts(figure)
    own, found = ([np.abs(line[:, 1]).max() for line in axes.collections[0].get_segments()] for axes in figure.axes)
    assert own[5] == 30
    assert found[6] == 40, "shares times the reads"
    hanging = [line[:, 1].min() for line in figure.axes[0].collections[1].get_segments()]
    assert hanging[2] == -10
    sequence.profile_examples(measured[:0], predicted[:0], [])


def test_a_logo_has_its_places_by_distance_below_it():
    row = {
        "motif": "body.up.1",
        "task": "body",
        "effect": 1.0,
        "z_held_out": 3.0,
        "seqlets": 2,
        "position": -80.0,
        "best_match": "",
    }
    rows = pd.DataFrame([row])
    seqlets = pd.DataFrame({"motif": ["body.up.1", "body.up.1", ""], "offset": [-84, -60, 5], "start": 0, "end": 8})
    figure = sequence_logos.motif_logos(
        rows, {"body.up.1": np.full((4, 5), 0.25)}, seqlets.assign(contribution=[0.5, 0.2, 9.0])
    )
    (drawn,) = [axes.collections[0].get_offsets().data for axes in figure.axes if axes.collections]
    assert drawn.tolist() == [[-80.0, 0.5], [-56.0, 0.2]]
    sequence_logos.motif_logos(rows.iloc[:0], {}, seqlets.iloc[:0].assign(contribution=[]))
