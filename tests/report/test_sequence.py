"""The section of the sequence half: what its tables say."""

from __future__ import annotations

import math

import pandas as pd

from groprog_assets.report.blocks import table
from groprog_assets.report.sequence import _cell_types, _links, _profile, _row
from groprog_assets.report.sequence_card import sequence_card
from groprog_assets.report.summary import findings

ROW = {
    **{"task": "body.control", "view": "promoter", "rung": "ridge", "genes": 238},
    **{"pearson": 0.4465, "lower": 0.3325, "upper": 0.5521, "of_ceiling": math.nan, "r2": 0.1, "auroc": 0.7},
    **{"auroc_lower": 0.6, "auroc_upper": 0.8},
    **{"random_split": 0.56, "inflation": 0.1142, "inflation_lower": 0.0364, "inflation_upper": 0.1961},
}


def test_held_out_r_is_written_out_and_sorts_by_its_value():
    shown = table([str(column) for column in range(10)], [_row(ROW)])["rows"][0]
    assert shown[4] == {"text": "0.447 [0.333, 0.552]", "sort": 0.4465}  # a drawing would take the place of the text
    assert shown[7] == {"text": "0.700 [0.600, 0.800]", "sort": 0.7}
    assert shown[9] == {"text": "0.114 [0.036, 0.196]", "sort": 0.1142}
    assert shown[5]["text"] == "–"


def test_the_first_screen_answers_what_it_asks_of_the_sequence():
    other = {**ROW, "rung": "mean", "pearson": 0.0}
    metrics = pd.DataFrame(
        [{**ROW, "champion": True}, {**other, "champion": False}, {**ROW, "task": "tss", "champion": True}]
    )
    summary = {"main_task": "body.control", "split": {"by": "chromosomes"}}
    context = {"study": {}, "sequence_evaluation": {"metrics": metrics, "summary": summary}}
    [found] = findings(context)
    assert found == {
        "label": "Sequence",
        "text": "Correlation with body.control of genes held out by chromosomes: 0.447 (0.333 to 0.552) from the promoter, "
        "which a random split would show as 0.560.",
        "anchor": "sequence",
    }
    assert findings({"study": {}}) == []


PROFILE = pd.DataFrame(
    [
        {"predicted_by": "mean profile", "windows": 40, "jsd": 0.85, "pearson": 0.16, "near": 0.01},
        {"predicted_by": "profile", "windows": 40, "jsd": 0.76, "pearson": 0.41, "near": 0.1},
    ]
)


def test_profiles_stand_beside_the_mean_profile_with_their_gain():
    summary = {"least_reads": 100, "jsd_gain": 0.092, "jsd_gain_interval": [0.091, 0.093], "better": True}
    [shown] = _profile({"sequence_profile": {"metrics": PROFILE, "summary": summary}})
    assert [row[0]["text"] for row in shown["rows"]] == ["mean profile", "profile"]
    assert shown["rows"][1][2] == {"text": "0.760", "sort": 0.76}
    assert "nearer than the mean profile: its mean JSD is lower by 0.092 [0.091, 0.093]" in shown["caption"]
    nothing = {**summary, "jsd_gain": None, "jsd_gain_interval": None, "better": False}
    [bare] = _profile({"sequence_profile": {"metrics": PROFILE, "summary": nothing}})
    assert "nearer" not in bare["caption"]
    assert _profile({}) == []


CARD = {
    "tasks": ["body.control"],
    "windows": {"tss": [1000, 500], "tts": [500, 1000]},
    "champions": {"promoter": "ridge_kmer"},
    "genes": 238,
    "folds": 2,
    "fold_of_chromosome": {"chr1": [0], "chr2": [1]},
    "fasta": {"file": "g.fa", "sha256": "ab"},
    "warning": "Not for differences between people.",
}


def test_the_card_quotes_held_out_figures_with_intervals_and_says_what_they_are_not():
    metrics = pd.DataFrame([{**ROW, "champion": True}, {**ROW, "rung": "gc", "pearson": 0.2, "champion": False}])
    told = sequence_card(CARD, metrics, PROFILE)
    assert "| body.control | promoter | 238 | 0.447 [0.333, 0.552] | – | 0.100 |" in told
    assert "0.200" not in told
    assert "fold 0: chr1; fold 1: chr2" in told
    assert "| profile | 40 | 0.760 | 0.410 | 0.100 |" in told
    assert "Not for differences between people." in told
    assert "On held-out" not in sequence_card(CARD, None, None)


def test_links_say_what_was_read_and_what_attention_is_not():
    link = {"gene": "A", "chrom": "c", "start": 1000, "end": 4000, "contact": 0.5, "attention": 0.8}
    links = {"rung": "cnn_bilstm", "view": "promoter", "genes": 3, "fragments": 5, "chosen": 2, "most_contacts": 0.5}
    told, shown = _links({"links": {**links, "strongest": [link]}})
    assert "cnn_bilstm reads 5 distal fragments of 3 genes" in str(told)
    assert "most attention in 50%" in str(told)
    assert "no proof of regulation" in str(told)
    assert shown["rows"][0][3] == {"text": "0.80", "sort": 0.8}
    assert _links({}) == []
    (alone,) = _links({"links": {**links, "chosen": 0, "most_contacts": None, "strongest": []}})
    assert "several" not in str(alone)


def test_cell_types_show_r_with_and_without_the_head_and_the_gain():
    row = {"cell_type": "K562", "task": "k562", "genes": 900, "pearson": 0.31, "lower": 0.25, "upper": 0.36}
    row |= {"adversarial": 0.35, "adversarial_lower": 0.29, "adversarial_upper": 0.4}
    row |= {"gain": 0.04, "gain_lower": 0.011, "gain_upper": 0.07}
    [shown] = _cell_types({"sequence_cell_types": {"table": pd.DataFrame([row])}})
    assert [cell["text"] for cell in shown["rows"][0][3:]] == [
        "0.310 [0.250, 0.360]",
        "0.350 [0.290, 0.400]",
        "0.040 [0.011, 0.070]",
    ]
    assert _cell_types({}) == []


def test_a_shared_trunk_is_told_with_the_scores_that_decided():
    trunk = {"profile_alone": -6.5, "profile_shared": -6.4, "values_alone": 0.31, "values_shared": 0.3, "shared": False}
    summary = {"least_reads": 100, "jsd_gain": None, "trunks": [trunk]}
    _, shown = _profile({"sequence_profile": {"metrics": PROFILE, "summary": summary}})
    assert [cell["text"] for cell in shown["rows"][0][1:5]] == ["−6.5000", "−6.4000", "0.3100", "0.3000"]
    assert shown["rows"][0][5]["text"] == "no"
    summary["trunks"] = [{**trunk, "values_alone": None}]  # too few validation genes for an r
    _, shown = _profile({"sequence_profile": {"metrics": PROFILE, "summary": summary}})
    assert shown["rows"][0][3]["text"] == "–"
