"""Who has withdrawn, as far as a study may no longer use them: patients and their own nascent libraries, known by marks alone.

The records of withdrawals lie below the study's state. A record names the patients only until their data are erased; the marks
stay. No Dagster.
"""

from __future__ import annotations

import json
from pathlib import Path

from groprog_assets.store.pseudonyms import pseudonym, study_key, withdrawal_mark
from groprog_assets.study.schema import Study
from groprog_assets.tables.values import Document

FOLDER = "withdrawals"


def withdrawal_records(root: Path) -> list[tuple[Path, Document]]:
    """Every withdrawal below the state of the inbox: (file, record)."""
    return [(path, json.loads(path.read_bytes())) for path in sorted((root / FOLDER).glob("*.json"))]


def marks_of_patients(root: Path, key: bytes) -> set[str]:
    """The marks of all who have withdrawn; a record of an earlier version held pseudonyms."""
    found: set[str] = set()
    for _, record in withdrawal_records(root):
        found |= {*record.get("marks", []), *(withdrawal_mark(name, key) for name in record.get("pseudonyms", []))}
    return found


def library_mark(library: str, key: bytes) -> str:
    """The mark by which the library of a patient who has withdrawn is recognised."""
    return withdrawal_mark(f"library\0{library}", key)


def without_withdrawn(study: Study, root: Path, state: Path) -> tuple[Study, list[str]]:
    """(the study without the nascent libraries of patients who have withdrawn, the identifiers of these libraries).

    root: the state of the inbox; state: where the key of the pseudonyms lies. A library is recognised by its owner in
    `cohort.nascent_libraries`, and by its own identifier, so that it does not pass into the experiment when the owner is taken
    out of the study file and the library is not. A library that a patient who stays also has is kept.
    """
    records = [record for _, record in withdrawal_records(root)]
    if not records:
        return study, []
    key = study_key(state)
    patients = marks_of_patients(root, key)
    libraries = {mark for record in records for mark in record.get("library_marks", [])}
    owners = study.nascent_libraries
    stay = {
        name: library for name, library in owners.items() if withdrawal_mark(pseudonym(name, key), key) not in patients
    }
    theirs = {library for name, library in owners.items() if name not in stay}
    theirs |= {library.id for library in study.libraries if library_mark(library.id, key) in libraries}
    theirs -= set(stay.values())
    if study.cohort is not None and len(stay) < len(owners):
        cohort = study.cohort.model_copy(update={"nascent_libraries": stay})
        study = study.model_copy(update={"cohort": cohort})
    out = sorted(theirs & {library.id for library in study.libraries})
    left = [library for library in study.libraries if library.id not in theirs]
    return (study.model_copy(update={"libraries": left}) if out else study), out
