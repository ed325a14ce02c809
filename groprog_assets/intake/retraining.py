"""Accepted deliveries that no run has used yet. They are determined from the stored state each time, so none is lost when a
process ends.

Each result is a key, which stays the same until something new arrives: one run is requested per key. No Dagster.
"""

from __future__ import annotations

from groprog_assets.errors import ArtifactError
from groprog_assets.graph.specification import LIBRARY_ASSETS, LIBRARY_FILES, SPECIFICATIONS
from groprog_assets.store.artifacts import digest_value
from groprog_assets.store.workspace import Workspace

TRAINED = "champion"
"""Without this asset the study has no model yet, and a person must start its first run."""


def libraries_due(workspace: Workspace) -> dict[str, str]:
    """{library: key} of those from the inbox that were not read yet, or whose files changed since."""
    _, snapshot = workspace.snapshots.current()
    arrived = {item["id"] for item in snapshot.libraries}
    return {name: key for name, key in changed_libraries(workspace).items() if name in arrived}


def changed_libraries(workspace: Workspace) -> dict[str, str]:
    """{library: key} of every library that was not read yet, or whose files changed since; empty before the annotation."""
    found = {}
    if workspace.derivations.current("gene_models"):
        for library in workspace.study.libraries:
            files = workspace.source_files(LIBRARY_FILES, library.id)
            record = workspace.derivations.current_record("raw_reads", library.id)
            if record is None or record["files"] != files:
                found[library.id] = digest_value([workspace.describe(library), files])
    return found


def features_due(workspace: Workspace) -> str:
    """A key when all libraries are computed and the study was last computed from others; "" otherwise."""
    name, snapshot = workspace.snapshots.current()
    if not snapshot.libraries or workspace.derivations.current(TRAINED) is None:
        return ""
    try:
        groups = {specification.library_gates for specification in SPECIFICATIONS.values() if specification.gated}
        made = {gates: _made(workspace, gates) for gates in groups}
    except ArtifactError:
        return ""
    for specification in SPECIFICATIONS.values():
        record = None if specification.partitioned else workspace.derivations.current_record(specification.name)
        wanted = specification.library_inputs
        if record is None or not wanted:
            continue
        now = made[specification.library_gates]
        read = {(item["asset"], item["partition"]): item["sha256"] for item in record["inputs"] if item["partition"]}
        if read != {place: sha256 for place, sha256 in now.items() if place[0] in wanted}:
            every = {place: sha256 for held in made.values() for place, sha256 in held.items()}
            return digest_value([name, sorted(map(list, every)), sorted(every.values())])  # the same until all are made
    return ""


def _made(workspace: Workspace, gates: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """{(asset, library): sha256} of the libraries that assets with these gates see."""
    kept, _ = workspace.eligible_libraries(gates, LIBRARY_ASSETS)
    return {
        (asset, library.id): record["output"]["sha256"]
        for library in kept
        for asset in LIBRARY_ASSETS
        if (record := workspace.derivations.current_record(asset, library.id)) is not None
    }


def cohort_due(workspace: Workspace) -> str:
    """A key when the last run read another clinical table than the delivered one, or stopped before its model; "" otherwise."""
    name, snapshot = workspace.snapshots.current()
    if not snapshot.clinical or workspace.derivations.current(TRAINED) is None:
        return ""
    return name if table_changed(workspace) or left_behind(workspace) else ""


def left_behind(workspace: Workspace) -> list[str]:
    """Of the model in use and the report, those made from other clinical records than the current ones: a retraining failed, or
    goes on, after its first step."""
    records = workspace.derivations.current_record("clinical_records")
    if records is None or not workspace.has("clinical_records"):
        return []
    found = []
    for asset in (TRAINED, "report"):
        digest = workspace.derivations.current(asset)
        if digest is None:
            continue
        read = {
            held["output"]["sha256"]
            for held in workspace.derivations.closure(digest).values()
            if held["asset"] == "clinical_records"
        }
        if read and records["output"]["sha256"] not in read:
            found.append(asset)
    return found


def table_changed(workspace: Workspace) -> bool:
    """Whether the clinical table differs from the one last read."""
    record = workspace.derivations.current_record("clinical_records")
    return record is None or record["files"] != workspace.source_files(("cohort.clinical",), "")
