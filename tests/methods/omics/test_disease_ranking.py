"""Ranking of diseases: pooling, parts of findings, genes, exclusions, leakage; on real packets the known shares."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom

from groprog_assets.errors import CohortError
from groprog_assets.methods.omics import disease_ranking as method
from groprog_assets.methods.omics import ranked_subjects, ranking_accuracy, subjects
from groprog_assets.methods.omics.case_studies import case_studies
from groprog_assets.methods.omics.disease_annotations import read_annotations, read_genes
from groprog_assets.methods.omics.disease_mappings import read_mappings
from groprog_assets.methods.omics.ontologies import read_ontology, resolver
from groprog_assets.report.case_page import render_case
from groprog_assets.store.artifacts import Bundle
from groprog_assets.study.omics_parameters import RankingParameters
from groprog_assets.study.omics_study import CaseStudy, PhenopacketSource
from tests.omics_files import omics_study

PUBLISHED = RankingParameters()


def made_from(folder: Path, parameters: RankingParameters = PUBLISHED) -> method.RankingIndex:
    terms = read_ontology(folder / "hp.obo")
    known = read_annotations(folder / "phenotype.hpoa", resolver(terms.terms, terms.aliases))
    xrefs = read_mappings([folder / "mondo.sssom.tsv"]).table
    return method.ranking_index(terms.terms, terms.edges, known.disease_terms, known.diseases, xrefs, parameters)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return omics_study(tmp_path).parent


def test_candidates_are_omim_diseases_with_a_term_of_their_own_or_of_their_orpha_disease(folder: Path):
    index = made_from(folder)
    assert index.candidates["disease_id"].tolist() == ["OMIM:100001", "OMIM:100002", "OMIM:100003"]
    assert index.candidates["name"].tolist() == ["Limb disease", "Heart disease", "Short limb syndrome"]
    alone = made_from(folder, RankingParameters(pool_orpha=False))
    assert alone.candidates["disease_id"].tolist() == ["OMIM:100001", "OMIM:100002"]


def test_frequencies_are_used_as_the_parameters_say(folder: Path):
    index = made_from(folder)
    used = {
        (index.candidates["disease_id"][row.disease], index.terms["term_id"][row.term]): row.frequency
        for row in index.annotations.itertuples()
    }
    assert used == {
        ("OMIM:100001", "HP:0000011"): pytest.approx((10 + 2 * 0.3) / (20 + 2)),
        ("OMIM:100002", "HP:0000021"): 0.895,
        ("OMIM:100003", "HP:0000012"): 0.4,
    }


def test_the_parts_of_findings_add_up_to_the_score(folder: Path):
    made = method.ranker(made_from(folder))
    found = method.rank_subject(made, "p", ["HP:0000012", "HP:0000021"], ["HP:0000011"], ["OMIM:100003"], PUBLISHED)
    parts = found.ratios[~found.ratios["excluded"]].groupby("disease_id")["log_ratio"].sum()
    for row in found.ranks.itertuples():
        assert parts[row.disease_id] == pytest.approx(row.score, abs=1e-9)
    assert found.ranks["support"].sum() == pytest.approx(1)
    readings = found.ratios.set_index(["disease_id", "term_id", "excluded"])["reading"]
    assert readings["OMIM:100003", "HP:0000012", False] == "supports"
    assert readings["OMIM:100002", "HP:0000012", False] == "no annotation"
    assert readings["OMIM:100003", "HP:0000011", True] == "contradicts", "it has a narrower term"
    assert readings["OMIM:100002", "HP:0000011", True] == "agrees"
    assert found.ranks.set_index("disease_id")["diagnosed"].to_dict()["OMIM:100003"]


@pytest.mark.parametrize("ratio", [0.97, 1.0, 1.04])
def test_a_part_that_is_shown_as_nothing_speaks_neither_for_nor_against(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ratio: float
):
    made = method.ranker(made_from(folder))
    real = method.kernel.likelihood_ratios
    monkeypatch.setattr(method.kernel, "likelihood_ratios", lambda *given: np.full_like(real(*given), ratio))
    found = method.rank_subject(made, "p", ["HP:0000011"], [], ["OMIM:100001"], PUBLISHED)
    rows = found.ratios.set_index("disease_id")
    assert rows.loc["OMIM:100001", "reading"] == "says little"
    assert set(rows["reading"]) <= {"says little", "no annotation"}


def test_an_excluded_finding_counts_only_with_a_weight(folder: Path):
    made = method.ranker(made_from(folder))
    without = method.rank_subject(made, "p", ["HP:0000021"], ["HP:0000011"], [], PUBLISHED).ranks
    weighed = method.rank_subject(
        made, "p", ["HP:0000021"], ["HP:0000011"], [], RankingParameters(excluded_weight=1.0)
    ).ranks
    before, after = (item.set_index("disease_id")["score"] for item in (without, weighed))
    frequency = (10 + 2 * 0.3) / (20 + 2)
    base = (frequency + 0.4) / 3 + 0.5 / 3
    assert after["OMIM:100001"] - before["OMIM:100001"] == pytest.approx(math.log((1 - frequency) / (1 - base)))


def test_genes_restrict_the_candidates_and_unknown_ones_are_named(folder: Path):
    genes, _ = read_genes(folder / "genes.txt")
    only = method.diseases_of_genes(genes, ["LIMB1"])
    made = method.ranker(made_from(folder))
    assert method.rank_subject(made, "p", ["HP:0000021"], [], [], PUBLISHED, only).ranks["disease_id"].tolist() == only
    with pytest.raises(CohortError, match="'LIMB2' has no disease"):
        method.diseases_of_genes(genes, ["LIMB2"])
    with pytest.raises(CohortError, match="no candidate disease"):
        method.rank_subject(made, "p", ["HP:0000021"], [], [], PUBLISHED, ["OMIM:7"])


def test_findings_that_nobody_knows_are_refused(folder: Path):
    with pytest.raises(CohortError, match="none that the ontology knows"):
        method.ranker(made_from(folder)).query(["HP:7777777"])


def test_the_hypergeometric_score_is_that_of_scipy(folder: Path):
    made = method.ranker(made_from(folder))
    query = made.query(["HP:0000012"])
    urn = int((np.diff(made.scoring.start) > 0).sum())
    above = {int(a) for h in query for a in made.scoring.ancestors(int(h))}
    wanted = []
    for d in range(3):
        held = {
            t for t in range(len(made.numbers.ids)) if d in made.scoring.disease[slice(*made.scoring.start[t : t + 2])]
        }
        wanted.append(-hypergeom.logsf(len(held & above) - 1, urn, len(held), len(above)))
    np.testing.assert_allclose(method.hypergeometric_scores(made, query), wanted, atol=1e-9)


def test_leaked_annotations_are_told_apart_and_removed(folder: Path):
    index = made_from(folder)
    cases = [
        ranking_accuracy.Case("a", ["HP:0000011"], ["OMIM:100001"], ["PMID:1"]),
        ranking_accuracy.Case("b", ["HP:0000021"], ["OMIM:100002"], ["PMID:3"]),
        ranking_accuracy.Case("c", ["HP:0000012"], ["OMIM:100003"], ["PMID:3"]),
        ranking_accuracy.Case("d", ["HP:7777777"], ["OMIM:100003"], []),
        ranking_accuracy.Case("e", ["HP:0000021"], ["OMIM:7"], []),
    ]
    found = ranking_accuracy.ranking_accuracy(index, cases, ["likelihood ratio", "Resnik"], PUBLISHED)
    ranks = found.ranks[found.ranks["scorer"] == "Resnik"].groupby("figure")["subject_id"].agg(list).to_dict()
    assert ranks == {"all": ["a", "b", "c"], "unleaked": ["c"], "publication-out": ["a", "c"]}
    assert found.summary == {
        "cases": 5,
        "counted": 3,
        "not_counted": {"no known finding": 1, "diagnosis is no candidate": 1, "no annotation left": 1},
    }
    assert set(found.table["average"]) == {"micro", "macro"}


@pytest.fixture(scope="module")
def real(shared: Path) -> tuple[method.RankingIndex, subjects.Findings, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The real index, and the shared packets as tables under their own ids."""
    data = shared / "data" / "omics"
    terms = read_ontology(data / "hpo", "2025-01-16")
    known = read_annotations(
        data / "hpo" / "phenotype_hpoa.parquet", resolver(terms.terms, terms.aliases), "2025-01-16"
    )
    files = [data / "mondo" / f"exactmatch_{name}.parquet" for name in ("omim", "orphanet", "omimps")]
    xrefs = read_mappings(files, "2026-08-04").table
    index = method.ranking_index(terms.terms, terms.edges, known.disease_terms, known.diseases, xrefs, PUBLISHED)
    packets = subjects.sourced_packets(
        [PhenopacketSource(source="s", site="", path=data / "phenopackets" / name) for name in ("phenopackets.jsonl",)]
    )
    ids = {item.packet.id: item.packet.id for item in packets}
    found = subjects.findings(packets, ids, list(ids), terms)
    diagnoses = subjects.diagnosis_table(packets, ids, list(ids), xrefs)
    genes, _ = read_genes(data / "hpo" / "gene_disease.parquet")
    return index, found, diagnoses, subjects.subject_tables(packets, ids, list(ids)).publications, genes


