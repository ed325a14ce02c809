"""Gene ontology: terms from OBO, annotations from GAF 2.2 or GMT, closed along the true path. Files in, tables out."""

from __future__ import annotations

import gzip
import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.study.schema import Ontology
from groprog_assets.tables import TABLES, conform

BRANCHES = {"biological_process": "BP", "cellular_component": "CC", "molecular_function": "MF"}
ASPECTS = {"P": "BP", "C": "CC", "F": "MF"}
GMT_BRANCHES = {"GOBP_": "BP", "GOCC_": "CC", "GOMF_": "MF"}


class OntologyTables(NamedTuple):
    """terms: `ontology_terms`; annotations: `ontology_annotations`; version: JSON-able releases, digests, what was left out."""

    terms: pd.DataFrame
    annotations: pd.DataFrame
    version: dict[str, Any]


class TermGraph(NamedTuple):
    """terms: table; parents {term: is_a and part_of targets}; alternative {alt_id: term}; version: the OBO's own words."""

    terms: pd.DataFrame
    parents: dict[str, list[str]]
    alternative: dict[str, str]
    version: str


def read_ontology(ontology: Ontology | None, genes: Iterable[str]) -> OntologyTables:
    """Terms and the genes under them, for the genes of the study.

    With OBO and GAF the annotations are closed upwards over is_a and part_of (the true-path rule), also where part_of leads into
    another branch. NOT qualifiers and "no data" (ND) evidence are left out. A gene is matched by symbol, then by a synonym that
    names one GAF gene only. GAF terms that the OBO does not know, even as alt_id, are counted and skipped; so are obsolete ones.
    A GMT's sets are taken as they stand; its branch is read from GOBP_, GOCC_, GOMF_ name prefixes, otherwise "other".
    None, a study without ontology, gives empty tables. Raises AnnotationError for a cyclic OBO, files that cannot be parsed, or
    neither GAF nor GMT.
    """
    genes = list(dict.fromkeys(genes))
    if ontology is None:
        empty = (pd.DataFrame(columns=TABLES[name].column_names) for name in ("ontology_terms", "ontology_annotations"))
        terms, annotations = empty
        return OntologyTables(
            conform(terms, "ontology_terms"), conform(annotations, "ontology_annotations"), {"format": "none"}
        )
    if ontology.gmt is not None:
        return _from_gmt(ontology.gmt, genes)
    if ontology.obo is None or ontology.gaf is None:
        raise AnnotationError(
            Problem("ontology", f"obo={ontology.obo}, gaf={ontology.gaf}", "OBO needs GAF.", "Name both, or a GMT.")
        )
    graph = read_obo(ontology.obo)
    ancestors = closure(graph.parents)
    gaf = _read_gaf(ontology.gaf)
    rows, summary = _resolve(gaf["rows"], graph, genes)
    annotations = _close(rows, ancestors, graph.terms["term"].to_list(), genes)
    version = {
        "format": "OBO and GAF",
        "obo": graph.version,
        "obo_sha256": _sha256(ontology.obo),
        "gaf": gaf["version"],
        "gaf_sha256": _sha256(ontology.gaf),
        "relations": ["is_a", "part_of"],
        **summary,
        "annotated_genes": int(annotations["gene"].nunique()),
    }
    return OntologyTables(graph.terms, annotations, version)


def check_ontology(ontology: Ontology) -> int:
    """How many of the GAF's terms the OBO does not know (0 for a GMT); nothing is resolved against genes.

    Raises AnnotationError as `read_ontology` does, with the problems of both files.
    """
    if ontology.gmt is not None:
        _from_gmt(ontology.gmt, [])
        return 0
    assert ontology.obo is not None
    assert ontology.gaf is not None
    problems: list[Problem] = []
    known: set[str] = set()
    stated: set[str] = set()
    try:
        graph = read_obo(ontology.obo)
        closure(graph.parents)
        known = graph.parents.keys() | graph.alternative.keys()
    except AnnotationError as error:
        problems += error.problems
    try:
        stated = {row[3] for row in _read_gaf(ontology.gaf)["rows"]}
    except AnnotationError as error:
        problems += error.problems
    if problems:
        raise AnnotationError(problems)
    return len(stated - known)


