"""OBO, GAF and GMT: closure, resolution, what is left out, bad files."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation import gaf as gaf_files
from groprog_assets.methods.annotation.obo import closure, read_obo, resolve_terms
from groprog_assets.methods.annotation.ontology import check_ontology, ontology_notices, read_ontology
from groprog_assets.study.annotation_files import lines
from groprog_assets.study.parameters import EnrichmentParameters
from groprog_assets.study.schema import Ontology

OBO = """format-version: 1.2
data-version: releases/2022-07-01
ontology: go

[Term]
id: GO:0000001
name: root process
namespace: biological_process

[Term]
id: GO:0000002
name: signaling receptor inhibitor activity
namespace: molecular_function
alt_id: GO:0000009
synonym: "receptor inhibitor activity" EXACT []
relationship: part_of GO:0000001 ! root process
relationship: regulates GO:0000004

[Term]
id: GO:0000003
name: leaf
namespace: molecular_function
is_a: GO:0000002 ! signaling receptor inhibitor activity

[Term]
id: GO:0000004
name: regulated
namespace: cellular_component

[Term]
id: GO:0000005
name: obsolete gone
namespace: cellular_component
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""


def gaf_row(symbol, term, qualifier="involved_in", evidence="IDA", synonyms=""):
    return "\t".join(
        [
            "DB",
            symbol,
            symbol,
            qualifier,
            term,
            "PMID:0",
            evidence,
            "",
            "P",
            "n",
            synonyms,
            "protein",
            "taxon:9606",
            "20220912",
            "DB",
            "",
            "",
        ]
    )


GAF = [
    "!gaf-version: 2.2",
    gaf_row("A", "GO:0000003"),
    gaf_row("B", "GO:0000009"),
    gaf_row("C", "GO:0000003", qualifier="NOT|enables"),
    gaf_row("D", "GO:0000001", evidence="ND"),
    gaf_row("E", "GO:7777777"),
    gaf_row("F", "GO:0000005"),
    gaf_row("NEWNAME", "GO:0000004", synonyms="OLDNAME|SHARED"),
    gaf_row("OTHER", "GO:0000004", synonyms="SHARED"),
]
GENES = ["A", "B", "C", "D", "E", "F", "OLDNAME", "SHARED", "UNHEARD"]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "go.obo").write_text(OBO)
    with gzip.open(tmp_path / "a.gaf.gz", "wt") as stream:
        stream.write("\n".join(GAF) + "\n")
    return Ontology(obo=tmp_path / "go.obo", gaf=tmp_path / "a.gaf.gz")


def test_the_true_path_is_closed_over_is_a_and_part_of_only(files):
    annotations = read_ontology(files, GENES).annotations
    held = annotations.groupby("gene")["term"].agg(set).to_dict()
    assert held == {
        "A": {"GO:0000003", "GO:0000002", "GO:0000001"},
        "B": {"GO:0000002", "GO:0000001"},
        "OLDNAME": {"GO:0000004"},
    }
    direct = set(annotations.loc[annotations["direct"], ["gene", "term"]].itertuples(index=False, name=None))
    assert direct == {("A", "GO:0000003"), ("B", "GO:0000002"), ("OLDNAME", "GO:0000004")}


def test_what_is_left_out_is_counted(files):
    version = read_ontology(files, GENES).version
    assert version["obo"] == "releases/2022-07-01"
    assert version["gaf"] == "gaf-version: 2.2"
    assert len(version["obo_sha256"]) == 64
    counts = {
        k: version[k] for k in ("negated", "no_data", "unknown_terms", "obsolete_term_annotations", "genes_by_synonym")
    }
    assert counts == {
        "negated": 1,
        "no_data": 1,
        "unknown_terms": 1,
        "obsolete_term_annotations": 1,
        "genes_by_synonym": 1,
    }


def test_terms_are_found_by_id_alt_id_name_and_synonym(files):
    terms = read_ontology(files, GENES).terms
    wanted = ["GO:0000002", "GO:0000009", "Leaf", "Receptor inhibitor activity", "GO:0000005", "nothing"]
    assert list(resolve_terms(wanted, terms).values()) == [
        "GO:0000002",
        "GO:0000002",
        "GO:0000003",
        "GO:0000002",
        "GO:0000005",
        None,
    ]


def test_a_synonym_of_two_terms_is_no_answer(files, tmp_path):
    stated = "name: regulated\nnamespace: cellular_component\n"
    twice = OBO.replace(stated, stated + 'synonym: "receptor inhibitor activity" RELATED []\n')
    assert twice != OBO
    (tmp_path / "twice.obo").write_text(twice)
    terms = read_obo(tmp_path / "twice.obo").terms
    assert resolve_terms(["receptor inhibitor activity"], terms) == {"receptor inhibitor activity": None}