def test_real_diagnoses_are_found_as_often_as_they_were_when_the_ranking_was_chosen(real, shared: Path):
    index, found, diagnoses, publications, _ = real
    assert len(index.candidates) == 8543
    cases = ranking_accuracy.diagnosed_cases(found.table, diagnoses, publications)
    accuracy = ranking_accuracy.ranking_accuracy(index, cases, ["likelihood ratio", "Resnik", "Lin"], PUBLISHED)
    listed = pd.read_csv(shared / "data" / "omics" / "phenopackets" / "index.tsv", sep="\t")
    unleaked = accuracy.ranks[(accuracy.ranks["figure"] == "unleaked") & (accuracy.ranks["scorer"] == "Lin")]
    assert set(unleaked["subject_id"]) == set(listed.loc[~listed["paper_is_in_hpoa"], "id"])
    table = accuracy.table[accuracy.table["average"] == "micro"].set_index(["scorer", "figure"])
    least = {
        ("likelihood ratio", "all"): (64.2, 74.2, 84.5, 91.0),
        ("likelihood ratio", "unleaked"): (48.3, 58.3, 75.8, 85.0),
        ("Resnik", "all"): (57.0, 71.8, 80.5, 88.2),
        ("Resnik", "unleaked"): (40.8, 55.0, 69.2, 83.3),
        ("Lin", "all"): (58.5, 72.8, 81.0, 90.8),
        ("Lin", "unleaked"): (37.5, 56.7, 68.3, 80.8),
    }
    for key, shares in least.items():
        for first, share in zip((1, 3, 10, 50), shares, strict=True):
            assert table.loc[key, f"top_{first}"] >= share - 1.0, (key, first)
    top = table["top_1"]
    assert top["likelihood ratio", "unleaked"] - top["Resnik", "unleaked"] >= 3.0


