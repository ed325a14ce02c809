"""The report is one file, says what is missing, warns where it must, and repeats byte for byte."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pandas as pd
import pytest

from groprog_assets.report.external import what_was_lost
from groprog_assets.report.genomics import nearest_gene
from groprog_assets.report.page import TEMPLATES, render_report
from groprog_assets.report.prognosis import verdict
from groprog_assets.report.sections import CAPTIONS, SECTIONS
from groprog_assets.report.summary import asked, findings
from groprog_assets.study.parameters import Parameters
from tests.figures import example

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Balanced(HTMLParser):
    """Collects ids, links, images and unclosed tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def context():
    return example.context()


@pytest.fixture(scope="module")
def page(context) -> str:
    return render_report(context).decode()


def parsed(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    return parser


def text_of(html: str) -> str:
    body = re.sub(r"<(style|script)>.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def section(html: str, anchor: str) -> str:
    return html.split(f'<section id="{anchor}"', 1)[1].split("</section>", 1)[0]


def test_is_well_formed_and_every_contents_line_leads_to_a_section(page):
    found = parsed(page)
    assert not found.wrong
    assert not found.open
    assert len(set(found.ids)) == len(found.ids)
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    absent = ("sequence", "paper")  # this study has no sequence half and does not ask for the comparison
    anchors = [anchor for anchor, _, _ in SECTIONS if anchor not in absent]
    assert anchors == [name for name in found.ids if name in {a for a, _, _ in SECTIONS}]


def test_loads_nothing_from_elsewhere(page):
    assert not re.search(r"""src\s*=\s*["'](?!data:)""", page)
    assert not re.search(r"""<link|href\s*=\s*["'](/|[a-z]+:)""", page), "links lead into the results folder alone"
    assert not re.search(r"@import|url\(", page)
    assert "http://" not in text_of(page)
    assert "https://" not in text_of(page)


def test_every_picture_has_words(page):
    pictures = parsed(page).images
    assert len(pictures) >= 6
    assert all(picture["alt"] and picture["src"].startswith("data:image/") for picture in pictures)
    assert all(caption and alt for caption, alt in CAPTIONS.values())


def test_equal_contexts_give_equal_bytes(context, page):
    assert render_report(example.context()) == page.encode()


def test_shows_provenance(page, context):
    part = text_of(section(page, "provenance"))
    assert "differential.significance" in part
    assert "0.01" in part
    assert "paper Table 4" in part
    assert context["provenance"]["ledger_head"] in part
    for entry in context["inputs"]:
        assert entry["path"] in part
        assert entry["sha256"] in re.sub(r"\s", "", section(page, "provenance")).replace(
            '</span><spanclass="rest">', ""
        )


def test_the_wet_lab_record_and_the_origin_of_marks_are_told(page):
    part = text_of(section(page, "reads"))
    assert all(word in part for word in ("run on", "7 min, 30 °C", "NovaSeq"))
    assert all(word in text_of(section(page, "marks")) for word in ("H3K27ac", "Huh7", "hg38", "GSE000001"))


def test_a_study_without_patients_has_no_sections_about_them(context):
    study = {**context["study"], "patients": False}
    page = render_report({**context, "study": study}).decode()
    assert '<section id="loci"' in page
    assert not any(f'<section id="{anchor}"' in page for anchor in ("cohort", "evaluation", "training", "model-card"))


def test_failed_checks_stand_at_the_top(page):
    assert page.index('id="failed-checks"') < page.index("<section")
    head = text_of(page.split("<section", 1)[0])
    assert "1 of 2 checks failed" in head
    assert "filtered_alignments [oe_2]" in head
    assert "61 % of genic reads" in head


def test_errors_come_before_warnings(context):
    checks = [
        {"asset": "a", "check": "one", "passed": False, "severity": "warn", "description": "w"},
        {"asset": "b", "check": "two", "passed": False, "severity": "error", "description": "e"},
    ]
    head = render_report({**context, "checks": checks}).decode().split("<section", 1)[0]
    assert head.index("<code>b</code>") < head.index("<code>a</code>")
    assert "2 of 2 checks failed" in text_of(head)


def test_passing_checks_are_counted(context):
    checks = [{"asset": "a", "check": "one", "passed": True, "severity": "error", "description": ""}]
    assert "All 1 checks passed" in text_of(render_report({**context, "checks": checks}).decode())


def test_density_says_what_the_figures_mean(page):
    part = text_of(section(page, "density"))
    assert "calls that begin too early" in part
    assert "not a region of the gene" in part


def test_published_figures_stand_beside_the_studys_only_where_it_asks(context, page):
    assert not re.search(r"Huh7\)|[Pp]aper|\b[Ee]qs?\. ?\d|[Ff]igure \d", re.sub("paper Table 4", "", text_of(page)))
    asking = {**context, "study": {**context["study"], "compare_with_paper": True}}
    part = text_of(section(render_report(asking).decode(), "paper"))
    assert all(said in part for said in ("0.4125", "312 and 145", "−0.78 and −0.86", "Paper (Huh7)"))


def test_the_papers_tables_are_filled_from_the_study_and_its_settings(context):
    def told(**parameters):
        settings = Parameters.model_validate(parameters)
        asking = {**context, "study": {**context["study"], "compare_with_paper": True}, "settings": settings}
        return text_of(section(render_report(asking).decode(), "paper"))

    plain = told()
    assert [f"Table {place}:" in plain for place in range(1, 7)] == [True] * 6
    assert "perceptron 64–32" in plain
    assert "no gate" in plain
    other = told(
        quality={"gate_mean_quality": 31},
        pausing={"body_end": 2000},
        network={"form": "paper", "trunk_width": 48},
        representation={"pausing_width": 9, "pooling": "tokens"},
    )
    for said in ("worst cycle under Q31", "2,000 bp", "two layers, GELU, LayerNorm, shortcut (eq. 8) 48", "eq. 2 9"):
        assert said in other, said
    assert "pooled over the genes" in other


def test_the_papers_forms_of_figures_are_in_its_appendix_alone(context):
    images = {**context["figures"], "paper_pausing": next(iter(context["figures"].values()))}
    page = render_report({**context, "figures": images}).decode()
    assert "ratio of raw counts. The windows" not in page
    asking = {**context, "figures": images, "study": {**context["study"], "compare_with_paper": True}}
    assert "ratio of raw counts. The windows" in section(render_report(asking).decode(), "paper")


def test_the_first_screen_tells_what_was_asked_and_found(page):
    head = text_of(page.split("<section", 1)[0])
    assert "Asked: What oe changes in nascent transcription against mock" in head
    for label in ("Transcription", "Pausing", "Prognosis"):
        assert f">{label}</a></dt>" in page.split("<section", 1)[0]


def test_what_a_part_adds_is_the_opposite_of_what_is_lost_without_it(context):
    part = {"part": "signature", "difference": -0.052, "lower": -0.102, "upper": -0.002}
    none = {"part": "network", "difference": 0.0002, "lower": -0.001, "upper": 0.0014}
    (told,) = [
        one["text"] for one in findings({**context, "ablation": {"parts": [part, none]}}) if "adds" in one["label"]
    ]
    assert "the nascent signature +0.052 (0.002 to 0.102)" in told
    assert "the network 0.000 (" in told


def test_what_it_was_made_from_stands_at_the_end_folded(page):
    anchors = re.findall(r'<section id="([^"]+)"', page)
    assert anchors[-2:] == ["provenance", "appendix"]
    opened = re.sub(r"<details>.*?</details>", "", section(page, "provenance"), flags=re.S)
    assert "<table" not in opened


def test_a_unit_over_no_gene_names_the_nearest():
    genes = pd.DataFrame(
        {"gene": ["LEFT", "RIGHT"], "chrom": "chr1", "tss": [100, 9_000], "tts": [1_000, 5_000], "strand": ["+", "-"]}
    )

    def named(start: int, end: int, chrom: str = "chr1") -> str:
        return nearest_gene(SimpleNamespace(chrom=chrom, start=start, end=end), genes)

    assert named(1_501, 2_000) == "(LEFT, 500 bp)"
    assert named(3_400, 3_900) == "(RIGHT, 1.1 kb)"
    assert named(900, 950) == "(LEFT, overlapping)"
    assert named(1, 2, "chr2") == "no gene"


def test_a_fold_change_of_few_reads_is_not_given(context):
    loci = context["loci"]["table"]
    few = loci.assign(count=1, log2_fold_change=1.42)
    part = text_of(section(render_report({**context, "loci": {**context["loci"], "table": few}}).decode(), "loci"))
    assert "1.42" not in part
    assert "1.42" in text_of(
        section(render_report({**context, "loci": {**context["loci"], "table": few.assign(count=9)}}).decode(), "loci")
    )


def test_without_replicates_everything_differential_is_labelled(context):
    table = context["differential_transcription"]["table"].assign(analysis="exploratory")
    html = render_report({**context, "differential_transcription": {"table": table}}).decode()
    assert "Exploratory: no replicates" in text_of(html.split("<section", 1)[0])
    told = {"table": table, "summary": {"lacking": "no replicates of control"}}
    one_side = render_report({**context, "differential_transcription": told}).decode()
    assert "Exploratory: no replicates of control" in text_of(one_side.split("<section", 1)[0])
    assert "This study has no replicates of control." in text_of(section(one_side, "differential"))
    for anchor in ("differential", "enrichment"):
        assert "Exploratory" in text_of(section(html, anchor))
    assert "p (exploratory)" in text_of(section(html, "differential"))
    assert "Exploratory" not in text_of(render_report(context).decode())


def test_an_unreliable_locus_is_flagged_and_the_other_is_not(page):
    part = section(page, "loci")
    first, second = part.split("<h3>")[1:]
    assert "RUNX1" in first
    assert "Not reliable" not in first
    assert "LOC100507412" in second
    assert "Not reliable" in second


def test_the_model_stands_first_and_beside_the_baselines(page):
    part = text_of(section(page, "evaluation"))
    assert 0 < part.index("GroProg 0.702") < part.index("Cox, clinical 0.671")
    assert "0.668 to 0.736" in part
    assert "AUC at 36 months" in part


@pytest.mark.parametrize(
    ("lower", "upper", "title", "level"),
    [
        (-0.01, 0.05, "No gain", "info"),
        (0.01, 0.05, "improves", "good"),
        (-0.05, -0.01, "worse", "bad"),
        (0.0, 0.05, "No gain", "info"),
    ],
)
def test_the_headline_follows_the_paired_interval(context, lower, upper, title, level):
    row = {
        "model": "groprog",
        "against": "clinical_cox",
        "metric": "c_ipcw",
        "difference": 0.0,
        "lower": lower,
        "upper": upper,
    }
    found = verdict({"evaluation": {"models": {}, "differences": [row]}})
    assert title in found["title"]
    assert found["level"] == level


def test_the_headline_names_the_linear_model_on_the_same_data(context):
    assert "penalised Cox model with the same expression data: 0.008 (−0.021 to 0.037)" in verdict(context)["text"]


def test_both_intervals_must_agree_before_a_gain_is_claimed():
    row = {
        "model": "groprog",
        "against": "clinical_cox",
        "metric": "c_ipcw",
        "difference": 0.03,
        "lower": 0.01,
        "upper": 0.05,
    }
    document = {"headline": {**row, "bootstrap_lower": -0.01, "bootstrap_upper": 0.06, "margin": 0.01}}
    assert verdict({"evaluation": document})["title"].startswith("No gain")
    small = {
        "headline": {
            **row,
            "lower": -0.02,
            "upper": 0.005,
            "bootstrap_lower": -0.02,
            "bootstrap_upper": 0.004,
            "margin": 0.01,
        }
    }
    assert "A gain of 0.01 or more is ruled out." in verdict({"evaluation": small})["text"]


def test_no_headline_without_an_interval():
    row = {
        "model": "groprog",
        "against": "clinical_cox",
        "metric": "c_ipcw",
        "difference": 0.1,
        "lower": None,
        "upper": None,
    }
    assert verdict({"evaluation": {"models": {}, "differences": [row]}}) is None
    assert verdict({}) is None


def test_a_clinical_model_makes_no_claim_about_omics():
    row = {
        "model": "groprog",
        "against": "clinical_cox",
        "metric": "c_ipcw",
        "difference": 0.0,
        "lower": -0.01,
        "upper": 0.01,
    }
    found = verdict({"study": {"mode": "clinical"}, "evaluation": {"models": {}, "differences": [row]}})
    assert found["title"] == "Clinical covariates alone: no omics enter this model"
    assert "gain" not in found["text"]


def test_table_one_counts_patients(page):
    part = text_of(section(page, "cohort"))
    assert "Table 1" in part
    assert "age (years)" in part
    assert "sex, not used" in part
    assert "no follow-up time 2" in part
    assert "column response known 180 days after baseline" in part


def test_calibration_stands_in_numbers_beside_its_figure(page):
    part = text_of(section(page, "evaluation"))
    assert "Mean error, 12 months Mean error, 36 months" in part
    assert "GroProg 0.94 (SE 0.08) 0.410 0.020 0.020" in part


@pytest.mark.parametrize(
    ("weights", "said"), [([0.95, 0.07], "0.95 and the network 0.07"), ([1.0, 0.0], "network weighs nothing")]
)
def test_the_networks_weight_stands_beside_its_curves(context, weights, said):
    changed = {**context, "model_card": {"model": {"stacking": weights}}}
    assert said in text_of(section(render_report(changed).decode(), "training"))


@pytest.mark.parametrize(
    ("weight", "said"), [(0.31, "0.31 per standard deviation"), (0.0, "signature branch weighs nothing")]
)
def test_what_the_signature_branch_weighs_is_said(context, weight, said):
    changed = {**context, "signature": {"weight": weight, "share": 0.2, "curves": [], "steps": []}}
    assert said in text_of(section(render_report(changed).decode(), "training"))


def test_what_descriptors_from_sequence_are_and_add_is_said(context):
    names = ("response", "sequence_predicted_body", "sequence_axis_1", "sequence_axis_2")
    held = {"coefficient": 0.1, "lower": 0.0, "upper": 0.2}
    functions = [{"function": name, "descriptor": name, **held} for name in names]
    document = {"weight": 0.3, "share": 0.2, "curves": [], "steps": [], "functions": functions}
    held = {"part": "sequence", "estimate": 0.6, "difference": -0.012, "lower": -0.03, "upper": 0.006}
    parts = [{**held, "bootstrap_lower": -0.02, "bootstrap_upper": 0.01, "p_value": 0.2}]
    changed = {**context, "signature": document, "ablation": {"whole": 0.6, "parts": parts}}
    told = text_of(section(render_report(changed).decode(), "training"))
    assert "3 of its functions come from the sequence" in told
    assert "1 prediction by models that never saw the gene, 2 axes" in told
    assert "changes by −0.012 (−0.030 to 0.006)" in told
    plain = {**changed, "signature": {**document, "functions": functions[:1]}}
    assert "come from the sequence" not in text_of(section(render_report(plain).decode(), "training"))


@pytest.mark.parametrize(("share", "level"), [(0.37, "warn"), (0.1, "info")])
def test_an_external_cohort_that_lacks_much_of_the_model_is_a_warning(share: float, level: str):
    lost = {
        "fields": [{"field": "albumin", "why": "not collected there", "share": share}],
        "genes": {"model": 10, "present": 10, "share": 0.0, "strongest_missing": []},
    }
    risk = {"training_mean": 0.0, "training_sd": 1.0, "mean": 0.1, "sd": 0.9}
    (block,) = what_was_lost({"lost": lost, "risk": risk, "without_omics": 0, "harmonization": "none"})
    assert block["level"] == level
    assert f".note.{level}" in (TEMPLATES / "report.html").read_text() or level == "info"


def test_limits_are_always_there():
    html = render_report({"study": {"name": "bare"}}).decode()
    assert "Not a medical device" in text_of(section(html, "model-card"))
    assert "cannot show cause" in text_of(section(html, "model-card"))


def test_a_bare_context_gives_a_page_that_says_what_is_missing():
    html = render_report({"study": {"name": "bare"}, "absent": {"loci": "The study names no loci."}}).decode()
    found = parsed(html)
    assert not found.wrong
    assert "The study names no loci." in text_of(section(html, "loci"))
    assert text_of(html).count("This run holds nothing for this section.") >= 8


def test_a_missing_figure_gives_its_reason(context):
    figures = {name: image for name, image in context["figures"].items() if name != "ma_plot"}
    html = render_report({**context, "figures": figures, "absent": {"ma_plot": "no unit was tested"}}).decode()
    assert "No figure ma plot: no unit was tested." in text_of(section(html, "differential"))


def test_unknown_figures_are_not_lost(context):
    figures = {**context["figures"], "something_new": "<svg xmlns='http://www.w3.org/2000/svg'/>"}
    html = render_report({**context, "figures": figures}).decode()
    assert "Something new." in text_of(section(html, "appendix"))
    assert "data:image/svg+xml;base64," in section(html, "appendix")


def test_text_from_files_cannot_become_markup(context):
    bad = "<script>alert(1)</script>"
    checks = [{"asset": "a", "check": "c", "passed": False, "severity": "error", "description": bad}]
    study = {"name": "x", "title": bad}
    inputs = [{"role": bad, "library": bad, "path": bad, "bytes": 1, "sha256": "0" * 64}]
    html = render_report({**context, "study": study, "checks": checks, "inputs": inputs}).decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_study_without_a_name_is_refused():
    with pytest.raises(KeyError):
        render_report({"study": {}})


def test_the_first_screen_names_what_changed_most_gene_or_not(context):
    tested = context["differential_transcription"]["table"].copy()
    rising = tested.index[tested["direction"] == "up"][:3]
    tested.loc[rising, "conservative_log2_fold_change"] = [9.0, 8.0, 7.0]
    tested.loc[rising, "gene"] = ["", "TWICE", "TWICE"]
    tested.loc[rising[0], ["chrom", "start", "end"]] = ["chrA", 100, 2_000]
    found = {
        one["label"]: one["text"] for one in findings({**context, "differential_transcription": {"table": tested}})
    }
    assert re.search(r"rise \(most chrA:101–2,000, TWICE, (?!TWICE)", found["Transcription"])


def test_only_libraries_of_the_contrast_are_said_to_be_compared(context):
    other = {**context["libraries"][0], "id": "other_1", "condition": "other"}
    said = asked({**context, "libraries": [*context["libraries"], other]})
    assert said == asked(context)
    assert f"in {len(context['libraries'])} libraries" in said


def test_a_locus_without_a_reason_has_no_sentence_for_it(context):
    table = context["loci"]["table"]
    part = section(render_report({**context, "loci": {"table": table.assign(reason="")}}).decode(), "loci")
    assert "<p>.</p>" not in part
    assert "<p>Why here?</p>" in section(
        render_report({**context, "loci": {"table": table.assign(reason="why here?")}}).decode(), "loci"
    )


def test_a_locus_that_is_a_region_is_named_as_the_tables_name_it(context):
    loci = context["loci"]
    locus = str(loci["table"]["locus"].iloc[0])
    told = {locus: {"region": {"name": "IR000012", "interval": "chr1:101-350"}}}
    changed = {**context, "loci": {"table": loci["table"], "summary": {"loci": told}}}
    part = section(render_report(changed).decode(), "loci")
    assert part.count("initiation region IR000012 (chr1:101-350)") == 1
    assert "initiation region" not in section(render_report(context).decode(), "loci")


def test_a_gene_that_a_unit_only_touches_is_not_said_to_overlap():
    genes = pd.DataFrame({"gene": ["A"], "chrom": "chr1", "tss": [100], "tts": [199], "strand": ["+"]})
    for start, end in ((200, 300), (0, 100)):
        assert nearest_gene(SimpleNamespace(chrom="chr1", start=start, end=end), genes) == "(A, 0 bp)"
