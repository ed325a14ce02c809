"""Pseudonyms of patients. The ledger, logs and metadata never hold an identifier of the clinical table.

A pseudonym is an HMAC of the identifier under a key of the study, made once and readable by its owner only; without the key
nobody can tell whose it is, and deleting the key ends every link. Standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Set
from pathlib import Path

from groprog_assets.errors import Problem, StudyError
from groprog_assets.store.artifacts import write_atomically

KEY_FILE = "pseudonym.key"
KEY_BYTES = 32
DIGITS = 16


def study_key(state: Path) -> bytes:
    """The key of a study's state folder, made on first use, whole or not at all: processes that start at once get the same one.

    StudyError for a file that holds no key of at least 32 bytes: pseudonyms under a short key can be guessed, and a new key would
    give every patient another pseudonym.
    """
    path = state / KEY_FILE
    if not path.exists():
        _make_key(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        if len(key) >= KEY_BYTES:
            return key
        told = f"{len(key)} bytes"
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or "no hexadecimal digits"
    rule = f"It holds the key of the pseudonyms: at least {KEY_BYTES} bytes, as hexadecimal digits."
    remedy = (
        "Restore it from a backup. If there is none, move it aside: a new key is made, and what the ledger holds under the old"
        " one no longer leads to a patient."
    )
    raise StudyError(Problem(str(path), told, rule, remedy))


def _make_key(path: Path) -> None:
    """Write a new key, unless another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            write_atomically(path, secrets.token_hex(KEY_BYTES).encode(), mode=0o600)


def pseudonym(patient: str, key: bytes) -> str:
    """`p-` and 16 hexadecimal digits; equal identifiers of one study have equal ones."""
    return "p-" + hmac.new(key, patient.encode(), hashlib.sha256).hexdigest()[:DIGITS]


def withdrawal_mark(pseudonym: str, key: bytes) -> str:
    """What is kept of a patient who has withdrawn, so that a later table with the patient is recognised: `w-` and 32 digits.

    Only who has the key and the identifier can make it; no other record holds it, so it leads to none.
    """
    return "w-" + hmac.new(key, b"withdrawn\0" + pseudonym.encode(), hashlib.sha256).hexdigest()[:32]


def is_distinctive(identifier: str) -> bool:
    """Whether an identifier can be told from other text: four characters with a letter, or six digits; "12" cannot."""
    return len(identifier) >= (4 if any(character.isalpha() for character in identifier) else 6)


def named_in(text: str, patients: Iterable[str]) -> bool:
    """Whether `text` holds one of the distinctive identifiers, with no letter or digit beside it."""
    given = [re.escape(name) for name in patients if is_distinctive(name)]
    return bool(given) and re.search(rf"(?<![A-Za-z0-9])(?:{'|'.join(given)})(?![A-Za-z0-9])", text) is not None


def masked(text: str, patients: Set[str], key: bytes) -> str:
    """`text` with every word that is one of `patients` replaced by its pseudonym; a full stop after it stays."""

    def word(found: re.Match[str]) -> str:
        token = found[0]
        bare = token.rstrip(".")
        name = token if token in patients else bare
        return pseudonym(name, key) + token[len(name) :] if name in patients else token

    return re.sub(r"[^\s,;:|()\[\]{}'\"=<>]+", word, text)
