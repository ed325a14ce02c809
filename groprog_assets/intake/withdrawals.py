"""Withdrawal of patients: who withdrew, values computed from their records and their own
libraries, and models that may no longer be used.

A withdrawal is recorded with the clinical tables that hold its patients. When no current value depends on these tables, what
does is erased (`erasure`). Files that the study file names belong to the user: they are listed, not changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from groprog_assets.errors import GroProgError, UnreachableError
from groprog_assets.graph.specification import LIBRARY_ASSETS
from groprog_assets.store import derivations
from groprog_assets.store.artifacts import canonical_json, digest_file, write_atomically
from groprog_assets.store.derivations import Record
from groprog_assets.store.pseudonyms import named_in, owner_mark, pseudonym, study_key, withdrawal_mark
from groprog_assets.store.withdrawn import FOLDER, library_mark, marks_of_patients, withdrawal_records
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.schema import Cohort, OtherCohort
from groprog_assets.tables.values import Document

ROOT = "clinical_records"
OMICS_ROOT = "consents"


def record_withdrawal(workspace: Workspace, delivery: str, patients: list[str]) -> Document:
    """Record who withdraws, which known tables hold them and which values were computed from one that held them.

    Returns the record. delivery: sha256 of the list. The patients are named in the record until their data are erased.
    """
    leaving = set(patients)
    tables, clean = _tables_naming(workspace, leaving)
    libraries, _ = libraries_of(workspace, leaving)
    key = study_key(workspace.state)
    record = {
        "patients": sorted(leaving),
        "marks": sorted(marks_of(workspace, leaving).values()),
        "libraries": sorted(libraries),
        "library_marks": sorted(library_mark(name, key) for name in libraries),
        "tables": sorted(tables),
        "roots": sorted(
            {
                *_roots_naming(workspace, leaving, clean),
                *_roots_owned(workspace, leaving, libraries),
                *_roots_of_subjects(workspace, leaving),
            }
        ),
        "erased": None,
    }
    write_atomically(_folder(workspace) / f"{delivery}.json", canonical_json(record))
    return record


def listed(content: bytes) -> list[str]:
    """The identifiers of a list, one a line. Bytes that are no UTF-8 become U+FFFD: such a name is an unknown one."""
    lines = (line.strip() for line in content.decode("utf-8-sig", "replace").splitlines())
    return [line for line in lines if line]


def who_withdrew(workspace: Workspace, patients: Iterable[str]) -> set[str]:
    """Those of `patients` who have withdrawn."""
    gone = marks_of_patients(workspace.snapshots.root, study_key(workspace.state))
    return {name for name, mark in marks_of(workspace, patients).items() if mark in gone} if gone else set()


def marks_of(workspace: Workspace, patients: Iterable[str]) -> dict[str, str]:
    """{patient: the mark by which one who has withdrawn is recognised}."""
    key = study_key(workspace.state)
    return {name: withdrawal_mark(pseudonym(name, key), key) for name in patients}


def libraries_of(workspace: Workspace, patients: set[str]) -> tuple[set[str], dict[str, str]]:
    """(the nascent libraries of `patients`, now or as earlier derivations name them; {library that cannot be erased: why}).

    A library that is another patient's now was named by mistake and is not theirs. What stands in the way is a library of a
    patient who stays as well, and one that was theirs and is now of the experiment.
    """
    owners, listed = workspace.study.nascent_libraries, {library.id for library in workspace.study.libraries}
    now = {library for name, library in owners.items() if name in patients}
    others = {library for name, library in owners.items() if name not in patients}
    names = _in_records(workspace, patients)
    earlier = {
        library
        for digest in workspace.derivations.all()
        for owner, library in _owners(workspace.derivations.read(digest)).items()
        if owner in names
    }
    barred = dict.fromkeys(now & others, "it is also the library of a patient who stays")
    barred |= dict.fromkeys((earlier - now - others) & listed, "it was theirs and is now a library of the experiment")
    return (now | earlier) - others - set(barred), barred


def _in_records(workspace: Workspace, patients: set[str]) -> set[str]:
    """What stands for `patients` in derivations: marks, and pseudonyms in those of earlier versions."""
    key = study_key(workspace.state)
    names = {pseudonym(name, key) for name in patients}
    return names | {owner_mark(name, key) for name in names}


def _owners(record: Record) -> dict[str, str]:
    """{who, as derivations name patients: library} of a derivation that read whose the libraries are."""
    cohort = record["study"].get("cohort") or {}
    return record["study"].get("cohort.nascent_libraries") or cohort.get("nascent_libraries") or {}


def _roots_owned(workspace: Workspace, patients: set[str], libraries: set[str]) -> Iterator[str]:
    """Derivations of the libraries of `patients`, and those that read which library is theirs."""
    names = _in_records(workspace, patients)
    for digest in workspace.derivations.all():
        record = workspace.derivations.read(digest)
        if is_of_library(record["asset"], record["partition"], libraries) or names & set(_owners(record)):
            yield digest


def is_of_library(asset: str, partition: str, libraries: set[str]) -> bool:
    """Whether a value is of one of `libraries`."""
    return asset in LIBRARY_ASSETS and partition in libraries


def _tables_naming(workspace: Workspace, patients: set[str]) -> tuple[set[str], set[str]]:
    """Digests of the known clinical tables' files: (of those with one of `patients`, of those without)."""
    from groprog_assets.methods.cohort.clinical_tables import read_table

    if workspace.study.cohort is None:
        return set(), set()
    column = workspace.study.cohort.patient_column
    naming: set[str] = set()
    clean: set[str] = set()
    for path in [own_table(workspace), *sorted(workspace.snapshots.tables.glob("*"))]:
        try:
            held = set(read_table(path).cells[column].str.strip())
        except (GroProgError, KeyError):
            continue
        files = [path] if path.is_file() else sorted(item for item in path.iterdir() if item.is_file())
        (naming if held & patients else clean).update(digest_file(item) for item in files)
    return naming, clean - naming


