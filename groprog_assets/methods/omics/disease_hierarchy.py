"""MONDO's hierarchy of diseases: which class lies below which, as tables. An OBO file in, tables out.

Without it diseases are compared by exact identifiers alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.omics.curies import curie
from groprog_assets.methods.omics.ontologies import read_ontology
from groprog_assets.study.files import open_regular
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document

RULE, REMEDY = "The hierarchy of diseases is read from an OBO file of MONDO.", "Name mondo.obo of a MONDO release."


class HierarchyTables(Protocol):
    """The tables of a hierarchy, as read or as stored."""

    @property
    def aliases(self) -> pd.DataFrame: ...
    @property
    def closure(self) -> pd.DataFrame: ...


class DiseaseHierarchy(NamedTuple):
    """Tables `classes` (disease_classes), `aliases` (disease_aliases), `edges` (disease_edges), `closure` (disease_closure);
    `summary`: JSON-able release and counts, with those of edges as in `Ontology`."""

    classes: pd.DataFrame
    aliases: pd.DataFrame
    edges: pd.DataFrame
    closure: pd.DataFrame
    summary: Document


def read_hierarchy(path: Path, otherwise: str = "") -> DiseaseHierarchy:
    """The classes of an OBO file of MONDO, plain or gzip, and what lies below what by is_a.

    otherwise: the release, where the file states none. Obsolete classes are left out; an identifier with a single replacement is
    read as that, in edges too. Raises AnnotationError: no readable OBO file, of another ontology, no release stated, an id
    described twice, edges in a circle.
    """
    if path.is_dir() or _is_json(path):
        raise AnnotationError(Problem(str(path), "a folder" if path.is_dir() else "JSON", RULE, REMEDY))
    read = read_ontology(path, otherwise=otherwise)
    if read.summary["ontology"] != "MONDO":
        raise AnnotationError(Problem(str(path), f"terms of {read.summary['ontology']}", RULE, REMEDY))
    live = read.terms[~read.terms["obsolete"]].rename(columns={"term_id": "mondo_id"})
    counts = {name: value for name, value in read.summary.items() if name.endswith(("_edges", "_examples"))}
    return DiseaseHierarchy(
        conform(live[["mondo_id", "name", "version"]], "disease_classes"),
        conform(read.aliases.rename(columns={"term_id": "mondo_id"}), "disease_aliases"),
        conform(read.edges.drop(columns="ontology"), "disease_edges"),
        conform(read.closure.rename(columns={"term_id": "mondo_id"}), "disease_closure"),
        {"version": read.summary["version"], "classes": len(live), "edges": len(read.edges), **counts},
    )


def at_or_above(diseases: Iterable[str], hierarchy: HierarchyTables | None) -> dict[str, frozenset[str]]:
    """{disease as given: the classes that it is, or lies below}; of a class that is unknown, or without a hierarchy, itself.

    An identifier that another class has replaced is among them, so that who wrote it in a consent is understood.
    """
    given = {name: curie(name) for name in diseases}
    if hierarchy is None:
        return {name: frozenset({found}) for name, found in given.items()}
    current = dict(hierarchy.aliases[["alias_id", "mondo_id"]].itertuples(index=False, name=None))
    live = {name: current.get(found, found) for name, found in given.items()}
    rows = hierarchy.closure[hierarchy.closure["mondo_id"].isin(set(live.values()))]
    above = {name: {name} for name in live.values()}
    for name, ancestor in rows[["mondo_id", "ancestor"]].itertuples(index=False, name=None):
        above[name].add(ancestor)
    earlier: dict[str, set[str]] = {}
    for alias, name in current.items():
        earlier.setdefault(name, set()).add(alias)
    return {
        name: frozenset({given[name], *found, *(alias for one in found for alias in earlier.get(one, ()))})
        for name, found in ((name, above[live[name]]) for name in given)
    }


def unknown_classes(diseases: Iterable[str], hierarchy: DiseaseHierarchy) -> list[str]:
    """Those of `diseases` that are no class of the release, and that no class replaces."""
    known = {*hierarchy.classes["mondo_id"], *hierarchy.aliases["alias_id"]}
    return [name for name in diseases if curie(name) not in known]


def _is_json(path: Path) -> bool:
    try:
        with open_regular(path) as stream:
            return stream.read(64).lstrip()[:1] == b"{"
    except OSError:
        return False
