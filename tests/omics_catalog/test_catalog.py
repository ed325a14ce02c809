"""The catalogue: its columns are those declared, counts equal counts by hand, and a snapshot's file holds nothing of its own."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ArtifactError
from groprog_assets.omics_catalog import writing
from groprog_assets.omics_catalog.catalog import Catalog, Permitted
from groprog_assets.omics_catalog.cohort_query import Carriers, Cohort
from groprog_assets.store.artifacts import Bundle, Store
from groprog_assets.store.wire_format import Stored
from groprog_assets.tables import TABLES
from groprog_assets.tables.columns import TEXT_LIST
from groprog_assets.tables.omics import OMICS
from tests.catalog_tables import KINDS, small_tables, stored

ENUM = f"ENUM({', '.join(repr(name) for name in OMICS)})"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def opened(
    tmp_path: Path, store: Store, tables: dict[str, pd.DataFrame], permitted: Permitted | None = None
) -> Catalog:
    path = writing.write_catalog(tmp_path, store, writing.snapshot_of(stored(store, tables)))
    every = tables["subjects"]["subject_id"].tolist()
    return Catalog(path, permitted or (lambda purpose, studied: every))


def test_the_columns_are_those_declared():
    for name, columns in writing.schema_columns().items():
        if name in (
            "snapshot",
            "subject_diseases",
            "search_names",
            "term_diseases",
            "packet_variants",
            "symbol_carriers",
            "placed_variants",
            "variant_effects",
        ):
            continue
        declared = {column.name: column for column in TABLES[name].columns}
        own = {"subject_ix"} if name == "subjects" else set()
        assert set(columns) - own == set(declared), name
        for column in declared.values():
            expected = {"until": "DATE", "omics": ENUM}.get(column.name, KINDS[column.dtype])
            assert columns[column.name] == expected, (name, column.name)
    assert KINDS[TEXT_LIST] == "VARCHAR[]"


def test_counts_equal_counts_by_hand(tmp_path: Path, store: Store):
    tables = small_tables(300, seed=3)
    catalog = opened(tmp_path, store, tables)
    held, subjects = tables["subject_terms"], tables["subjects"]
    for term in held["term_id"].unique()[:10]:
        have = set(held.loc[held["term_id"] == term, "subject_ix"])
        assert catalog.count(Cohort(terms=((term, True),))) == len(have)
        girls = set(np.flatnonzero((subjects["sex"] == "female").to_numpy()))
        assert catalog.count(Cohort(terms=((term, True),), sexes=("female",))) == len(have & girls)
        young = set(np.flatnonzero((subjects["age_months"] < 60).fillna(False).to_numpy()))
        assert catalog.count(Cohort(terms=((term, True),), ages=(0, 60))) == len(have & young)
        phenotypes = tables["phenotypes"]
        exact = phenotypes[(phenotypes["term_id"] == term) & ~phenotypes["excluded"]]["subject_id"].nunique()
        assert catalog.count(Cohort(terms=((term, False),))) == exact
    assert catalog.counts_by("subject_terms") == held.groupby("term_id")["subject_ix"].size().to_dict()
    assert catalog.count(Cohort()) == 300
    diagnosed = tables["diagnoses"]
    for disease in ("OMIM:1", "MONDO:2"):
        of = diagnosed[(diagnosed["omim_id"] == disease) | (diagnosed["mondo_id"].fillna("").str.contains(disease))]
        by_hand = of[of["status"] != "excluded"]["subject_id"].nunique()
        assert by_hand
        assert catalog.count(Cohort(diseases=(disease,))) == by_hand


def test_a_disease_counts_those_below_it_once_and_exactly_itself(tmp_path: Path, store: Store):
    """MONDO:1 and MONDO:2 lie below MONDO:90; MONDO:22, of who has MONDO:2 too, is read as MONDO:3, which lies below both."""
    tables = small_tables(300, seed=5)
    edges = [("MONDO:1", "MONDO:90"), ("MONDO:2", "MONDO:90"), ("MONDO:3", "MONDO:1"), ("MONDO:3", "MONDO:2")]
    names = ["MONDO:1", "MONDO:2", "MONDO:3", "MONDO:90"]
    above = [(name, name) for name in names] + edges + [("MONDO:3", "MONDO:90")]
    tables["disease_classes"] = pd.DataFrame({"mondo_id": names, "name": ["a", "b", "c", "group"], "version": "v"})
    tables["disease_aliases"] = pd.DataFrame(
        [("MONDO:3", "MONDO:22", "replaced_by")], columns=["mondo_id", "alias_id", "kind"]
    )
    tables["disease_edges"] = pd.DataFrame(edges, columns=["child", "parent"])
    tables["disease_closure"] = pd.DataFrame(above, columns=["mondo_id", "ancestor"])
    catalog = opened(tmp_path, store, tables)
    own = tables["diagnoses"].query("status != 'excluded'").set_index("subject_id")["mondo_id"].str.split("|")

    def having(*classes: str) -> int:
        return sum(bool(set(found) & set(classes)) for found in own)

    assert catalog.count(Cohort(diseases=("MONDO:90",))) == having("MONDO:1", "MONDO:2", "MONDO:3")
    assert catalog.count(Cohort(diseases=("MONDO:1",))) == having("MONDO:1", "MONDO:3", "MONDO:22")
    assert catalog.count(Cohort(exactly=("MONDO:1",))) == having("MONDO:1")
    assert catalog.count(Cohort(exactly=("MONDO:90",))) == 0
    assert catalog.count(Cohort(exactly=("OMIM:1",))) == having("MONDO:1")
    assert catalog.counts_by("subject_diseases")["MONDO:90"] == having("MONDO:1", "MONDO:2", "MONDO:3")
    assert Cohort(diseases=("MONDO:1",)).canonical() != Cohort(exactly=("MONDO:1",)).canonical()
    assert "exactly" not in Cohort(diseases=("MONDO:1",)).canonical()


def test_only_who_may_be_counted_is(tmp_path: Path, store: Store):
    tables = small_tables(200, seed=4)
    names = tables["subjects"]["subject_id"].tolist()
    allowed = {"": names[:50], "health": names[:120]}
    asked: list[tuple[str, tuple[str, ...]]] = []

    def permitted(purpose: str, studied: tuple[str, ...]) -> list[str]:
        asked.append((purpose, studied))
        return allowed[purpose]

    catalog = opened(tmp_path, store, tables, permitted)
    assert catalog.count(Cohort()) == 50
    assert catalog.count(Cohort(purpose="health")) == 120
    assert catalog.count(Cohort(purpose="health")) == 120
    assert asked == [("", ()), ("health", ())], "judged once a purpose"
    root = tables["subject_terms"]["term_id"].iloc[0]
    mine = tables["subject_terms"].query("term_id == @root and subject_ix < 120")
    assert catalog.count(Cohort(terms=((root, True),), purpose="health")) == len(mine)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (Carriers(gene="DMD"), {"snv", "ins", "del", "text"}),
        (Carriers(gene="DMD", kind="SNP"), {"snv"}),
        (Carriers(kind="INS"), {"ins"}),
        (Carriers(kind="DEL"), {"del"}),
        (Carriers(chrom="X", start=(100,), ref="A", alt="C"), {"snv"}),
        (Carriers(chrom="X", start=(101,), end=(102,)), {"del"}),
        (Carriers(build="GRCh38", chrom="X", start=(90,), end=(101,)), {"snv", "ins", "del"}),
        (Carriers(build="GRCh37", chrom="X", start=(90,), end=(101,)), set()),
        (Carriers(chrom="X", start=(100, 101), end=(103, 104)), {"del"}),
    ],
)
def test_carriers_of_variants(tmp_path: Path, store: Store, asked: Carriers, names: set[str]):
    tables = small_tables(4, seed=1)
    ids = dict(zip(("snv", "ins", "del", "text"), tables["subjects"]["subject_id"], strict=True))
    place = {"genome_build": "hg38", "chrom": "chrX", "start": 100}
    rows = [
        {"subject_id": ids["snv"], **place, "ref": "A", "alt": "C"},
        {"subject_id": ids["ins"], **place, "ref": "A", "alt": "AC"},
        {"subject_id": ids["del"], **place, "ref": "ACG", "alt": "A"},
        {"subject_id": ids["text"], "hgvs": "c.1del"},
    ]
    columns = TABLES["subject_variants"].column_names
    frame = pd.DataFrame(rows, columns=columns).assign(symbol="DMD")
    tables["subject_variants"] = frame.astype({"start": "Int64"})
    assert opened(tmp_path, store, tables).count(asked) == len(names)


def test_a_file_is_its_owners_one_a_snapshot_and_made_again_from_the_store(tmp_path: Path, store: Store):
    first = writing.snapshot_of(stored(store, small_tables(10, seed=1)))
    path = writing.write_catalog(tmp_path, store, first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.stat().st_mtime_ns
    assert writing.write_catalog(tmp_path, store, first) == path
    assert path.stat().st_mtime_ns == before
    reader = Catalog(path, lambda purpose, studied: [])
    second = writing.write_catalog(tmp_path, store, writing.snapshot_of(stored(store, small_tables(11, seed=1))))
    assert list((tmp_path / "catalog").iterdir()) == [second]
    assert reader.number("SELECT count(*) FROM subjects") == 10, "who has it open goes on reading"
    reader.close()
    second.unlink()
    assert writing.write_catalog(tmp_path, store, first) == path


def test_noise_changes_with_the_data_of_subjects_alone(store: Store):
    tables = small_tables(10, seed=1)
    first = writing.snapshot_of(stored(store, tables))
    terms = writing.snapshot_of(stored(store, {**tables, "terms": tables["terms"].iloc[:-1]}))
    other = writing.snapshot_of(stored(store, {**tables, "subjects": tables["subjects"].assign(site="elsewhere")}))
    assert len({writing.snapshot_digest(item) for item in (first, terms, other)}) == 3
    assert writing.data_digest(first) == writing.data_digest(terms) != writing.data_digest(other)


def test_measurements_are_views_without_missing_values(tmp_path: Path, store: Store):
    values = pd.DataFrame({"feature_ix": [0, 1], "values": [[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]]})
    matrix = Stored(store, store.put(values), "assay")
    tables = small_tables(5, seed=1)
    snapshot = writing.snapshot_of(stored(store, tables), {"rna_raw": matrix})
    catalog = Catalog(writing.write_catalog(tmp_path, store, snapshot), lambda purpose, studied: [])
    assert catalog.number("SELECT count(*) FROM measurements_rna_raw") == 2
    found = catalog.rows("SELECT * FROM measurements_rna_raw_long ORDER BY feature_ix, position")
    assert [(row["feature_ix"], row["position"], row["value"]) for row in found] == [
        (0, 0, 1.0),
        (0, 2, 3.0),
        (1, 0, 4.0),
        (1, 1, 5.0),
        (1, 2, 6.0),
    ]
    with pytest.raises(ArtifactError, match="letters, digits"):
        writing.write_catalog(tmp_path, store, {**snapshot, "measurements": {"a'b": matrix.reference.sha256}})


def test_what_is_no_catalogue_is_refused(tmp_path: Path):
    path = tmp_path / "x.duckdb"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(ArtifactError, match="omics_catalog wrote"):
        Catalog(path, lambda purpose, studied: [])


def test_a_bundle_gives_its_tables(store: Store):
    tables = small_tables(5, seed=1)
    bundle = Bundle({"table": tables["phenotypes"], "subject_terms": tables["subject_terms"]})
    reference = store.put(bundle, {"table": "phenotypes", "subject_terms": "subject_terms"})
    found = writing.snapshot_of([Stored(store, reference, "phenotypes")])
    assert set(found["tables"]) == {"phenotypes", "subject_terms"}


def test_another_view_is_another_file(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch):
    """A program whose views are others does not read the file of this one."""
    snapshot = writing.snapshot_of(stored(store, small_tables(5, seed=1)))
    before = writing.write_catalog(tmp_path, store, snapshot)
    monkeypatch.setattr(writing, "VIEWS", {**writing.VIEWS, "more_{name}": "SELECT 1"})
    writing._layout.cache_clear()
    try:
        assert writing.write_catalog(tmp_path, store, snapshot) != before
    finally:
        writing._layout.cache_clear()


def test_variants_and_genotypes_can_be_asked(tmp_path: Path, store: Store):
    """Of a subject's sample, which variants it has: the tables of the specification, joined in SQL."""
    tables = small_tables(3, seed=1)
    subject = tables["subjects"]["subject_id"].iloc[1]
    place = {"genome_build": "GRCh38", "chrom": "X", "start": 99, "end": 100, "ref": "A", "alt": "C", "kind": "snv"}
    tables["variants"] = pd.DataFrame([{"variant_ix": 0, **place, "digest": "0" * 64, "source_alt_index": 1}])
    about = {"dosage": 1, "phased": False, "phase_set": None, "depth": 30, "alt_depth": 14, "quality": 60.0}
    called = {"sample_id": "s-1", "variant_ix": 0, "alleles": [0, 1], **about, "filter": ["PASS"]}
    tables["genotypes"] = pd.DataFrame([called]).astype({"phase_set": "Int64"})
    sample = {"sample_id": "s-1", "subject_id": subject, "tissue": None, "specimen": "blood", "collected_months": None}
    tables["samples"] = pd.DataFrame([{**sample, "is_reference": False}]).astype({"collected_months": "Int32"})
    catalog = opened(tmp_path, store, tables)
    found = catalog.rows(
        "SELECT subject_id, chrom, dosage, alleles FROM genotypes JOIN variants USING (variant_ix)"
        " JOIN samples USING (sample_id)"
    )
    assert found == [{"subject_id": subject, "chrom": "X", "dosage": 1, "alleles": [0, 1]}]


def test_a_table_of_another_version_is_named(tmp_path: Path, store: Store):
    """A study that an earlier program made is asked before it is run again."""
    made = [value for value in stored(store, small_tables(20, seed=1)) if value.reference.table != "subjects"]
    before = tmp_path / "before.parquet"
    small_tables(20, seed=1)["subjects"].drop(columns="vital_status").to_parquet(before)
    snapshot = writing.snapshot_of(made)
    snapshot["tables"]["subjects"] = store.put_file(before)
    with pytest.raises(ArtifactError, match=r"table subjects: columns of another version.*Run the study"):
        writing.write_catalog(tmp_path, store, snapshot)
