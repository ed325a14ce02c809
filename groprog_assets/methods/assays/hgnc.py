"""The genes of a user's HGNC table, and which of them a symbol, an Entrez, Ensembl or UniProt identifier means.

Source: genenames.org, complete set (hgnc_complete_set.txt) and custom downloads, whose columns have other names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.columns import collector, read_cells, read_header
from groprog_assets.study.text_tables import count_of

COLUMNS = {
    "hgnc_id": ("hgnc_id", "HGNC ID"),
    "symbol": ("symbol", "Approved symbol"),
    "status": ("status", "Status"),
    "previous": ("prev_symbol", "Previous symbols"),
    "alias": ("alias_symbol", "Alias symbols"),
    "entrez": ("entrez_id", "NCBI Gene ID", "NCBI Gene ID(supplied by NCBI)"),
    "ensembl": ("ensembl_gene_id", "Ensembl gene ID", "Ensembl ID(supplied by Ensembl)"),
    "uniprot": ("uniprot_ids", "UniProt accession", "UniProt ID(supplied by UniProt)"),
}
"""What is read, and the names of its column in the complete set and in custom downloads."""
NEEDED = ("hgnc_id", "symbol")
HGNC_ID = re.compile(r"HGNC:\d+")


class Gene(NamedTuple):
    """An approved gene."""

    hgnc_id: str
    symbol: str


class Found(NamedTuple):
    """The gene of an identifier: how it was found (exact, previous, alias, ambiguous, unmapped), None where it is none or
    several; several: the symbols of those."""

    mapping: str
    gene: Gene | None = None
    several: tuple[str, ...] = ()


class Hgnc:
    """Approved genes by their identifiers."""

    def __init__(self, genes: Iterable[tuple[Gene, dict[str, list[str]]]]):
        self._symbol: dict[str, Gene] = {}
        self._by: dict[str, dict[str, list[Gene]]] = {name: {} for name in COLUMNS}
        self.genes: list[Gene] = []
        for gene, names in genes:
            self.genes.append(gene)
            self._symbol[gene.symbol] = gene
            self._by["hgnc_id"][gene.hgnc_id] = [gene]
            for kind, texts in names.items():
                for text in dict.fromkeys(texts):
                    self._by[kind].setdefault(text, []).append(gene)

    def of_symbol(self, symbol: str) -> Found:
        """The approved symbol first, whatever else it is; else the one gene that had it before or has it as an alias. Where it is
        of several, or the previous symbol of one and the alias of another, it is ambiguous."""
        if symbol in self._symbol:
            return Found("exact", self._symbol[symbol])
        before, alias = self._by["previous"].get(symbol, []), self._by["alias"].get(symbol, [])
        genes = list(dict.fromkeys([*before, *alias]))
        if len(genes) > 1:
            return Found("ambiguous", None, tuple(sorted(gene.symbol for gene in genes)))
        return Found("previous" if before else "alias", genes[0]) if genes else Found("unmapped")

    def of(self, kind: str, identifier: str) -> Found:
        """The gene of an identifier of `kind`: hgnc_id, entrez, ensembl or uniprot."""
        genes = self._by[kind].get(identifier, [])
        if len(genes) > 1:
            return Found("ambiguous", None, tuple(sorted(gene.symbol for gene in genes)))
        return Found("exact", genes[0]) if genes else Found("unmapped")


def read_hgnc(path: Path) -> Hgnc:
    """The approved genes of an HGNC table; withdrawn entries are left out.

    Raises AssayError for an absent column, an identifier that is none of HGNC's, and a symbol of two genes.
    """
    header = read_header(path)
    names = {what: next((name for name in given if name in header.columns), "") for what, given in COLUMNS.items()}
    absent = [COLUMNS[what][0] for what in NEEDED if not names[what]]
    if absent:
        rule = "An HGNC table has HGNC's identifiers and approved symbols."
        remedy = "Give hgnc_complete_set.txt of genenames.org."
        raise AssayError(Problem(header.where, f"no column {', '.join(absent)}", rule, remedy))
    held = {what: name for what, name in names.items() if name}
    problems = collector(header.path)
    found = read_cells(header, list(held.values()), [], problems)
    wrong = ~found.text[held["hgnc_id"]].str.fullmatch(HGNC_ID.pattern).to_numpy(bool)
    found.mark(problems, wrong, "An identifier is HGNC: and a number.", "Correct it.", held["hgnc_id"])
    approved = found.text[held["status"]].str.casefold() == "approved" if "status" in held else None
    rows = found.text if approved is None else found.text[approved]
    twice = rows[held["symbol"]].duplicated()
    if twice.any():
        value = f"{rows[held['symbol']][twice].iloc[0]!r}, {count_of(int(twice.sum()), 'symbol')} of two genes"
        problems.add("", value, "An approved symbol is of one gene.", "Give the table as HGNC wrote it.")
    problems.raise_any()
    lists = [what for what in held if what not in (*NEEDED, "status")]
    columns = {what: rows[held[what]].map(_names).tolist() for what in lists}
    genes = map(Gene, rows[held["hgnc_id"]].tolist(), rows[held["symbol"]].tolist())
    return Hgnc((gene, {what: columns[what][k] for what in lists}) for k, gene in enumerate(genes))


def _names(cell: str) -> list[str]:
    """Several names of a cell: `A|B`, `"A|B"` or `A, B`."""
    return [name.strip() for name in re.split(r"[|,]", cell.strip('"')) if name.strip()]
