"""Variants, genotypes and intervals of several sparse assays as one set of tables. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import SparseAssay
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.tables import TABLES, conform


class SparseTables(NamedTuple):
    """Tables `variants`, `genotypes`, `variant_consequences` and `intervals`."""

    variants: pd.DataFrame
    genotypes: pd.DataFrame
    consequences: pd.DataFrame
    intervals: pd.DataFrame


def of_samples(
    assay_id: str, source: AssaySource, found: SparseAssay, names: Mapping[str, str], permitted: Set[str]
) -> SparseTables:
    """The tables of one assay, its samples under their pseudonyms `names` {as read: sample_id}, those not permitted left out.

    Variants that only samples left out have are left out too. Raises AssayError for variants of another build than declared.
    """
    kept = {name: sample for name, sample in names.items() if sample in permitted}
    variants = _table(found.variants, "variants")
    builds = sorted(set(variants["genome_build"].dropna()))
    declared = source.genome_build or found.said.get("genome_build", "")
    if builds and builds != [declared]:
        rule = f"The assay is declared as {declared or 'of no build'}; builds are never mixed."
        remedy = "Correct genome_build, or split the file."
        raise AssayError(Problem(f"{source.path}, assay {assay_id}", f"variants of {', '.join(builds)}", rule, remedy))
    genotypes = _named(_table(found.genotypes, "genotypes", "sample_id", "sample"), kept)
    left = genotypes["variant_ix"].unique()
    consequences = _table(found.effects, "variant_consequences")
    intervals = _named(_table(found.intervals, "intervals", "sample_id", "sample", ("assay_id",)), kept)
    return SparseTables(
        variants[variants["variant_ix"].isin(left)],
        genotypes,
        consequences[consequences["variant_ix"].isin(left)],
        intervals.assign(assay_id=assay_id),
    )


def joined_sparse(parts: Sequence[SparseTables]) -> SparseTables:
    """One set of tables: a variant that several assays have is one, by its digest; a genotype that two give is the first's."""
    number: dict[str, int] = {}
    variants, genotypes, consequences = [], [], []
    for part in parts:
        known = [number.setdefault(digest, len(number)) for digest in part.variants["digest"]]
        place = dict(zip(part.variants["variant_ix"], known, strict=True))
        variants.append(part.variants.assign(variant_ix=known))
        genotypes.append(part.genotypes.assign(variant_ix=part.genotypes["variant_ix"].map(place)))
        consequences.append(part.consequences.assign(variant_ix=part.consequences["variant_ix"].map(place)))
    once = joined(variants, "variants").drop_duplicates("digest").sort_values("variant_ix")
    called = joined(genotypes, "genotypes").drop_duplicates(["sample_id", "variant_ix"])
    said = joined(consequences, "variant_consequences").sort_values("variant_ix", kind="stable")
    places = joined([part.intervals for part in parts], "intervals")
    places = places.sort_values(["assay_id", "sample_id", "chrom", "start"], kind="stable")
    return SparseTables(
        conform(once, "variants"),
        conform(called.sort_values(["sample_id", "variant_ix"]), "genotypes"),
        conform(said, "variant_consequences"),
        conform(places, "intervals"),
    )


def joined(parts: Sequence[pd.DataFrame], name: str) -> pd.DataFrame:
    """One table of the parts that have rows; without any, the declared columns of the table `name`."""
    held = [part for part in parts if len(part)]
    return pd.concat(held, ignore_index=True) if held else pd.DataFrame(columns=TABLES[name].column_names)


def _named(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """The rows of the samples in `names`, under the pseudonyms."""
    found = table.assign(sample_id=table["sample"].map(dict(names)))
    return found[found["sample_id"].notna()].drop(columns="sample")


def _table(
    found: pd.DataFrame | None, name: str, without: str = "", instead: str = "", absent: Sequence[str] = ()
) -> pd.DataFrame:
    """A reader's table, or one without rows, with the declared columns; `instead` stands in the place of `without`."""
    columns = [instead if column == without else column for column in TABLES[name].column_names if column not in absent]
    if found is None:
        return pd.DataFrame(columns=columns)
    missing = [column for column in columns if column not in found.columns]
    if missing:
        raise ValueError(f"a reader gives {name} without {', '.join(missing)}")
    return found[columns].assign(
        **({"variant_ix": found["variant_ix"].astype(np.int64)} if "variant_ix" in columns else {})
    )