def test_the_papers_terms_resolve_in_the_real_release(shared):
    terms = read_obo(shared / "data" / "reference" / "go-2022-07-01.obo.gz").terms
    named = {
        "negative regulation of execution phase of apoptosis": "GO:1900118",
        "execution phase of apoptosis": "GO:0097194",
        "catenin complex": "GO:0016342",
        "receptor inhibitor activity": "GO:0030547",
        "receptor antagonist activity": "GO:0048019",
    }
    assert resolve_terms(named, terms) == named


def test_parents_that_lead_to_no_live_term_are_told_and_replaced_ones_followed(files, tmp_path):
    """A gene under `leaf` is under what has replaced its parent, and under no term that is obsolete or not there."""
    path = tmp_path / "broken.obo"
    lines = (
        "is_a: GO:0000002 ! signaling receptor inhibitor activity\nis_a: GO:0000005\nrelationship: part_of GO:9999999\n"
    )
    path.write_text(
        OBO.replace("is_a: GO:0000002 ! signaling receptor inhibitor activity\n", lines).replace(
            "is_a: GO:0000002", "is_a: GO:0000009"
        )
    )
    tables = read_ontology(Ontology(obo=path, gaf=files.gaf), GENES)
    whole = read_ontology(Ontology(obo=files.obo, gaf=files.gaf), GENES)
    pd.testing.assert_frame_equal(tables.annotations, whole.annotations)
    assert (tables.version["followed_edges"], tables.version["broken_edges"]) == (1, 2)
    told = [notice.value for notice in ontology_notices(tables, EnrichmentParameters())]
    examples = "GO:0000003 under GO:0000005 (obsolete), GO:0000003 under GO:9999999 (not in the file)"
    assert any(value.startswith("2 is_a or part_of lines") and examples in value for value in told)
    assert not any("is_a or part_of" in notice.value for notice in ontology_notices(whole, EnrichmentParameters()))


def test_a_cycle_is_an_error(files, tmp_path):
    (tmp_path / "loop.obo").write_text(
        OBO.replace(
            "name: root process\nnamespace: biological_process\n",
            "name: root process\nnamespace: biological_process\nis_a: GO:0000003\n",
        )
    )
    for read in (check_ontology, lambda ontology: read_ontology(ontology, GENES)):
        with pytest.raises(AnnotationError, match=r"cycle.*GO:0000001"):
            read(Ontology(obo=tmp_path / "loop.obo", gaf=files.gaf))


def test_closure_holds_a_term_and_all_above_it():
    above = closure({"a": [], "c": ["b", "a"], "b": ["a"], "d": []})
    assert [above.of(term).tolist() for term in range(4)] == [[0], [0, 1, 2], [0, 2], [3]]


REPLACED = """format-version: 1.2
data-version: hp/releases/2025-01-16

[Term]
id: HP:0000101
name: Sparse eyebrow
alt_id: HP:0000201
alt_id: HP:0000202

[Term]
id: HP:0000102
name: Retinal dysplasia

[Term]
id: HP:0000201
name: obsolete Sparse and thin eyebrow
is_obsolete: true
replaced_by: HP:0000101

[Term]
id: HP:0000203
name: obsolete Retinal malformation
is_obsolete: true
replaced_by: HP:0000204

[Term]
id: HP:0000204
name: obsolete Retinal change
is_obsolete: true
replaced_by: HP:0000102

[Term]
id: HP:0000205
name: obsolete Chorioretinopathy
is_obsolete: true
consider: HP:0000102

[Term]
id: HP:0000206
name: obsolete circle
is_obsolete: true
replaced_by: HP:0000207

[Term]
id: HP:0000207
name: obsolete circle too
is_obsolete: true
replaced_by: HP:0000206

[Term]
id: HP:0000208
name: obsolete split
is_obsolete: true
replaced_by: HP:0000101
replaced_by: HP:0000102
"""
"""Frames as hp.obo has them: an obsolete one that is also the alternative id of a live term, chains, suggestions."""


def test_an_id_leads_to_the_live_term_that_took_its_place(tmp_path):
    (tmp_path / "hp.obo").write_text(REPLACED)
    graph = read_obo(tmp_path / "hp.obo")
    live = {name: graph.live(f"HP:0000{name}") for name in (101, 201, 202, 203, 204, 205, 206, 207, 208, 999)}
    assert live == {
        101: "HP:0000101",
        201: "HP:0000101",
        202: "HP:0000101",
        203: "HP:0000102",
        204: "HP:0000102",
        **dict.fromkeys((205, 206, 207, 208, 999)),
    }
    assert resolve_terms(["HP:0000201", "HP:0000203", "HP:0000205"], graph.terms) == {
        "HP:0000201": "HP:0000101",
        "HP:0000203": "HP:0000102",
        "HP:0000205": "HP:0000205",
    }


