"""The program that parses an OBO file with fastobo, for `obo`: the path as argument, lines of JSON on stdout.

The first line is {"version": text}, then one object a term with the fields of `obo.Frame`; last, {"end": ""} or, where the file
cannot be parsed, {"end": the reason}.
"""

from __future__ import annotations

import gzip
import json
import sys
from typing import Any

import fastobo

from groprog_assets.study.child_process import limit_memory

BRANCHES = {"biological_process": "BP", "cellular_component": "CC", "molecular_function": "MF"}


def main() -> None:
    limit_memory()
    write = sys.stdout.write
    ended = ""
    try:
        with open(sys.argv[1], "rb") as start:
            zipped = start.read(2) == b"\x1f\x8b"
        with gzip.open(sys.argv[1], "rb") if zipped else open(sys.argv[1], "rb") as stream:
            document = fastobo.iter(stream, ordered=True)
            version = ""
            for clause in document.header():
                if clause.raw_tag() == "data-version":
                    version = clause.raw_value()
            write(json.dumps({"version": version}) + "\n")
            for frame in document:
                if isinstance(frame, fastobo.term.TermFrame):
                    write(json.dumps(term(frame)) + "\n")
    except Exception as error:
        ended = str(error) or type(error).__name__
    write(json.dumps({"end": ended}) + "\n")


def term(frame: Any) -> dict[str, Any]:
    """The fields of one [Term]: `row` (of the table `ontology_terms`), parents, alternative, replaced_by, consider, is_a,
    synonyms with their scope."""
    row = {"term": str(frame.id), "name": "", "namespace": "other", "obsolete": False, "format": "OBO"}
    above, others, synonyms, replaced_by, consider, is_a, scoped = [], [], [], [], [], [], []
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
        elif tag == "replaced_by":
            replaced_by.append(str(clause.term))
        elif tag == "consider":
            consider.append(str(clause.term))
        elif tag == "synonym":
            synonyms.append(clause.synonym.desc.replace("|", " "))
            scoped.append([clause.synonym.desc, str(clause.synonym.scope)])
        elif tag == "is_a" or (tag == "relationship" and str(clause.typedef) == "part_of"):
            above.append(str(clause.term))
            if tag == "is_a":
                is_a.append(str(clause.term))
    row["synonyms"] = "|".join(dict.fromkeys([*others, *synonyms]))
    found = {"row": row, "parents": above, "alternative": others, "replaced_by": replaced_by, "consider": consider}
    return {**found, "is_a": is_a, "synonyms": scoped}


if __name__ == "__main__":
    main()
