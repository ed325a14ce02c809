"""Ontologies as tables: terms, aliases, synonyms, is_a edges and their closure; resolution of the identifiers that records use.

Read from an OBO file, or from a folder that holds the same as Parquet tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.annotation.obo import refuse_repeated, term_frames
from groprog_assets.methods.omics.curies import curie, prefix_of
from groprog_assets.study.annotation_files import some
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document
from groprog_kernels.ontology_closure import OntologyClosure, ontology_closure

UNRESOLVED_SHOWN = 5
_RELEASE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FOLDER = ("terms.parquet", "edges.parquet", "alts.parquet", "syn.parquet")


class Ontology(NamedTuple):
    """Tables `terms`, `aliases` (term_aliases), `synonyms` (term_synonyms), `edges` and `closure`; `summary`: JSON-able release
    and counts, among them followed_edges (is_a to a replaced term, read as to its replacement), broken_edges (is_a to a term
    that is missing, or obsolete without a replacement: left out), foreign_edges (is_a to a term of another ontology: left out),
    and broken_examples, foreign_examples, text."""

    terms: pd.DataFrame
    aliases: pd.DataFrame
    synonyms: pd.DataFrame
    edges: pd.DataFrame
    closure: pd.DataFrame
    summary: Document


class Resolver(NamedTuple):
    """Identifiers to live terms. names {live id: preferred name}; replaced {obsolete or alternative id: (live id, why)};
    suggested {obsolete id without a single replacement: ids to consider}."""

    names: dict[str, str]
    replaced: dict[str, tuple[str, str]]
    suggested: dict[str, list[str]]

    def resolve(self, identifier: str) -> tuple[str | None, str]:
        """(live term, how): live, replaced_by, alt_id; (None, "unresolved") otherwise. `consider` is never followed."""
        if identifier in self.names:
            return identifier, "live"
        return self.replaced.get(identifier, (None, "unresolved"))


class Joined(NamedTuple):
    """is_a edges between live terms, sorted; how many of them lead to a replacement; those that lead to no live term; those that
    lead to a term of another ontology."""

    edges: list[tuple[str, str]]
    followed: int
    broken: list[str]
    foreign: list[str]


class TermNumbers(NamedTuple):
    """Live terms as numbers, for the kernels: ids (t,) sorted, number {id: its place}, closure over these numbers."""

    ids: list[str]
    number: dict[str, int]
    closure: OntologyClosure


def read_ontology(path: Path, version: str = "", otherwise: str = "") -> Ontology:
    """The tables of an ontology: an OBO file, plain or gzip, or a folder of Parquet tables (terms, edges, alts, syn).

    version: the release, where the source does not state it; a source that states another is refused. otherwise: the release
    where neither says one. Obsolete terms are kept, with their replacements; is_a edges are
    those between live terms; one to a term that another has replaced leads to that. Raises AnnotationError: no readable
    ontology, no release stated, an id described twice, edges in a circle.
    """
    if path.is_dir():
        made, stated = _from_folder(path)
    else:
        status = path.stat() if path.exists() else None
        made, stated = _from_obo(path, status.st_size if status else -1, status.st_mtime_ns if status else -1)
    release = _RELEASE.search(stated)
    if not release and not version and not otherwise:
        rule, remedy = "An ontology states its release.", "State it: omics.ontologies.versions, e.g. hpo: '2025-01-16'."
        raise AnnotationError(Problem(str(path), "no release in its header", rule, remedy))
    if release and version and release[0] != version:
        rule, remedy = "The file's own release counts.", "Correct omics.ontologies.versions, or remove the entry."
        raise AnnotationError(Problem(str(path), f"release {release[0]}, the study says {version}", rule, remedy))
    return _tables(made, release[0] if release else version or otherwise, path)


def resolver(terms: pd.DataFrame, aliases: pd.DataFrame) -> Resolver:
    """What `terms` and `term_aliases` say of identifiers, in this order: a live id, exactly one live `replaced_by`, an alt_id."""
    names = dict(terms.loc[~terms["obsolete"], ["term_id", "name"]].itertuples(index=False, name=None))
    rank = {"alt_id": 0, "replaced_by": 1}
    ordered = sorted(aliases.itertuples(index=False, name=None), key=lambda row: rank[row[2]])
    replaced = {alias: (term, kind) for term, alias, kind in ordered if alias not in names}
    gone = terms[terms["obsolete"] & ~terms["term_id"].isin(list(replaced))]
    suggested = {
        term: [*a, *b] for term, a, b in zip(gone["term_id"], gone["replaced_by"], gone["consider"], strict=True)
    }
    return Resolver(names, replaced, suggested)


def term_numbers(terms: pd.DataFrame, edges: pd.DataFrame) -> TermNumbers:
    """The live terms of `terms` numbered in the order of their ids, and the closure of `edges` over these numbers."""
    ids = sorted(terms.loc[~terms["obsolete"], "term_id"].tolist())
    number = {term: k for k, term in enumerate(ids)}
    child, parent = (edges[name].map(number) for name in ("child", "parent"))
    known = child.notna() & parent.notna()
    closure = ontology_closure(child[known].astype("int64"), parent[known].astype("int64"), len(ids))
    return TermNumbers(ids, number, closure)


def edge_notices(where: str, summary: Document) -> list[Problem]:
    """What is worth knowing of an ontology's is_a edges: those that were left out, and those read as to a replacement."""
    said = []
    if summary["broken_edges"]:
        count = count_of(summary["broken_edges"], "is_a edge")
        value = f"{count} to no live term: {summary['broken_examples']}"
        rule = "Left out: what lies above such a parent does not include the terms below it, in questions and consents."
        remedy = "Fetch the whole file of the release again, or correct these lines."
        said.append(Problem(where, value, rule, remedy))
    if summary["foreign_edges"]:
        value = f"{count_of(summary['foreign_edges'], 'is_a edge')} to another ontology: {summary['foreign_examples']}"
        said.append(Problem(where, value, "Left out: terms of other ontologies are not read.", ""))
    if summary["followed_edges"]:
        value = f"{count_of(summary['followed_edges'], 'is_a edge')} to replaced terms"
        said.append(Problem(where, value, "They are read as edges to the replacement.", ""))
    return said


