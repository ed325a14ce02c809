"""Canonical identifiers of the features of an assay: genes to HGNC, proteins to UniProt, metabolites to ChEBI, HMDB, InChIKey.

An identifier that may mean several things is never guessed: it stays ambiguous, with its candidates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from groprog_assets.errors import Problem
from groprog_assets.methods.assays.hgnc import Found, Hgnc
from groprog_assets.methods.assays.metabolite_ids import metabolite_of
from groprog_assets.methods.assays.protein_ids import accession, leading, protein_curie
from groprog_assets.methods.cohort.gene_symbols import spoiled_symbols, told
from groprog_assets.study.annotation_files import some
from groprog_assets.study.text_tables import count_of

MAPPINGS = ("exact", "previous", "alias", "ambiguous", "unmapped")
GENES = {"symbol": "", "hgnc": "HGNC", "entrez": "NCBIGene", "ensembl": "ENSEMBL"}
"""Systems of gene identifiers, and the prefix of their CURIEs; a symbol is no CURIE."""
PROTEINS = ("uniprot",)
METABOLITES = ("chebi", "hmdb", "inchikey", "metabolite")
_VERSION = re.compile(r"(ENS[A-Z]*G\d+)\.\d+(?:_PAR_Y)?")


class Mapped(NamedTuple):
    """features: as given, with feature_id, symbol, gene_id and mapping filled in; table: one row a feature, source_id,
    feature_id, gene_id, symbol, mapping, candidates (what nothing was chosen from, separated by |);
    counts: features by mapping; notices: what is worth knowing."""

    features: pd.DataFrame
    table: pd.DataFrame
    counts: dict[str, int]
    notices: list[Problem]


class Target(NamedTuple):
    """What one feature is: feature_id "" = none known."""

    mapping: str
    feature_id: str = ""
    gene_id: str = ""
    symbol: str = ""
    candidates: tuple[str, ...] = ()


def map_features(features: pd.DataFrame, id_system: str, hgnc: Hgnc | None, where: str) -> Mapped:
    """The canonical identifiers of features whose `source_id` is of `id_system`.

    Systems: symbol, hgnc, entrez, ensembl (its version is not compared), uniprot (isoform kept; the gene is that of the
    accession, else that of the symbol given), chebi, hmdb, inchikey, metabolite (any of the three, by its form). Features of
    another system keep what the reader knows of them. A feature of which nothing is known has its source_id as feature_id.
    where: the file, for messages. Without an HGNC table no gene is mapped.
    """
    system = id_system.strip().lower()
    given = features.reset_index(drop=True)
    mapper = _mapper(system, hgnc)
    targets = [mapper(*row) for row in given[["source_id", "feature_id", "symbol"]].fillna("").itertuples(index=False)]
    table = pd.DataFrame(
        {
            "source_id": given["source_id"],
            "feature_id": [
                target.feature_id or known or read
                for target, known, read in zip(targets, given["feature_id"].fillna(""), given["source_id"], strict=True)
            ],
            "gene_id": [target.gene_id or None for target in targets],
            "symbol": [
                target.symbol or known or None
                for target, known in zip(targets, given["symbol"].fillna(""), strict=True)
            ],
            "mapping": [target.mapping for target in targets],
            "candidates": ["|".join(target.candidates) for target in targets],
        }
    ).astype("str")
    filled = given.assign(**{name: table[name] for name in ("feature_id", "gene_id", "symbol", "mapping")})
    counted = Counter(table["mapping"])
    counts = {name: counted[name] for name in MAPPINGS}
    return Mapped(filled, table, counts, _notices(table, system, hgnc, where, given["symbol"].fillna("")))


def gene_ids(given: pd.Series, hgnc: Hgnc | None) -> pd.Series:
    """HGNC identifiers of genes given as NCBIGene:… or symbol:…; what is not known or ambiguous stays as given."""
    if hgnc is None:
        return given
    known = {}
    for text in given.dropna().unique():
        prefix, _, local = str(text).partition(":")
        found = hgnc.of_symbol(local) if prefix == "symbol" else hgnc.of("entrez", local)
        known[text] = found.gene.hgnc_id if found.gene is not None else text
    return given.map(known).astype("str")


def _mapper(system: str, hgnc: Hgnc | None) -> Callable[[str, str, str], Target]:
    """(source_id, feature_id, symbol) -> what it is."""
    if system in GENES:
        return lambda read, known, symbol: _gene(system, read, hgnc)
    if system in PROTEINS:
        return lambda read, known, symbol: _protein(known or protein_curie(read), symbol, hgnc)
    if system in METABOLITES:
        return lambda read, known, symbol: _metabolite(read, known)
    return lambda read, known, symbol: _other(known, symbol, hgnc)


def bare_ensembl(text: str) -> str:
    """An Ensembl gene without its version, and without GENCODE's mark of the copy on chromosome Y."""
    found = _VERSION.fullmatch(text)
    return found[1] if found else text


