"""The omics half of a study as files of other programs, under pseudonyms: one function a format that a user asks for.

Only subjects are in the files whose consent allows the purpose today, and every export stands in a log before it is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import CohortError, Problem
from groprog_assets.export.omics_assays import Held, Written, write_h5mu, write_study_folder
from groprog_assets.export.omics_records import write_phenopackets, write_pheval
from groprog_assets.export.own_folder import refuse_used_folder
from groprog_assets.intake.permitted_subjects import permitted_today
from groprog_assets.lineage.logged_questions import log_free
from groprog_assets.store.artifacts import digest_value, paths_of
from groprog_assets.store.query_log import EXPORTS
from groprog_assets.store.readings import load_asset, read_asset
from groprog_assets.store.workspace import Workspace


class Asked(NamedTuple):
    """Who exports, and what for: a purpose of consents, with purpose disease the MONDO classes studied."""

    actor: str
    purpose: str
    studied: tuple[str, ...] = ()


def export_omics(workspace: Workspace, form: str, place: Path, asked: Asked) -> Written:
    """Write the study's assays or subjects as `form` into the folder `place`, which must be empty or not there.

    Raises ArtifactError for a folder that `refuse_used_folder` refuses, where the study has not been run, and where the log
    cannot be opened or written; CohortError where nobody's consent allows the purpose, which is logged as refused.
    """
    refuse_used_folder(place, workspace.results)
    held = set(read_asset(workspace, "subjects").value().table["subject_id"])
    consents = read_asset(workspace, "consents").value().table
    permitted = held & set(permitted_today(workspace, consents, asked.purpose, asked.studied))
    write = FORMATS[form](workspace, permitted)
    _log(workspace, form, asked, len(permitted), len(held))
    if not permitted:
        rule = "Only subjects whose consent allows the purpose are exported, and nobody's does."
        remedy = "Name another purpose (--purpose), or ask for consents that allow this one."
        raise CohortError(Problem("--purpose", asked.purpose or "not stated", rule, remedy))
    found = write(place)
    left = len(held) - len(permitted)
    told = [f"{left:,} of {len(held):,} subjects: their consent does not allow the purpose today"] if left else []
    return Written(found.files, [*told, *found.left_out])


def log_refused(workspace: Workspace, form: str, asked: Asked) -> None:
    """Log an export that was refused before anything was read. Raises as `export_omics`."""
    _log(workspace, form, asked, 0, 0)


def _log(workspace: Workspace, form: str, asked: Asked, exported: int, held: int) -> None:
    """One line of the log of exports, on disk when this returns: who, what for, what, how many subjects; no subject."""
    told = {"of": form, "subjects": exported, "left_out": held - exported, "studied": list(asked.studied)}
    catalog = load_asset(workspace, "omics_catalog")
    log_free(
        workspace.ledger_path,
        workspace.state,
        EXPORTS,
        "Nothing is exported that does not stand in the log.",
        actor=asked.actor,
        purpose=asked.purpose,
        endpoint="export",
        canonical=json.dumps(told, sort_keys=True, separators=(",", ":")),
        data=digest_value(workspace.derivations.current("consents")),
        snapshot="" if catalog is None else digest_value(catalog),
        outcome="answered" if exported else "refused",
    )


Write = Callable[[Path], Written]


def _held(workspace: Workspace, permitted: set[str]) -> Held:
    raw = read_asset(workspace, "assay_raw").value()
    samples = read_asset(workspace, "samples").value().table
    return Held(
        raw.table,
        raw.samples,
        raw.features,
        raw.variants,
        raw.genotypes,
        raw.consequences,
        raw.intervals,
        paths_of(raw.matrices),
        samples[["sample_id", "subject_id"]],
    ).of(permitted)


def _h5mu(workspace: Workspace, permitted: set[str]) -> Write:
    held = _held(workspace, permitted)
    return lambda place: write_h5mu(place / "assays.h5mu", held)


def _study_folder(workspace: Workspace, permitted: set[str]) -> Write:
    held = _held(workspace, permitted)
    return lambda place: write_study_folder(place, held)


def _phenopackets(workspace: Workspace, permitted: set[str]) -> Write:
    terms = read_asset(workspace, "reference_terms").value().terms
    subjects = read_asset(workspace, "subjects").value().table
    phenotypes = read_asset(workspace, "phenotypes").value().table
    diagnoses = read_asset(workspace, "diagnoses").value()
    names = dict(zip(terms["term_id"], terms["name"], strict=True))
    release = str(terms["version"].iloc[0]) if len(terms) else ""
    own = subjects[subjects["subject_id"].isin(permitted)]

    def write(place: Path) -> Written:
        place.mkdir(parents=True, exist_ok=True)
        files = write_phenopackets(place, own, phenotypes, diagnoses, names, release)
        return Written(files, ["variants and publications of subjects: they could tell who somebody is"])

    return write


def _pheval(workspace: Workspace, permitted: set[str]) -> Write:
    ranks = read_asset(workspace, "disease_ranking").value().table
    own = ranks[ranks["subject_id"].isin(permitted)]
    return lambda place: Written(write_pheval(place, own), [])


FORMATS: dict[str, Callable[[Workspace, set[str]], Write]] = {
    "h5mu": _h5mu,
    "cbioportal": _study_folder,
    "phenopackets": _phenopackets,
    "pheval": _pheval,
}
"""By name: what writes it. What the study lacks is said before anything is logged or written."""