def unresolved(identifiers: Iterable[str], known: Resolver) -> Document:
    """JSON-able: identifiers that are no live term and lead to none, their number, uses, and the most used with suggestions."""
    counts = Counter(item for item in identifiers if known.resolve(item)[0] is None)
    shown = [
        {"id": item, "uses": uses, "consider": known.suggested.get(item, [])}
        for item, uses in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:UNRESOLVED_SHOWN]
    ]
    return {"ids": len(counts), "uses": sum(counts.values()), "examples": shown}


@lru_cache(maxsize=2)
def _from_obo(path: Path, size: int, changed: int) -> tuple[dict[str, list[Any]], str]:
    frames = term_frames(path)
    ids, alternative, is_a, scoped = (frames.column(name) for name in ("term", "alternative", "is_a", "scoped"))
    stated = (frames.column(name) for name in ("name", "obsolete", "replaced_by", "consider"))
    made: dict[str, list[Any]] = {
        "terms": list(zip(ids, *stated, strict=True)),
        "alts": [(term, other) for term, others in zip(ids, alternative, strict=True) for other in others],
        "edges": [(term, above) for term, parents in zip(ids, is_a, strict=True) for above in parents],
        "synonyms": [(term, *synonym) for term, synonyms in zip(ids, scoped, strict=True) for synonym in synonyms],
    }
    return made, frames.version


def _from_folder(path: Path) -> tuple[dict[str, list[Any]], str]:
    missing = [name for name in _FOLDER if not (path / name).is_file()]
    if missing:
        rule = f"An ontology is an OBO file, or a folder with {', '.join(_FOLDER)}."
        raise AnnotationError(Problem(str(path), f"no {', '.join(missing)}", rule, "Name the OBO file, e.g. hp.obo."))
    terms, edges, alts, synonyms = (pd.read_parquet(path / name) for name in _FOLDER)
    refuse_repeated(path / _FOLDER[0], terms["term_id"])
    lists = [[re.split("[;|]", cell) if cell else [] for cell in terms[name]] for name in ("replaced_by", "consider")]
    rows = zip(terms["term_id"], terms["name"], terms["obsolete"].astype(bool), *lists, strict=True)
    pairs = {
        "terms": list(rows),
        "alts": list(alts[["term_id", "alt_id"]].itertuples(index=False, name=None)),
        "synonyms": list(synonyms[["term_id", "text", "scope"]].itertuples(index=False, name=None)),
        "edges": list(edges[["child", "parent"]].itertuples(index=False, name=None)),
    }
    return pairs, ""


