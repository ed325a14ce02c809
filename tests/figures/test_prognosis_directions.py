"""Which way each figure of patients and model points: drawn from data that differ on either side, so that a swap shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from groprog_assets.figures.ablation import ablation_figure
from groprog_assets.figures.attributions import attributions
from groprog_assets.figures.calibration import calibration_figure
from groprog_assets.figures.cohort import follow_up, missingness
from groprog_assets.figures.evaluation import auc_figure, decision_figure, forest, roc_figure
from groprog_assets.figures.kaplan_meier import kaplan_meier_figure
from groprog_assets.figures.patient_page import drivers_figure, survival_figure
from groprog_assets.figures.robustness import robustness_figure
from groprog_assets.figures.style import CONTROL, DOWN, NEUTRAL, STRATA, TREATMENT, UP
from groprog_assets.figures.timeline import timeline
from groprog_assets.figures.training import energy_histogram, training_curves
from groprog_assets.figures.waterfall import waterfall
from groprog_assets.methods.evaluation.kaplan_meier import at_risk_table, log_rank, risk_strata, survival_by_group
from groprog_assets.report.blocks import whisker
from tests.figures.example import evaluation


def colour(artist) -> str:
    held = artist.get_facecolor() if hasattr(artist, "get_facecolor") else artist.get_color()
    held = held[0] if isinstance(held, np.ndarray) and held.ndim == 2 else held
    return to_hex(held).upper()


def strata_of(risk: np.ndarray, time: np.ndarray, event: np.ndarray, groups: int) -> dict:
    """The evaluation's entry of one model, as it makes it."""
    group = risk_strata(risk, groups)
    counts = at_risk_table(time, group, np.array([0.0, 12.0, 24.0]))
    return {
        "curves": survival_by_group(time, event, group).to_dict("list"),
        "at_risk": {
            "time": [0.0, 12.0, 24.0],
            "counts": {str(name): row.tolist() for name, row in zip(counts.index, counts.to_numpy())},
        },
        "log_rank": log_rank(time, event, group)._asdict(),
    }


def test_one_log_rank_p_is_shown_that_of_the_permutation_where_it_was_made():
    """Groups found in the data: the permutation's p is the valid one, and the only one in the picture."""
    entry = strata_of(np.arange(60.0), 60.0 - np.arange(60.0), np.ones(60, bool), 2)
    made = {**entry, "log_rank": {**entry["log_rank"], "p_value": 0.02, "permutation_p_value": 0.4}}
    said = [text.get_text() for text in kaplan_meier_figure(made).axes[0].texts]
    assert said == ["log-rank p = 0.4, by permutation"]
    none = {**made, "log_rank": {**made["log_rank"], "permutation_p_value": None}}
    assert [text.get_text() for text in kaplan_meier_figure(none).axes[0].texts] == ["log-rank p = 0.02"]


@pytest.mark.parametrize(("groups", "names"), [(2, ["low", "high"]), (3, ["low", "middle", "high"])])
def test_patients_of_high_risk_die_first_in_the_colour_of_high_risk(groups: int, names: list[str]):
    """From the risks themselves: a higher risk is an earlier death, so the curve labelled high must fall fastest."""
    risk = np.arange(60.0)
    time, event = 60.0 - risk, np.ones(60, bool)
    figure = kaplan_meier_figure(strata_of(risk, time, event, groups))
    curves, table = figure.axes
    lines = {line.get_label().split(" ")[0]: line for line in curves.lines}
    assert list(lines) == names
    end = 60 / groups + 0.5
    alive = {name: line.get_ydata()[np.searchsorted(line.get_xdata(), end) - 1] for name, line in lines.items()}
    assert alive["high"] == pytest.approx(0.0)
    assert alive["low"] == pytest.approx(1.0)
    assert (colour(lines["low"]), colour(lines["high"])) == (STRATA[0], STRATA[2])
    assert all(line.get_ydata()[0] == 1.0 and line.get_drawstyle() == "steps-post" for line in lines.values())
    rows = dict(zip(table.get_yticks().tolist(), [label.get_text() for label in table.get_yticklabels()], strict=True))
    assert rows[len(names) - 1] == "low", "the first row of the table is that of low risk"
    at_twelve = {
        rows[text.get_position()[1]]: int(text.get_text()) for text in table.texts if text.get_position()[0] == 12.0
    }
    share = 60 // groups
    assert at_twelve["low"] == share
    assert at_twelve["high"] == share - 11 if groups == 2 else at_twelve["high"] < share


