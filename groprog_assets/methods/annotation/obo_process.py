"""The program that parses an OBO file with fastobo, for `obo`: the path as argument, lines of JSON on stdout.

The first line is {"version": text, "columns": names}; then come the columns of the [Term] frames (`obo.Frames`), a list a line;
last, {"end": ""}. Where the file cannot be parsed the only line is {"end": the reason}.
"""

from __future__ import annotations

import gzip
import json
import sys
from typing import Any

import fastobo

from groprog_assets.study.child_process import limit_memory

BRANCHES = {"biological_process": "BP", "cellular_component": "CC", "molecular_function": "MF"}
NAME, NAMESPACE, OBSOLETE = fastobo.term.NameClause, fastobo.term.NamespaceClause, fastobo.term.IsObsoleteClause
IS_A, RELATIONSHIP, SYNONYM = fastobo.term.IsAClause, fastobo.term.RelationshipClause, fastobo.term.SynonymClause
ALTERNATIVE, REPLACED_BY, CONSIDER = (
    fastobo.term.AltIdClause,
    fastobo.term.ReplacedByClause,
    fastobo.term.ConsiderClause,
)


COLUMNS = (
    *("term", "name", "namespace", "obsolete", "synonyms", "parents", "alternative", "replaced_by", "consider", "is_a"),
    "scoped",
)


def main() -> None:
    limit_memory()
    write = sys.stdout.write
    ended = ""
    try:
        version, rows = parsed(sys.argv[1])
        write(json.dumps({"version": version, "columns": COLUMNS}) + "\n")
        for column in zip(*rows, strict=True) if rows else [()] * len(COLUMNS):
            write(json.dumps(column) + "\n")
    except Exception as error:
        ended = str(error) or type(error).__name__
    write(json.dumps({"end": ended}) + "\n")


def parsed(path: str) -> tuple[str, list[tuple[Any, ...]]]:
    """The data-version of a file, and the cells of COLUMNS of each of its terms."""
    with open(path, "rb") as start:
        zipped = start.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if zipped else open(path, "rb") as stream:
        document = fastobo.iter(stream, ordered=True)
        version = ""
        for clause in document.header():
            if clause.raw_tag() == "data-version":
                version = clause.raw_value()
        return version, [term(frame) for frame in document if isinstance(frame, fastobo.term.TermFrame)]


def term(frame: Any) -> tuple[Any, ...]:
    """The cells of one [Term], in the order of COLUMNS."""
    name, namespace, obsolete = "", "other", False
    above, others, synonyms, replaced_by, consider, is_a, scoped = [], [], [], [], [], [], []
    for clause in frame:
        kind = type(clause)
        if kind is SYNONYM:
            text = clause.synonym.desc
            synonyms.append(text.replace("|", " "))
            scoped.append((text, str(clause.synonym.scope)))
        elif kind is IS_A:
            parent = str(clause.term)
            above.append(parent)
            is_a.append(parent)
        elif kind is RELATIONSHIP:
            if str(clause.typedef) == "part_of":
                above.append(str(clause.term))
        elif kind is NAME:
            name = clause.raw_value()
        elif kind is NAMESPACE:
            namespace = BRANCHES.get(clause.raw_value(), "other")
        elif kind is ALTERNATIVE:
            others.append(str(clause.alt_id))
        elif kind is OBSOLETE:
            obsolete = bool(clause.obsolete)
        elif kind is REPLACED_BY:
            replaced_by.append(str(clause.term))
        elif kind is CONSIDER:
            consider.append(str(clause.term))
    joined = "|".join(dict.fromkeys([*others, *synonyms]))
    return str(frame.id), name, namespace, obsolete, joined, above, others, replaced_by, consider, is_a, scoped


if __name__ == "__main__":
    main()
