"""Every threshold, window and mask that the report or a figure states is the study's own: no published number stays behind."""

from __future__ import annotations

import html
import math
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from groprog_assets.definitions import defs
from groprog_assets.errors import StudyError
from groprog_assets.figures.style import figure_bytes
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.methods.annotation.masks import masked_kinds
from groprog_assets.report.context import report_context
from groprog_assets.report.figure_list import nascent_drawings
from groprog_assets.report.page import render_report
from groprog_assets.report.strata import curves
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Contrast, Genome
from tests.figures import example

assert defs, "loading them registers the assets and what they declare"

OVERRIDDEN = {
    "filtering": {"use_masks": True},
    "coverage": {"bin_size": 25},
    "transcription": {"log_prob_leave_transcribed": -150.0},
    "pausing": {"promoter_upstream": 30, "promoter_downstream": 150, "body_end": 2000, "minimum_body_reads": 7},
    "differential": {"absolute_log2_fold_change": 2.0, "significance": 0.01},
    "enrichment": {"significance": 0.2},
}


def words(page: bytes) -> str:
    body = re.sub(r"<(style|script)>.*?</\1>", " ", page.decode(), flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def told(changes: dict, **context) -> str:
    """The text of the example's report under changed parameters."""
    base = example.context()
    settings = Parameters.model_validate(changes)
    bundle = {**base["transcript_hmm"], "fit": {**base["transcript_hmm"]["fit"], **context.pop("fit", {})}}
    figures = {**base["figures"], "tuning_surface": "<svg/>"}
    return words(
        render_report(
            {**base, "figures": figures, "transcript_hmm": bundle, "settings": settings, "parameters": {}, **context}
        )
    )


def test_published_settings_give_the_published_numbers():
    text = told({}, fit={"log_prob_leave_transcribed": -200.0, "untranscribed_shape": 5.0, "tuned": False})
    for said in (
        "over 50-bp windows",
        "near the promoter (−50 to +200 bp)",
        "(+200 to +5,000 bp, or the gene's end)",
        "lies 1.28 lower on this scale",
        "have an adjusted p below 0.05.",
        "(rDNA, repeats, blacklist) are masked",
        "in the low, middle and high third",
        "the published one unless the study asks for the tuned one",
    ):
        assert said in text, said


def test_overridden_settings_leave_no_published_number():
    text = told(
        OVERRIDDEN,
        fit={"bin_size": 25, "log_prob_leave_transcribed": -150.0, "untranscribed_shape": 5.0, "tuned": False},
    )
    for said in (
        "over 25-bp windows",
        "near the promoter (−30 to +150 bp)",
        "(+150 to +2,000 bp, or the gene's end)",
        f"lies {math.log10(1850 / 180):.2f} lower on this scale",
        "have an adjusted p below 0.2.",
        "The box is the setting used, which the study states itself.",
    ):
        assert said in text, said
    for stale in ("50-bp", "−50", "+200", "5,000 bp", "1.28", "below 0.05", "the published one"):
        assert stale not in text, stale


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ({"promoter_upstream": 0, "promoter_downstream": 100, "body_end": 200}, "the same here because the windows"),
        ({"promoter_upstream": 0, "promoter_downstream": 1000, "body_end": 1100}, "lies 1.00 higher on this scale"),
        ({"promoter_upstream": 0, "promoter_downstream": 100, "body_end": 200}, "near the promoter (0 to +100 bp)"),
    ],
)
def test_the_two_forms_of_the_index_are_apart_as_their_windows_are(windows: dict, said: str):
    assert said in told({"pausing": windows})


def test_the_enrichment_counts_by_the_studys_threshold():
    terms = example.enrichment()
    for bound in (0.05, 0.6):
        significant = int((terms["adjusted_p_value"] < bound).sum())
        assert f"{significant} of {len(terms)} tests have" in told({"enrichment": {"significance": bound}})
    assert (terms["adjusted_p_value"].between(0.05, 0.6)).any(), "the two thresholds differ in what they count"


@pytest.mark.parametrize(
    ("masks", "use", "said", "unsaid"),
    [
        (["rDNA", "repeats", "blacklist"], True, "(rDNA, repeats, blacklist) are masked", "names no regions"),
        (["blacklist"], True, "(blacklist) are masked", "rDNA"),
        ([], True, "The study names no regions to mask", "are masked"),
        (["blacklist"], False, "Masking is off ( filtering.use_masks )", "are masked"),
    ],
)
def test_only_regions_that_are_masked_are_said_to_be(masks: list[str], use: bool, said: str, unsaid: str):
    page = told({"filtering": {"use_masks": use}}, masks=masks, loci=None)
    text = page.split("Reads: how many, how good")[-1].split("Every filtering step")[0]
    assert said in text
    assert unsaid not in text


