"""What is known of diseases: the HPO's annotations (phenotype.hpoa) and genes (genes_to_phenotype.txt). Files in, tables out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.omics.curies import curie
from groprog_assets.methods.omics.ontologies import Resolver, canonical_terms, resolver, unresolved
from groprog_assets.methods.omics.text_columns import comment_lines, text_columns
from groprog_assets.study.omics_study import PhenotypeOntologies
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document

FREQUENCY_CLASSES = {
    "HP:0040280": 1.0,
    "HP:0040281": 0.895,
    "HP:0040282": 0.545,
    "HP:0040283": 0.17,
    "HP:0040284": 0.025,
    "HP:0040285": 0.0,
}
"""Obligate, very frequent, frequent, occasional, very rare, excluded: the middle of the range each class stands for."""
HPOA_COLUMNS = (
    *("database_id", "disease_name", "qualifier", "hpo_id", "reference", "evidence", "onset", "frequency", "sex"),
    *("modifier", "aspect"),
)
ASPECTS = ("P", "I", "C", "H", "M")
_RATIO = re.compile(r"(\d+)/(\d+)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_VERSION = re.compile(r"^\s*(?:version|date):\s*(\S+)")
_ONTOLOGY = re.compile(r"^\s*hpo-version:.*?(\d{4}-\d{2}-\d{2})")


class DiseaseAnnotations(NamedTuple):
    """Tables `diseases` and `disease_terms`; `summary`: JSON-able release of the annotations and of the ontology they are made
    for, rows, what was merged, left out or unresolved."""

    diseases: pd.DataFrame
    disease_terms: pd.DataFrame
    summary: Document


class DiseaseKnowledge(NamedTuple):
    """Tables `disease_terms`, `diseases` and `gene_disease` (empty where the study names no genes); `summary`: JSON-able."""

    disease_terms: pd.DataFrame
    diseases: pd.DataFrame
    genes: pd.DataFrame
    summary: Document


class Frequency(NamedTuple):
    """A frequency as annotated: n of m patients (-1 where it is no ratio), the fraction (NaN for none), how it is given."""

    n: int
    m: int
    fraction: float
    source: str


def parse_frequency(text: str) -> Frequency | None:
    """A frequency of phenotype.hpoa: "" (none), "3/7", "25%", or a class such as HP:0040281; None for anything else.

    More patients than were looked at, m = 0 and more than 100 % are anything else.
    """
    text = text.strip()
    if not text:
        return Frequency(-1, -1, np.nan, "none")
    if text in FREQUENCY_CLASSES:
        return Frequency(-1, -1, FREQUENCY_CLASSES[text], "class")
    if found := _RATIO.fullmatch(text):
        n, m = int(found[1]), int(found[2])
        return Frequency(n, m, n / m, "ratio") if n <= m and m > 0 else None
    if (found := _PERCENT.fullmatch(text)) and float(found[1]) <= 100:
        return Frequency(-1, -1, float(found[1]) / 100, "percent")
    return None


def read_annotations(path: Path, known: Resolver, version: str = "") -> DiseaseAnnotations:
    """Diseases and their terms from phenotype.hpoa, as text or Parquet with the same columns.

    Rows of one disease, term and aspect become one: patients of ratios are summed, else the largest frequency counts. A row is
    negated by NOT, 0/m, the class excluded, or 0 %; a pair with another row is not. A row whose term is no live term is left out
    and counted. `version`: the release, where the file has no header. Raises AnnotationError with every row that cannot be read:
    its line, value, rule and remedy.
    """
    table = text_columns(path, HPOA_COLUMNS)
    cells = table.cells
    stated, ontology = _releases(path)
    frequencies = {text: parse_frequency(text) for text in cells["frequency"].unique()}
    problems = [
        *_wrong(
            table.path, table.line_numbers, cells, "frequency", {t for t, f in frequencies.items() if f is None}, _RULE
        ),
        *_wrong(
            table.path,
            table.line_numbers,
            cells,
            "aspect",
            set(cells["aspect"]) - set(ASPECTS),
            "It is P, I, C, H or M.",
        ),
        *_wrong(
            table.path,
            table.line_numbers,
            cells,
            "qualifier",
            set(cells["qualifier"]) - {"", "NOT"},
            "It is NOT or empty.",
        ),
    ]
    if problems:
        raise AnnotationError(problems)
    parsed = [frequencies[text] or Frequency(-1, -1, np.nan, "none") for text in cells["frequency"]]
    rows = pd.DataFrame(
        {
            "disease_id": cells["database_id"].map({text: curie(text) for text in cells["database_id"].unique()}),
            "term_id": canonical_terms(cells["hpo_id"], known),
            "aspect": cells["aspect"],
            "n": [item.n for item in parsed],
            "m": [item.m for item in parsed],
            "fraction": [item.fraction for item in parsed],
            "frequency_source": [item.source for item in parsed],
            "not": (cells["qualifier"] == "NOT").to_numpy(),
            **{name: cells[name] for name in ("onset", "sex", "modifier", "reference", "evidence")},
        }
    )
    rows["negated"] = rows["not"] | (rows["fraction"] == 0)
    lost = rows["term_id"].isna()
    merged = _merged(rows[~lost])
    names = pd.DataFrame({"disease_id": rows["disease_id"], "name": cells["disease_name"]})
    diseases = conform(names.drop_duplicates("disease_id").sort_values("disease_id"), "diseases")
    summary = {
        "version": stated or version,
        "ontology_version": ontology or version,
        "rows": len(cells),
        "pairs": len(merged),
        "merged_rows": len(rows) - int(lost.sum()) - len(merged),
        "negated": int(merged["negated"].sum()),
        "zero_ratios_without_not": int(((rows["n"] == 0) & ~rows["not"]).sum()),
        "aspects": {name: int((cells["aspect"] == name).sum()) for name in ASPECTS},
        "unresolved": unresolved(cells["hpo_id"], known),
    }
    return DiseaseAnnotations(diseases, merged, summary)


def read_knowledge(given: PhenotypeOntologies, terms: pd.DataFrame, aliases: pd.DataFrame) -> DiseaseKnowledge:
    """What the study's files know of diseases: annotations, with the terms of the ontology's `terms` and `aliases`, and genes."""
    read = read_annotations(given.annotations, resolver(terms, aliases), given.versions.hpo)
    columns = TABLES["gene_disease"].column_names
    genes, counts = conform(pd.DataFrame(columns=columns), "gene_disease"), {"genes": 0, "pairs": 0}
    if given.genes is not None:
        genes, counts = read_genes(given.genes, read.summary["version"])
    summary = {**read.summary, "genes": counts["genes"], "gene_disease_pairs": counts["pairs"]}
    return DiseaseKnowledge(read.disease_terms, read.diseases, genes, summary)


def read_genes(path: Path, version: str = "") -> tuple[pd.DataFrame, dict[str, int]]:
    """(table `gene_disease`, JSON-able counts) from genes_to_phenotype.txt, or a table of genes and diseases alone.

    Needs the columns ncbi_gene_id, gene_symbol and disease_id. A row without a symbol ("-") is kept under its number.
    """
    cells = text_columns(path, ("ncbi_gene_id", "gene_symbol", "disease_id")).cells
    pairs = cells[["ncbi_gene_id", "gene_symbol", "disease_id"]].drop_duplicates()
    number = pairs["ncbi_gene_id"].str.removeprefix("NCBIGene:")
    made = pd.DataFrame(
        {
            "gene_id": "NCBIGene:" + number,
            "symbol": pairs["gene_symbol"].where(pairs["gene_symbol"] != "-", "NCBIGene:" + number),
            "disease_id": pairs["disease_id"].map({text: curie(text) for text in pairs["disease_id"].unique()}),
            "relation": "unknown",
            "source": path.name,
            "version": version or "not stated",
        }
    ).drop_duplicates(["gene_id", "disease_id"])
    table = conform(made.sort_values(["gene_id", "disease_id"]), "gene_disease")
    return table, {"genes": int(table["gene_id"].nunique()), "pairs": len(table)}


_RULE = "A frequency is n/m with 0 <= n <= m, p% up to 100, a class HP:0040280 to HP:0040285, or empty."


def _wrong(
    path: Path, numbers: np.ndarray, cells: pd.DataFrame, column: str, values: set[str], rule: str
) -> list[Problem]:
    at = np.flatnonzero(cells[column].isin(list(values)).to_numpy())[:5]
    remedy = "Correct the row, or fetch the file again."
    return [
        Problem(f"{path}:{numbers[k]}, column {column}", repr(cells[column].iloc[k]), rule, remedy) for k in at.tolist()
    ]


def _releases(path: Path) -> tuple[str, str]:
    """(release of the annotations, release of the ontology they are made for), "" where the header has none."""
    lines = comment_lines(path)
    found = [next((hit[1] for line in lines if (hit := rule.match(line))), "") for rule in (_VERSION, _ONTOLOGY)]
    return found[0], found[1]


def _merged(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a disease, term and aspect (see `read_annotations`)."""
    key = ["disease_id", "term_id", "aspect"]
    rows = rows.sort_values(key, kind="stable").reset_index(drop=True)
    alone = ~rows.duplicated(key, keep=False)
    single = rows[alone]
    several = [_one(part) for _, part in rows[~alone].groupby(key, sort=False)]
    made = pd.concat([single, pd.DataFrame(several, columns=rows.columns)], ignore_index=True) if several else single
    ratio = made["frequency_source"] == "ratio"
    out = pd.DataFrame(
        {
            **{name: made[name] for name in key},
            "n": made["n"].where(ratio).astype("Int32"),
            "m": made["m"].where(ratio).astype("Int32"),
            "frequency": made["fraction"].astype("float64"),
            "frequency_source": made["frequency_source"],
            "negated": made["negated"].astype(bool),
            **{name: made[name].where(made[name] != "", None) for name in ("onset", "sex", "evidence")},
            "modifiers": [cell.split(";") if cell else [] for cell in made["modifier"]],
            "sources": [
                list(dict.fromkeys(curie(part) for part in cell.split(";") if part)) for cell in made["reference"]
            ],
        }
    )
    return conform(out.sort_values(key), "disease_terms")


