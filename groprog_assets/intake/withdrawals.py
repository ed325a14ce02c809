"""Withdrawal of patients: values computed from their records, models that may no longer be used, and erasure.

A withdrawal is recorded under pseudonyms, with the clinical tables that hold its patients. When no current value depends on
these tables, every stored value that does is erased. Derivations, digests and the ledger stay, so the record of these values
remains. Files that the study file names belong to the user: they are listed, not changed.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.errors import ArtifactError, GroProgError
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.store import derivations
from groprog_assets.store.artifacts import Reference, canonical_json, digest_bytes, digest_file, write_atomically
from groprog_assets.store.derivations import Record
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import dagster as dg

ROOT = "clinical_records"
TEXT = (".tsv", ".csv", ".txt")


def record_withdrawal(workspace: Workspace, delivery: str, patients: list[str]) -> Document:
    """Record who withdraws and which known tables hold them; returns the record. `delivery`: sha256 of the list."""
    from groprog_assets.methods.cohort.clinical_tables import read_table

    leaving, column = set(patients), workspace.study.patients.patient_column
    tables = set()
    for path in [_own_table(workspace), *sorted(workspace.snapshots.tables.glob("*"))]:
        try:
            held = set(read_table(path).cells[column].str.strip())
        except (GroProgError, KeyError):
            continue
        if held & leaving:
            files = [path] if path.is_file() else sorted(item for item in path.iterdir() if item.is_file())
            tables |= {digest_file(item) for item in files}
    key = study_key(workspace.state)
    record = {
        "pseudonyms": sorted(pseudonym(name, key) for name in leaving),
        "patients": sorted(leaving),
        "tables": sorted(tables),
        "erased": None,
    }
    write_atomically(_folder(workspace) / f"{delivery}.json", canonical_json(record))
    return record


def withdrawn(workspace: Workspace) -> set[str]:
    """Pseudonyms of all patients who have withdrawn."""
    return {name for _, record in _records(workspace) for name in record["pseudonyms"]}


def rests_on_withdrawn(workspace: Workspace, derivation: str) -> bool:
    """Whether a derivation depends on a clinical table with a patient who has withdrawn."""
    tables = _tables(workspace)
    return bool(tables) and any(_reads(record, tables) for record in workspace.derivations.closure(derivation).values())


def impact(workspace: Workspace, patients: list[str]) -> Document:
    """The impact of a withdrawal of `patients`: {models: versions trained on one of them, newest first; champion: whether the
    model in use was; values: current values that depend on the clinical table; files: the study's own that still name
    one}."""
    from groprog_assets.lineage import ledger
    from groprog_assets.lineage.membership import models_of

    key = study_key(workspace.state)
    models: dict[str, str] = {}
    if workspace.ledger_path.is_file():
        with ledger.open_ledger(workspace.ledger_path) as connection:
            for name in patients:
                for item in models_of(connection, pseudonym(name, key)):
                    models.setdefault(item["model_version"], item["made"])
    champion = workspace.derivations.current_record("champion")
    version = champion["headline"].get("model_version") if champion else None
    return {
        "models": sorted(models, key=lambda name: models[name], reverse=True),
        "champion": version in models,
        "values": sorted(_name(asset, partition) for asset, partition, _ in _resting(workspace)),
        "files": [str(path) for path in _naming(workspace, set(patients))],
    }


def erase_due(workspace: Workspace) -> Document | None:
    """Erase values that depend on patients who have withdrawn, once no current value does; returns evidence, or None if idle.

    Erased are stored values and plots, clinical tables of the inbox, and delivered files that name them. Bytes that another
    value shares are kept.
    """
    waiting = [(path, record) for path, record in _records(workspace) if record["erased"] is None]
    if not waiting:
        return None
    tables = {sha256 for _, record in waiting for sha256 in record["tables"]}
    held = {digest: workspace.derivations.read(digest) for digest in _all(workspace)}
    tainted = _tainted(held, tables)
    resting = [(asset, partition) for asset, partition, digest in workspace.derivations.pointers() if digest in tainted]
    if any(asset in SPECIFICATIONS or not SPECIFICATIONS for asset, _ in resting):
        return None
    for asset, partition in resting:  # of an asset that there no longer is
        workspace.derivations.drop(asset, partition)
    kept = {sha256 for name, record in held.items() if name not in tainted for sha256 in _bytes(workspace, record)}
    gone = {sha256 for name in tainted for sha256 in _bytes(workspace, held[name])} - kept
    erased = []
    for sha256 in sorted(gone):
        path = workspace.store.path(sha256)
        if path.is_file():
            path.unlink()
            erased.append(sha256)
    for path in workspace.snapshots.tables.glob("*"):
        if path.stem in tables:
            path.unlink()
            erased.append(path.stem)
    patients = {name for _, record in waiting for name in record.get("patients", [])}
    files = _erase_delivered(workspace, patients)
    shutil.rmtree(workspace.state / "scratch", ignore_errors=True)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    evidence = {
        "withdrawals": [path.stem for path, _ in waiting],
        "values": len(tainted),
        "digests": len(erased),
        "digest_of_digests": digest_bytes("\n".join(erased).encode()),
        "delivered_files": files,
    }
    for path, record in waiting:
        done = {"at": at, "digests": erased, "files": files}
        left = {name: item for name, item in record.items() if name != "patients"}
        write_atomically(path, canonical_json({**left, "erased": done}))
    return evidence


def _folder(workspace: Workspace) -> Path:
    return workspace.snapshots.root / "withdrawals"


def _records(workspace: Workspace) -> list[tuple[Path, Document]]:
    return [(path, json.loads(path.read_bytes())) for path in sorted(_folder(workspace).glob("*.json"))]


def _tables(workspace: Workspace) -> set[str]:
    return {sha256 for _, record in _records(workspace) for sha256 in record["tables"]}


def _own_table(workspace: Workspace) -> Path:
    """The clinical table that the study file names, without later deliveries."""
    from groprog_assets.study.check import load_study

    return load_study(workspace.path).patients.clinical


def _reads(record: Record, tables: set[str]) -> bool:
    return record["asset"] == ROOT and any(item["sha256"] in tables for item in record["files"])


def _resting(workspace: Workspace) -> Iterator[tuple[str, str, str]]:
    for asset, partition, digest in workspace.derivations.pointers():
        if any(record["asset"] == ROOT for record in workspace.derivations.closure(digest).values()):
            yield asset, partition, digest


def _naming(workspace: Workspace, patients: set[str]) -> Iterator[Path]:
    """The study's own tables that name one of `patients`."""
    cohort = workspace.study.cohort
    if cohort is None:
        return
    from groprog_assets.methods.cohort.sample_columns import read_samples

    table = cohort.sample_table
    samples = {name for name, sample in read_samples(table).items() if sample.patient in patients}
    beside = [*([cohort.expression.path] if cohort.expression else []), *([table] if table else [])]
    files = [
        file
        for path in [_own_table(workspace), *beside]
        for file in ([path] if path.is_file() else sorted(path.glob("*.txt")))
    ]
    for file in dict.fromkeys(files):
        if _names(file, patients | samples):
            yield file


