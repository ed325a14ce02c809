"""Removing what no derivation names: values that a killed run stored and did not record, and the copies of what is gone.

Two steps. The study withdraws its claims on what none of its derivations names, while none of its processes stores anything; then
everything that no study claims is removed. No Dagster.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from groprog_assets.store.claims import claimed, recording, remove_unclaimed, studies_of, unclaimed
from groprog_assets.store.workspace import Workspace


class Collected(NamedTuple):
    """What a collection removed, or would remove, as {sha256 or file: bytes}: values of the store, local copies, and half-written
    files of writers that died. earlier: values kept because they were there before the store kept claims. held: number of values
    and bytes before. studies: those that use the store."""

    values: dict[str, int]
    copies: dict[str, int]
    half_written: dict[Path, int]
    earlier: dict[str, int]
    held: tuple[int, int]
    studies: dict[str, dict[str, str]]


def collect_store(workspace: Workspace, remove: bool, earlier: bool = False) -> Collected:
    """Remove what no derivation of any study names, or say what would be removed. Safe while runs of any study write.

    earlier: also what was there before the store kept claims; only right once every study that uses the store has been opened.
    ArtifactError when the store cannot be reached.
    """
    store, claims = workspace.store, workspace.claims
    claims.register()
    named = workspace.derivations.named()
    used: set[str] = set().union(*named.values())
    held = store.objects.values()
    half_written = store.objects.half_written()
    if remove:
        with recording(workspace.state, alone=True):
            used = set().union(*workspace.derivations.named(named).values())
            stale = claims.listed() - used
            claims.release(stale)
        _claim_again(workspace, used & set(held))
        gone = remove_unclaimed(store, earlier=earlier)
        for path in half_written:
            path.unlink(missing_ok=True)
    else:
        stale = claims.listed() - used
        by = claimed(store)
        gone = unclaimed(store, earlier)
        gone |= {sha256: held[sha256] for sha256 in stale & set(held) if len(by.get(sha256, ())) < 2}
        gone = {sha256: size for sha256, size in gone.items() if sha256 not in used}
    copies = {sha256: path for sha256, path in store.copies().items() if sha256 not in used}
    sizes = {sha256: path.stat().st_size for sha256, path in copies.items()}
    for path in copies.values() if remove else ():
        path.unlink(missing_ok=True)
    before = {} if earlier else {name: size for name, size in unclaimed(store, True).items() if name not in gone}
    return Collected(gone, sizes, half_written, before, (len(held), sum(held.values())), studies_of(store))


def _claim_again(workspace: Workspace, used: set[str]) -> None:
    """Claims that a copy of the folder, or a power cut, lost."""
    for sha256 in sorted(used - workspace.claims.listed()):
        workspace.claims.claim(sha256)
