"""Identifiers: approved, previous and alias symbols, ambiguity that is not resolved, proteins and metabolites."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from groprog_assets.errors import AssayError
from groprog_assets.methods.assays.dense import feature_rows
from groprog_assets.methods.assays.hgnc import Hgnc, read_hgnc
from groprog_assets.methods.assays.identifiers import Mapped, bare_ensembl, gene_ids, map_features
from groprog_assets.methods.assays.metabolite_ids import metabolite_curie, metabolite_of
from groprog_assets.methods.assays.protein_ids import accession, protein_curie
from tests.methods.assays.sources import written

HGNC = (
    "hgnc_id | symbol | status | alias_symbol | prev_symbol | entrez_id | ensembl_gene_id | uniprot_ids",
    'HGNC:11998 | TP53 | Approved | "p53|LFS1" | | 7157 | ENSG00000141510 | P04637',
    "HGNC:26 | MARCHF1 | Approved | | MARCH1 | 55016 | ENSG00000145416 | Q8TCQ1",
    'HGNC:9 | SEPTIN2 | Approved | "DIFF6|NAP1" | SEPT2 | 4735 | ENSG00000168385 | Q15019',
    'HGNC:7 | NAP1L1 | Approved | "NRP|NAP1" | | 4673 | ENSG00000187109 | P55209',
    "HGNC:3 | AAA | Approved | TP53 | | 3 | | P00001|P00002",
    "HGNC:4 | BBB | Approved | | OLD | 4 | | P00002",
    "HGNC:5 | CCC | Approved | OLD | | 5 | |",
    "HGNC:6 | GONE | Entry Withdrawn | | LFS9 | 6 | |",
)


@pytest.fixture
def hgnc(tmp_path: Path) -> Hgnc:
    return read_hgnc(written(tmp_path, "hgnc.tsv", *HGNC))


def mapped(ids: list[str], system: str, hgnc: Hgnc | None, **known: list[str]) -> Mapped:
    return map_features(feature_rows(ids, **known), system, hgnc, "x.tsv")


def test_symbols(hgnc: Hgnc):
    ids = ["TP53", "MARCH1", "DIFF6", "NAP1", "OLD", "GONE", "LFS9", "tp53", "NA"]
    found = mapped(ids, "symbol", hgnc)
    assert found.table["mapping"].tolist() == [
        *("exact", "previous", "alias", "ambiguous", "ambiguous", "unmapped", "unmapped", "unmapped", "unmapped"),
    ]
    assert found.table["feature_id"].tolist() == ["HGNC:11998", "HGNC:26", "HGNC:9", *ids[3:]]
    assert found.table["symbol"].fillna("").tolist()[:4] == ["TP53", "MARCHF1", "SEPTIN2", ""]
    assert found.table["candidates"].tolist()[3:5] == ["NAP1L1|SEPTIN2", "BBB|CCC"]
    assert found.counts == {"exact": 1, "previous": 1, "alias": 1, "ambiguous": 2, "unmapped": 4}
    said = " ".join(map(str, found.notices))
    assert "2 features ambiguous: NAP1 (NAP1L1 or SEPTIN2), OLD (BBB or CCC)" in said
    assert found.features["source_id"].tolist() == ids


def test_dates_of_spreadsheets_are_reported_and_not_mapped(hgnc: Hgnc):
    found = mapped(["1-Mar", "2023-03-01", "TP53"], "symbol", hgnc)
    assert found.table["mapping"].tolist() == ["unmapped", "unmapped", "exact"]
    assert "'1-Mar': MARCH1 (now MARCHF1)" in str(found.notices[0])
    assert "'2023-03-01'" in str(found.notices[0])


def test_ensembl_versions_and_entrez(hgnc: Hgnc):
    found = mapped(["ENSG00000141510.17", "ENSG00000145416", "ENSG00000000001.2"], "ensembl", hgnc)
    assert found.table["gene_id"].fillna("").tolist() == ["HGNC:11998", "HGNC:26", ""]
    assert found.table["feature_id"].tolist()[2] == "ENSEMBL:ENSG00000000001"
    assert found.table["source_id"].tolist()[0] == "ENSG00000141510.17"
    found = mapped(["7157", "NCBIGene:55016", "0"], "entrez", hgnc)
    assert found.table["symbol"].fillna("").tolist() == ["TP53", "MARCHF1", ""]
    assert bare_ensembl("ENSG00000182378.14_PAR_Y") == "ENSG00000182378"
    assert bare_ensembl("ENST00000269305.9") == "ENST00000269305.9"


def test_proteins_keep_their_isoform_and_get_their_gene(hgnc: Hgnc):
    ids = ["P04637-2;P04637", "P00002", "Q9Y6K9", "sp|Q15019|SEPT2_HUMAN", "CON__P04264"]
    found = mapped(ids, "uniprot", hgnc, symbol=["", "", "TP53", "", ""])
    assert found.table["feature_id"].tolist() == [
        "UniProt:P04637-2",
        "UniProt:P00002",
        "UniProt:Q9Y6K9",
        "UniProt:Q15019",
        "CON__P04264",
    ]
    assert found.table["gene_id"].fillna("").tolist() == ["HGNC:11998", "", "HGNC:11998", "HGNC:9", ""]
    assert found.table["mapping"].tolist() == ["exact", "exact", "exact", "exact", "unmapped"]
    assert found.table["candidates"].tolist()[1] == "AAA|BBB"


def test_without_a_table_no_gene_is_mapped():
    found = mapped(["TP53"], "symbol", None)
    assert found.counts["unmapped"] == 1
    assert "no HGNC table" in str(found.notices[0])


def test_another_system_keeps_what_the_reader_knows():
    found = mapped(["cg1_TC21", "x"], "probe", None, feature_id=["cg1", ""])
    assert found.table["feature_id"].tolist() == ["cg1", "x"]
    assert found.table["mapping"].tolist() == ["exact", "unmapped"]


@pytest.mark.parametrize(
    ("text", "curie"),
    [
        ("HMDB00001", "HMDB:HMDB0000001"),
        ("hmdb:HMDB0000001", "HMDB:HMDB0000001"),
        ("CHEBI:17234", "CHEBI:17234"),
        ("chebi:CHEBI:17234", "CHEBI:17234"),
        ("WQZGKKKJIJFFOK-GASJEMHNSA-N", "InChIKey:WQZGKKKJIJFFOK"),
        ("HMDB123", ""),
        ("17234", ""),
        ("C00031", ""),
        ("", ""),
    ],
)
def test_metabolites(text: str, curie: str):
    assert metabolite_curie(text) == curie


def test_of_several_identifiers_the_better_database_counts_and_of_one_database_none():
    assert metabolite_of("HMDB00122|CHEBI:17234").curie == "CHEBI:17234"
    assert metabolite_of("HMDB00122|HMDB0000122").curie == "HMDB:HMDB0000122"
    assert metabolite_of("CHEBI:1|CHEBI:2|HMDB00122") == ("", ("CHEBI:1", "CHEBI:2"))
    found = mapped(["HMDB00122", "CHEBI:1|CHEBI:2", "x"], "metabolite", None)
    assert found.table["mapping"].tolist() == ["exact", "ambiguous", "unmapped"]


@pytest.mark.parametrize("text", ["P04637", "P04637-2", "A0A024R161", "sp|P04637|P53_HUMAN", "tr|A0A024R161"])
def test_accessions(text: str):
    assert accession(text) in ("P04637", "P04637-2", "A0A024R161")


@pytest.mark.parametrize("text", ["", "TP53", "P0463", "REV__P12345", "p04637", "Q9Y6K9-x"])
def test_no_accessions(text: str):
    assert accession(text) == ""
    assert protein_curie(f"{text};P04637") == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("hgnc_id |", "id |"), "hgnc.tsv:1: no column hgnc_id"),
        (("HGNC:26 |", "26 |"), "hgnc.tsv:3, column hgnc_id: '26'. An identifier is HGNC: and a number."),
        (("| AAA |", "| TP53 |"), "'TP53', 1 symbol of two genes"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, change: tuple[str, str], said: str):
    with pytest.raises(AssayError) as caught:
        read_hgnc(written(tmp_path, "hgnc.tsv", *(line.replace(*change) for line in HGNC)))
    assert said in str(caught.value)


def test_the_columns_of_a_custom_download(tmp_path: Path):
    lines = (
        "HGNC ID | Approved symbol | Status | Previous symbols | Alias symbols | NCBI Gene ID | Ensembl gene ID",
        "HGNC:11998 | TP53 | Approved | OLD1, OLD2 | p53, LFS1 | 7157 | ENSG00000141510",
    )
    found = read_hgnc(written(tmp_path, "custom.tsv", *lines))
    assert found.of_symbol("OLD2").mapping == "previous"
    assert found.of_symbol("LFS1").mapping == "alias"


def test_genes_of_effects(hgnc: Hgnc):
    given = pd.Series(["NCBIGene:7157", "symbol:MARCH1", "symbol:NAP1", "NCBIGene:1", None], dtype="str")
    expected = ["HGNC:11998", "HGNC:26", "symbol:NAP1", "NCBIGene:1", ""]
    assert gene_ids(given, hgnc).fillna("").tolist() == expected
    assert gene_ids(given, None) is given