def test_groups_cut_elsewhere_keep_their_names():
    risk = np.arange(60.0)
    entry = strata_of(risk, 61.0 - risk, np.ones(60, bool), 2)
    entry["curves"]["group"] = [group + 1 for group in entry["curves"]["group"]]
    labels = [
        line.get_label().split(" ")[0] for line in kaplan_meier_figure({**entry, "cuts": [1.0, 2.0]}).axes[0].lines
    ]
    assert labels == ["middle", "high"], "nobody here is of low risk"


def test_a_documents_curves_keep_their_order():
    figure = kaplan_meier_figure(evaluation()["strata"]["groprog"])
    last = {line.get_label().split(" ")[0]: float(line.get_ydata()[-1]) for line in figure.axes[0].lines}
    assert last["low"] > last["middle"] > last["high"]


def test_calibration_has_the_prediction_across_and_what_was_seen_upwards():
    groups = [
        {"predicted": 0.2, "observed": 0.5, "lower": 0.4, "upper": 0.6},
        {"predicted": 0.3, "observed": 0.9, "lower": 0.8, "upper": 0.95},
        {"predicted": 0.4, "observed": None, "lower": None, "upper": None},
    ]
    axes = calibration_figure({"horizons": {"12": {"groups": groups, "error": 0.1}}}).axes[0]
    (points,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert (points.get_xdata().tolist(), points.get_ydata().tolist()) == ([0.2, 0.3], [0.5, 0.9])
    bars = [line for line in axes.lines if line.get_marker() != "o" and len(set(line.get_xdata())) == 1]
    assert [(bar.get_xdata()[0], list(bar.get_ydata())) for bar in bars] == [(0.2, [0.4, 0.6]), (0.3, [0.8, 0.95])]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted probability of the event", "observed share")
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 1), (0, 1))