def test_genes_of_replaced_terms_are_kept_and_what_is_lost_is_said(tmp_path):
    (tmp_path / "hp.obo").write_text(REPLACED)
    stated = {"A": 101, "B": 201, "C": 202, "D": 203, "E": 205, "F": 206, "G": 999}
    rows = ["!gaf-version: 2.2", *(gaf_row(gene, f"HP:0000{term}") for gene, term in stated.items())]
    (tmp_path / "a.gaf").write_text("\n".join(rows) + "\n")
    tables = read_ontology(Ontology(obo=tmp_path / "hp.obo", gaf=tmp_path / "a.gaf"), [*stated, "LATER"])
    held = tables.annotations.set_index("gene")["term"].astype("str").to_dict()
    assert held == {"A": "HP:0000101", "B": "HP:0000101", "C": "HP:0000101", "D": "HP:0000102"}
    said = "\n".join(map(str, ontology_notices(tables, EnrichmentParameters())))
    assert "4 of 8 genes of the annotation have a term; 7 associations" in said
    assert "3 associations name an id that another term has replaced" in said
    assert (
        "2 terms of the GAF are obsolete without a replacement (HP:0000205 (consider HP:0000102), HP:0000206)" in said
    )
    assert "1 terms of the GAF are not in the OBO (HP:0000999)" in said
    assert "0 of 2 terms with genes hold 10 to 500 genes" in said


def test_every_obsolete_id_of_a_live_term_in_hp_resolves(shared, tmp_path):
    """hp.obo of 2025-01-16, written again from its tables: 387 of 450 obsolete ids are alternative ids of a live term."""
    folder = shared / "data" / "omics" / "hpo"
    terms = pd.read_parquet(folder / "terms.parquet")
    alternative = pd.read_parquet(folder / "alts.parquet").groupby("term_id")["alt_id"].agg(list).to_dict()
    frames = ["format-version: 1.2"]
    for row in terms.itertuples():
        frame = [f"[Term]\nid: {row.term_id}", *(f"alt_id: {other}" for other in alternative.get(row.term_id, ()))]
        if row.obsolete:
            frame.append("is_obsolete: true")
            frame += [f"replaced_by: {term}" for term in row.replaced_by.split(";") if term]
            frame += [f"consider: {term}" for term in row.consider.split(";") if term]
        frames.append("\n".join(frame))
    (tmp_path / "hp.obo").write_text("\n\n".join(frames) + "\n")
    graph = read_obo(tmp_path / "hp.obo")
    live = set(terms.loc[~terms["obsolete"], "term_id"])
    owner = {other: term for term, others in alternative.items() if term in live for other in others}
    both = [term for term in terms.loc[terms["obsolete"], "term_id"] if term in owner]
    assert len(both) == 387
    assert {term: graph.live(term) for term in both} == {term: owner[term] for term in both}
    assert all(graph.live(term) == term for term in live)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("obo", "hello\n"),
        ("obo", ""),
        ("gaf", "A\tB\n"),
        ("gaf", "!gaf-version: 2.2\n"),
    ],
)
def test_files_that_hold_nothing_usable(files, tmp_path, name, content):
    bad = tmp_path / f"bad.{name}"
    bad.write_text(content)
    given = files.model_copy(update={name: bad})
    with pytest.raises(AnnotationError, match="bad"):
        read_ontology(given, GENES)
    with pytest.raises(AnnotationError, match="bad"):  # the check before a run refuses what the run would
        check_ontology(given)


def test_an_unchanged_gaf_is_read_once_and_a_changed_one_again(files, monkeypatch):
    read = []
    monkeypatch.setattr(gaf_files, "lines", lambda *given, **how: read.append(given) or lines(*given, **how))
    check_ontology(files)
    before = read_ontology(files, GENES).annotations
    assert "UNHEARD" not in set(before["gene"])
    assert len(read) == 1
    with gzip.open(files.gaf, "at") as stream:
        stream.write(gaf_row("UNHEARD", "GO:0000001") + "\n")
    assert "UNHEARD" in set(read_ontology(files, GENES).annotations["gene"])
    assert len(read) == 2


def test_truncated_gzip_is_named(files, tmp_path):
    whole = files.gaf.read_bytes()
    cut = tmp_path / "cut.gaf.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AnnotationError, match=r"cut\.gaf\.gz"):
        read_ontology(Ontology(obo=files.obo, gaf=cut), GENES)


def test_half_an_ontology_is_refused(files):
    for read in (check_ontology, lambda ontology: read_ontology(ontology, GENES)):
        with pytest.raises(AnnotationError, match="OBO needs GAF"):
            read(Ontology(obo=files.obo))


def test_a_study_without_ontology_has_empty_tables():
    tables = read_ontology(None, GENES)
    assert tables.terms.empty
    assert tables.annotations.empty
    assert tables.version == {"format": "none"}
