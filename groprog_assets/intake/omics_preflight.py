"""Problems of a study's omics files that can be found before a run, through the readers of the run, and what is worth knowing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from groprog_assets.errors import GroProgError, Problem
from groprog_assets.study.schema import Study

Value = TypeVar("Value")


def omics_problems(study: Study) -> list[Problem]:
    """Every problem of the records, ontologies and consents that the study names; empty without `omics`."""
    if study.omics is None:
        return []
    from groprog_assets.methods.omics import consents, disease_annotations, disease_mappings, ontologies, subjects

    problems: list[Problem] = []

    def gather(check: Callable[..., Value], *arguments: Any) -> Value | None:
        try:
            return check(*arguments)
        except GroProgError as error:
            problems.extend(error.problems or [Problem("omics", str(error), "", "")])
            return None

    given = study.omics.ontologies
    gather(subjects.sourced_packets, study.omics.phenopackets)
    gather(disease_mappings.read_mappings, given.mappings, given.versions.mondo)
    read = gather(ontologies.read_ontology, given.hpo, given.versions.hpo)
    if read is not None:
        known = gather(disease_annotations.read_knowledge, given, read.terms, read.aliases)
        if known is not None and known.summary["ontology_version"] != read.summary["version"]:
            value = (
                f"terms of {read.summary['version']}, annotations made for {known.summary['ontology_version'] or '?'}"
            )
            rule = "Terms and annotations are of one release of the ontology."
            problems.append(Problem("omics.ontologies", value, rule, "Take hp.obo and phenotype.hpoa of one release."))
    if study.omics.consents.table is not None:
        gather(consents.read_consents, study.omics.consents.table)
    return problems


def omics_counts(study: Study) -> list[Problem]:
    """What the records hold, as notices; fields that phenopackets do not have are named. It has passed `omics_problems`."""
    if study.omics is None:
        return []
    from groprog_assets.methods.omics import subjects

    packets = subjects.sourced_packets(study.omics.phenopackets)
    said = [
        Problem(
            f"omics.phenopackets, {row.source}",
            f"{row.packets:,} packets, {row.findings:,} findings present, {row.excluded_findings:,} excluded",
            "",
            "",
        )
        for row in subjects.source_counts(packets).itertuples(index=False)
    ]
    rule = "Phenopackets 2 have no such field; it is not read."
    for path, count in subjects.unknown_fields(packets).items():
        said.append(Problem("omics.phenopackets", f"{path} in {count:,} packets", rule, "Remove or rename it."))
    return said