def test_the_case_of_duchenne_muscular_dystrophy_is_among_the_first_ten(real, shared: Path):
    index, _, _, _, genes = real
    terms = read_ontology(shared / "data" / "omics" / "hpo", "2025-01-16")
    source = PhenopacketSource(source="s", site="", path=shared / "data" / "omics" / "phenopackets" / "dmd.json")
    packets = subjects.sourced_packets([source])
    found = subjects.findings(packets, {packets[0].packet.id: "p"}, ["p"], terms).table
    made = method.ranker(index)
    ranks, ratios = ranked_subjects.ranked(made, found, {"p": ["OMIM:310200"]}, PUBLISHED)
    place = ranks.set_index("disease_id")["rank"]
    assert place["OMIM:310200"] <= 10
    assert place["OMIM:300376"] <= 10
    own = ratios[ratios["disease_id"] == "OMIM:310200"].set_index("term_id")["log_ratio"]
    assert own["HP:0003707"] == pytest.approx(6.9, abs=0.05)
    assert own["HP:0012378"] == pytest.approx(-2.9, abs=0.05)
    only = method.diseases_of_genes(genes, ["DMD"])
    restricted, _ = ranked_subjects.ranked(made, found, {}, PUBLISHED, only)
    assert set(restricted["disease_id"].head(2)) == {"OMIM:300376", "OMIM:310200"}
    told = {"name": "boy", "title": "A boy", "packet": "x", "gene": "DMD", "origin": "A published report."}
    case = CaseStudy(**told, compare=["OMIM:310200", "OMIM:300376"])
    study = case_studies([case], {"x": "p"}, found, index, genes, PUBLISHED)
    values = Bundle(study._asdict())
    names = resolver(terms.terms, terms.aliases).names
    page = render_case(case, values, names, pd.DataFrame(), "").decode()
    for text in ("these findings do not decide between them", "Neutral lipid storage disease with myopathy", "−24.4"):
        assert text in page
    assert "Fatigue" in page
