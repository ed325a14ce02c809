"""Reader of the terms of an OBO file: names, parents, alternative ids, replacements of obsolete terms. Files in, tables out."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.study import child_process
from groprog_assets.study.annotation_files import some
from groprog_assets.study.files import open_regular
from groprog_assets.tables import conform

if TYPE_CHECKING:
    from groprog_kernels.ontology_closure import OntologyClosure

PATIENCE, SLOWEST = 30.0, 50_000
"""Seconds that the parser may take, and bytes a second that it parses at least on a busy machine."""


class TermGraph(NamedTuple):
    """terms: table `ontology_terms`; parents {term: is_a and part_of targets, a replaced one as its current term}; current {id of
    a replaced term: the current term}; consider {obsolete id without such a term: terms its `consider` lines suggest}; version:
    the OBO's own words; followed: targets that were read as their current term; broken: targets that are no live term and lead
    to none, left out, in words."""

    terms: pd.DataFrame
    parents: dict[str, list[str]]
    current: dict[str, str]
    consider: dict[str, list[str]]
    version: str
    followed: int = 0
    broken: Sequence[str] = ()

    def live(self, stated: str) -> str | None:
        """The current term of an id; None for an unknown id and for an obsolete one without a replacement."""
        return self.current.get(stated, stated if stated in self.parents and stated not in self.consider else None)


class Frames:
    """The [Term] frames of a file as columns. version: the file's data-version; lines: of `obo_process`, a JSON list for each
    name."""

    def __init__(self, version: str, lines: dict[str, bytes]) -> None:
        self.version, self._lines = version, lines

    def column(self, name: str) -> list[Any]:
        """A value for each frame: `term` (its id), `name`, `namespace`, `synonyms`, `obsolete`, as in the table `ontology_terms`;
        `parents` (is_a and part_of), `is_a` alone, `alternative` ids, `replaced_by`, `consider`, each a list of ids; `scoped`,
        synonyms as [text, scope]. Decoded when it is asked for: no reader needs all of them.
        """
        found: list[Any] = json.loads(self._lines[name])
        return found


def read_obo(path: Path) -> TermGraph:
    """Terms, parents and replacements of an OBO file, plain or gzip.

    A replaced id is read as the current term that lists it as `alt_id`, also where the id still has an obsolete frame of its
    own; else as the current term that its frame names in `replaced_by`, directly or by further replacements. Two candidates
    count as none. `consider` is never followed: OBO 1.4 leaves that choice to a person. Raises AnnotationError when the file
    cannot be parsed, holds no terms, or has a cycle of parents.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise AnnotationError(
            Problem(str(path), str(error), "An OBO file is expected.", "Correct the path.")
        ) from error
    return _parsed(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1)
def _parsed(path: Path, size: int, changed: int) -> TermGraph:
    """A file is parsed once per process, for the check before a run and for the run. Size and time identify its version."""
    return _parse_obo(path)


def forget_obo() -> None:
    """Let go what is kept of the file parsed last."""
    _parsed.cache_clear()


def term_frames(path: Path) -> Frames:
    """The [Term] frames of an OBO file, plain or gzip.

    Raises AnnotationError when the file cannot be parsed, holds no terms, or describes an id twice.
    """
    frames = _frames(path)
    ids = frames.column("term")
    if not ids:
        raise AnnotationError(
            Problem(str(path), "no [Term] stanza", "An OBO file lists terms.", "Fetch the ontology again.")
        )
    refuse_repeated(path, ids)
    return frames


def refuse_repeated(path: Path, ids: Iterable[str]) -> None:
    """Raises AnnotationError where an id is described more than once: which of the descriptions counts is not known."""
    repeated = [term for term, count in Counter(ids).items() if count > 1]
    if repeated:
        rule = "An ontology describes each id once."
        remedy = "Remove the repeated [Term], or fetch the ontology again."
        raise AnnotationError(Problem(str(path), f"{some(repeated)} described more than once", rule, remedy))


def _parse_obo(path: Path) -> TermGraph:
    frames = term_frames(path)
    ids, obsolete = frames.column("term"), frames.column("obsolete")
    withdrawn = {term for term, gone in zip(ids, obsolete, strict=True) if gone}
    alternative = dict(zip(ids, frames.column("alternative"), strict=True))
    current = _replacements(alternative, dict(zip(ids, frames.column("replaced_by"), strict=True)), withdrawn)
    parents = dict(zip(ids, frames.column("parents"), strict=True))
    suggested = dict(zip(ids, frames.column("consider"), strict=True))
    consider = {term: suggested[term] for term in ids if term in withdrawn and term not in current}
    followed, broken = _join_parents(parents, current, consider)
    _refuse_cycles(parents)
    table = {name: frames.column(name) for name in ("name", "namespace", "synonyms")}
    table |= {"term": ids, "obsolete": obsolete, "replaced_by": [current.get(term, "") for term in ids]}
    terms = conform(pd.DataFrame({**table, "format": "OBO"}), "ontology_terms")
    return TermGraph(terms, parents, current, consider, frames.version, followed, broken)