@lru_cache(maxsize=1)
def _parsed(path: Path, size: int, changed: int) -> TermGraph:
    """A file is parsed once in a process: for the check before a run, and in the run. Size and time tell files apart."""
    return _parse_obo(path)


def read_obo(path: Path) -> TermGraph:
    """Terms, parents and alternative ids of an OBO file, plain or gzip.

    Raises AnnotationError when the file cannot be parsed or holds no terms.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise AnnotationError(
            Problem(str(path), str(error), "An OBO file is expected.", "Correct the path.")
        ) from error
    return _parsed(path, status.st_size, status.st_mtime_ns)


def _parse_obo(path: Path) -> TermGraph:
    import fastobo

    rows, parents, alternative = [], {}, {}
    version = ""
    try:
        with _binary(path) as stream:
            document = fastobo.iter(stream, ordered=True)
            for clause in document.header():
                if clause.raw_tag() == "data-version":
                    version = clause.raw_value()
            for frame in document:
                if not isinstance(frame, fastobo.term.TermFrame):
                    continue
                row, above, others = _term(frame)
                rows.append(row)
                parents[row["term"]] = above
                alternative.update(dict.fromkeys(others, row["term"]))
    except (OSError, EOFError, ValueError, SyntaxError) as error:
        raise AnnotationError(
            Problem(str(path), str(error), "An OBO 1.4 file is expected.", "Fetch go.obo again.")
        ) from error
    if not rows:
        raise AnnotationError(Problem(str(path), "no [Term] stanza", "An OBO file lists terms.", "Fetch go.obo again."))
    return TermGraph(conform(pd.DataFrame(rows), "ontology_terms"), parents, alternative, version)


def closure(parents: dict[str, list[str]]) -> dict[str, set[str]]:
    """{term: all terms above it} of a directed acyclic graph {term: parents}; parents that are no terms are ignored.

    Raises AnnotationError naming terms of a cycle.
    """
    children: dict[str, list[str]] = {term: [] for term in parents}
    waiting = {}
    for term, above in parents.items():
        known = {parent for parent in above if parent in parents}
        waiting[term] = len(known)
        for parent in known:
            children[parent].append(term)
    ready = deque(term for term, left in waiting.items() if left == 0)
    ancestors: dict[str, set[str]] = {}
    while ready:
        term = ready.popleft()
        held: set[str] = set()
        for parent in parents[term]:
            if parent in parents:
                held.add(parent)
                held |= ancestors[parent]
        ancestors[term] = held
        for child in children[term]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    if len(ancestors) < len(parents):
        stuck = sorted(set(parents) - set(ancestors))
        raise AnnotationError(
            Problem(
                "OBO",
                f"a cycle through {', '.join(stuck[:5])}" + (f" and {len(stuck) - 5} more" if len(stuck) > 5 else ""),
                "is_a and part_of may not lead back to a term.",
                "Use the release's go-basic.obo.",
            )
        )
    return ancestors


def resolve_terms(names: Iterable[str], terms: pd.DataFrame) -> dict[str, str | None]:
    """{name: term id} by id, then alternative id, then preferred name, then synonym (F14); None where nothing or several fit.

    `terms` is the `ontology_terms` table; comparison ignores case, and obsolete terms are found only by id or name.
    """
    names = list(names)
    by_id = set(terms["term"].tolist())
    found: dict[str, str | None] = {name: name for name in names if name in by_id}
    others = [name for name in names if name not in by_id]
    wanted = {name.lower() for name in others}
    by_name: dict[str, str] = {}
    by_synonym: dict[str, set[str]] = {}
    columns = (terms[column].tolist() if others else [] for column in ("term", "name", "synonyms", "obsolete"))
    for term, preferred, synonyms, obsolete in zip(*columns, strict=True):
        if preferred.lower() in wanted:
            by_name[preferred.lower()] = term
        if not obsolete:
            for synonym in wanted.intersection(synonyms.lower().split("|")):
                by_synonym.setdefault(synonym, set()).add(term)
    for name in others:
        candidates = by_synonym.get(name.lower(), set())
        only = next(iter(candidates)) if len(candidates) == 1 else None
        found[name] = by_name.get(name.lower(), only)
    return {name: found[name] for name in names}


def _term(frame: Any) -> tuple[dict[str, Any], list[str], list[str]]:
    row = {"term": str(frame.id), "name": "", "namespace": "other", "obsolete": False}
    above, others, synonyms = [], [], []
    for clause in frame:
        tag = clause.raw_tag()
        if tag == "name":
            row["name"] = clause.raw_value()
        elif tag == "namespace":
            row["namespace"] = BRANCHES.get(clause.raw_value(), "other")
        elif tag == "is_obsolete":
            row["obsolete"] = bool(clause.obsolete)
        elif tag == "alt_id":
            others.append(str(clause.alt_id))
        elif tag == "synonym":
            synonyms.append(clause.synonym.desc.replace("|", " "))
        elif tag == "is_a" or (tag == "relationship" and str(clause.typedef) == "part_of"):
            above.append(str(clause.term))
    row["synonyms"] = "|".join(dict.fromkeys([*others, *synonyms]))
    return row, above, others


def _read_gaf(path: Path) -> dict[str, Any]:
    header, rows, problems = [], [], []
    for number, line in _lines(path):
        if line.startswith("!"):
            header.append(line[1:].strip())
            continue
        cells = line.split("\t")
        if len(cells) < 15:
            problems.append(
                Problem(
                    f"{path}:{number}",
                    f"{len(cells)} columns",
                    "GAF 2.x has 17, at least 15.",
                    "Fetch the GAF again, or check that it is tab-separated.",
                )
            )
            continue
        rows.append((cells[2], cells[10], cells[3], cells[4], cells[6]))
    if problems or not rows:
        raise AnnotationError(
            problems[:20] or [Problem(str(path), "no annotations", "A GAF lists annotations.", "Fetch the GAF again.")]
        )
    return {"version": "; ".join(header[:6]), "rows": rows}


def _resolve(
    gaf: list[tuple[str, str, str, str, str]], graph: TermGraph, genes: list[str]
) -> tuple[set[tuple[str, str]], dict[str, int]]:
    wanted = set(genes)
    obsolete = set(graph.terms.loc[graph.terms["obsolete"], "term"])
    symbols = {row[0] for row in gaf}
    owners: dict[str, set[str]] = {}
    for symbol, synonyms, *_ in gaf:
        for synonym in filter(None, synonyms.split("|")):
            if synonym in wanted and synonym not in symbols:
                owners.setdefault(synonym, set()).add(symbol)
    renamed: dict[str, list[str]] = {}
    for synonym, owner in owners.items():
        if len(owner) == 1:
            renamed.setdefault(next(iter(owner)), []).append(synonym)
    pairs: set[tuple[str, str]] = set()
    unknown: set[str] = set()
    counted = {"negated": 0, "no_data": 0, "unknown_term_annotations": 0, "obsolete_term_annotations": 0}
    for symbol, _, qualifier, stated, evidence in gaf:
        term = stated if stated in graph.parents else graph.alternative.get(stated)
        if "NOT" in qualifier.split("|"):
            counted["negated"] += 1
        elif evidence == "ND":
            counted["no_data"] += 1
        elif term is None:
            counted["unknown_term_annotations"] += 1
            unknown.add(stated)
        elif term in obsolete:
            counted["obsolete_term_annotations"] += 1
        else:
            names = ([symbol] if symbol in wanted else []) + renamed.get(symbol, [])
            pairs.update((name, term) for name in names)
    by_synonym = sum(len(names) for names in renamed.values())
    return pairs, {"annotations": len(gaf), **counted, "unknown_terms": len(unknown), "genes_by_synonym": by_synonym}


def _close(
    pairs: set[tuple[str, str]], ancestors: dict[str, set[str]], terms: list[str], genes: list[str]
) -> pd.DataFrame:
    gene_code = {gene: i for i, gene in enumerate(genes)}
    term_code = {term: i for i, term in enumerate(terms)}
    direct = np.array(sorted(gene_code[gene] * len(terms) + term_code[term] for gene, term in pairs), dtype=np.int64)
    used, rank = np.unique(direct % max(len(terms), 1), return_inverse=True)
    above = [[term_code[term] for term in ancestors[terms[code]]] for code in used.tolist()]
    sizes = np.array([len(codes) for codes in above], dtype=np.int64)
    flat = np.array([code for codes in above for code in codes], dtype=np.int64)
    number = sizes[rank]  # ancestors of every annotation's term, laid end to end
    place = np.arange(number.sum()) + np.repeat((np.cumsum(sizes) - sizes)[rank] - np.cumsum(number) + number, number)
    inherited = np.repeat(direct // max(len(terms), 1) * len(terms), number) + flat[place]
    every = np.sort(np.concatenate([direct, inherited]))
    every = every[np.r_[True, every[1:] != every[:-1]]] if len(every) else every
    gene_column = pd.Categorical.from_codes((every // max(len(terms), 1)).astype(np.int64), categories=pd.Index(genes))
    term_column = pd.Categorical.from_codes((every % max(len(terms), 1)).astype(np.int64), categories=pd.Index(terms))
    return conform(
        pd.DataFrame({"gene": gene_column, "term": term_column, "direct": np.isin(every, direct)}),
        "ontology_annotations",
    )


def _from_gmt(path: Path, genes: list[str]) -> OntologyTables:
    wanted = set(genes)
    terms: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, line in _lines(path):
        name, *rest = line.split("\t")
        if len(rest) < 2 or not name:
            problems.append(
                Problem(
                    f"{path}:{number}", line[:60], "A GMT line is name, description, genes.", "Separate them by tabs."
                )
            )
            continue
        branch = next((b for prefix, b in GMT_BRANCHES.items() if name.startswith(prefix)), "other")
        terms.append(
            {"term": name, "name": rest[0] or name, "namespace": branch, "obsolete": False, "synonyms": rest[0]}
        )
        rows.extend({"gene": gene, "term": name, "direct": True} for gene in dict.fromkeys(rest[1:]) if gene in wanted)
    if problems or not terms:
        raise AnnotationError(problems[:20] or [Problem(str(path), "no gene sets", "A GMT lists them.", "Check it.")])
    annotations = pd.DataFrame(rows, columns=["gene", "term", "direct"])
    version = {
        "format": "GMT",
        "gmt_sha256": _sha256(path),
        "sets": len(terms),
        "annotated_genes": int(annotations["gene"].nunique()),
    }
    return OntologyTables(
        conform(pd.DataFrame(terms), "ontology_terms"), conform(annotations, "ontology_annotations"), version
    )


def _binary(path: Path) -> Any:
    with open(path, "rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else open(path, "rb")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number, line) of the non-empty lines of a plain or gzip text file."""
    try:
        with _binary(path) as stream:
            for number, line in enumerate(stream, 1):
                text = line.decode("utf-8", errors="replace").rstrip("\r\n")
                if text:
                    yield number, text
    except (OSError, EOFError) as error:
        raise AnnotationError(
            Problem(str(path), str(error), "A readable text or gzip file is expected.", "Fetch it again.")
        ) from error


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
