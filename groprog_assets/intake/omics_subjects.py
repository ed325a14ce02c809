"""Who the subjects of the omics half are: pseudonyms, the list of identities in the state folder, and who has withdrawn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date

from groprog_assets.intake.withdrawals import who_withdrew
from groprog_assets.store.artifacts import digest_value
from groprog_assets.store.identities import remember
from groprog_assets.store.pseudonyms import pseudonym, sample_pseudonym, study_key
from groprog_assets.store.withdrawn import marks_of_patients
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document

DAY_VARIABLE = "GROPROG_DAY"
"""The day on which consents are judged, where the study states none; else today."""


def pseudonyms(workspace: Workspace, names: Iterable[str]) -> dict[str, str]:
    """{name in the sources: pseudonym under the study's key}, kept in the state folder for its owner alone."""
    key = study_key(workspace.state)
    found = {name: pseudonym(name, key) for name in names}
    remember(workspace.state, found)
    return found


def sample_ids(workspace: Workspace, rows: Iterable[tuple[str, str]]) -> list[str]:
    """The pseudonym of each sample (assay, name), kept in the state folder likewise."""
    key = study_key(workspace.state)
    given = list(rows)
    found = [sample_pseudonym(assay, name, key) for assay, name in given]
    remember(
        workspace.state, {f"sample {assay}/{name}": made for (assay, name), made in zip(given, found, strict=True)}
    )
    return found


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
