"""What this study says of itself, signed with its key: nobody who cannot read the key can put anything into its place.

The key is that of the pseudonyms; each purpose signs under its own name. Standard library only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

from groprog_assets.store.artifacts import write_atomically
from groprog_assets.store.pseudonyms import study_key


def signature(state: Path, purpose: str, content: bytes) -> str:
    """HMAC-SHA256 of `content` under the key of the study whose state lies at `state`; made on first use."""
    return hmac.new(study_key(state), purpose.encode() + b"\0" + content, hashlib.sha256).hexdigest()


class Unsealed:
    """The values of a study whose runs are not sealed yet: derivation and circumstances, signed by the process that made them.

    A run that is killed, and values made ahead of the run that records them, are so told from what was put there by hand.
    """

    def __init__(self, state: Path):
        self._state = state
        self.root = state / "derivations" / "unsealed"

    def add(self, key: str, derivation: str) -> None:
        """Sign that the circumstances `key` gave `derivation`."""
        write_atomically(self.root / derivation, self._signed(key, derivation))

    def holds(self, key: str, derivation: str) -> bool:
        """Whether a process of this study signed that the circumstances `key` gave `derivation`."""
        try:
            content = (self.root / derivation).read_bytes()
        except OSError:
            return False
        return hmac.compare_digest(content, self._signed(key, derivation))

    def clear(self, sealed: Callable[[str], bool]) -> None:
        """Drop what is sealed by now."""
        for name in os.listdir(self.root) if self.root.is_dir() else []:
            if not name.startswith(".") and sealed(name):
                (self.root / name).unlink(missing_ok=True)

    def _signed(self, key: str, derivation: str) -> bytes:
        return f"{key} {signature(self._state, 'unsealed value', f'{key} {derivation}'.encode())}".encode()
