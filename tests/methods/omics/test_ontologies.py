"""Ontologies as tables: what is kept, how identifiers are resolved, what is refused; on the real HPO the known counts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from groprog_assets.errors import AnnotationError
from groprog_assets.methods.omics import ontologies
from tests.omics_files import OBO


@pytest.fixture
def read(tmp_path: Path) -> ontologies.Ontology:
    (tmp_path / "hp.obo").write_text(OBO)
    return ontologies.read_ontology(tmp_path / "hp.obo")


def test_obsolete_terms_are_kept_with_what_replaces_them(read):
    gone = read.terms[read.terms["obsolete"]].set_index("term_id")
    assert gone.loc["HP:0000801", "replaced_by"] == ["HP:0000010", "HP:0000020"]
    assert gone.loc["HP:0000802", "consider"] == ["HP:0000021"]
    assert set(read.terms["version"]) == {"2025-01-16"}
    assert read.synonyms.values.tolist() == [["HP:0000010", "Limb anomaly", "EXACT"]]


def test_an_identifier_is_resolved_in_order_and_never_by_a_suggestion(read):
    known = ontologies.resolver(read.terms, read.aliases)
    assert known.resolve("HP:0000011") == ("HP:0000011", "live")
    assert known.resolve("HP:0000800") == ("HP:0000011", "replaced_by")
    assert known.resolve("HP:0000910") == ("HP:0000010", "alt_id")
    for lost in ("HP:0000801", "HP:0000802", "HP:7777777"):
        assert known.resolve(lost) == (None, "unresolved")
    found = ontologies.unresolved(["HP:0000802", "HP:0000802", "HP:0000011"], known)
    assert (found["ids"], found["uses"]) == (1, 2)
    assert found["examples"][0]["consider"] == ["HP:0000021"]


def test_a_single_replacement_goes_before_an_alternative_id():
    columns = ["ontology", "term_id", "name", "obsolete", "replaced_by", "consider", "version"]
    rows = [["HP", "HP:1", "a", False, [], [], "v"], ["HP", "HP:2", "b", False, [], [], "v"]]
    rows.append(["HP", "HP:3", "c", True, ["HP:2"], [], "v"])
    aliases = pd.DataFrame([["HP:1", "HP:3", "alt_id"], ["HP:2", "HP:3", "replaced_by"]])
    aliases.columns = pd.Index(["term_id", "alias_id", "kind"])
    known = ontologies.resolver(pd.DataFrame(rows, columns=columns), aliases)
    assert known.resolve("HP:3") == ("HP:2", "replaced_by")


def test_the_closure_holds_pairs_and_is_sorted_by_ancestor(read):
    pairs = set(read.closure.itertuples(index=False, name=None))
    assert ("HP:0000012", "HP:0000010") in pairs
    assert ("HP:0000012", "HP:0000012") in pairs
    assert ("HP:0000021", "HP:0000010") not in pairs
    assert read.closure["ancestor"].is_monotonic_increasing


def test_a_circle_is_refused(tmp_path: Path):
    path = tmp_path / "hp.obo"
    path.write_text(OBO.replace("name: All\n", "name: All\nis_a: HP:0000012 ! Very short limbs\n"))
    with pytest.raises(AnnotationError, match="circle; HP:00000"):
        ontologies.read_ontology(path)


def test_broken_edges_of_findings_are_told_and_replaced_parents_followed(tmp_path: Path):
    path = tmp_path / "hp.obo"
    path.write_text(OBO + "\n[Term]\nid: HP:0000030\nname: x\nis_a: HP:0000800\nis_a: HP:0000910\nis_a: HP:0000802\n")
    found = ontologies.read_ontology(path)
    above = set(found.closure.loc[found.closure["term_id"] == "HP:0000030", "ancestor"])
    assert above == {"HP:0000030", "HP:0000011", "HP:0000010", "HP:0000118", "HP:0000001"}
    assert (found.summary["followed_edges"], found.summary["broken_edges"]) == (2, 1)
    assert found.summary["broken_examples"] == "HP:0000030 is_a HP:0000802 (obsolete)"
    assert found.summary["foreign_edges"] == 0


def test_edges_to_another_ontology_are_counted_and_told(tmp_path: Path):
    path = tmp_path / "hp.obo"
    above = "".join(f"is_a: BFO:000000{k}\n" for k in range(1, 6))
    path.write_text(OBO + f"\n[Term]\nid: HP:0000030\nname: x\nis_a: HP:0000010\n{above}")
    read = ontologies.read_ontology(path).summary
    assert (read["foreign_edges"], read["broken_edges"]) == (5, 0)
    assert read["foreign_examples"].count("HP:0000030 is_a BFO:") == 3
    assert read["foreign_examples"].endswith("and 2 more")
    (said,) = ontologies.edge_notices("omics.ontologies.hpo", read)
    assert "5 is_a edges to another ontology" in said.value


def test_a_term_twice_in_a_folder_of_tables_is_named(tmp_path: Path):
    columns = ["term_id", "name", "obsolete", "replaced_by", "consider"]
    rows = [["HP:0000001", "All", False, "", ""]] * 2
    pd.DataFrame(rows, columns=columns).to_parquet(tmp_path / "terms.parquet")
    empty = {"edges": ["child", "parent"], "alts": ["term_id", "alt_id"], "syn": ["term_id", "text", "scope"]}
    for name, names in empty.items():
        pd.DataFrame([], columns=names, dtype=str).to_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(AnnotationError, match=r"terms\.parquet: HP:0000001 described more than once"):
        ontologies.read_ontology(tmp_path, "2025-01-16")


def test_a_release_is_stated_once_and_not_contradicted(tmp_path: Path):
    path = tmp_path / "hp.obo"
    path.write_text(OBO.replace("data-version: hp/releases/2025-01-16\n", ""))
    with pytest.raises(AnnotationError, match="release"):
        ontologies.read_ontology(path)
    assert ontologies.read_ontology(path, "2025-01-16").summary["version"] == "2025-01-16"
    path.write_text(OBO)
    with pytest.raises(AnnotationError, match="2024"):
        ontologies.read_ontology(path, "2024-01-01")


def test_the_real_ontology_has_the_known_counts(shared: Path):
    found = ontologies.read_ontology(shared / "data" / "omics" / "hpo", "2025-01-16").summary
    assert (found["followed_edges"], found["broken_edges"]) == (0, 0)
    assert {name: found[name] for name in ("terms", "obsolete", "replaced", "alternative_ids", "edges", "closure")} == {
        "terms": 19484,
        "obsolete": 450,
        "replaced": 356,
        "alternative_ids": 3832,
        "edges": 23392,
        "closure": 214429,
    }
