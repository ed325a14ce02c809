"""The newest seal, signed with a key that lies outside the study. Kept elsewhere, it reveals a ledger that was cut or rewritten.

The signature is an HMAC-SHA256, so whoever can check can also sign; keep the key where the ledger's keepers cannot read it.
Standard library only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.store.artifacts import canonical_json, write_atomically
from groprog_assets.tables.values import Document

KEY_BYTES = 32
FIELDS = ("study", "sequence", "seal", "signed_at")


def make_key(path: Path) -> None:
    """A new random key in a file that only its owner reads; LedgerError when the file is there already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        rule = "A key is never written over."
        raise LedgerError(Problem(str(path), "is there already", rule, "Name another file, or use this one.")) from None
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")


def read_key(path: Path, study_folder: Path | None = None) -> bytes:
    """The key in `path`; LedgerError when it is no key, or lies inside the study it protects, where it would protect nothing."""
    if study_folder is not None and path.resolve().is_relative_to(study_folder.resolve()):
        rule = "A key beside what it protects protects nothing."
        raise LedgerError(Problem(str(path), "lies inside the study", rule, "Keep it outside the study's folder."))
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        rule = f"A key is {2 * KEY_BYTES} hexadecimal digits."
        raise LedgerError(Problem(str(path), "no key", rule, "`groprog lineage head --new-key FILE` makes one."))
    return key


def sign(head: Document, study: str, key: bytes) -> Document:
    """{study, sequence, seal, signed_at, signature} of a head {sequence, seal}."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    signed = {"study": study, "sequence": head["sequence"], "seal": head["seal"], "signed_at": now}
    return {**signed, "signature": signature_of(signed, key)}


def write_signed(path: Path, signed: Document) -> None:
    write_atomically(path, json.dumps(signed, indent=1).encode())


def read_signed(path: Path, study: str, key: bytes) -> Document:
    """The head in a signed file; LedgerError when it is none, is another study's, or its signature does not fit."""
    try:
        found = json.loads(path.read_bytes())
        signed = {name: found[name] for name in FIELDS}
        fits = hmac.compare_digest(found["signature"], signature_of(signed, key))
    except (OSError, ValueError, KeyError, TypeError):
        rule = "`groprog lineage head` writes it."
        raise LedgerError(Problem(str(path), "no signed head", rule, "Name the file that was kept.")) from None
    if not fits or signed["study"] != study:
        seen = "its signature does not fit" if not fits else f"it is of the study {signed['study']}"
        raise LedgerError(
            Problem(str(path), seen, f"It must be a head of {study} under this key.", "Use the right key.")
        )
    return {"sequence": signed["sequence"], "seal": signed["seal"]}


def signature_of(signed: Document, key: bytes) -> str:
    """HMAC-SHA256 of a document's canonical JSON, in hexadecimal digits."""
    return hmac.new(key, canonical_json(signed), hashlib.sha256).hexdigest()
