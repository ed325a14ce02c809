"""Gene associations of a GAF 2.x file. Files in, rows out."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.annotation.obo import TermGraph
from groprog_assets.study.annotation_files import lines, some
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document


class Associations(NamedTuple):
    """The columns of a GAF that this program uses, each as long as it has associations."""

    symbol: list[str]
    synonyms: list[str]
    qualifier: list[str]
    term: list[str]
    evidence: list[str]


class GafFile(NamedTuple):
    """version: the header's first lines; associations: its lines."""

    version: str
    associations: Associations


def read_gaf(path: Path) -> GafFile:
    """Every association of a GAF, plain or gzip. Raises AnnotationError for short lines and for a file without associations."""
    try:
        status = path.stat()
    except OSError:
        return _read(path, 0, 0)  # it says why
    return _read(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, size: int, changed: int) -> GafFile:
    """A file is read once per process, for the check before a run and for the run. Size and time identify its version. The same
    names stand in many lines and are held once."""
    header, problems = [], []
    columns = Associations([], [], [], [], [])
    symbols, others, qualifiers, terms, kinds = (column.append for column in columns)
    held: dict[str, str] = {}
    once = held.setdefault
    for number, line in lines(path, comment="", errors="replace"):
        if line[0] == "!":
            header.append(line[1:].strip())
            continue
        cells = line.split("\t", 14)
        if len(cells) < 15:
            problems.append(
                Problem(
                    f"{path}:{number}",
                    count_of(len(cells), "column"),
                    "GAF 2.x has 17, at least 15.",
                    "Fetch the GAF again, or check that it is tab-separated.",
                )
            )
            continue
        _, _, symbol, qualifier, term, _, evidence, _, _, _, synonyms, _, _, _, _ = cells
        symbols(once(symbol, symbol))
        others(once(synonyms, synonyms))
        qualifiers(once(qualifier, qualifier))
        terms(once(term, term))
        kinds(once(evidence, evidence))
    if problems or not columns.term:
        raise AnnotationError(
            problems[:20] or [Problem(str(path), "no annotations", "A GAF lists annotations.", "Fetch the GAF again.")]
        )
    return GafFile("; ".join(header[:6]), columns)


def forget_gaf() -> None:
    """Let go what is kept of the file read last."""
    _read.cache_clear()


def gene_terms(associations: Associations, graph: TermGraph, genes: list[str]) -> tuple[np.ndarray, Document]:
    """(direct annotations (a,): place of the gene in `genes` x number of terms + place of its current term, rising, each once;
    counts of the associations that were left out).

    A gene is matched by symbol, then by a synonym that names one GAF gene only. A replaced term is read as its current term.
    NOT qualifiers, "no data" (ND) evidence, unknown terms and obsolete ones without a replacement are left out.
    """
    place = {gene: k for k, gene in enumerate(genes)}
    number = {term: k for k, term in enumerate(graph.parents)}
    renamed = _by_synonym(associations, set(genes))
    columns = associations.symbol, associations.qualifier, associations.term, associations.evidence
    codes, names = zip(*(pd.factorize(np.array(column, dtype=object)) for column in columns))
    of_symbol, of_qualifier, of_term, of_evidence = codes
    symbols, qualifiers, stated, evidence = ([str(name) for name in held] for held in names)
    live = [graph.live(term) for term in stated]
    negated = np.array(["NOT" in text.split("|") for text in qualifiers])[of_qualifier]
    no_data = ~negated & (np.array(evidence) == "ND")[of_evidence]
    current = np.array([-1 if term is None else number[term] for term in live])[of_term]
    replaced = np.array([into not in (None, term) for term, into in zip(stated, live)])[of_term]
    held = np.array([term in graph.parents for term in stated])[of_term]
    read = ~negated & ~no_data
    used, obsolete, unknown = read & (current >= 0), read & (current < 0) & held, read & (current < 0) & ~held
    named = [([name] if name in place else []) + renamed.get(name, []) for name in symbols]
    each = np.array([len(genes) for genes in named])
    first, matched = np.cumsum(each) - each, np.array([place[gene] for genes in named for gene in genes], np.int64)
    symbol, many = of_symbol[used], each[of_symbol[used]]
    gene = matched[np.arange(many.sum()) + np.repeat(first[symbol] - (np.cumsum(many) - many), many)]
    pairs = np.unique(gene * len(number) + np.repeat(current[used], many))
    withdrawn, missing = ([stated[code] for code in pd.unique(of_term[left])] for left in (obsolete, unknown))
    suggested = [f"{term} (consider {some(graph.consider[term])})" for term in withdrawn if graph.consider[term]]
    return pairs, {
        "annotations": len(associations.term),
        "negated": int(negated.sum()),
        "no_data": int(no_data.sum()),
        "unknown_term_annotations": int(unknown.sum()),
        "obsolete_term_annotations": int(obsolete.sum()),
        "replaced_term_annotations": int((used & replaced).sum()),
        "unknown_terms": len(missing),
        "unknown_examples": some(missing),
        "obsolete_terms": len(withdrawn),
        "obsolete_examples": some([*suggested, *(term for term in withdrawn if not graph.consider[term])]),
        "genes_by_synonym": sum(len(names) for names in renamed.values()),
    }


def _by_synonym(associations: Associations, wanted: set[str]) -> dict[str, list[str]]:
    """{GAF symbol: genes of the study that are synonyms of this symbol and no other}."""
    symbols = set(associations.symbol)
    owners: dict[str, set[str]] = {}
    for symbol, synonyms in dict.fromkeys(zip(associations.symbol, associations.synonyms, strict=True)):
        for synonym in filter(None, synonyms.split("|")):
            if synonym in wanted and synonym not in symbols:
                owners.setdefault(synonym, set()).add(symbol)
    renamed: dict[str, list[str]] = {}
    for synonym, owner in owners.items():
        if len(owner) == 1:
            renamed.setdefault(next(iter(owner)), []).append(synonym)
    return renamed
