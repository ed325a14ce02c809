"""Figures 4 (in base pairs) to 9: what they say, that they repeat, that they survive empty tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groprog_assets.figures.chromatin import marks_by_transcription
from groprog_assets.figures.differential import ma_plot
from groprog_assets.figures.enrichment import enrichment
from groprog_assets.figures.loci import genes_within, locus_tracks
from groprog_assets.figures.pausing import pausing_distribution
from groprog_assets.figures.style import figure_bytes
from groprog_assets.figures.tss_profile import tss_profile
from groprog_assets.store.artifacts import Bundle
from groprog_assets.tables import TABLES
from tests.methods.nascent import differential, genes

GENES = genes([(f"g{i}", "chr1", 1_000 * i, 1_000 * i + 700, "+-"[i % 2]) for i in range(40)])


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text")))


def empty(name):
    return pd.DataFrame(columns=TABLES[name].column_names)


def pausing_table(n=30):
    rng = np.random.default_rng(0)
    parts = []
    for condition, shift in (("mock", 0.0), ("oe", 0.1)):
        index = 10 ** (rng.normal(0.5, 0.6, n) + shift)
        parts.append(
            pd.DataFrame(
                {
                    "gene": [f"g{i}" for i in range(n)],
                    "condition": condition,
                    "promoter_count": 10,
                    "passes": True,
                    "pausing_index": index,
                    "count_ratio": index / 19.2,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


COMPARISON = {
    "margin": 0.2,
    "hodges_lehmann": 0.1,
    "hodges_lehmann_lower": 0.05,
    "hodges_lehmann_upper": 0.15,
    "wilcoxon_p_value": 0.01,
    "equivalence_p_value": 0.001,
    "equivalent": True,
}
PAUSING = {"conditions": {"mock": {"high": 5, "low": 2}, "oe": {"high": 6, "low": 1}}, "comparison": COMPARISON}


def enrichment_table():
    rows = [
        {
            "gene_set": "up",
            "term": f"GO:{i}",
            "name": f"{branch} process {i}",
            "namespace": branch,
            "overlap": 3 + i,
            "gene_set_size": 20,
            "term_size": 30,
            "background_size": 200,
            "p_value": 10.0 ** -(i + 1),
            "adjusted_p_value": 10.0**-i,
        }
        for branch in ("BP", "CC", "MF")
        for i in range(7)
    ]
    return pd.DataFrame(rows)


def locus_frames(reliable=True):
    table = pd.DataFrame(
        {
            "locus": "RUNX1",
            "chrom": "chr1",
            "start": 0,
            "end": 10_000,
            "condition": ["mock", "oe"] * 2,
            "strand": ["+", "+", "-", "-"],
            "count": [1, 0, 9, 37],
            "log2_fold_change": [-1.0, -1.0, 2.0, 2.0],
            "reliable": reliable,
        }
    )
    edges = np.arange(0, 10_000, 100)
    tracks = [
        pd.DataFrame(
            {
                "locus": "RUNX1",
                "condition": c,
                "strand": s,
                "start": edges,
                "end": edges + 100,
                "signal": 1.0 + (edges % 700),
            }
        )
        for c, s in (("oe", "+"), ("oe", "-"), ("mock", "+"), ("mock", "-"), ("H3K27ac", "."))
    ]
    return table, pd.concat(tracks, ignore_index=True)


def profile_frame():
    offsets = np.arange(-100, 200)
    return pd.concat(
        [
            pd.DataFrame({"condition": c, "orientation": o, "offset": offsets, "signal": np.exp(-(offsets**2) / 900)})
            for c in ("mock", "oe")
            for o in ("sense", "antisense")
        ],
        ignore_index=True,
    )


def heat_maps():
    image = np.random.default_rng(0).poisson(1.0, (40, 30)).astype(float)
    one = Bundle(gene=GENES["gene"].to_numpy(), offset=np.arange(-100, 201, 10), sense=image, antisense=image)
    return {"mock": one, "oe": one}


def ma_table(analysis="exploratory"):
    direction = ["up"] * 6 + ["down"] * 5 + ["none"] * 29
    table = differential(GENES, direction, [0.01] * 40)
    return table.assign(log_cpm=np.linspace(-2, 9, 40), analysis=analysis)


SUMMARY = {
    "treatment": "oe",
    "control": "mock",
    "up_to_down": 1.2,
    "analysis": "exploratory",
    "screen": "|log2FC| > 1 and p < 0.05",
    "assumed_biological_variation": 0.1,
}
FIGURES = {
    "profile": lambda: tss_profile(profile_frame(), "mock", "oe"),
    "profile with heat maps": lambda: tss_profile(profile_frame(), "mock", "oe", heat_maps()),
    "ma": lambda: ma_plot(ma_table(), SUMMARY, 1.0, ["g20"]),
    "enrichment": lambda: enrichment(enrichment_table(), 0.05),
    "pausing": lambda: pausing_distribution(pausing_table(), PAUSING, "mock", "oe"),
    "pausing counts": lambda: pausing_distribution(pausing_table(), PAUSING, "mock", "oe", "count_ratio"),
    "marks": lambda: marks_by_transcription(*mark_frames()),
    "locus": lambda: locus_tracks("RUNX1", *locus_frames(), GENES, "mock", "oe"),
}


def mark_frames():
    """Forty genes: the mark rises with the polymerase over promoters and knows nothing of it over bodies; eight are silent."""
    gene = [f"g{at}" for at in range(40)]
    level = np.maximum(np.arange(40) - 7, 0).astype(float)
    marks = pd.DataFrame(
        {"gene": gene, "mark": "H3K4me3", "promoter_signal": level**2 + 1, "body_signal": np.tile([1.0, 2.0], 20)}
    )
    signal = pd.DataFrame({"gene": gene * 2, "promoter_density": np.r_[level, level * 3], "body_density": 1.0})
    return marks, signal


def test_marks_are_shown_by_groups_of_rising_transcription():
    figure = marks_by_transcription(*mark_frames())
    promoter, body = figure.axes
    assert promoter.get_title(loc="left") == "H3K4me3, promoter (\u03c1 = 1.00)"
    assert [label.get_text() for label in promoter.get_xticklabels()] == [
        "silent\n8",
        "low\n8",
        "\n8",
        "\n8",
        "high\n8",
    ]
    middles = [line.get_ydata()[0] for line in promoter.lines if np.ptp(line.get_xdata()) > 0.5]
    assert middles == sorted(middles)
    assert middles[0] == 1
    assert "\u2013" in body.get_title(loc="left"), "equal densities have no correlation"
    marks, signal = mark_frames()
    assert "names no marks" in words(marks_by_transcription(marks.iloc[:0], signal))
    assert "reads in 0 genes" in words(marks_by_transcription(marks, signal.iloc[:0]))


@pytest.mark.parametrize("name", FIGURES)
def test_equal_tables_give_equal_bytes(name):
    assert figure_bytes(FIGURES[name](), dpi=50) == figure_bytes(FIGURES[name](), dpi=50)


def test_exploratory_and_labels_are_said():
    text = words(FIGURES["ma"]())
    assert "exploratory" in text
    assert "g20" in text
    assert "up (6)" in text
    assert "down (5)" in text


def test_strongest_five_of_each_branch_are_named():
    text = words(FIGURES["enrichment"]())
    assert all(f"{branch} process 6" in text for branch in ("BP", "CC", "MF"))
    assert "BP process 1" not in text
    assert "20 genes up of 200 tested" in text


def test_a_term_of_every_tested_gene_is_no_finding():
    root = enrichment_table().iloc[:1].assign(name="biological_process", term_size=200, overlap=20, p_value=1.0)
    text = words(enrichment(pd.concat([enrichment_table().iloc[:2], root]), 0.05))
    assert "biological_process" not in text
    assert "BP process 1" in text


def test_pausing_says_shift_and_verdict():
    text = words(FIGURES["pausing"]())
    assert "5 high, 2 low" in text
    assert "shown equivalent" in text
    assert "30" in text


def test_tracks_share_one_range_and_control_comes_first():
    figure = FIGURES["locus"]()
    mock, oe, mark, *_ = figure.axes
    assert mock.get_ylim() == oe.get_ylim()
    for axes, name in ((mock, "mock"), (oe, "oe"), (mark, "H3K27ac")):
        assert name in [text.get_text() for text in axes.texts]
    assert "+2.00 on the minus strand" in words(figure)


def test_genes_are_drawn_from_start_site_to_end_not_as_their_consensus():
    held = genes([("LONG", "chr1", 1_000, 9_000, "-"), ("FAR", "chr2", 1_000, 9_000, "+")])
    within = genes_within(held.assign(start=1_000, end=[3_000, 9_000]), "chr1", 5_000, 6_000)
    assert within[["gene", "start", "end"]].values.tolist() == [["LONG", 1_000, 9_000]]
    assert genes_within(held, "chr1", 9_000, 9_500).empty


def test_an_unreliable_locus_says_so():
    assert "not reliable" in words(locus_tracks("RUNX1", *locus_frames(reliable=False), GENES, "mock", "oe"))


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: tss_profile(empty("tss_profile"), "mock", "oe"), "No gene has reads"),
        (lambda: ma_plot(empty("differential"), {}, 1.0), "No transcription unit"),
        (lambda: enrichment(empty("enrichment"), 0.05), "No tested term"),
        (lambda: pausing_distribution(pausing_table().assign(passes=False), {}, "mock", "oe"), "No gene has enough"),
        (lambda: locus_tracks("X", empty("loci"), empty("locus_tracks"), GENES, "mock", "oe"), "No track was made"),
    ],
)
def test_empty_tables_are_said(draw, said):
    figure = draw()
    assert said in words(figure)
    figure_bytes(figure, dpi=40)


@pytest.mark.parametrize("n", [1, 3])
def test_few_genes_are_drawn(n):
    figure_bytes(pausing_distribution(pausing_table(n), PAUSING, "mock", "oe"), dpi=40)


def test_no_bar_of_the_enrichment_figure_leaves_its_panel():
    names = ["strong", "middling", "weak"]
    table = pd.DataFrame(
        {"gene_set": "up", "term": names, "name": names, "namespace": ["BP", "BP", "CC"], "overlap": 5}
    )
    table = table.assign(
        gene_set_size=9, term_size=20, background_size=90, p_value=[1e-114, 1e-9, 0.2], adjusted_p_value=0.01
    )
    figure = enrichment(table, 0.05)
    for axes in figure.axes:
        assert all(bar.get_width() < axes.get_xlim()[1] for bar in axes.patches)
