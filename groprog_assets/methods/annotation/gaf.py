"""Gene associations of a GAF 2.x file. Files in, rows out."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

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
    places = [(column.append, at) for column, at in zip(columns, (2, 10, 3, 4, 6), strict=True)]
    held: dict[str, str] = {}
    once = held.setdefault
    for number, line in lines(path, comment="", errors="replace"):
        if line.startswith("!"):
            header.append(line[1:].strip())
            continue
        cells = line.split("\t")
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
        for append, at in places:
            append(once(cells[at], cells[at]))
    if problems or not columns.term:
        raise AnnotationError(
            problems[:20] or [Problem(str(path), "no annotations", "A GAF lists annotations.", "Fetch the GAF again.")]
        )
    return GafFile("; ".join(header[:6]), columns)


def forget_gaf() -> None:
    """Let go what is kept of the file read last."""
    _read.cache_clear()


def gene_terms(associations: Associations, graph: TermGraph, genes: list[str]) -> tuple[set[tuple[str, str]], Document]:
    """((gene, current term) pairs, counts of the associations that were left out).

    A gene is matched by symbol, then by a synonym that names one GAF gene only. A replaced term is read as its current term.
    NOT qualifiers, "no data" (ND) evidence, unknown terms and obsolete ones without a replacement are left out.
    """
    wanted = set(genes)
    renamed = _by_synonym(associations, wanted)
    pairs: set[tuple[str, str]] = set()
    unknown: dict[str, None] = {}
    withdrawn: dict[str, None] = {}
    counted = {
        "negated": 0,
        "no_data": 0,
        "unknown_term_annotations": 0,
        "obsolete_term_annotations": 0,
        "replaced_term_annotations": 0,
    }
    live = {stated: graph.live(stated) for stated in set(associations.term)}
    negated = {text for text in set(associations.qualifier) if "NOT" in text.split("|")}
    columns = associations.symbol, associations.qualifier, associations.term, associations.evidence
    for symbol, qualifier, stated, evidence in zip(*columns, strict=True):
        term = live[stated]
        if qualifier in negated:
            counted["negated"] += 1
        elif evidence == "ND":
            counted["no_data"] += 1
        elif term is not None:
            counted["replaced_term_annotations"] += term != stated
            names = ([symbol] if symbol in wanted else []) + renamed.get(symbol, [])
            pairs.update((name, term) for name in names)
        elif stated in graph.parents:
            counted["obsolete_term_annotations"] += 1
            withdrawn.setdefault(stated)
        else:
            counted["unknown_term_annotations"] += 1
            unknown.setdefault(stated)
    suggested = [f"{term} (consider {some(graph.consider[term])})" for term in withdrawn if graph.consider[term]]
    return pairs, {
        "annotations": len(associations.term),
        **counted,
        "unknown_terms": len(unknown),
        "unknown_examples": some(unknown),
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