def _roots_naming(workspace: Workspace, patients: set[str], clean: set[str]) -> Iterator[str]:
    """Derivations of the clinical records that hold one of `patients`, or may: their table is no longer there to be looked at."""
    for digest in workspace.derivations.all():
        record = workspace.derivations.read(digest)
        files = {item["sha256"] for item in record["files"]} if record["asset"] == ROOT else set()
        if files and not files <= clean and _may_hold(workspace, record, patients):
            yield digest


def _may_hold(workspace: Workspace, record: Record, patients: set[str], column: str = "patient_id") -> bool:
    """Whether a stored value has one of `patients` in its `column`; also when its bytes are gone."""
    try:
        value = workspace.store.get(derivations.output(record), record["asset"])
    except UnreachableError:
        raise
    except GroProgError:
        return True
    parts = value.values() if isinstance(value, Mapping) else [value]
    return any(bool(patients & set(part[column])) for part in parts if column in getattr(part, "columns", ()))


def _roots_of_subjects(workspace: Workspace, patients: set[str]) -> Iterator[str]:
    """Derivations of the consents that hold one of `patients`, or may: what else holds a subject depends on one of them."""
    key = study_key(workspace.state)
    theirs = {pseudonym(name, key) for name in patients}
    for digest in workspace.derivations.all():
        record = workspace.derivations.read(digest)
        if record["asset"] == OMICS_ROOT and _may_hold(workspace, record, theirs, "subject_id"):
            yield digest


def rests_on_withdrawn(workspace: Workspace, derivation: str) -> bool:
    """Whether a derivation depends on a clinical table with a patient who has withdrawn."""
    tables, roots = _tables(workspace), _roots(workspace)
    if not tables | roots:
        return False
    closure = workspace.derivations.closure(derivation)
    return bool(roots & set(closure)) or any(_reads(record, tables) for record in closure.values())


def impact(workspace: Workspace, patients: list[str]) -> Document:
    """The impact of a withdrawal of `patients`: {models: versions trained on one of them, newest first; champion: whether the
    model in use was; values: current values that depend on the clinical table; files: the study's own that still name
    one, the study file among them; libraries: their own; reads: files of these libraries}."""
    from groprog_assets.lineage import ledger
    from groprog_assets.lineage.membership import models_of

    models: dict[str, str] = {}
    if workspace.ledger_path.is_file():
        key = study_key(workspace.state)
        with ledger.open_ledger(workspace.ledger_path) as connection:
            for name in patients:
                for item in models_of(connection, pseudonym(name, key)):
                    models.setdefault(item["model_version"], item["made"])
    libraries, _ = libraries_of(workspace, set(patients))
    champion = workspace.derivations.current_record("champion")
    version = champion["headline"].get("model_version") if champion else None
    return {
        "models": sorted(models, key=lambda name: models[name], reverse=True),
        "champion": version in models,
        "values": sorted(_name(asset, partition) for asset, partition, _ in _resting(workspace)),
        "files": [str(path) for path in _naming(workspace, set(patients))],
        "libraries": sorted(libraries),
        "reads": [
            str(workspace.resolve(path))
            for library in workspace.study.libraries
            if library.id in libraries
            for path in (*library.reads, *library.single_files().values())
        ],
    }


def is_known(workspace: Workspace, patient: str) -> bool:
    """Whether an identifier is of the clinical table as it was last read, of a subject of the omics half, or has withdrawn."""
    return patient in known_names(workspace) or bool(who_withdrew(workspace, [patient]))


