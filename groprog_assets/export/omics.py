"""The omics half of a study as files of other programs, under pseudonyms: one function a format that a user asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.export.omics_assays import Held, Written, write_h5mu, write_study_folder
from groprog_assets.export.omics_records import write_phenopackets, write_pheval
from groprog_assets.store.artifacts import paths_of
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import Workspace


def export_omics(workspace: Workspace, form: str, place: Path) -> Written:
    """Write the study's assays or subjects as `form` into the folder `place`, which must be empty or not there.

    Raises ArtifactError for a folder that holds something, and where the study has not been run.
    """
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        rule = "An export goes into a folder of its own, so that nothing else is taken for a part of it."
        raise ArtifactError([Problem(str(place), "it holds something", rule, "Name another folder, or empty it.")])
    return FORMATS[form](workspace, place)


def _held(workspace: Workspace) -> Held:
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
    )


def _h5mu(workspace: Workspace, place: Path) -> Written:
    return write_h5mu(place / "assays.h5mu", _held(workspace))


def _study_folder(workspace: Workspace, place: Path) -> Written:
    return write_study_folder(place, _held(workspace))


def _phenopackets(workspace: Workspace, place: Path) -> Written:
    terms = read_asset(workspace, "reference_terms").value().terms
    subjects = read_asset(workspace, "subjects").value().table
    phenotypes = read_asset(workspace, "phenotypes").value().table
    diagnoses = read_asset(workspace, "diagnoses").value()
    names = dict(zip(terms["term_id"], terms["name"], strict=True))
    release = str(terms["version"].iloc[0]) if len(terms) else ""
    place.mkdir(parents=True, exist_ok=True)
    files = write_phenopackets(place, subjects, phenotypes, diagnoses, names, release)
    return Written(files, ["variants and publications of subjects: they could tell who somebody is"])


def _pheval(workspace: Workspace, place: Path) -> Written:
    return Written(write_pheval(place, read_asset(workspace, "disease_ranking").value().table), [])


FORMATS: dict[str, Callable[[Workspace, Path], Written]] = {
    "h5mu": _h5mu,
    "cbioportal": _study_folder,
    "phenopackets": _phenopackets,
    "pheval": _pheval,
}
"""By name: what is written."""
