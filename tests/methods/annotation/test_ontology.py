"""OBO, GAF and GMT: closure, resolution, what is left out, bad files."""

from __future__ import annotations

import gzip

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation.ontology import closure, read_obo, read_ontology, resolve_terms
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


def test_a_cycle_is_an_error(files, tmp_path):
    (tmp_path / "loop.obo").write_text(
        OBO.replace(
            "name: root process\nnamespace: biological_process\n",
            "name: root process\nnamespace: biological_process\nis_a: GO:0000003\n",
        )
    )
    with pytest.raises(AnnotationError, match=r"cycle.*GO:0000001"):
        read_ontology(Ontology(obo=tmp_path / "loop.obo", gaf=files.gaf), GENES)


def test_closure_ignores_parents_outside_the_graph():
    assert closure({"a": [], "b": ["a", "elsewhere"], "c": ["b"]}) == {"a": set(), "b": {"a"}, "c": {"a", "b"}}


def test_gmt_sets_are_taken_as_they_stand(tmp_path):
    path = tmp_path / "sets.gmt"
    path.write_text("GOBP_X\thttp://x\tA\tB\tA\nHALLMARK\tdescription\tC\n")
    tables = read_ontology(Ontology(gmt=path), ["A", "C"])
    assert tables.terms["namespace"].tolist() == ["BP", "other"]
    assert tables.annotations[["gene", "term"]].to_numpy().tolist() == [["A", "GOBP_X"], ["C", "HALLMARK"]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("obo", "hello\n"),
        ("obo", ""),
        ("gaf", "A\tB\n"),
        ("gaf", "!gaf-version: 2.2\n"),
        ("gmt", "one\ttwo\n"),
        ("gmt", ""),
    ],
)
def test_files_that_hold_nothing_usable(files, tmp_path, name, content):
    bad = tmp_path / f"bad.{name}"
    bad.write_text(content)
    ontology = Ontology(gmt=bad) if name == "gmt" else files.model_copy(update={name: bad})
    with pytest.raises(AnnotationError, match="bad"):
        read_ontology(ontology, GENES)


def test_truncated_gzip_is_named(files, tmp_path):
    whole = files.gaf.read_bytes()
    cut = tmp_path / "cut.gaf.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AnnotationError, match=r"cut\.gaf\.gz"):
        read_ontology(Ontology(obo=files.obo, gaf=cut), GENES)


def test_half_an_ontology_is_refused(files):
    with pytest.raises(AnnotationError, match="OBO needs GAF"):
        read_ontology(Ontology(obo=files.obo), GENES)


def test_a_study_without_ontology_has_empty_tables():
    tables = read_ontology(None, GENES)
    assert tables.terms.empty
    assert tables.annotations.empty
    assert tables.version == {"format": "none"}