def _tables(made: dict[str, list[Any]], version: str, path: Path) -> Ontology:
    """The tables of what was read; only terms of the ontology's own prefix are its terms."""
    prefix = Counter(prefix_of(row[0]) for row in made["terms"]).most_common(1)[0][0]
    own = [row for row in made["terms"] if prefix_of(row[0]) == prefix]
    live = {row[0] for row in own if not row[2]}
    aliases = [(term, alias, "alt_id") for term, alias in made["alts"] if term in live and alias not in live]
    successor = {row[0]: row[3][0] for row in own if row[2] and len(row[3]) == 1}
    for gone in successor:
        met, term = {gone}, successor[gone]
        while term not in live and term in successor and term not in met:
            met.add(term)
            term = successor[term]
        if term in live:
            aliases.append((term, gone, "replaced_by"))
    claimed = Counter(alias for _, alias, kind in aliases if kind == "alt_id")
    aliases = [row for row in dict.fromkeys(aliases) if row[2] != "alt_id" or claimed[row[1]] == 1]
    terms = [(prefix, term, name or term, gone, list(by), list(near), version) for term, name, gone, by, near in own]
    frames = {
        "terms": pd.DataFrame(
            terms, columns=["ontology", "term_id", "name", "obsolete", "replaced_by", "consider", "version"]
        ),
        "term_aliases": pd.DataFrame(aliases, columns=["term_id", "alias_id", "kind"]),
        "term_synonyms": pd.DataFrame(
            list(dict.fromkeys((term, text, scope) for term, text, scope in made["synonyms"] if term in live)),
            columns=["term_id", "text", "scope"],
        ),
    }
    terms_table, aliases_table, synonyms = (conform(frame, name) for name, frame in frames.items())
    joined = _joined(made["edges"], prefix, {row[0] for row in own}, resolver(terms_table, aliases_table))
    edges = pd.DataFrame([(prefix, *edge) for edge in joined.edges], columns=["ontology", "child", "parent"])
    edge_table = conform(edges, "edges")
    try:
        numbers = term_numbers(terms_table, edge_table)
    except ValueError as error:
        rule, remedy = "is_a edges may not lead back to a term.", "Fetch the ontology again."
        named = sorted(live)
        said = re.sub(r"\bterm (\d+)", lambda found: named[int(found[1])], str(error))
        raise AnnotationError(Problem(str(path), said, rule, remedy)) from None
    term, ancestor = numbers.closure.pairs()
    ids = np.array(numbers.ids, dtype=object)
    closure = conform(pd.DataFrame({"term_id": ids[term], "ancestor": ids[ancestor]}), "closure")
    gone_rows = [row for row in own if row[2]]
    summary = {
        "ontology": prefix,
        "version": version,
        "terms": len(own),
        "obsolete": len(gone_rows),
        "replaced": sum(bool(row[3]) for row in gone_rows),
        "alternative_ids": len({alias for _, alias in made["alts"]}),
        "edges": len(edges),
        "closure": len(closure),
        "followed_edges": joined.followed,
        "broken_edges": len(joined.broken),
        "broken_examples": some(joined.broken),
        "foreign_edges": len(joined.foreign),
        "foreign_examples": some(joined.foreign),
    }
    return Ontology(terms_table, aliases_table, synonyms, edge_table, closure, summary)


def _joined(pairs: Iterable[tuple[str, str]], prefix: str, own: set[str], known: Resolver) -> Joined:
    """The is_a edges of live terms: to live parents, or to what has replaced a parent."""
    edges: set[tuple[str, str]] = set()
    followed = 0
    broken: list[str] = []
    foreign: list[str] = []
    for child, parent in sorted(set(pairs)):
        if child not in known.names:
            continue
        if prefix_of(curie(parent)) != prefix:
            foreign.append(f"{child} is_a {parent}")
            continue
        found, how = known.resolve(parent)
        if found is None:
            broken.append(f"{child} is_a {parent} ({'obsolete' if parent in own else 'not in the file'})")
        elif how == "live":
            edges.add((child, found))
        elif child != found:
            edges.add((child, found))
            followed += 1
    return Joined(sorted(edges), followed, broken, foreign)


def canonical_terms(terms: pd.Series[str], known: Resolver) -> pd.Series[str]:
    """Live terms of a column of identifiers; missing where there is none."""
    table = {item: known.resolve(curie(item))[0] for item in terms.dropna().unique()}
    return terms.map(table)
