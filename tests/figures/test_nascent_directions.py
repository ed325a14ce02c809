"""Which way each figure of the nascent half points: drawn from data that differ on either side, so that a swap shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from groprog_assets.figures.chromatin import GROUPS, marks_by_transcription
from groprog_assets.figures.density import transcript_density
from groprog_assets.figures.differential import ma_plot
from groprog_assets.figures.enrichment import enrichment
from groprog_assets.figures.loci import _decimals, locus_tracks, with_enough_reads
from groprog_assets.figures.pausing import pausing_distribution
from groprog_assets.figures.reads import filter_funnel, read_quality
from groprog_assets.figures.style import CONTROL, DOWN, TREATMENT, UP
from groprog_assets.figures.tss_profile import tss_profile
from groprog_assets.figures.tuning import em_trace, tuning_surface
from groprog_assets.figures.workflow import workflow
from groprog_assets.store.artifacts import Bundle
from tests.methods.nascent import genes

CONDITIONS = {"m1": "mock", "o1": "oe"}


def colour(artist) -> str:
    held = artist.get_facecolor() if hasattr(artist, "get_facecolor") else artist.get_color()
    held = held[0] if isinstance(held, np.ndarray) and held.ndim == 2 else held
    return to_hex(held).upper()


def test_the_ma_plot_has_what_rises_above_zero_in_the_colour_of_up():
    table = pd.DataFrame(
        {
            "log2_fold_change": [2.0, 3.0, -2.5, 0.1],
            "conservative_log2_fold_change": [1.5, 2.5, -2.0, 0.0],
            "log_cpm": [4.0, 5.0, 6.0, 7.0],
            "direction": ["up", "up", "down", "none"],
            "gene": ["A", "B", "C", "D"],
        }
    )
    axes = ma_plot(table, {"treatment": "oe", "control": "mock", "up_to_down": 2.0}, 1.0).axes[0]
    points = {item.get_label().split(" ")[0]: item for item in axes.collections}
    assert points["up"].get_offsets().tolist() == [[4.0, 2.0], [5.0, 3.0]]
    assert points["down"].get_offsets().tolist() == [[6.0, -2.5]]
    assert (colour(points["up"]), colour(points["down"])) == (UP, DOWN)
    assert axes.get_ylim()[0] < 0 < axes.get_ylim()[1]
    assert axes.get_ylabel().endswith("oe / mock")
    named = {text.get_text(): text.xy for text in axes.texts if text.get_text() in "ABCD"}
    assert named == {"A": (4.0, 2.0), "B": (5.0, 3.0), "C": (6.0, -2.5)}
    only = ma_plot(table, {}, 1.0, strongest=1).axes[0]
    assert {text.get_text() for text in only.texts if text.get_text() in tuple("ABCD")} == {"B", "C"}, "the strongest"


def loci_of(strands: dict[str, float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = pd.DataFrame(
        {
            "locus": "L",
            "chrom": "chr1",
            "start": 0,
            "end": 1000,
            "condition": ["mock", "oe"] * 2,
            "strand": ["+", "+", "-", "-"],
            "count": [1, 1, 90, 30],
            "log2_fold_change": [3.0, 3.0, -1.5, -1.5],
            "reliable": True,
        }
    )
    tracks = pd.DataFrame(
        [
            ("L", condition, strand, start, start + 100, height * (2 if condition == "oe" else 1))
            for condition in ("oe", "mock")
            for strand, height in strands.items()
            for start in range(0, 1000, 100)
        ],
        columns=["locus", "condition", "strand", "start", "end", "signal"],
    )
    return table, tracks


def test_a_locus_has_plus_above_and_minus_below_and_control_first():
    held = genes([("RIGHT", "chr1", 100, 300, "+"), ("LEFT", "chr1", 600, 900, "-")])
    figure = locus_tracks("L", *loci_of({"+": 2.0, "-": 5.0}), held, "mock", "oe")
    for axes, condition, height, shade in zip(figure.axes, ("mock", "oe"), (1, 2), (CONTROL, TREATMENT)):
        assert condition in [text.get_text() for text in axes.texts]
        plus, minus = axes.collections
        assert plus.get_paths()[0].vertices[:, 1].max() == 2.0 * height
        assert plus.get_paths()[0].vertices[:, 1].min() == 0.0
        assert minus.get_paths()[0].vertices[:, 1].min() == -5.0 * height
        assert minus.get_paths()[0].vertices[:, 1].max() == 0.0
        assert colour(plus) == shade
        signs = {text.get_text(): text.get_position()[1] for text in axes.texts if text.get_text() in ("+", "−")}
        assert signs["+"] > 0.5 > signs["−"]
    arrows = [text.get_text().strip() for text in figure.axes[-1].texts]
    assert arrows == ["RIGHT →", "LEFT ←"]
    assert figure.axes[0].get_title(loc="left") == "L: log2 fold change −1.50 on the minus strand", (
        "that with the reads"
    )


def test_sense_is_above_the_line_and_antisense_below():
    offset = np.arange(-300, 300)
    parts = []
    for condition, factor in (("mock", 1.0), ("oe", 2.0)):
        for orientation, place, height in (("sense", 50, 9.0), ("antisense", -150, 4.0)):
            signal = np.where(np.abs(offset - place) < 30, height * factor, 0.0)
            parts.append(
                pd.DataFrame({"condition": condition, "orientation": orientation, "offset": offset, "signal": signal})
            )
    maps = {
        name: Bundle(
            gene=np.array(["hot", "cold"]), offset=np.array([-300, 0, 300]), sense=np.array([[0.0, level], [0.0, 1.0]])
        )
        for name, level in (("mock", 3.0), ("oe", 7.0))
    }
    figure = tss_profile(pd.concat(parts), "mock", "oe", maps)
    curves = [line for axes in figure.axes for line in axes.lines if len(line.get_xdata()) > 9]
    assert len(curves) == 4
    seen = {}
    for line in curves:
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        side = "sense" if y.max() > 0 else "antisense"
        seen[colour(line), side] = (abs(y).max(), x[abs(y).argmax()] > 0)
    assert set(seen) == {(CONTROL, "sense"), (CONTROL, "antisense"), (TREATMENT, "sense"), (TREATMENT, "antisense")}
    assert seen[TREATMENT, "sense"] == (18.0, True)
    assert seen[CONTROL, "sense"] == (9.0, True)
    assert seen[CONTROL, "antisense"] == (4.0, False)
    panels = {
        axes.get_title(loc="left"): axes.images[0] for axes in figure.axes if axes.images and axes.get_title(loc="left")
    }
    for name, level in (("mock", 3.0), ("oe", 7.0)):
        np.testing.assert_allclose(panels[name].get_array(), np.log2(1 + np.array([[0.0, level], [0.0, 1.0]])))
        left, right, bottom, top = panels[name].get_extent()
        assert (left, right) == (-300, 300)
        assert top < bottom, "the brightest gene is the first row and lies on top"


def test_the_density_runs_from_before_the_start_to_beyond_the_end():
    position = np.arange(-100, 200)
    density = np.where(position < 0, 0.2, np.where(position < 100, 0.9, 0.4))
    summary = {"five_prime_fp": 0.2, "tp": 0.9, "post_tts": 0.4, "tua": 0.8, "pairs": 7}
    axes = transcript_density(pd.DataFrame({"position": position, "density": density}), summary).axes[0]
    words = {text.get_text().split("\n")[0]: text for text in axes.texts}
    assert [words[name].get_position()[0] for name in ("FivePrimeFP", "TP", "PostTTS")] == [-50.0, 50.0, 150.0]
    assert [words[name].get_text().split("\n")[1] for name in ("FivePrimeFP", "TP", "PostTTS")] == [
        "0.2000",
        "0.9000",
        "0.4000",
    ]
    ticks = dict(zip(axes.get_xticks().tolist(), [label.get_text() for label in axes.get_xticklabels()], strict=True))
    assert (ticks[0], ticks[100]) == ("TSS", "TTS")
    curve = next(line for line in axes.lines if line.get_label() == "this study")
    np.testing.assert_array_equal(curve.get_ydata(), density)
    np.testing.assert_array_equal(curve.get_xdata(), position)


def pausing_table() -> pd.DataFrame:
    """Four genes, ten times as paused in the treatment."""
    parts = [
        pd.DataFrame(
            {
                "gene": list("abcd"),
                "condition": condition,
                "promoter_count": 10,
                "passes": True,
                "pausing_index": np.array([1.0, 2.0, 4.0, 8.0]) * factor,
                "count_ratio": np.array([1.0, 2.0, 4.0, 8.0]) * factor / 19.2,
            }
        )
        for condition, factor in (("mock", 1.0), ("oe", 10.0))
    ]
    return pd.concat(parts, ignore_index=True)


def test_pausing_has_control_left_and_treatment_against_control():
    left, right = pausing_distribution(pausing_table(), {}, "mock", "oe").axes[:2]
    assert [label.get_text() for label in left.get_xticklabels()] == ["mock", "oe"]
    clouds = [item.get_offsets() for item in left.collections if len(item.get_offsets()) == 4]
    for place, (cloud, mean) in enumerate(
        zip(clouds, (np.log10([1, 2, 4, 8]).mean(), 1 + np.log10([1, 2, 4, 8]).mean()))
    ):
        assert cloud[:, 0].mean() == pytest.approx(place, abs=0.2)
        assert cloud[:, 1].mean() == pytest.approx(mean)
    (points,) = [item for item in right.collections if len(item.get_offsets()) == 4]
    x, y = points.get_offsets().T
    np.testing.assert_allclose(y - x, 1.0)
    assert (right.get_xlabel(), right.get_ylabel()) == ("mock", "oe")


def test_the_strongest_term_is_on_top_and_reaches_furthest():
    names = ["strong", "middling", "weak"]
    table = pd.DataFrame(
        {"gene_set": "up", "term": names, "name": names, "namespace": "BP", "overlap": 5, "gene_set_size": 9}
    ).assign(term_size=20, background_size=90, p_value=[1e-9, 1e-5, 1e-2], adjusted_p_value=[1e-8, 1e-4, 0.2])
    axes = enrichment(table, 0.05).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["weak", "middling", "strong"], "row 0 is the lowest"
    assert axes.get_ylim()[0] < axes.get_ylim()[1]
    bars = list(axes.patches)
    np.testing.assert_allclose([bar.get_width() for bar in bars], [2.0, 5.0, 9.0])
    assert [colour(bar) == "#FFFFFF" for bar in bars] == [True, False, False]


def test_quality_and_funnel_are_of_the_library_in_its_conditions_colour():
    tables = {
        name: pd.DataFrame({"mate": 1, "cycle": [1, 2, 3], "mean_quality": [level, level, level - 5]})
        for name, level in (("m1", 38.0), ("o1", 33.0))
    }
    lines = {colour(line): line for line in read_quality(tables, CONDITIONS, "mock", "oe").axes[0].lines}
    assert lines[CONTROL].get_ydata().tolist() == [38.0, 38.0, 33.0]
    assert lines[TREATMENT].get_ydata().tolist() == [33.0, 33.0, 28.0]
    assert lines[CONTROL].get_xdata().tolist() == [1, 2, 3]
    funnels = {
        name: pd.DataFrame(
            {"step": ["all", "unmapped", "masked"], "removed": [0, 40, last], "remaining": [100, 60, 60 - last]}
        )
        for name, last in (("m1", 10), ("o1", 50))
    }
    axes = filter_funnel(funnels, CONDITIONS, "mock", "oe").axes[0]
    widths = {
        shade: [bar.get_width() for bar in axes.patches if colour(bar) == shade] for shade in (CONTROL, TREATMENT)
    }
    assert widths == {CONTROL: [100.0, 60.0, 50.0], TREATMENT: [100.0, 60.0, 10.0]}
    assert axes.yaxis_inverted(), "the first step is on top"
    assert {text.get_text() for text in axes.texts} == {"50.0 %  m1", "10.0 %  o1"}


def test_the_tuning_surface_stars_the_lowest_error_and_the_most_genes():
    grid = [(leave, shape) for leave in (-300.0, -200.0, -100.0) for shape in (5.0, 10.0)]
    tuning = pd.DataFrame(grid, columns=["log_prob_leave_transcribed", "untranscribed_shape"]).assign(
        error_rate=[0.9, 0.1, 0.5, 0.6, 0.7, 0.8], genes_recovered=[0.1, 0.2, 0.3, 0.4, 0.8, 0.6]
    )
    fit = {"log_prob_leave_transcribed": -200.0, "untranscribed_shape": 5.0}
    figure = tuning_surface(tuning, fit)
    error, genes_recovered = figure.axes[:2]
    for axes, value, place in ((error, "0.100*", (1, 0)), (genes_recovered, "0.800*", (0, 2))):
        (star,) = [text for text in axes.texts if text.get_text().endswith("*")]
        assert (star.get_text(), star.get_position()) == (value, place)
        assert [label.get_text() for label in axes.get_xticklabels()] == ["5", "10"]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["-300", "-200", "-100"]
        assert axes.images[0].origin == "lower"
        assert axes.patches[0].get_xy() == (-0.5, 0.5), "the box is at shape 5, leave -200"
    np.testing.assert_array_equal(error.images[0].get_array(), [[0.9, 0.1], [0.5, 0.6], [0.7, 0.8]])
    trace = em_trace(pd.DataFrame({"iteration": [1, 2], "log_likelihood": [-9.0, -3.0]})).axes[0].lines[0]
    assert (trace.get_xdata().tolist(), trace.get_ydata().tolist()) == ([1, 2], [-9.0, -3.0])


def test_marks_rise_from_silent_genes_to_those_of_high_density():
    n = 41
    density = np.arange(n, dtype=float)
    names = [f"g{k}" for k in range(n)]
    marks = pd.DataFrame({"gene": names, "mark": "M", "promoter_signal": 100 + density, "body_signal": 200 - density})
    signal = pd.DataFrame({"gene": names, "promoter_density": density, "body_density": density})
    promoter, body = marks_by_transcription(marks, signal).axes
    for axes, rising, title in ((promoter, True, "1.00"), (body, False, "−1.00")):
        medians = [
            line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2
        ]
        places = {
            round(float(np.mean(line.get_xdata()))): line.get_ydata()[0]
            for line in axes.lines
            if len(set(line.get_ydata())) == 1
        }
        assert medians
        order = [places[at] for at in range(GROUPS + 1)]
        assert (np.diff(order) > 0).all() if rising else (np.diff(order) < 0).all()
        labels = [label.get_text().split("\n")[0] for label in axes.get_xticklabels()]
        assert (labels[0], labels[1], labels[-1]) == ("silent", "low", "high")
        assert title in axes.get_title(loc="left")


def test_the_graph_runs_from_top_to_bottom():
    axes = workflow({"positions": "reads", "counts": "features"}, [("positions", "counts")]).axes[0]
    height = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert height["positions"] < height["counts"]
    assert axes.yaxis_inverted()


def test_one_high_peak_is_cut_and_its_height_written():
    table, tracks = loci_of({"+": 2.0, "-": 5.0})
    high = tracks.copy()
    high.loc[(high["strand"] == "-") & (high["condition"] == "oe") & (high["start"] == 300), "signal"] = 2449.0
    held = genes([("RIGHT", "chr1", 100, 300, "+")])
    plain, cut = (locus_tracks("L", table, frame, held, "mock", "oe") for frame in (tracks, high))
    assert plain.axes[0].get_ylim()[1] < 20
    assert cut.axes[0].get_ylim()[1] < 20, "the rest of the locus sets the range"
    assert cut.axes[1].get_ylim() == cut.axes[0].get_ylim()
    assert "2,449" in [text.get_text().strip() for text in cut.axes[1].texts]
    assert not any("2,449" in text.get_text() for axes in plain.axes for text in axes.texts)


def test_boxes_of_marks_lie_whole_within_the_axes():
    names = [f"G{place}" for place in range(80)]
    marks = pd.DataFrame({"mark": "M", "gene": names, "promoter_signal": 0.5, "body_signal": np.linspace(0, 9, 80)})
    density = pd.DataFrame({"gene": names, "promoter_density": np.arange(80.0), "body_density": np.arange(80.0)})
    figure = marks_by_transcription(marks, density)
    for axes in figure.axes:
        drawn = [line.get_ydata() for line in axes.lines if len(line.get_ydata())]
        low, high = axes.get_ylim()
        assert all(low <= np.min(part) and np.max(part) <= high for part in drawn)


@pytest.mark.parametrize(("step", "decimals"), [(0.0025, 4), (0.005, 3), (0.02, 2), (0.5, 1), (2.0, 1), (1e-9, 6)])
def test_ticks_of_a_locus_show_their_place_exactly(step: float, decimals: int):
    assert _decimals(step) == decimals
    assert decimals == 6 or float(f"{7 * step:.{decimals}f}") == pytest.approx(7 * step)


def test_a_region_is_shaded_where_it_is_counted_and_a_gene_is_not():
    table, tracks = loci_of({"+": 2.0, "-": 5.0})
    held = genes([("G", "chr1", 300, 700, "+")])
    shaded = [
        [patch for axes in figure.axes for patch in axes.patches if patch.get_alpha() == 0.25]
        for figure in (
            locus_tracks("L", table.assign(start=start, end=end), tracks, held, "mock", "oe")
            for start, end in ((200, 450), (300, 700), (0, 1000))
        )
    ]
    assert [len(patches) for patches in shaded] == [2, 0, 0]
    assert {(patch.get_x(), patch.get_x() + patch.get_width()) for patch in shaded[0]} == {(200, 450)}


def test_a_title_gives_no_fold_change_of_a_few_reads():
    table, tracks = loci_of({"+": 2.0, "-": 5.0})
    few = locus_tracks("L", table.assign(count=[1, 1, 4, 3]), tracks, genes([]), "mock", "oe")
    assert few.axes[0].get_title(loc="left") == "L: too few reads for a fold change"
    assert with_enough_reads(table)["log2_fold_change"].tolist()[2:] == [-1.5, -1.5]
    assert with_enough_reads(table)["log2_fold_change"].isna().tolist() == [True, True, False, False]