def _one(part: pd.DataFrame) -> dict[str, object]:
    """Several rows about one pair as one."""
    present = part[~part["negated"]]
    counted = part[(part["frequency_source"] == "ratio") & ~(part["not"] & (part["n"] > 0))]
    stated = present[present["frequency_source"].isin(["class", "percent"])]
    n, m = int(counted["n"].sum()), int(counted["m"].sum())
    best = Frequency(-1, -1, np.nan, "none")
    if len(stated):
        first = stated.sort_values("fraction").iloc[-1]
        best = Frequency(-1, -1, float(first["fraction"]), str(first["frequency_source"]))
    if m and not best.fraction >= n / m:
        best = Frequency(n, m, n / m, "ratio")
    if not len(present) and not m:
        last = part.iloc[-1]
        best = Frequency(int(last["n"]), int(last["m"]), float(last["fraction"]), str(last["frequency_source"]))
    joined = {
        name: "|".join(dict.fromkeys(cell for cell in part[name] if cell)) for name in ("onset", "sex", "evidence")
    }
    return {
        **{str(name): value for name, value in part.iloc[0].items()},
        **{"n": best.n, "m": best.m, "fraction": best.fraction, "frequency_source": best.source},
        **joined,
        "modifier": ";".join(dict.fromkeys(item for cell in part["modifier"] if cell for item in cell.split(";"))),
        "reference": ";".join(dict.fromkeys(item for cell in part["reference"] for item in cell.split(";") if item)),
        "negated": not len(present),
    }
