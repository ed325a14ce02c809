"""GMT files as MSigDB, Enrichr and people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.annotation.gmt import read_gmt
from groprog_assets.methods.annotation.obo import resolve_terms
from groprog_assets.methods.annotation.ontology import ontology_notices, read_ontology
from groprog_assets.study.parameters import EnrichmentParameters
from groprog_assets.study.schema import Ontology

URL = "https://www.gsea-msigdb.org/gsea/msigdb/human/geneset/HALLMARK_APOPTOSIS"


def written(folder: Path, text: str) -> Path:
    path = folder / "sets.gmt"
    path.write_text(text)
    return path


def test_sets_are_taken_as_they_stand(tmp_path: Path) -> None:
    sets = read_gmt(written(tmp_path, "GOBP_X\thttp://x\tA\tB\tA\nHALLMARK\tdescription\tC\n"), ["A", "C"])
    assert sets.terms["namespace"].tolist() == ["BP", "other"]
    assert sets.annotations[["gene", "term"]].to_numpy().tolist() == [["A", "GOBP_X"], ["C", "HALLMARK"]]


def test_a_set_is_called_by_its_name_and_found_by_its_description(tmp_path: Path) -> None:
    text = f"HALLMARK_APOPTOSIS\t{URL}\tA\nMINE\tmy own set\tA\nOLD\tna\tA\nBARE\t\tA\n"
    terms = read_gmt(written(tmp_path, text), ["A"]).terms
    assert terms["name"].tolist() == terms["term"].tolist() == ["HALLMARK_APOPTOSIS", "MINE", "OLD", "BARE"]
    assert terms["synonyms"].tolist() == ["", "my own set", "", ""]
    assert resolve_terms(["my own set", URL], terms) == {"my own set": "MINE", URL: None}


def test_empty_fields_blanks_and_windows_lines_are_no_genes(tmp_path: Path) -> None:
    sets = read_gmt(written(tmp_path, "\ufeffS1\t\tA\t\t B \t\t\r\n\r\n"), ["A", "B", ""])
    assert sets.annotations["gene"].tolist() == ["A", "B"]
    assert sets.terms["term"].tolist() == ["S1"]
    assert sets.summary["genes_in_sets"] == 2


def test_an_equal_set_is_kept_once_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "S1\tx\tA\tB\nS1\ty\tB\tA\n")
    sets = read_gmt(path, ["A"])
    assert sets.summary == {"sets": 1, "repeated_sets": 1, "genes_in_sets": 2}
    assert len(sets.annotations) == 1
    said = "\n".join(map(str, ontology_notices(read_ontology(Ontology(gmt=path), ["A"]), EnrichmentParameters())))
    assert (
        "1 of 1 genes of the annotation have a term; 2 genes in 1 set; 1 set repeats another and is kept once" in said
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A\tx\tG1\tG2\n\nA\ty\tG3\n", "sets.gmt:3: A again, with other genes than on line 1"),
        ("A\tx\tG1\none two three\n", "sets.gmt:2: one two three.*Separate them by tabs"),
        ("A\tx\n", "sets.gmt:1: A\tx.*Separate them by tabs"),
        ("A\tx\t\t\n", "sets.gmt:1: .*or remove the line"),
        ("\tx\tG1\n", "sets.gmt:1: .*Name the set"),
        ("", "no gene sets"),
    ],
)
def test_each_problem_has_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AnnotationError, match=said):
        read_gmt(written(tmp_path, text), ["G1"])


def test_the_remedy_for_a_repeated_name_leads_to_both_sets(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="Rename one of the two sets"):
        read_gmt(written(tmp_path, "A\tx\tG1\nA\ty\tG2\n"), ["G1", "G2"])
    sets = read_gmt(written(tmp_path, "A\tx\tG1\nA2\ty\tG2\n"), ["G1", "G2"])
    assert sets.annotations[["gene", "term"]].to_numpy().tolist() == [["G1", "A"], ["G2", "A2"]]


def test_no_gene_of_the_sets_in_the_annotation_is_said(tmp_path: Path) -> None:
    tables = read_ontology(Ontology(gmt=written(tmp_path, "S\tx\tTrp53\tMyc\n")), ["TP53", "MYC"])
    first, second = map(str, ontology_notices(tables, EnrichmentParameters()))
    assert "minimum_term_size" not in second, "another size would not help"
    assert "0 of 2 genes of the annotation have a term" in first
    assert "Use one naming of genes" in first


def test_genes_without_a_description_before_them_are_refused_and_the_remedy_keeps_them(tmp_path: Path) -> None:
    bare = written(tmp_path, "S1\tG1\tG2\tG3\nS2\tG2\tG4\tG5\nS3\tother text\tG1\tG9\n")
    with pytest.raises(AnnotationError, match="the second field is the gene G1, and that of 2 of 3 sets is a gene"):
        read_gmt(bare, ["G1", "G2", "G3", "G4", "G5"])
    mended = written(tmp_path, "S1\tna\tG1\tG2\tG3\nS2\tna\tG2\tG4\tG5\nS3\tother text\tG1\tG9\n")
    found = read_gmt(mended, ["G1", "G2", "G3", "G4", "G5"]).annotations
    assert set(found.loc[found["term"] == "S1", "gene"]) == {"G1", "G2", "G3"}


def test_a_description_may_be_a_genes_name_in_some_sets(tmp_path: Path) -> None:
    path = written(tmp_path, "S1\tG1\tG2\tG3\nS2\ttargets\tG2\tG4\n")
    assert len(read_gmt(path, ["G1", "G2", "G3", "G4"]).terms) == 2