def test_roc_auc_and_decision_curves_are_of_the_model_they_name():
    document = {
        "horizons_months": [12.0],
        "models": {"groprog": {"auc_12": {"estimate": 0.9}}, "other": {"auc_12": {"estimate": 0.6}}},
        "roc": {
            "false_positive_rate": [0.0, 0.1, 1.0],
            "models": {"groprog": {"12": [0.0, 0.8, 1.0]}, "other": {"12": [0.0, 0.2, 1.0]}},
        },
        "auc_curves": {"time": [6.0, 12.0], "models": {"groprog": [0.8, 0.9], "other": [0.5, 0.6]}},
        "decision_curves": {"threshold": [0.1, 0.5], "horizons": {"12": {"groprog": [0.3, 0.2], "all": [0.25, -0.4]}}},
    }
    axes = roc_figure(document).axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    assert list(lines["groprog"].get_xdata()) == [0.0, 0.0, 0.1, 1.0, 1.0], "from (0, 0) to (1, 1)"
    assert list(lines["groprog"].get_ydata()) == [0.0, 0.0, 0.8, 1.0, 1.0]
    assert list(lines["other"].get_ydata()) == [0.0, 0.0, 0.2, 1.0, 1.0]
    told = {text.get_color(): text.get_text() for text in axes.texts}
    assert told == {lines["groprog"].get_color(): "AUC 0.90", lines["other"].get_color(): "AUC 0.60"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("false positive rate", "true positive rate")
    curves = {line.get_label(): line for line in auc_figure(document).axes[0].lines}
    assert (curves["groprog"].get_xdata().tolist(), curves["groprog"].get_ydata().tolist()) == ([6.0, 12.0], [0.8, 0.9])
    assert curves["other"].get_ydata().tolist() == [0.5, 0.6]
    benefit = {line.get_label(): line.get_ydata() for line in decision_figure(document).axes[0].lines}
    assert list(benefit["groprog"]) == [0.3, 0.2]
    assert list(benefit["everybody"]) == [0.25, -0.4]


def test_no_model_leaves_the_range_of_the_decision_curves():
    lines = {"groprog": [0.3, -0.2], "all": [0.25, -4.0]}
    axes = decision_figure({"decision_curves": {"threshold": [0.1, 0.5], "horizons": {"12": lines}}}).axes[0]
    low, high = axes.get_ylim()
    assert low < -0.2 < 0.3 < high
    assert low > -1, "the line of treating everybody does not set the range"


def heights(axes, marker: str = "o") -> dict[str, float]:
    """{label of the row: what is drawn there}."""
    names = dict(zip(axes.get_yticks().tolist(), [label.get_text() for label in axes.get_yticklabels()], strict=True))
    return {
        names[line.get_ydata()[0]]: float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == marker
    }


def test_a_forest_plot_has_each_estimate_beside_its_name():
    axes = forest([("first", -0.1, -0.2, 0.0), ("second", 0.3, 0.2, 0.4)], 0.0, "", "").axes[0]
    assert heights(axes) == {"first": -0.1, "second": 0.3}
    assert axes.get_yticks()[0] == 0
    assert axes.get_yticklabels()[0].get_text() == "second", "the first row is on top"
    said = {text.xy[1]: text.get_text() for text in axes.texts}
    assert said == {1: "−0.100", 0: "0.300"}
    ends = {
        line.get_ydata()[0]: list(line.get_xdata())
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_ydata()[0] in (0, 1)
    }
    assert ends[1] == [-0.2, 0.0]
    parts = [
        {"part": "omics", "difference": -0.06, "lower": -0.08, "upper": -0.04},
        {"part": "ranking", "difference": 0.01, "lower": 0.0, "upper": 0.02},
    ]
    assert heights(ablation_figure({"parts": parts}).axes[0]) == {
        "without omics (clinical branch alone)": -0.06,
        "without ranking loss": 0.01,
    }


def test_a_disturbance_has_its_own_correlation_and_loss():
    rows = [
        {
            "kind": kind,
            "level": level,
            **{
                name: {"mean": value, "lower": value - 0.1, "upper": value + 0.1}
                for name, value in (("spearman", kept), ("loss", lost))
            },
        }
        for kind, level, kept, lost in (
            ("noise", 0.5, 0.9, 0.01),
            ("gene_dropout", 0.125, 0.7, 0.05),
            ("permutation", 1.0, 0.2, 0.2),
        )
    ]
    correlation, loss = robustness_figure({"robustness": {"perturbations": rows}}).axes
    names = ["noise, 0.5 SD", "12.5 % of genes lost", "another's omics"]
    assert "rank correlation" in correlation.get_xlabel()
    assert "lost" in loss.get_xlabel()
    assert heights(correlation) == dict(zip(names, (0.9, 0.7, 0.2), strict=True))
    labels = dict(zip(loss.get_yticks().tolist(), names[::-1], strict=True))
    drawn = {labels[line.get_ydata()[0]]: line.get_xdata()[0] for line in loss.lines if line.get_marker() == "o"}
    assert drawn == dict(zip(names, (0.01, 0.05, 0.2), strict=True))


def test_the_largest_contribution_is_on_top():
    axes = attributions({"fields": {"age": 0.2, "stage": 0.5, "sex": 0.1}}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["stage", "age", "sex"]
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.2, 0.1]
    assert axes.yaxis_inverted()


def test_follow_up_exchanges_events_and_censorings():
    """Everybody who has the event has it early; everybody else is followed to the end."""
    outcomes = pd.DataFrame({"time": [1.0] * 6 + [20.0] * 4, "event": [True] * 6 + [False] * 4})
    left, right = follow_up(outcomes, {"endpoint": "OS", "follow_up": {"median_survival": 1.0, "median": 20.0}}).axes
    assert left.get_title(loc="left") == "OS: 6 events, 10 patients"
    (endpoint,) = [line for line in left.lines if line.get_drawstyle() == "steps-post"]
    (followed,) = [line for line in right.lines if line.get_drawstyle() == "steps-post"]
    assert endpoint.get_ydata()[-1] == pytest.approx(0.4)
    assert endpoint.get_ydata()[0] == 1.0
    assert (followed.get_ydata()[-1], followed.get_xdata()[-1]) == (0.0, 20.0)
    assert (colour(endpoint), colour(followed)) == (TREATMENT, CONTROL)
    ticks = dict(
        zip(
            left.get_xticks().tolist(),
            [label.get_text().split("\n")[1] for label in left.get_xticklabels()],
            strict=True,
        )
    )
    assert (ticks[0.0], ticks[3.0]) == ("10", "4")


def test_the_most_missing_covariate_is_on_top_and_the_unused_one_grey():
    fields = pd.DataFrame({"field": ["late"], "used": [False], "reason": ["known late"]})
    axes = missingness({"missing": {"age": 0.1, "grade": 0.4, "late": 0.2}, "patients": 10}, fields).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["age", "late", "grade"]
    assert [bar.get_width() for bar in axes.patches] == [10.0, 20.0, 40.0]
    assert [colour(bar) for bar in axes.patches] == [CONTROL, NEUTRAL, CONTROL]
    assert not axes.yaxis_inverted()


def test_rates_and_losses_are_of_the_branch_they_name():
    epochs = np.arange(6)
    history = pd.DataFrame(
        {
            "repeat": 0,
            "fold": 0,
            "seed": 0,
            "epoch": epochs,
            "stage": ["genomic", "clinical", "joint", "joint", "joint", "joint"],
            "cox": 4.0 - 0.5 * epochs,
            "ranking": 2.0 - 0.1 * epochs,
            "coherence": [0.0, 0.0, 1.0, 0.9, 0.8, 0.7],
            "validation_concordance": 0.5 + 0.05 * epochs,
            "genomic_rate": 1.5,
            "clinical_rate": 0.5,
            "effective_rank": 10.0 + epochs,
        }
    )
    losses, validation, rates, space = training_curves(history).axes
    drawn = {line.get_label(): line for line in rates.lines}
    assert set(drawn["genomic"].get_ydata()) == {1.5}
    assert set(drawn["clinical"].get_ydata()) == {0.5}
    assert (colour(drawn["genomic"]), colour(drawn["clinical"])) == (TREATMENT, CONTROL)
    curves = {line.get_label(): np.asarray(line.get_ydata()) for line in losses.lines}
    assert curves["Cox"][-1] == pytest.approx(1.5 / 4.0)
    assert curves["ranking"][-1] == pytest.approx(1.5 / 2.0)
    assert curves["coherence"][-1] == pytest.approx(0.7)
    assert validation.lines[0].get_ydata()[-1] == pytest.approx(0.75)
    assert space.lines[0].get_ydata()[-1] == 15.0
    ends = sorted({line.get_xdata()[0] for line in space.lines if line.get_linestyle() == "--"})
    assert ends == [0.5, 1.5]
    stages = {text.get_text(): text.get_position()[0] for text in rates.texts}
    assert stages["genomic"] < stages["clinical"] < stages["joint"]


def test_the_share_of_omics_grows_to_the_right():
    axes = energy_histogram(np.array([0.9, 0.9, 0.2, 0.0, np.nan]), (0.1, 0.85)).axes[0]
    filled = {
        round(bar.get_x() + bar.get_width() / 2, 2): int(bar.get_height()) for bar in axes.patches if bar.get_height()
    }
    assert sorted(filled.values()) == [1, 2]
    assert filled[max(filled)] == 2
    assert {line.get_xdata()[0] for line in axes.lines} == {0.1, 0.85}


def test_what_raises_a_value_goes_right_in_the_colour_of_up():
    axes = waterfall(1.0, [("worse", 0.5), ("better", -0.2)], ("before", "after"), "risk").axes[0]
    assert [(round(bar.get_x(), 9), round(bar.get_width(), 9), colour(bar)) for bar in axes.patches] == [
        (1.0, 0.5, UP),
        (1.5, -0.2, DOWN),
    ]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["before", "worse", "better", "after"]
    assert axes.yaxis_inverted()
    said = [text.get_text() for text in axes.texts]
    assert said == ["+0.500", "-0.200", "1.000", "1.300"]
    page = drivers_figure(
        [{"name": "age", "value": "71", "contribution": 0.5}, {"name": "stage", "value": "I", "contribution": -0.2}]
    ).axes[0]
    assert [(bar.get_width(), colour(bar)) for bar in page.patches] == [(0.5, UP), (-0.2, DOWN)]
    assert [label.get_text() for label in page.get_yticklabels()] == ["age = 71", "stage = I"]
    assert page.yaxis_inverted()
    assert page.get_xlabel() == "log hazard: left lowers, right raises the risk"


def test_the_patients_curve_is_told_from_the_average():
    axes = survival_figure([0.0, 12.0], [1.0, 0.3], [1.0, 0.2], [1.0, 0.4], [1.0, 0.8], "overall survival").axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert list(lines["this patient"]) == [1.0, 0.3]
    assert list(lines["average training patient"]) == [1.0, 0.8]


def test_the_oldest_value_is_on_top_and_full_dots_were_computed():
    rows = [
        {"happened": "2026-01-01T00:00:00", "sha256": "a" * 64, "reused": False, "actor": "x", "changes": []},
        {"happened": "2026-01-03T00:00:00", "sha256": "b" * 64, "reused": True, "actor": "y", "changes": ["code"]},
    ]
    axes = timeline(rows).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_ydata()[0] for line in dots] == [0, 1]
    assert [line.get_markerfacecolor() == "white" for line in dots] == [False, True]
    assert axes.yaxis_inverted()


def test_a_whisker_of_more_lies_further_right():
    low, high = (whisker(value, value - 0.1, value + 0.1, (0.0, 1.0), 0.5) for value in (0.3, 0.7))
    assert (low["point"], high["point"], low["reference"]) == (30.0, 70.0, 50.0)
    assert (low["left"], low["width"]) == (20.0, 20.0)
