"""Who of a study may be used for a purpose today: by the valid consents, and without who has withdrawn since the last run."""

from __future__ import annotations

from collections.abc import Iterable

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.intake.omics_subjects import consent_day
from groprog_assets.methods.omics.consents import in_force, refusals
from groprog_assets.store.pseudonyms import study_key, withdrawal_mark
from groprog_assets.store.readings import load_asset
from groprog_assets.store.withdrawn import marks_of_patients
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Value


def permitted_today(workspace: Workspace, consents: Value, purpose: str, studied: tuple[str, ...] = ()) -> list[str]:
    """Pseudonyms of the subjects whose valid row of the table `consents` allows `purpose` (of diseases `studied`) today.

    ArtifactError for a study without omics.
    """
    omics = workspace.study.omics
    if omics is None:
        raise ArtifactError(Problem("consents", "none", "Nobody is used without.", "Add omics to the study file."))
    given = omics.consents.model_copy(update={"purpose": purpose, "diseases": list(studied)})
    hierarchy = load_asset(workspace, "reference_diseases") if studied else None
    reasons = refusals(consents, given, consent_day(workspace), hierarchy)
    return _without_withdrawn(workspace, (name for name, reason in reasons.items() if not reason))


def in_force_today(workspace: Workspace, consents: Value) -> list[str]:
    """Pseudonyms of subjects with a consent in force today, whatever it permits, who have not withdrawn since the last run."""
    return _without_withdrawn(workspace, in_force(consents, consent_day(workspace)))


def _without_withdrawn(workspace: Workspace, subjects: Iterable[str]) -> list[str]:
    key = study_key(workspace.state)
    gone = marks_of_patients(workspace.snapshots.root, key)
    return [name for name in subjects if not (gone and withdrawal_mark(name, key) in gone)]
