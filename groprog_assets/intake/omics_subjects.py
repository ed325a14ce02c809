"""Who the subjects of the omics half are: pseudonyms, the list of identities in the state folder, and who has withdrawn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date

from groprog_assets.intake.withdrawals import who_withdrew
from groprog_assets.store.artifacts import digest_value
from groprog_assets.store.identities import forget_all, remember
from groprog_assets.store.pseudonyms import pseudonym, sample_pseudonym, study_key
from groprog_assets.store.withdrawn import marks_of_patients
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document

DAY_VARIABLE = "GROPROG_DAY"
"""The day on which consents are judged, where the study states none; else today."""


def pseudonyms(workspace: Workspace, names: Iterable[str]) -> dict[str, str]:
    """{name in the sources: pseudonym under the study's key}, kept in the state folder for its owner alone; not kept of those who
    have withdrawn."""
    key = study_key(workspace.state)
    found = {name: pseudonym(name, key) for name in names}
    gone = who_withdrew(workspace, found)
    remember(workspace.state, {name: made for name, made in found.items() if name not in gone})
    return found


def subjects_of(workspace: Workspace, patients: Iterable[str]) -> dict[str, str]:
    """{subject: patient} of the cohort's `patients`, who are subjects under the same pseudonyms; nothing is kept."""
    key = study_key(workspace.state)
    return {pseudonym(name, key): name for name in patients}


def sample_ids(workspace: Workspace, rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """The pseudonym of each sample (assay, name, subject), kept in the state folder likewise."""
    key = study_key(workspace.state)
    given = list(rows)
    found = [sample_pseudonym(assay, name, key) for assay, name, _ in given]
    gone = who_withdrew(workspace, {subject for _, _, subject in given})
    kept = {
        f"sample {assay}/{name}": made
        for (assay, name, subject), made in zip(given, found, strict=True)
        if subject not in gone
    }
    remember(workspace.state, kept)
    return found


def rewrite_identities(workspace: Workspace) -> None:
    """Make the list of names and pseudonyms anew from the sources, so that it leads to nobody who has withdrawn."""
    from groprog_assets.methods.assays.sample_table import read_sample_table
    from groprog_assets.methods.omics.subjects import subject_names

    omics = workspace.study.omics
    if omics is None:
        return
    forget_all(workspace.state)
    pseudonyms(workspace, subject_names(omics))
    if omics.samples is not None:
        sample_ids(workspace, read_sample_table(omics.samples, omics.assays).named)


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
