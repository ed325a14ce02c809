"""The program that parses an OBO file with fastobo, for `obo`: the path as argument, lines of JSON on stdout.

The first line is {"version": text, "columns": names}; then come the columns of the [Term] frames (`obo.Frames`), a list a line;
last, {"end": ""}. Where the file cannot be parsed the only line is {"end": the reason}.

fastobo takes seconds for a release of the Gene Ontology, and hardly a frame there needs the whole grammar. So a [Term] whose
clauses all have a plain form (`FORMS`: printable ASCII, no escapes, no qualifiers) is read here, and fastobo reads the rest:
header, [Typedef], [Instance], and each [Term] with a clause of another form. When fastobo refuses that, it reads the whole file,
so errors and their line numbers are those of the file.

Clauses of `UNREAD` are passed over, as nothing is made of them: a syntax error in one, say in a `def`, is no reason to refuse an
ontology that other programs read. A frame with a line that a backslash continues, or that the end of the file cuts, is left to
fastobo as it is. So are a tag that OBO 1.4 does not know, which may be a needed clause misspelled, and a file that is not UTF-8.
"""

from __future__ import annotations

import gc
import gzip
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import fastobo

from groprog_assets.study.child_process import limit_memory

BRANCHES = {"biological_process": "BP", "cellular_component": "CC", "molecular_function": "MF"}
SYNONYM, RELATIONSHIP = fastobo.term.SynonymClause, fastobo.term.RelationshipClause
ALTERNATIVE, OBSOLETE = fastobo.term.AltIdClause, fastobo.term.IsObsoleteClause
LINKS = (fastobo.term.IsAClause, fastobo.term.ReplacedByClause, fastobo.term.ConsiderClause)
TEXTS = (fastobo.term.NameClause, fastobo.term.NamespaceClause)

COLUMNS = (
    *("term", "name", "namespace", "obsolete", "synonyms", "parents", "alternative", "replaced_by", "consider", "is_a"),
    "scoped",
)

UNREAD = (
    *("is_anonymous", "def", "comment", "subset", "xref", "builtin", "property_value", "intersection_of", "union_of"),
    *("equivalent_to", "disjoint_from", "created_by", "creation_date"),
)
"""Tags of [Term] that OBO 1.4 knows and this program does not read."""

TERM, BLANK, CONTINUED = ("[Term]\n", "[Term]\r\n"), ("\n", "\r\n"), ("\\\n", "\\\r\n")
_ID = r"[A-Za-z]+:[0-9]+"
_END = r"(?: ! [ -\[\]-~]*)?\r?\n"  # a remark, often the name of the other term
_SIGN = r"[#-\[\]-z|~]"
_ID_LINE = re.compile(rf"id: ({_ID})\r?\n").fullmatch
_LINK = re.compile(rf" ({_ID})(){_END}").fullmatch
FORMS = {
    "name": re.compile(rf" ({_SIGN}(?:[ ]*{_SIGN})*)()\r?\n").fullmatch,
    "namespace": re.compile(r" ([a-z_]+)()\r?\n").fullmatch,
    "synonym": re.compile(
        rf' "([ !#-\[\]-~]*)" (EXACT|BROAD|NARROW|RELATED) \[(?:{_ID}(?:, {_ID})*)?\]\r?\n'
    ).fullmatch,
    "is_a": _LINK,
    "relationship": re.compile(rf" ([a-z_]+) ({_ID}){_END}").fullmatch,
    "is_obsolete": re.compile(r" (true|false)()\r?\n").fullmatch,
    "alt_id": _LINK,
    "replaced_by": _LINK,
    "consider": _LINK,
}
"""{tag that is read: the plain form of what follows its colon, with the two parts that `cells` takes}."""

Clause = tuple[str, str, str]
"""(tag, value, what stands with it): (synonym, text, scope), (relationship, typedef, term), (is_a, term, "")."""


def main() -> None:
    limit_memory()
    gc.disable()  # what is made here stays to the end
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
    """The data-version of a file, and the cells of COLUMNS of each of its terms, in its order."""
    try:
        with _opened(path) as stream:
            rows, rest = plain_terms(io.TextIOWrapper(stream, "utf-8", newline="\n"))
        version, others = _by_fastobo(io.BytesIO(rest.encode()))
        if len(others) == rows.count(None):
            remaining = iter(others)
            return version, [next(remaining) if row is None else row for row in rows]
    except (SyntaxError, UnicodeDecodeError):
        pass  # fastobo finds it in the whole file too, and says where
    with _opened(path) as stream:
        return _by_fastobo(stream)