def _names(path: Path, patients: set[str]) -> bool:
    """Whether a file names one of `patients`, by their identifier or by that with a sample's suffix."""
    from groprog_assets.methods.cohort.sample_columns import SAMPLE_SUFFIX
    from groprog_assets.study.text_files import open_text

    word = re.compile(r"[^\t,;\s|]+")

    def theirs(found: str) -> bool:
        sample = SAMPLE_SUFFIX.fullmatch(found)
        return found in patients or found.rstrip(":.") in patients or bool(sample and sample["patient"] in patients)

    try:
        with open_text(path) as file:
            return any(theirs(found) for line in file for found in word.findall(line))
    except (GroProgError, OSError, UnicodeDecodeError):
        return False


def _erase_delivered(workspace: Workspace, patients: set[str]) -> int:
    """Delete the delivered files that name one of `patients`; a note with the digest replaces each. Returns their number."""
    folder = workspace.study.inbox
    if folder is None:
        return 0
    count = 0
    for path in sorted(workspace.resolve(folder).glob("*/*")):
        if path.is_file() and path.suffix in TEXT and _names(path, patients):
            note = f"sha256 {digest_file(path)}: erased, as a patient it named has withdrawn\n"
            write_atomically(path.with_name(f"{path.name}.erased"), note.encode())
            path.unlink()
            count += 1
    return count


def _all(workspace: Workspace) -> Iterator[str]:
    yield from (path.stem for path in (workspace.derivations.root / "records").glob("*/*.json"))


def _tainted(held: dict[str, Record], tables: set[str]) -> set[str]:
    """Derivations that read one of `tables`, and all that depend on them."""
    readers: dict[str, list[str]] = {}
    for name, record in held.items():
        for item in record["inputs"]:
            readers.setdefault(item["derivation"], []).append(name)
    waiting = [name for name, record in held.items() if _reads(record, tables)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += readers.get(name, [])
    return found


def _bytes(workspace: Workspace, record: Record) -> set[str]:
    """All digests of a derivation's value and plots, if its manifest still exists."""
    found = set(record.get("plots", {}).values())
    waiting = [derivations.output(record)]
    while waiting:
        reference: Reference = waiting.pop()
        found.add(reference.sha256)
        if reference.kind == "bundle":
            try:
                waiting += workspace.store.members(reference).values()
            except ArtifactError:
                continue
    return found


def _name(asset: str, partition: str) -> str:
    return f"{asset}[{partition}]" if partition else asset


def erase_withdrawn(instance: dg.DagsterInstance, workspace: Workspace) -> bool:
    """Erase the data of patients who have withdrawn once no current value depends on them; the decision records the evidence."""
    evidence = erase_due(workspace)
    if evidence is None:
        return False
    record_decision(instance, "clinical_records", "erased", "withdrawal", evidence)
    return True
