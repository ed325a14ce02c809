"""Which study uses which values of a store. Bytes are removed only when no study claims them. No Dagster.

Several studies may share a folder or a bucket. Before a study stores bytes it claims them: an empty note
`studies/<study>/<two digits>/<sha256>`. A process that removes bytes says so first (the note `removing`), then lists values and
claims, then removes what nobody claims. A writer claims first, then waits while such a note is there. So either the claim is in
the list, or the bytes are written after the removal. No clocks of two machines are compared and nothing is locked, because object
storage has no locks.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.store.artifacts import Store, canonical_json, write_atomically
from groprog_assets.store.kept_objects import gone_or_dead

REMOVING, EARLIER, NUMBER = "removing", "earlier", "study.id"
DEAD_SECONDS = 60.0
"""A note of removal that did not change for so long is of a process that died."""
RENEWED_SECONDS = 15.0
"""Longest time between two renewals after which a removal still goes on; well below DEAD_SECONDS."""
AT_ONCE = 500


class Claims:
    """The claims of one study on the values of its store.

    state: the folder of the study's state. used: the digests that the study's derivations name; asked once, when the study is
    new to the store.
    """

    def __init__(self, store: Store, state: Path, used: Callable[[], set[str]]):
        self._store, self._state, self._used = store, state, used
        self._known = ""

    @property
    def study(self) -> str:
        """The name of the study in its store: 16 hexadecimal digits, from a random number and the file that holds it.

        A copy of a study, here or on another machine, has another file and is another study: what one erases, the other keeps. A
        folder that several machines mount is one study.
        """
        return _short(f"{self._number}\0{(self._state / NUMBER).stat().st_ino}")

    def claim(self, sha256: str) -> None:
        """Claim bytes that are about to be stored; returns when nobody is removing any."""
        self.register()
        self._store.objects.mark(f"{self._known}/{sha256[:2]}/{sha256}")
        self._wait()

    def register(self) -> None:
        """Make the study known to the store, with claims on all that its derivations name; done once."""
        if self._known:
            return
        study, objects = self.study, self._store.objects
        told = {"folder": str(self._state.parent.resolve()), "machine": platform.node(), "origin": self._origin}
        known = objects.read_note(f"{study}.json")
        if known is None:
            held = set(objects.values())
            used = self._used() & held
            if not self._is_own and objects.read_note(EARLIER) is None:
                objects.write_note(EARLIER, "\n".join(sorted(held - used)).encode())
            for sha256 in sorted(used):
                objects.mark(f"{study}/{sha256[:2]}/{sha256}")
        if known != canonical_json(told):
            objects.write_note(f"{study}.json", canonical_json(told))
        if known is None:
            self._leave_earlier_places(study, told)
        self._known = study

    def listed(self) -> set[str]:
        """What this study claims."""
        return {name.rpartition("/")[2] for name in self._store.objects.notes(self.study)}

    def release(self, digests: set[str]) -> None:
        """Withdraw claims; the bytes stay until `remove_unclaimed`."""
        self._store.objects.remove_notes(f"{self.study}/{sha256[:2]}/{sha256}" for sha256 in sorted(digests))

    def _leave_earlier_places(self, study: str, now: dict[str, str]) -> None:
        """Withdraw what this study claimed in a folder from which it was moved, restored, or copied together with its store."""
        for other, told in studies_of(self._store).items():
            if other == study or told.get("origin") != now["origin"]:
                continue
            gone = not (Path(told["folder"]) / self._state.name / NUMBER).exists() or told["folder"] == now["folder"]
            if self._is_own or (told.get("machine") == now["machine"] and gone):
                forget_study(self._store, other)

    @property
    def _number(self) -> str:
        path = self._state / NUMBER
        if not path.is_file():
            with contextlib.suppress(FileExistsError):
                _write_new(path, secrets.token_hex(16).encode())
        return path.read_text()

    @property
    def _origin(self) -> str:
        """Equal for a study and its copies."""
        return _short(self._number)

    @property
    def _is_own(self) -> bool:
        root = getattr(self._store, "root", None)
        return root is not None and Path(root).resolve().is_relative_to(self._state.resolve())

    def _wait(self) -> None:
        _wait_for_removal(self._store)


def studies_of(store: Store) -> dict[str, dict[str, str]]:
    """{study: folder and machine} of every study that the store knows."""
    objects, found = store.objects, {}
    for name in objects.notes():
        if name.endswith(".json") and "/" not in name:
            found[name.removesuffix(".json")] = json.loads(objects.read_note(name) or b"{}")
    return found


def claimed(store: Store) -> dict[str, set[str]]:
    """{sha256: the studies that claim it}."""
    found: dict[str, set[str]] = {}
    for name in store.objects.notes():
        study, _, rest = name.partition("/")
        if rest:
            found.setdefault(rest.rpartition("/")[2], set()).add(study)
    return found


def unclaimed(store: Store, earlier: bool = False) -> dict[str, int]:
    """{sha256: bytes} of what no study claims. earlier: also what was there before the store kept claims."""
    held = store.objects.values()  # before the claims: what is stored meanwhile has its claim in the later list
    kept = set(claimed(store))
    if not earlier:
        kept |= set((store.objects.read_note(EARLIER) or b"").decode().split())
    return {sha256: size for sha256, size in held.items() if sha256 not in kept}


def remove_unclaimed(store: Store, among: set[str] | None = None, earlier: bool = False) -> dict[str, int]:
    """Remove what no study claims (of `among` only); {sha256: bytes} of what was removed.

    Safe while runs write. ArtifactError while another process removes from the same store.
    """
    with _removal(store) as renew:
        gone = unclaimed(store, earlier)
        if among is not None:
            gone = {sha256: size for sha256, size in gone.items() if sha256 in among}
        names = sorted(gone)
        for start in range(0, len(names), AT_ONCE):
            renew()
            store.objects.remove(names[start : start + AT_ONCE])
    if earlier and among is None:
        store.objects.remove_notes([EARLIER])
    return gone


def forget_study(store: Store, study: str) -> None:
    """Withdraw all claims of a study that is gone; its values go with the next collection. ArtifactError: no such study."""
    if study not in studies_of(store):
        known = ", ".join(studies_of(store)) or "none"
        raise ArtifactError(Problem("study", study, f"The store knows {known}.", "Name one of these."))
    store.objects.remove_notes([f"{study}/{name}" for name in store.objects.notes(study)])
    store.objects.remove_notes([f"{study}.json"])


@contextlib.contextmanager
def recording(state: Path, alone: bool = False) -> Iterator[None]:
    """From before a value is stored until a derivation names it. alone: while no process is at that, to withdraw claims."""
    state.mkdir(parents=True, exist_ok=True)
    with open(state / "recording.lock", "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def _removal(store: Store) -> Iterator[Callable[[], None]]:
    objects, me = store.objects, secrets.token_hex(8)
    renewed = time.monotonic()

    def write() -> None:
        nonlocal renewed
        renewed = time.monotonic()
        objects.write_note(REMOVING, f"{me} {time.time_ns()}".encode())

    def renew() -> None:
        """The note says that this process lives. One that was stopped too long might be taken for dead: it ends."""
        mine = (objects.read_note(REMOVING) or b"").decode().startswith(me)
        if not mine or time.monotonic() - renewed > RENEWED_SECONDS:
            rule = "It must go on without a long pause, or writers could take it for dead."
            raise ArtifactError(
                Problem("removal", "was interrupted", rule, "Collect again; nothing in use was removed.")
            )
        write()

    _wait_for_removal(store)
    write()
    try:
        yield renew
    finally:
        if (objects.read_note(REMOVING) or b"").decode().startswith(me):
            objects.remove_notes([REMOVING])


def _wait_for_removal(store: Store) -> None:
    """Return when no process removes from the store; the note of a dead one is taken away."""
    if not gone_or_dead(lambda: store.objects.read_note(REMOVING), DEAD_SECONDS):
        store.objects.remove_notes([REMOVING])


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write_new(path: Path, content: bytes) -> None:
    """`content` at `path`, unless another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    write_atomically(own, content)
    try:
        os.link(own, path)
    finally:
        own.unlink(missing_ok=True)
