"""Who carries a variant: records and assays count alike, a subject once, and not who only fails a filter or is unknown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from groprog_assets.omics_catalog import writing
from groprog_assets.omics_catalog.catalog import Catalog
from groprog_assets.omics_catalog.cohort_query import Carriers
from groprog_assets.store.artifacts import Store
from groprog_assets.tables import TABLES
from tests.catalog_tables import small_tables, stored

WHO = ("record", "assay", "both", "failed", "unknown", "half", "other", "second")
VARIANTS = (
    ("X", 100, 101, "A", "C", "snv"),
    ("X", 101, 101, "", "G", "ins"),
    ("X", 101, 103, "CG", "", "del"),
    ("X", 500, 900, "", "<DEL>", "sym_del"),
)
"""Trimmed, as an assay has them."""


def tables() -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    made = small_tables(len(WHO), seed=1)
    ids = dict(zip(WHO, made["subjects"]["subject_id"], strict=True))
    read = [
        ("record", "A", "C"),
        ("both", "A", "C"),
        ("record", "ACG", "A"),
        ("record", "AT", "AGT"),
    ]
    rows = [
        {"subject_id": ids[who], "genome_build": "hg38", "chrom": "chrX", "start": 100, "ref": ref, "alt": alt, "symbol": "DMD",
         "gene_id": "HGNC:2928", "classification": "PATHOGENIC", "hgvs": f"{ref}>{alt}"}
        for who, ref, alt in read
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=TABLES["subject_variants"].column_names)
    made["subject_variants"] = frame.astype({"start": "Int64"})
    keys = ("chrom", "start", "end", "ref", "alt", "kind")
    made["variants"] = pd.DataFrame(
        [
            {"variant_ix": k, "genome_build": "GRCh38", **dict(zip(keys, row, strict=True)), "digest": str(k) * 64}
            for k, row in enumerate(VARIANTS)
        ]
    ).assign(source_alt_index=1)
    calls = [
        ("assay", 0, [0, 1], []),
        ("both", 0, [1, 1], ["PASS"]),
        ("failed", 0, [0, 1], ["q10"]),
        ("unknown", 0, [None, 0], []),
        ("half", 0, [None, 1], []),
        ("other", 0, [0, 2], []),
        ("second", 1, [0, 1], []),
        ("second", 2, [0, 1], []),
        ("second", 3, [0, 1], []),
    ]
    about = {"dosage": None, "phased": False, "phase_set": None, "depth": None, "alt_depth": None, "quality": None}
    made["genotypes"] = pd.DataFrame(
        [
            {"sample_id": f"s-{who}", "variant_ix": ix, "alleles": alleles, **about, "filter": failed}
            for who, ix, alleles, failed in calls
        ]
    ).astype({"phase_set": "Int64", "dosage": "Int32", "depth": "Int32", "alt_depth": "Int32", "quality": "float32"})
    made["samples"] = pd.DataFrame(
        [
            {"sample_id": f"s-{who}", "subject_id": ids[who], "tissue": None, "specimen": None, "is_reference": False}
            for who in WHO
        ]
    ).assign(collected_months=pd.Series([pd.NA] * len(WHO), dtype="Int32"))
    effects = [{"variant_ix": k, "symbol": "DMD", "gene_id": "NCBIGene:1756", "source": "MAF"} for k in (0, 2)]
    made["variant_consequences"] = pd.DataFrame(effects, columns=TABLES["variant_consequences"].column_names)
    made["gene_disease"] = pd.DataFrame(
        [("NCBIGene:1756", "DMD", "OMIM:1", "unknown", "x", "1")], columns=TABLES["gene_disease"].column_names
    )
    return made, ids


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("carriers")
    store = Store(folder / "store")
    made, ids = tables()
    path = writing.write_catalog(folder, store, writing.snapshot_of(stored(store, made)))
    return Catalog(path, lambda purpose, studied: [ids[who] for who in WHO if purpose or who != "assay"])


PLACE = {"build": "GRCh38", "chrom": "X"}


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        (Carriers(**PLACE, start=(100,), ref="A", alt="C"), {"record", "assay", "both", "half"}),
        (Carriers(**PLACE, start=(99,), ref="GA", alt="GC"), {"record", "assay", "both", "half"}),
        (Carriers(**PLACE, start=(100,), alt="C"), {"record", "assay", "both", "half"}),
        (Carriers(**PLACE, start=(100,), ref="A", alt="T"), set()),
        (Carriers(**PLACE, start=(100,), ref="A", alt="AG"), {"record", "second"}),
        (Carriers(**PLACE, start=(100,), alt="AG"), {"record", "second"}),
        (Carriers(**PLACE, start=(100,), ref="ACG", alt="A"), {"record", "second"}),
        (Carriers(build="GRCh37", chrom="X", start=(100,), ref="A", alt="C"), set()),
        (Carriers(build="GRCh38", chrom="1", start=(100,), ref="A", alt="C"), set()),
        (Carriers(**PLACE, start=(0,), end=(100,)), set()),
        (Carriers(**PLACE, start=(0,), end=(101,)), {"record", "assay", "both", "half", "second"}),
        (Carriers(**PLACE, start=(102,), end=(103,)), {"record", "second"}),
        (Carriers(**PLACE, start=(600,), end=(601,)), {"second"}),
        (Carriers(**PLACE, start=(99, 101), end=(103, 104)), {"record", "second"}),
        (Carriers(**PLACE, start=(0,), end=(1000,), kind="DEL"), {"record", "second"}),
        (Carriers(**PLACE, start=(0,), end=(1000,), kind="INS"), {"record", "second"}),
        (Carriers(**PLACE, start=(0,), end=(1000,), kind="DUP"), set()),
        (Carriers(gene="DMD"), {"record", "assay", "both", "half", "second"}),
        (Carriers(gene="DMD", kind="SNP"), {"record", "assay", "both", "half"}),
        (Carriers(gene="HGNC:2928", kind="SNP"), {"record", "assay", "both", "half"}),
        (Carriers(gene="NCBIGene:1756", kind="SNP"), {"record", "assay", "both", "half"}),
        (Carriers(gene="DMD", kind="INS"), {"record"}),
        (Carriers(gene="TTN"), set()),
    ],
)
def test_who_carries_it(catalog: Catalog, asked: Carriers, who: set[str]):
    for_health = Carriers(**{**asked.__dict__, "purpose": "health"})
    assert catalog.count(for_health) == len(who)
    assert catalog.count(asked) == len(who - {"assay"}), "without a purpose, only whose consent allows it"


def test_the_gravest_class_of_a_gene_counts_a_subject_once(catalog: Catalog):
    assert catalog.gravest("DMD", ("PATHOGENIC", "BENIGN")) == {0: 2, 2: 2}, "record, both; half, second"
    assert catalog.gravest("TTN", ("PATHOGENIC",)) == {}


def test_noise_of_carriers_changes_with_assays_and_that_of_individuals_does_not(tmp_path: Path):
    store = Store(tmp_path / "store")
    made, _ = tables()
    first = writing.snapshot_of(stored(store, made))
    more = writing.snapshot_of(stored(store, {**made, "genotypes": made["genotypes"].iloc[1:]}))
    assert writing.data_digest(first) == writing.data_digest(more)
    digests = {writing.data_digest(item, more=writing.OF_CARRIERS) for item in (first, more)}
    assert len(digests) == 2
    alone = writing.snapshot_of(stored(store, small_tables(8, seed=1)))
    assert writing.data_digest(alone) == writing.data_digest(alone, more=writing.OF_CARRIERS), "no assays: as before"