def test_libraries_given_as_tracks_are_not_said_to_be_filtered_here():
    base = example.context()
    libraries = {
        name: {**bundle, "summary": {**bundle["summary"], "uniqueness": {"rule": "none"}}}
        for name, bundle in base["filtered_alignments"].items()
    }
    assert "makers of the tracks chose" in told({}, filtered_alignments=libraries)
    first = next(iter(libraries))
    mixed = {**base["filtered_alignments"], first: libraries[first]}
    assert f"(those of {first} were chosen by the makers of the tracks)" in told({}, filtered_alignments=mixed)


@pytest.mark.parametrize(
    ("groups", "said"), [(2, "low and high half"), (3, "middle and high third"), (4, "in 4 equal groups")]
)
def test_the_curves_are_captioned_with_the_groups_they_have(groups: int, said: str):
    document = {"strata": {"groprog": {"curves": {"group": list(range(groups)) * 2}}}}
    block = curves({"evaluation": document, "figures": {"kaplan_meier": "<svg/>"}})
    assert said in block["caption"]
    assert ("three" in block["alt"]) == (groups == 3)


def drawings(changes: dict, beside_the_paper: bool = False) -> dict:
    """The nascent figures of a study whose view holds what the asset declares."""
    parameters = Parameters.model_validate(changes)
    generator = np.random.default_rng(7)
    declared = SPECIFICATIONS["nascent_figures"].sections
    values = {name: getattr(parameters, name.partition(".")[2]) for name in declared if name.startswith("parameters.")}
    values |= {"libraries": [], "contrast": Contrast(treatment="oe", control="mock")}
    values |= {"compare_with_paper": beside_the_paper}
    table = example.differential(generator)
    empty = SimpleNamespace(table=pd.DataFrame({"locus": []}), tracks=None)
    assets = {
        "filtered_alignments": {},
        "differential_transcription": SimpleNamespace(
            table=table, summary={"screen": f"|log2FC| > {parameters.differential.absolute_log2_fold_change:g}"}
        ),
        "enrichment": SimpleNamespace(table=example.enrichment()),
        "pausing": None,
        "loci": empty,
        "tss_profile": None,
        "transcript_hmm": None,
        "transcript_density": None,
        "read_quality": {},
        "initiation_regions": None,
        "differential_initiation": None,
        "chromatin_signal": (),
    }
    return nascent_drawings(StudyView(values, "nascent_figures"), assets)


def test_the_papers_forms_are_drawn_only_where_the_study_asks():
    forms = {"paper_wet_lab", "paper_quality_control", "paper_quality_treatment", "paper_pausing"}
    assert not forms & set(drawings({}))
    assert set(drawings({}, beside_the_paper=True)) - set(drawings({})) == forms


@pytest.mark.parametrize("threshold", [1.0, 2.0])
def test_the_ma_plot_draws_the_studys_threshold(threshold: float):
    figure = drawings({"differential": {"absolute_log2_fold_change": threshold}})["ma_plot"]()
    levels = {float(line.get_ydata()[0]) for line in figure.axes[0].lines if len(set(line.get_ydata())) == 1}
    assert levels == {-threshold, 0.0, threshold}
    assert f"|log2FC| > {threshold:g}" in figure_bytes(figure, "svg").decode().replace("&gt;", ">")


def test_the_enrichment_figure_fills_and_says_by_the_studys_threshold():
    filled = {}
    for bound in (1e-5, 0.05):
        figure = drawings({"enrichment": {"significance": bound}})["enrichment"]()
        assert f"adjusted p &lt; {bound:g}" in figure_bytes(figure, "svg").decode()
        white = [bar.get_facecolor()[:3] == (1, 1, 1) for axes in figure.axes for bar in axes.patches]
        filled[bound] = len(white) - sum(white)
    assert filled[1e-5] < filled[0.05]


def test_what_the_report_is_told_of_a_study(study):
    """Its parameters come along, those declared alone."""
    document = yaml.safe_load(study.read_text())
    document["parameters"] = {"pausing": {"body_end": 2000}}
    study.write_text(yaml.safe_dump(document))
    workspace = Workspace(study)
    values = {name: workspace.section(name, "", None) for name in SPECIFICATIONS["report"].sections}
    held = report_context(StudyView(values, "report"), workspace)["settings"]
    assert held.pausing.body_end == 2000
    assert held.filtering.use_masks
    with pytest.raises(StudyError, match="without declaring it"):
        held.tss_profile  # noqa: B018


@pytest.mark.parametrize(
    ("name", "blacklist", "multi_copy", "kinds"),
    [
        ("sim", "b.bed", "m.bed", ["rDNA", "repeats", "blacklist"]),
        ("sim", "b.bed", None, ["blacklist"]),
        ("sim", None, None, []),
        ("GRCh38", None, None, ["rDNA"]),
        ("hg38", "b.bed", None, ["rDNA", "blacklist"]),
    ],
)
def test_what_is_masked_is_what_the_genome_has_masks_of(name, blacklist, multi_copy, kinds):
    genome = Genome(name=name, chrom_sizes="s", annotation="a", blacklist=blacklist, multi_copy=multi_copy)
    assert masked_kinds(genome) == kinds
