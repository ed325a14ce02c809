"""Pseudonyms of patients. The ledger, logs and metadata never hold an identifier of the clinical table.

A pseudonym is an HMAC of the identifier under a key of the study, made once and readable by its owner only; without the key
nobody can tell whose it is, and deleting the key ends every link. Standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import html
import json
import os
import re
import secrets
from collections.abc import Iterable, Set
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from groprog_assets.errors import Problem, StudyError
from groprog_assets.store.artifacts import write_atomically
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Value

KEY_FILE = "pseudonym.key"
KEY_BYTES = 32
MADE = "A key was made here. While this file says so, none is made in its place.\n"
DIGITS = 16
PSEUDONYM = re.compile(rf"p-[0-9a-f]{{{DIGITS}}}")
"""What `pseudonym` makes."""
NUMBER = re.compile(r"[0-9][0-9.,]*")
CALLED = re.compile(r"(?:patients?|samples?|row|rows|subjects?)[\s:]+(?:[\"'])?$|[\"']$", re.IGNORECASE)


def study_key(state: Path) -> bytes:
    """The key of a study's state folder, made on first use, whole or not at all: processes that start at once get the same one.

    StudyError for a file that holds no key of at least 32 bytes, and for a key that was made and is gone: pseudonyms under a
    short key can be guessed, and a new key would give every patient another pseudonym and forget who has withdrawn.
    """
    path = state / KEY_FILE
    if not path.exists():
        _make_key(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        if len(key) >= KEY_BYTES:
            return key
        told = count_of(len(key), "byte")
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or "no hexadecimal digits"
    raise StudyError(_no_key(path, told))


def key_problems(state: Path) -> list[Problem]:
    """What is wrong with the key of a state folder; nothing before one is made, and for who may not read it. Makes none."""
    path = state / KEY_FILE
    if (not path.exists() and not _was_made(path)) or (path.exists() and not os.access(path, os.R_OK)):
        return []
    try:
        study_key(state)
    except StudyError as error:
        return list(error.problems)
    return []


def _no_key(path: Path, told: str) -> Problem:
    rule = f"It holds the key of the pseudonyms: at least {KEY_BYTES} bytes, as hexadecimal digits."
    remedy = (
        f"Restore it from a backup. If there is none, move it and {path.with_suffix('.lock').name} aside: a new key is made, what"
        " the ledger holds under the old one no longer leads to a patient, and who has withdrawn is no longer recognised: leave"
        " them out of the tables."
    )
    return Problem(str(path), told, rule, remedy)


def _was_made(path: Path) -> bool:
    note = path.with_suffix(".lock")
    return note.is_file() and note.stat().st_size > 0


def _make_key(path: Path) -> None:
    """Write a new key, unless another process was first. StudyError when one was made before and is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return
        if _was_made(path):
            raise StudyError(_no_key(path, "missing, though a key was made here"))
        write_atomically(path, secrets.token_hex(KEY_BYTES).encode(), mode=0o600)
        lock.write(MADE)


def pseudonym(patient: str, key: bytes) -> str:
    """`p-` and 16 hexadecimal digits; equal identifiers of one study have equal ones, in any Unicode form."""
    return "p-" + hmac.new(key, normalize("NFC", patient).encode(), hashlib.sha256).hexdigest()[:DIGITS]


def sample_pseudonym(assay: str, sample: str, key: bytes) -> str:
    """`s-` and 16 hexadecimal digits of a sample; assay: the one its row in the sample table is of, "" for every one."""
    return "s-" + hmac.new(key, f"sample\0{assay}\0{sample}".encode(), hashlib.sha256).hexdigest()[:DIGITS]


def withdrawal_mark(pseudonym: str, key: bytes) -> str:
    """What is kept of a patient who has withdrawn, so that a later table with the patient is recognised: `w-` and 32 digits.

    Only who has the key and the identifier can make it; no other record holds it, so it leads to none.
    """
    return "w-" + hmac.new(key, b"withdrawn\0" + pseudonym.encode(), hashlib.sha256).hexdigest()[:32]