def _join_parents(
    parents: dict[str, list[str]], current: dict[str, str], consider: dict[str, list[str]]
) -> tuple[int, list[str]]:
    """Put current terms in the place of replaced parents and take out those that lead to no live term; (number of the first,
    the second in words)."""
    followed, broken = 0, []
    for term, above in parents.items():
        joined = []
        for parent in above:
            found = current.get(parent, parent)
            if found not in parents or found in consider:
                broken.append(f"{term} under {parent} ({'obsolete' if parent in parents else 'not in the file'})")
            elif found != term or parent == term:  # a term that has replaced its own parent lies under nothing by that
                followed += found != parent
                joined.append(found)
        parents[term] = joined
    return followed, broken


def _frames(path: Path) -> Frames:
    """What `obo_process` writes of a file. AnnotationError when it cannot be parsed, or when the parser ends or does not end."""

    def failed(what: str) -> AnnotationError:
        return AnnotationError(Problem(str(path), what, "An OBO 1.4 file is expected.", "Fetch the ontology again."))

    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise failed(error.strerror or str(error)) from None
    command = child_process.command("groprog_assets.methods.annotation.obo_process", str(path))
    try:
        made = subprocess.run(
            command, capture_output=True, check=False, timeout=PATIENCE + size / SLOWEST, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise failed(child_process.how_it_ended(None)) from None
    except OSError as error:
        problem = Problem(
            str(path), f"its parser cannot be started: {error}", "Python runs it.", "Let this user run Python."
        )
        raise AnnotationError(problem) from None
    if made.returncode or not made.stdout:
        raise failed(child_process.how_it_ended(made.returncode))
    *answered, last = made.stdout.splitlines()
    if ended := json.loads(last)["end"]:
        raise failed(ended)
    head = json.loads(answered[0])
    return Frames(head["version"], dict(zip(head["columns"], answered[1:], strict=True)))


def _replacements(
    alternative: dict[str, list[str]], replaced_by: dict[str, list[str]], withdrawn: set[str]
) -> dict[str, str]:
    """{id of a replaced term: the current term}; {term: ids} of alternative ids and replacements, and the obsolete terms."""
    live = alternative.keys() - withdrawn
    claims: dict[str, set[str]] = {}
    for term, others in alternative.items():
        if others and term in live:
            for other in others:
                claims.setdefault(other, set()).add(term)
    current = {other: next(iter(terms)) for other, terms in claims.items() if len(terms) == 1 and other not in live}
    successor = {term: into[0] for term, into in replaced_by.items() if len(into) == 1 and term in withdrawn}
    for gone in successor:
        met, term = {gone}, gone
        while term not in live and term not in current and term in successor and successor[term] not in met:
            term = successor[term]
            met.add(term)
        found = term if term in live else current.get(term)
        if found is not None:
            current.setdefault(gone, found)
    return current


def _refuse_cycles(parents: dict[str, list[str]]) -> None:
    """Raises AnnotationError naming terms of a cycle in a graph {term: parents, all of them terms}."""
    children: dict[str, list[str]] = {term: [] for term in parents}
    waiting = {term: len(above) for term, above in parents.items()}
    for term, above in parents.items():
        for parent in above:
            children[parent].append(term)
    ready = [term for term, left in waiting.items() if left == 0]
    for term in ready:
        for child in children[term]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    if len(ready) < len(parents):
        stuck = sorted(set(parents) - set(ready))
        raise AnnotationError(
            Problem(
                "OBO",
                f"a cycle through {some(stuck, 5)}",
                "is_a and part_of may not lead back to a term.",
                "Use the release's go-basic.obo.",
            )
        )


def closure(parents: dict[str, list[str]]) -> OntologyClosure:
    """The terms above each term of an acyclic graph {term: parents, all of them terms}, itself among them; terms are numbered in
    the order of `parents`."""
    from groprog_kernels.ontology_closure import ontology_closure

    number = {term: k for k, term in enumerate(parents)}
    child = np.repeat(np.arange(len(parents)), [len(above) for above in parents.values()])
    parent = np.fromiter((number[term] for above in parents.values() for term in above), np.int64, len(child))
    return ontology_closure(child, parent, len(parents))


def resolve_terms(names: Iterable[str], terms: pd.DataFrame) -> dict[str, str | None]:
    """{name: term id} by id, then alternative id, then preferred name, then synonym; None where nothing or several fit.

    `terms` is the `ontology_terms` table; comparison ignores case, and obsolete terms are found only by id or name. An
    obsolete term with a replacement gives the replacement.
    """
    names = list(names)
    by_id = set(terms["term"].tolist())
    replaced = dict(terms.loc[terms["replaced_by"] != "", ["term", "replaced_by"]].itertuples(index=False, name=None))
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
    return {name: replaced.get(term, term) if (term := found[name]) is not None else None for name in names}