def _gene(system: str, read: str, hgnc: Hgnc | None) -> Target:
    bare = read.removeprefix(f"{GENES[system]}:") if GENES[system] else read
    bare = bare_ensembl(bare) if system == "ensembl" else bare
    own = f"{GENES[system]}:{bare}" if GENES[system] and bare else ""
    if hgnc is None:
        return Target("unmapped", own)
    if system == "symbol" or (system == "entrez" and not bare.isdecimal()):
        found = hgnc.of_symbol(bare)
    elif system == "hgnc":
        found = hgnc.of("hgnc_id", own)
    else:
        found = hgnc.of(system, bare)
    return _of_gene(found, own)


def _of_gene(found: Found, own: str) -> Target:
    if found.gene is None:
        return Target(found.mapping, own, candidates=found.several)
    return Target(found.mapping, found.gene.hgnc_id, found.gene.hgnc_id, found.gene.symbol)


def _protein(curie: str, symbol: str, hgnc: Hgnc | None) -> Target:
    """A protein stays a protein; its gene is that of the accession (of every isoform), else that of the symbol."""
    bare = accession(leading(curie.removeprefix("UniProt:")))
    if not bare:
        return Target("unmapped", curie)
    found = hgnc.of("uniprot", bare.partition("-")[0]) if hgnc is not None else Found("unmapped")
    if found.gene is None and not found.several and hgnc is not None and symbol:
        found = hgnc.of_symbol(symbol)
    gene = found.gene
    return Target("exact", f"UniProt:{bare}", gene.hgnc_id if gene else "", gene.symbol if gene else "", found.several)


def _other(known: str, symbol: str, hgnc: Hgnc | None) -> Target:
    """A feature of another kind stays what it is; its gene is that of the symbol given."""
    found = hgnc.of_symbol(symbol) if hgnc is not None and symbol else Found("unmapped")
    gene = found.gene
    how = "exact" if known else "unmapped"
    return Target(how, known, gene.hgnc_id if gene else "", gene.symbol if gene else "", found.several)


def _metabolite(read: str, known: str) -> Target:
    """By the name as read, whose form tells its database; else, as a bare number of ChEBI, by what the reader made of it."""
    found = metabolite_of(read)
    if not (found.curie or found.several):
        found = metabolite_of(known)
    if found.several:
        return Target("ambiguous", candidates=found.several)
    return Target("exact", found.curie) if found.curie else Target("unmapped")


def _conflicts(table: pd.DataFrame, symbols: pd.Series, hgnc: Hgnc, where: str) -> list[Problem]:
    """Rows whose symbol, as read, is another gene than their Entrez id."""
    other = []
    for read, gene, symbol in zip(table["source_id"], table["gene_id"].fillna(""), symbols, strict=True):
        found = hgnc.of_symbol(symbol).gene if symbol and gene else None
        if found is not None and found.hgnc_id != gene:
            other.append(f"{read} ({symbol} is {found.hgnc_id}, the id is {gene})")
    if not other:
        return []
    rule = "Where symbol and Entrez id are two genes, the Entrez id counts."
    value = f"{count_of(len(other), 'row')} of two genes: {some(other)}"
    return [Problem(where, value, rule, "Correct the symbols, or the ids.")]


def _notices(table: pd.DataFrame, system: str, hgnc: Hgnc | None, where: str, symbols: pd.Series) -> list[Problem]:
    notices: list[Problem] = []
    if system == "symbol":
        spoiled = spoiled_symbols(table["source_id"])
        if spoiled:
            rule = "A spreadsheet turned gene symbols into dates; which gene a date was cannot be known for certain."
            value = f"{count_of(len(spoiled), 'date')} for symbols: {told(spoiled, table['source_id'])}"
            notices.append(Problem(where, value, rule, "Restore the symbols in the source, and give the file again."))
    if system == "entrez" and hgnc is not None:
        notices += _conflicts(table, symbols, hgnc, where)
    if system in GENES and hgnc is None:
        rule = "Genes are known by HGNC's identifiers across assays."
        notices.append(Problem(where, "no HGNC table", rule, "Name hgnc_complete_set.txt of genenames.org."))
        return notices
    if system not in (*GENES, *PROTEINS, *METABOLITES):
        return notices
    for mapping in ("ambiguous", "unmapped"):
        rows = table[table["mapping"] == mapping]
        if len(rows):
            first = zip(rows["source_id"].tolist()[:3], rows["candidates"].tolist()[:3], strict=True)
            shown = [f"{name} ({said.replace('|', ' or ')})" if said else name for name, said in first]
            more = f" and {len(rows) - 3:,} more" if len(rows) > 3 else ""
            rule = (
                "A name of several things is none of them: nothing is guessed."
                if mapping == "ambiguous"
                else "It keeps its own name, and is not joined with other assays."
            )
            value = f"{count_of(len(rows), 'feature')} {mapping}: {some(shown)}{more}"
            notices.append(Problem(where, value, rule, "Correct the identifiers, if they should be known."))
    return notices