def known_names(workspace: Workspace) -> set[str]:
    """Patients of the clinical table as it was last read, and subjects of the omics half, as their sources name them."""
    from groprog_assets.methods.omics.subjects import subject_names
    from groprog_assets.store.readings import load_asset

    read, omics = load_asset(workspace, ROOT), workspace.study.omics
    patients = [] if read is None else read.records["patient_id"]
    return {*patients, *(subject_names(omics) if omics is not None else ())}


def records(workspace: Workspace) -> list[tuple[Path, Document]]:
    """Every withdrawal: (file, record)."""
    return withdrawal_records(workspace.snapshots.root)


def tainted(held: dict[str, Record], withdrawals: Iterable[Document]) -> set[str]:
    """Derivations of `held` that depend on a table with a patient of one of the withdrawals, or on the patient's own library."""
    withdrawals = list(withdrawals)
    tables = {sha256 for record in withdrawals for sha256 in record["tables"]}
    roots = {digest for record in withdrawals for digest in record.get("roots", [])}
    libraries = {name for record in withdrawals for name in record.get("libraries", [])}
    roots |= {
        digest for digest, record in held.items() if is_of_library(record["asset"], record["partition"], libraries)
    }
    return _tainted(held, tables, roots)


def _folder(workspace: Workspace) -> Path:
    return workspace.snapshots.root / FOLDER


def _tables(workspace: Workspace) -> set[str]:
    return {sha256 for _, record in records(workspace) for sha256 in record["tables"]}


def _roots(workspace: Workspace) -> set[str]:
    return {digest for _, record in records(workspace) for digest in record.get("roots", [])}


def own_table(workspace: Workspace) -> Path:
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
    if names_patient(workspace.path, patients):
        yield workspace.path
    from groprog_assets.methods.assays.sample_table import read_sample_table
    from groprog_assets.methods.cohort.sample_columns import read_samples

    table = cohort.sample_table
    samples = {name for name, sample in read_samples(table).items() if sample.patient in patients}
    others: list[Cohort | OtherCohort] = [*cohort.sources, *workspace.study.validation]
    everyone = [cohort, *others]
    beside = [one.clinical for one in others]
    beside += [one.expression.file for one in everyone if one.expression]
    beside += [matrix.file for one in everyone for matrix in one.matrices]
    beside += [matrix.case_list for one in everyone for matrix in one.matrices if matrix.case_list]
    beside += [held for held in [table, *(one.sample_table for one in others)] if held]
    given = workspace.study.omics
    if given is not None and given.samples is not None:
        beside += [given.samples, *(source.path for source in given.assays)]
        rows = read_sample_table(given.samples, given.assays).named
        samples |= {name for _, name, subject in rows if subject in patients}
    files = [
        file
        for path in dict.fromkeys([own_table(workspace), *beside])
        for file in ([path] if path.is_file() else sorted(path.glob("*.txt")))
    ]
    for file in dict.fromkeys(files):
        if names_patient(file, patients | samples):
            yield file


def names_patient(path: Path, patients: set[str]) -> bool:
    """Whether a text file, or a Parquet file, names one of `patients`: in a cell or a column's name, also with a sample's suffix,
    or anywhere in a text if it is distinctive. Of a Parquet file, whose bytes are compressed, no column of fractions is read."""
    from groprog_assets.methods.cohort.sample_columns import SAMPLE_SUFFIX
    from groprog_assets.store.table_files import PARQUET, parquet_texts
    from groprog_assets.study.text_files import open_text

    word = re.compile(r"[^\t,;\s|]+")

    def theirs(found: str) -> bool:
        sample = SAMPLE_SUFFIX.fullmatch(found)
        return found in patients or found.rstrip(":.") in patients or bool(sample and sample["patient"] in patients)

    def named(text: str) -> bool:
        return any(map(theirs, word.findall(text))) or named_in(text, patients)

    try:
        with path.open("rb") as given:
            is_parquet = given.read(len(PARQUET)) == PARQUET
        if is_parquet:
            return any(map(named, parquet_texts(path)))
        with open_text(path) as file:
            return any(map(named, file))
    except (GroProgError, OSError, ValueError):
        return named_in(path.read_bytes().decode("utf-8", "replace"), patients)


def _tainted(held: dict[str, Record], tables: set[str], roots: set[str]) -> set[str]:
    """Derivations that read one of `tables` or are among `roots`, and all that depend on them."""
    readers: dict[str, list[str]] = {}
    for name, record in held.items():
        for item in record["inputs"]:
            readers.setdefault(item["derivation"], []).append(name)
    waiting = [name for name, record in held.items() if name in roots or _reads(record, tables)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += readers.get(name, [])
    return found


def _name(asset: str, partition: str) -> str:
    return f"{asset}[{partition}]" if partition else asset
