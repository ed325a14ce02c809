"""A tiny study whose patients have identifiers as hospitals write them: with spaces, punctuation, other alphabets, quotes."""

from __future__ import annotations

import html
import json
import re
import urllib.parse
from pathlib import Path

FORMS = (
    "O'Brien {k}",
    "AB-12.{k}/x",
    "id {k} b",
    "Zoë-{k}",
    "QX{k}",
    'N "{k}" q',
    "RT_{k}.v",
    "<MJ&{k}>",
)


def renamed(study: Path) -> list[str]:
    """Rename the patients of the cohort and of the external one in every table of the study; their new names."""
    names: dict[str, str] = {}

    def new(found: re.Match[str]) -> str:
        return names.setdefault(found[0], FORMS[len(names) % len(FORMS)].format(k=700 + len(names)))

    def quoted(found: re.Match[str]) -> str:
        name = new(found)
        return '"' + name.replace('"', '""') + '"' if '"' in name else name

    for path in sorted([*study.parent.glob("cohort/*.?sv"), *study.parent.glob("validation/*.?sv")]):
        path.write_text(re.sub(r"(?:SIM|EXT)-\d+", quoted if path.suffix == ".csv" else new, path.read_text()))
    return list(names.values())


def pattern(names: list[str]) -> re.Pattern[bytes]:
    """Any of the names, as it is and as Python's repr, JSON, CSV, HTML and addresses write it."""
    forms: set[str] = set()
    for name in names:
        quoted = json.dumps(name)[1:-1]
        forms |= {name, repr(name)[1:-1], quoted, json.dumps(quoted)[1:-1], name.replace('"', '""')}
        forms |= {html.escape(name), html.escape(name, False), urllib.parse.quote(name), urllib.parse.quote(name, "")}
    return re.compile(b"|".join(re.escape(form.encode()) for form in sorted(forms, key=len, reverse=True)))
