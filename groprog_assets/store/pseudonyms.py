"""Pseudonyms of patients. The ledger, logs and metadata never hold an identifier of the clinical table.

A pseudonym is an HMAC of the identifier under a key of the study, made once and readable by its owner only; without the key
nobody can tell whose it is, and deleting the key ends every link. Standard library only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Set
from pathlib import Path

KEY_FILE = "pseudonym.key"
DIGITS = 16


def study_key(state: Path) -> bytes:
    """The key of a study's state folder, made on first use."""
    path = state / KEY_FILE
    try:
        return bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        state.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return study_key(state)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    return study_key(state)


def pseudonym(patient: str, key: bytes) -> str:
    """`p-` and 16 hexadecimal digits; equal identifiers of one study have equal ones."""
    return "p-" + hmac.new(key, patient.encode(), hashlib.sha256).hexdigest()[:DIGITS]


def masked(text: str, patients: Set[str], key: bytes) -> str:
    """`text` with every word that is one of `patients` replaced by its pseudonym; a full stop after it stays."""

    def word(found: re.Match[str]) -> str:
        token = found[0]
        bare = token.rstrip(".")
        name = token if token in patients else bare
        return pseudonym(name, key) + token[len(name) :] if name in patients else token

    return re.sub(r"[^\s,;:|()\[\]{}'\"=<>]+", word, text)