def plain_terms(lines: Iterable[str]) -> tuple[list[tuple[Any, ...] | None], str]:
    """(cells of each [Term] in order, None for one that fastobo is to read; the text for fastobo)."""
    rows: list[tuple[Any, ...] | None] = []
    rest: list[str] = []
    for frame in _frames(lines):
        plain = _plain(frame) if frame[0] in TERM else None
        if plain is not None:
            rows.append(cells(*plain))
        else:
            rows += [None] * (frame[0] in TERM)
            rest += _asked_for(frame)
    return rows, "".join(rest)


def cells(term: str, clauses: Iterable[Clause]) -> tuple[Any, ...]:
    """The cells of one [Term], in the order of COLUMNS."""
    name, namespace, obsolete = "", "other", False
    above, others, synonyms, replaced_by, consider, is_a, scoped = [], [], [], [], [], [], []
    for tag, value, further in clauses:
        if tag == "synonym":
            synonyms.append(value.replace("|", " "))
            scoped.append((value, further))
        elif tag == "is_a":
            above.append(value)
            is_a.append(value)
        elif tag == "relationship":
            if value == "part_of":
                above.append(further)
        elif tag == "name":
            name = value
        elif tag == "namespace":
            namespace = BRANCHES.get(value, "other")
        elif tag == "alt_id":
            others.append(value)
        elif tag == "is_obsolete":
            obsolete = value == "true"
        elif tag == "replaced_by":
            replaced_by.append(value)
        elif tag == "consider":
            consider.append(value)
    joined = "|".join(dict.fromkeys([*others, *synonyms]))
    return term, name, namespace, obsolete, joined, above, others, replaced_by, consider, is_a, scoped


def _opened(path: str) -> gzip.GzipFile | io.BufferedReader:
    with open(path, "rb") as start:
        zipped = start.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else open(path, "rb")


def _frames(lines: Iterable[str]) -> Iterator[list[str]]:
    """The lines of the header, then of each frame. fastobo too begins one at every line whose first character is a bracket."""
    frame: list[str] = []
    for line in lines:
        if line.lstrip()[:1] == "[" and frame:
            yield frame
            frame = []
        frame.append(line)
    if frame:
        yield frame


def _plain(frame: list[str]) -> tuple[str, list[Clause]] | None:
    """(id, clauses that are read) of the lines of a [Term]; None where one has no plain form."""
    named = _ID_LINE(frame[1]) if len(frame) > 1 else None
    if named is None:
        return None
    clauses: list[Clause] = []
    for line in frame[2:]:
        tag, _, value = line.partition(":")
        if tag in FORMS:
            form = FORMS[tag](value)
            if form is None:
                return None
            clauses.append((tag, form[1], form[2]))
        elif line not in BLANK and not (tag in UNREAD and _ended(line)):
            return None
    return named[1], clauses


def _ended(line: str) -> bool:
    """Whether a clause ends with this line: a backslash continues it, and the last line of a file that was cut has no end."""
    return line.endswith("\n") and not line.endswith(CONTINUED)


def _asked_for(frame: list[str]) -> list[str]:
    """The lines of a frame for fastobo: those of a [Term] without UNREAD clauses, where each ends with its line."""
    if frame[0] not in TERM or not all(map(_ended, frame)):
        return frame
    return [line for line in frame if line.partition(":")[0] not in UNREAD]


def _by_fastobo(stream: gzip.GzipFile | io.BufferedIOBase) -> tuple[str, list[tuple[Any, ...]]]:
    """The data-version of a document, and the cells of COLUMNS of each of its terms."""
    document = fastobo.iter(stream, ordered=True)
    version = ""
    for clause in document.header():
        if clause.raw_tag() == "data-version":
            version = clause.raw_value()
    terms = (frame for frame in document if isinstance(frame, fastobo.term.TermFrame))
    return version, [cells(str(frame.id), _clauses(frame)) for frame in terms]


def _clauses(frame: Any) -> Iterator[Clause]:
    """The clauses of a fastobo frame of a [Term] that are read."""
    for clause in frame:
        kind = type(clause)
        if kind is SYNONYM:
            yield "synonym", clause.synonym.desc, str(clause.synonym.scope)
        elif kind is RELATIONSHIP:
            yield "relationship", str(clause.typedef), str(clause.term)
        elif kind is ALTERNATIVE:
            yield "alt_id", str(clause.alt_id), ""
        elif kind is OBSOLETE:
            yield "is_obsolete", "true" if clause.obsolete else "false", ""
        elif kind in LINKS:
            yield clause.raw_tag(), str(clause.term), ""
        elif kind in TEXTS:
            yield clause.raw_tag(), clause.raw_value(), ""


if __name__ == "__main__":
    main()
