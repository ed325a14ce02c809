"""Rules of the section `sequence` of a study file, and the files it names. Study in, findings out. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from groprog_assets.study.finding import Finding
from groprog_assets.study.schema import Study
from groprog_assets.study.sequence_study import WITH_MOTIFS


def sequence_rules(study: Study) -> Iterator[Finding]:
    """Every rule between fields of `sequence` that is broken."""
    section = study.sequence
    if section is None:
        return
    for k, name in enumerate(section.models):
        if name in WITH_MOTIFS and not section.motifs:
            rule = f"{name} reads motifs."
            yield Finding(("sequence", "models", k), name, rule, "Name MEME files in sequence.motifs, or leave it out.")
    names = [entry.name for entry in section.pretrained]
    for k, again in enumerate(names):
        if again in names[:k]:
            rule = "Each entry has a name of its own; tables of one model stand in one entry."
            yield Finding(("sequence", "pretrained", k, "name"), again, rule, "Rename it, or join the entries.")
    if section.pretrained and study.parameters.representation.mode != "signature":
        rule = "A gene's vector is the same for every patient: it weighs the patients' expression, in signature mode."
        remedy = "Set parameters.representation.mode: signature, or remove it."
        yield Finding(("sequence", "pretrained"), f"mode {study.parameters.representation.mode}", rule, remedy)
    for k, path in enumerate(section.sites):
        if path.name in [other.name for other in section.sites[:k]]:
            rule = "Results name the sites by the name of their file."
            yield Finding(("sequence", "sites", k), path.name, rule, "Give each file a name of its own.")


def sequence_files(study: Study) -> Iterator[tuple[tuple[str | int, ...], Path]]:
    """(place in the study file, path) of every file that `sequence` names."""
    section = study.sequence
    if section is None:
        return
    for name in ("aliases", "contacts", "families"):
        if getattr(section, name) is not None:
            yield ("sequence", name), getattr(section, name)
    for name in ("variants", "motifs", "sites"):
        for k, path in enumerate(getattr(section, name)):
            yield ("sequence", name, k), path
    for k, entry in enumerate(section.pretrained):
        for number, path in enumerate(entry.tables):
            yield ("sequence", "pretrained", k, "tables", number), path
    if section.targets is not None:
        yield ("sequence", "targets", "table"), section.targets.table