def owner_mark(pseudonym: str, key: bytes) -> str:
    """What stands in a derivation for the patient whose library, or whose case study, it names: `o-` and 32 digits.

    Derivations are sealed and stay when a patient withdraws, so they hold neither the identifier nor the pseudonym. Only who has
    the key and the identifier can make it.
    """
    return "o-" + hmac.new(key, b"owner\0" + pseudonym.encode(), hashlib.sha256).hexdigest()[:32]


def is_distinctive(identifier: str) -> bool:
    """Whether an identifier can be told from other text: four characters with a letter, or six digits; "12" cannot."""
    return len(identifier) >= (4 if any(character.isalpha() for character in identifier) else 6)


def named_in(text: str, patients: Iterable[str]) -> bool:
    """Whether `text` holds one of the distinctive identifiers, with no letter or digit beside it."""
    given = [re.escape(name) for name in patients if is_distinctive(name)]
    return bool(given) and re.search(rf"(?<![A-Za-z0-9])(?:{'|'.join(given)})(?![A-Za-z0-9])", text) is not None


class _Written(NamedTuple):
    """How identifiers stand in texts: {as written: identifier}, and by first character the lengths of those, longest first."""

    names: dict[str, str]
    lengths: dict[str, list[int]]


def masked(text: str, patients: Set[str], key: bytes, counts: bool = False) -> str:
    """`text` with every identifier of `patients` replaced by its pseudonym, longer ones first.

    An identifier may hold spaces and punctuation, and may stand before a suffix or in quotes, as Python's repr, JSON or HTML
    write it. It is no part of a longer word or number: P1 is not in P10, but it is in P1-01 and P1_tumour.
    counts: numbers of the text may be counts, so an identifier that is a number is replaced only in quotes or after a word
    such as "patient".
    """
    written = _written(patients if isinstance(patients, frozenset) else frozenset(patients))
    parts: list[str] = []
    start = place = 0
    while place < len(text):
        found = _identifier_at(text, place, written, counts)
        if found:
            parts += [text[start:place], pseudonym(written.names[found], key)]
            start = place = place + len(found)
        else:
            place += 1
    return "".join([*parts, text[start:]])


def masked_value(value: Value, patients: frozenset[str], key: bytes) -> Value:
    """`value` (text, numbers, lists, mappings) with its texts and keys masked; numbers in them may be counts."""
    if isinstance(value, str):
        return masked(value, patients, key, counts=True)
    if isinstance(value, dict):
        return {
            masked(name, patients, key, counts=True) if isinstance(name, str) else name: masked_value(
                item, patients, key
            )
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked_value(item, patients, key) for item in value]
    return value


@lru_cache(maxsize=4)
def _written(patients: frozenset[str]) -> _Written:
    names: dict[str, str] = {}
    for patient in sorted(patients - {""}):
        quoted = json.dumps(patient)[1:-1]
        forms = {
            repr(patient)[1:-1],
            quoted,
            json.dumps(quoted)[1:-1],
            html.escape(patient),
            html.escape(patient, False),
        }
        for form in (patient, *sorted(forms)):
            names.setdefault(form, patient)
    lengths: dict[str, set[int]] = {}
    for form in names:
        lengths.setdefault(form[0], set()).add(len(form))
    return _Written(names, {first: sorted(found, reverse=True) for first, found in lengths.items()})


def _identifier_at(text: str, place: int, written: _Written, counts: bool) -> str:
    """The longest identifier that begins at `place`; empty when none does."""
    if place and text[place - 1].isalnum() and text[place].isalnum():
        return ""
    for length in written.lengths.get(text[place], ()):
        found = text[place : place + length]
        if found not in written.names or (found[-1].isalnum() and text[place + length : place + length + 1].isalnum()):
            continue
        if counts and NUMBER.fullmatch(found) and not CALLED.search(text, max(0, place - 20), place):
            continue
        return found
    return ""
