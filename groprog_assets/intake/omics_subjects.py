"""Who the subjects of the omics half are: pseudonyms, the list of identities in the state folder, and who has withdrawn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date

from groprog_assets.intake.withdrawals import known_names, who_withdrew
from groprog_assets.store.artifacts import digest_value
from groprog_assets.store.identities import write_names
from groprog_assets.store.pseudonyms import PSEUDONYM, pseudonym, sample_pseudonym, study_key
from groprog_assets.store.readings import load_asset
from groprog_assets.store.withdrawn import marks_of_patients
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document

DAY_VARIABLE = "GROPROG_DAY"
"""The day on which consents are judged, where the study states none; else today."""


def pseudonyms(workspace: Workspace, names: Iterable[str]) -> dict[str, str]:
    """{name in the sources: pseudonym under the study's key}."""
    key = study_key(workspace.state)
    return {name: pseudonym(name, key) for name in names}


def subjects_of(workspace: Workspace, patients: Iterable[str]) -> dict[str, str]:
    """{subject: patient} of the cohort's `patients`, who are subjects under the same pseudonyms; nothing is kept."""
    key = study_key(workspace.state)
    return {pseudonym(name, key): name for name in patients}


def name_of(workspace: Workspace, given: str) -> str:
    """The patient or subject whose pseudonym is `given`; any other text, and a pseudonym of nobody, as it is."""
    if not PSEUDONYM.fullmatch(given):
        return given
    return subjects_of(workspace, known_names(workspace)).get(given, given)


def sample_ids(workspace: Workspace, rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """The pseudonym of each sample (assay, name, subject)."""
    key = study_key(workspace.state)
    return [sample_pseudonym(assay, name, key) for assay, name, _ in rows]


def write_identities(workspace: Workspace, ids: Mapping[str, str], permitted: Iterable[str]) -> None:
    """Write the list of names and pseudonyms anew, for its owner alone: of subjects who may be used, and of their samples.

    ids: {name: pseudonym} of all subjects; permitted: pseudonyms. Who has no consent, or has withdrawn, is in no value under a
    pseudonym, so the list names them nowhere; to erase them it is not needed, as the key makes the pseudonym from the name.
    """
    from groprog_assets.methods.assays.sample_table import read_sample_table

    omics = workspace.study.omics
    gone = who_withdrew(workspace, ids)
    allowed = set(permitted)
    kept = {name: made for name, made in ids.items() if made in allowed and name not in gone}
    if omics is not None and omics.samples is not None:
        rows = [row for row in read_sample_table(omics.samples, omics.assays).named if row[2] in kept]
        made = sample_ids(workspace, rows)
        kept |= {f"sample {assay}/{name}": own for (assay, name, _), own in zip(rows, made, strict=True)}
    write_names(workspace.state, kept)


def rewrite_identities(workspace: Workspace) -> None:
    """Make the list anew from the sources and the consents as they were last read; of nobody where they were not."""
    from groprog_assets.methods.omics.subjects import subject_names

    omics = workspace.study.omics
    if omics is not None:
        held = load_asset(workspace, "consents")
        ids = pseudonyms(workspace, subject_names(omics))
        write_identities(workspace, ids, [] if held is None else held.permitted["subject_id"])


def consent_day(workspace: Workspace) -> date:
    """The day on which consents are judged."""
    omics = workspace.study.omics
    stated = omics.consents.as_of if omics is not None else None
    return stated or date.fromisoformat(os.environ.get(DAY_VARIABLE) or date.today().isoformat())


def consent_state(workspace: Workspace) -> Document:
    """What beside the files decides who may be used: the day, and (as a digest, no name) who has withdrawn."""
    marks = sorted(marks_of_patients(workspace.snapshots.root, study_key(workspace.state)))
    return {"day": consent_day(workspace).isoformat(), "withdrawn": digest_value(marks)}


def withdrawn_subjects(workspace: Workspace, ids: Mapping[str, str]) -> set[str]:
    """Pseudonyms of those of `ids` {name: pseudonym} who have withdrawn."""
    return {ids[name] for name in who_withdrew(workspace, ids)}
