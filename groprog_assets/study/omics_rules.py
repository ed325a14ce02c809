"""The rules of a study's `omics`: between its fields, the files it names, and what is worth knowing before a run.

Study in, findings out; nothing is written. Standard library only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from groprog_assets.errors import Problem
from groprog_assets.study.assay_rules import assay_files, assay_notices, assay_rules
from groprog_assets.study.finding import Finding
from groprog_assets.study.omics_study import PERMISSIONS
from groprog_assets.study.schema import Study
from groprog_assets.study.text_tables import count_of

Location = tuple[str | int, ...]


def omics_rules(study: Study) -> Iterator[Finding]:
    """Every rule between the fields of `omics` that is broken."""
    if study.omics is None:
        return
    at = ("omics",)
    if not study.omics.phenopackets and not study.omics.assays:
        rule = "Subjects come from phenopackets, or from the samples of assays."
        yield Finding(at, "neither phenopackets nor assays", rule, "Give one of them.")
    if bool(study.omics.phenopackets) != (study.omics.ontologies is not None):
        value = "no ontologies" if study.omics.phenopackets else "no phenopackets"
        rule = "Findings of phenopackets are read in ontologies, which serve nothing else."
        yield Finding((*at, "ontologies"), value, rule, "Give both, or neither.")
    yield from assay_rules(study.omics, study.cohort)
    names = Counter(source.source.lower() for source in study.omics.phenopackets)
    for k, source in enumerate(study.omics.phenopackets):
        if names[source.source.lower()] > 1:
            rule = "Collections are told apart by this name, upper and lower case alike."
            yield Finding((*at, "phenopackets", k, "source"), f"{source.source!r} twice", rule, "Rename one.")
    consents = study.omics.consents
    if (consents.table is None) == (consents.every_subject is None):
        value = "table and every_subject" if consents.table else "neither table nor every_subject"
        rule = "Consents come from a table, or one is stated for every subject. Without consent nothing is read."
        yield Finding((*at, "consents"), value, rule, "Give one of them.")
    stated = consents.every_subject
    if stated is not None and stated.permission not in PERMISSIONS:
        rule = f"A permission is one of {', '.join(PERMISSIONS)}."
        yield Finding((*at, "consents", "every_subject", "permission"), stated.permission, rule, "Choose one of them.")
    if stated is not None and stated.permission == "DUO:0000007":
        rule = "DUO:0000007 names diseases, which only a table does."
        yield Finding((*at, "consents", "every_subject"), stated.permission, rule, "Give a table of consents.")
    if (consents.purpose == "disease") != bool(consents.diseases):
        value = f"purpose {consents.purpose!r}, {count_of(len(consents.diseases), 'disease')}"
        yield Finding((*at, "consents"), value, "The purpose disease names diseases, another none.", "Correct one.")
    ontologies = study.omics.ontologies
    cases = Counter(case.name.lower() for case in study.omics.cases)
    for k, case in enumerate(study.omics.cases):
        if cases[case.name.lower()] > 1:
            rule = "Pages are told apart by this name, upper and lower case alike."
            yield Finding((*at, "cases", k, "name"), f"{case.name!r} twice", rule, "Rename one.")
        if ontologies is None or ontologies.genes is None:
            rule = "A case is ranked among the diseases of its gene."
            yield Finding((*at, "cases", k, "gene"), case.gene, rule, "Give omics.ontologies.genes, or no cases.")
    if ontologies is not None and not ontologies.mappings and study.parameters.ranking.pool_orpha:
        rule = "ORPHA annotations are pooled over MONDO's mappings."
        remedy = "Give mappings, or set parameters.ranking.pool_orpha: false."
        yield Finding((*at, "ontologies"), "no mappings", rule, remedy)


def omics_files(study: Study) -> Iterator[tuple[Location, Path]]:
    """Every file or folder that `omics` names, with its field."""
    if study.omics is None:
        return
    for k, source in enumerate(study.omics.phenopackets):
        yield ("omics", "phenopackets", k, "path"), source.path
    given = study.omics.ontologies
    if given is not None:
        yield ("omics", "ontologies", "hpo"), given.hpo
        yield ("omics", "ontologies", "annotations"), given.annotations
        if given.genes is not None:
            yield ("omics", "ontologies", "genes"), given.genes
        for k, path in enumerate(given.mappings):
            yield ("omics", "ontologies", "mappings", k), path
    if study.omics.mondo is not None:
        yield ("omics", "mondo"), study.omics.mondo
    yield from assay_files(study.omics)
    if study.omics.consents.table is not None:
        yield ("omics", "consents", "table"), study.omics.consents.table


def omics_notices(study: Study) -> list[Problem]:
    """What is legal and worth knowing of `omics`; empty without it."""
    if study.omics is None:
        return []
    notices = []
    consents = study.omics.consents
    if consents.every_subject is not None:
        value = f"{consents.every_subject.permission} is stated for every subject: {consents.every_subject.reason}"
        notices.append(Problem("omics.consents.every_subject", value, "", ""))
    if not consents.purpose:
        rule = "Without a purpose only data without restriction (DUO:0000004, DUO:0000042) are read."
        notices.append(Problem("omics.consents.purpose", "not stated", rule, "State it, if consents depend on it."))
    if study.omics.mondo is None and (study.omics.ontologies is not None or consents.diseases):
        rule = "Without it a disease does not include those below it: in questions, and in consents to named diseases."
        notices.append(Problem("omics.mondo", "not given", rule, "Name mondo.obo of a MONDO release."))
    if study.omics.ontologies is not None and study.omics.ontologies.genes is None:
        rule = "Without them diseases cannot be restricted to those of candidate genes."
        notices.append(Problem("omics.ontologies.genes", "not given", rule, "Name genes_to_phenotype.txt."))
    return [*notices, *assay_notices(study.omics)]
