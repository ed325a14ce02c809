"""Erasing what was computed from, or names, patients who have withdrawn.

It begins once no current value depends on them. Erased are: values and plots in the store, which may be a folder or a bucket,
with local copies, those of the patients' own libraries among them; clinical tables and delivered files of the inbox, and their
names; states of training and replayed scores; results that name a patient; words in Dagster's own storage; the rows of the
ledger that hold the patients' pseudonyms. Digests, derivations and the sealed ledger stay. Each step can be repeated, and a
withdrawal counts as open until all are done, so a process that is killed leaves nothing half erased for good.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from groprog_assets.errors import GroProgError, LedgerError, Notice, Problem, StudyError
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.graph.storage_erasure import erase_words
from groprog_assets.intake.omics_subjects import rewrite_identities
from groprog_assets.intake.sound_study import NOTE
from groprog_assets.intake.withdrawals import is_of_library, marks_of, names_patient, records, tainted
from groprog_assets.lineage import ledger
from groprog_assets.lineage.collect import collect
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.lineage.membership import ERASED, forget_patients, rows_left
from groprog_assets.store.artifacts import canonical_json, digest_bytes, digest_file, write_atomically
from groprog_assets.store.claims import remove_unclaimed
from groprog_assets.store.collection import collect_store
from groprog_assets.store.half_written import remove_remains, remove_scratch_of_the_dead
from groprog_assets.store.pseudonyms import is_distinctive, named_in, pseudonym, study_key
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import dagster as dg

TEXT = (".tsv", ".csv", ".txt", ".erased")
KEPT_STATES = ("scratch", "replays", "catalog")
"""Folders of the state with what can be computed again: states of training, replayed scores, the catalogue of a snapshot."""


def erase_withdrawn(instance: dg.DagsterInstance, workspace: Workspace) -> bool:
    """Erase the data of patients who have withdrawn, once no current value depends on them; whether there was anything to do.

    The decision in the ledger records the evidence, in numbers and digests. A Notice says when another process holds a file that
    must be written anew; the next run goes on.
    """
    waiting = [(path, record) for path, record in records(workspace) if record["erased"] is None]
    gone = _values_to_erase(workspace) if waiting else None
    if gone is None:
        return False
    patients = {name for _, record in waiting for name in record.get("patients", [])}
    libraries = {name for _, record in waiting for name in record.get("libraries", [])}
    naming = patients | {
        library for library in libraries if any(name.casefold() in library.casefold() for name in patients)
    }
    key = study_key(workspace.state)
    pseudonyms = {pseudonym(name, key) for name in patients}
    evidence = _erase_values(workspace, gone)
    evidence |= {
        "withdrawals": [path.stem for path, _ in waiting],
        "delivered_files": _erase_delivered(workspace, naming) + _erase_tables(workspace, patients),
        "results": _erase_results(workspace, patients | libraries),
    }
    _erase_names(workspace, naming)
    for path in workspace.snapshots.root.glob(
        ".trial-*"
    ):  # of an earlier version that was killed while it read a delivery
        path.unlink(missing_ok=True)
    (workspace.state / NOTE).unlink(missing_ok=True)  # written by an earlier version, it may name a patient
    rewrite_identities(workspace)
    for name in KEPT_STATES:
        shutil.rmtree(workspace.state / name, ignore_errors=True)
    remove_remains(workspace.state, workspace.results)
    remove_scratch_of_the_dead()
    try:
        words = pseudonyms | {name for name in naming if is_distinctive(name)}
        evidence["rows_of_the_event_log"] = erase_words(instance, workspace.home, words)
        with ledger.open_ledger(workspace.ledger_path, make=True) as connection:
            evidence["rows_left"] = rows_left(connection, pseudonyms)
        record_decision(instance, "clinical_records", ERASED, "withdrawal", evidence)
        collect(instance, workspace.ledger_path, workspace.derivations)
        forget_patients(workspace.ledger_path, pseudonyms)
    except (LedgerError, StudyError) as error:
        rule = "The event log and the ledger are written anew, so that no word is left in them."
        remedy = "The erasure goes on with the next run; end `groprog dev` first if this comes again."
        warnings.warn(Notice(Problem("erasure", error.problems[0].value, rule, remedy)), stacklevel=1)
        return True
    published = workspace.results / "lineage.duckdb"
    if published.is_file():
        ledger.publish(workspace.ledger_path, published)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for path, record in waiting:
        done = {"at": at, "values": evidence["values"], "digest_of_digests": evidence["digest_of_digests"]}
        kept = {name: item for name, item in record.items() if name not in ("patients", "pseudonyms", "libraries")}
        kept["marks"] = sorted({*record.get("marks", []), *marks_of(workspace, record.get("patients", [])).values()})
        write_atomically(path, canonical_json({**kept, "erased": done}))
    return True


def waiting_withdrawals(workspace: Workspace) -> int:
    """How many withdrawals are accepted and not yet erased."""
    return sum(record["erased"] is None for _, record in records(workspace))


def _values_to_erase(workspace: Workspace) -> set[str] | None:
    """Derivations whose values are to be erased; None while a current value of an asset that there is depends on them."""
    held = {digest: workspace.derivations.read(digest) for digest in workspace.derivations.all()}
    found = tainted(held, [record for _, record in records(workspace)])
    libraries = {name for _, record in records(workspace) for name in record.get("libraries", [])}
    resting = [(asset, partition) for asset, partition, digest in workspace.derivations.pointers() if digest in found]
    others = {asset for asset, partition in resting if not is_of_library(asset, partition, libraries)}
    if any(asset in SPECIFICATIONS or not SPECIFICATIONS for asset in others):
        return None
    for asset, partition in resting:
        workspace.derivations.drop(asset, partition)
    return found - workspace.derivations.erased()


def _erase_values(workspace: Workspace, gone: set[str]) -> Document:
    """Erase the values of derivations, and what killed runs stored and no derivation names; counts and the digest of digests.

    Bytes that another value shares stay, and so do those that another study claims: they are counted.
    """
    digests = {sha256 for name in gone for sha256 in workspace.derivations.digests_of(workspace.derivations.read(name))}
    for name in sorted(gone):
        workspace.derivations.mark_erased(name)
    digests -= workspace.derivations.named_digests()
    removed = set(collect_store(workspace, remove=True).values)
    removed |= set(remove_unclaimed(workspace.store, among=digests, earlier=True))
    left = digests & set(workspace.store.objects.values())
    return {
        "values": len(gone),
        "digests": len(removed),
        "digest_of_digests": digest_bytes("\n".join(sorted(removed)).encode()),
        "kept_for_other_studies": len(left),
    }


def _erase_tables(workspace: Workspace, patients: set[str]) -> int:
    """Delete clinical tables of earlier snapshots that have one of `patients`."""
    from groprog_assets.methods.cohort.clinical_tables import read_table

    if workspace.study.cohort is None:
        return 0
    current, count = workspace.snapshots.current()[1].clinical, 0
    for path in sorted(workspace.snapshots.tables.glob("*")):
        try:
            held = set(read_table(path).cells[workspace.study.cohort.patient_column].str.strip())
        except (GroProgError, KeyError):
            held = patients
        if path.name != current and held & patients:
            path.unlink(missing_ok=True)
            count += 1
    return count


def _erase_delivered(workspace: Workspace, patients: set[str]) -> int:
    """Delete the delivered files that name one of `patients`, in their text or by their name; returns their number.

    A note with the digest replaces each. Files that are still to be read stay.
    """
    folder, count = workspace.study.inbox, 0
    if folder is None:
        return 0
    for part in ("accepted", "quarantine"):
        for path in sorted((workspace.resolve(folder) / part).rglob("*")):
            named = named_in(path.name, patients)
            if path.is_file() and path.suffix in TEXT and (named or names_patient(path, patients)):
                sha256 = digest_file(path)
                note = f"sha256 {sha256}: erased, as a patient it named has withdrawn\n"
                if not path.name.endswith((".erased", ".flags.txt", ".problems.txt")):
                    write_atomically(path.with_name(f"{sha256[:12]}.erased.txt"), note.encode())
                path.unlink()
                count += 1
    return count


def _erase_names(workspace: Workspace, patients: set[str]) -> None:
    """Replace the names of delivered files that name one of `patients` in the list of deliveries."""
    for path in sorted((workspace.snapshots.root / "deliveries").glob("*.json")):
        record = json.loads(path.read_bytes())
        if named_in(canonical_json(record).decode(), patients):
            moment = path.stat().st_mtime
            shown = f"{path.stem[:12]}{Path(record['name']).suffix}"
            evidence = {key: value for key, value in record["evidence"].items() if not named_in(str(value), patients)}
            write_atomically(path, canonical_json({**record, "name": shown, "evidence": evidence}))
            os.utime(path, (moment, moment))  # when it was taken in
    shutil.rmtree(workspace.snapshots.root / "looks", ignore_errors=True)


def _erase_results(workspace: Workspace, patients: set[str]) -> int:
    """Delete exported results that name one of `patients` (and their libraries); the next export writes them again without.

    Returns their number.
    Other files in the folder belong to the user: a Notice names those that name a patient.
    """
    folder, count = workspace.results, 0
    try:
        exported = set(json.loads((folder / "manifest.json").read_bytes()))
    except (OSError, ValueError):
        exported = set()
    for path in sorted(_files(folder)):
        if path.suffix == ".duckdb" or not (named_in(path.name, patients) or names_patient(path, patients)):
            continue
        if path.relative_to(folder).as_posix() in exported:
            path.unlink()
            count += 1
        else:
            rule, remedy = "It is not one of the exported results, so it is yours to mend.", "Remove it, or the name."
            told = "names a patient who has withdrawn, or their library"
            warnings.warn(Notice(Problem(str(path), told, rule, remedy)), stacklevel=1)
    return count


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
