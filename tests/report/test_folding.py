"""The first figure and table of a section are seen, the others open with a click, and nothing is lost."""

from __future__ import annotations

from groprog_assets.report.blocks import details, figure, missing, note, paragraph, table
from groprog_assets.report.figure_titles import TITLES
from groprog_assets.report.folding import folded, names
from groprog_assets.report.sections import CAPTIONS


def drawn(name: str):
    return figure("", f"{name} as drawn.", name, name)


def listed(caption: str):
    return table(["a"], [["1"]], caption)


def flat(blocks):
    for block in blocks:
        if block["kind"] == "details":
            yield from flat(block["blocks"])
        else:
            yield block


def test_the_first_of_each_is_seen_and_the_rest_is_named():
    blocks = [
        paragraph("intro"),
        drawn("one"),
        listed("First."),
        drawn("two_more"),
        paragraph("of it"),
        listed("Second table; with more."),
    ]
    seen = folded(blocks)
    assert [block["kind"] for block in seen] == ["paragraph", "figure", "table", "details"]
    assert seen[-1]["summary"] == "More: two more; second table"
    assert list(flat(seen)) == blocks


def test_words_go_where_their_figure_goes_and_warnings_stay():
    blocks = [
        drawn("a"),
        paragraph("of b"),
        drawn("b"),
        note("careful", "warn"),
        drawn("c"),
        listed("T"),
        paragraph("last"),
    ]
    seen = folded(blocks)
    assert [block["kind"] for block in seen] == ["figure", "details", "note", "details", "table", "paragraph"]
    assert list(flat(seen)) == blocks


def test_a_long_table_beside_a_figure_and_the_appendix_are_folded():
    long = table(["a"], [[str(row)] for row in range(12)], "Long.")
    assert [block["kind"] for block in folded([drawn("a"), long])] == ["figure", "details"]
    assert [block["kind"] for block in folded([long])] == ["table"]
    assert [block["kind"] for block in folded([drawn("a"), listed("T")], "appendix")] == ["details"]
    assert [block["kind"] for block in folded([drawn("a"), listed("T")], "reads")] == ["details", "table"]


def test_what_is_short_or_folded_already_is_left():
    for blocks in ([], [missing("none")], [drawn("a"), listed("T"), details("more", [drawn("b")])]):
        assert folded(blocks) == blocks


def test_a_long_caption_names_its_table_up_to_a_comma():
    heads = [
        "Strongest up-regulated units, sorted by conservative log₂ fold change with a bound.",
        "A caption of one sentence that has no comma where it could be cut at all.",
    ]
    assert names([listed(head) for head in heads]) == [
        "strongest up-regulated units",
        "a caption of one sentence that has no comma where it could …",
    ]
    assert names([drawn("tss_profile"), drawn("roc")]) == ["reads around the TSS", "ROC curves"]
    assert names([drawn("locus_MYC"), drawn("external_other_centre_survival")]) == [
        "reads at MYC",
        "survival at other centre",
    ]


def test_every_figure_with_a_caption_has_a_title():
    assert set(CAPTIONS) <= set(TITLES)
