"""Problems of a study's omics files that can be found before a run, through the readers of the run, and what is worth knowing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from groprog_assets.errors import AssayError, GroProgError, Problem
from groprog_assets.study.assay_parameters import AssayReadingParameters
from groprog_assets.study.omics_integration import outcome_columns
from groprog_assets.study.omics_study import Omics, PhenotypeOntologies
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Study

Value = TypeVar("Value")


def omics_problems(study: Study) -> list[Problem]:
    """Every problem of the records, ontologies, samples, assays and consents that the study names; empty without `omics`."""
    if study.omics is None:
        return []
    from groprog_assets.methods.omics import consents

    problems: list[Problem] = []

    def gather(check: Callable[..., Value], *arguments: Any) -> Value | None:
        try:
            return check(*arguments)
        except GroProgError as error:
            problems.extend(error.problems or [Problem("omics", str(error), "", "")])
            return None

    if study.omics.phenopackets and study.omics.ontologies is not None:
        _phenotypes(study.omics, study.omics.ontologies, gather, problems)
    if study.omics.samples is not None:
        gather(_assays, study.omics, study.parameters)
    for field in ("gene_sets", "drug_signatures", "drug_targets"):
        gather(_asked, field, getattr(study.omics, field))
    if study.omics.consents.table is not None:
        gather(consents.read_consents, study.omics.consents.table)
    return problems


def _phenotypes(omics: Omics, given: PhenotypeOntologies, gather: Callable[..., Any], problems: list[Problem]) -> None:
    from groprog_assets.methods.omics import disease_annotations, disease_mappings, ontologies, subjects

    gather(subjects.sourced_packets, omics.phenopackets)
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


def _assays(omics: Omics, parameters: Parameters) -> None:
    """Read the sample table and every assay; raises with their problems, and with what forbids the corrections asked for."""
    from groprog_assets.methods.assays.assay_tables import read_assays
    from groprog_assets.methods.assays.formats import reading_aids
    from groprog_assets.methods.assays.sample_table import read_sample_table
    from groprog_assets.methods.integration.subject_outcomes import stated_outcomes
    from groprog_assets.methods.measurements.stages import refused_corrections

    aids = reading_aids(parameters.assay_reading, omics.genes)
    outcomes = outcome_columns(omics.groups, omics.survival)
    samples = read_sample_table(omics.samples, omics.assays, outcomes)  # type: ignore[arg-type] # asked only where it is given
    stated_outcomes(samples, omics.groups, omics.survival)
    problems = [
        item
        for read in read_assays(omics.assays, samples, aids)
        for item in refused_corrections(read, samples, parameters.measurements)
    ]
    if problems:
        raise AssayError(problems)


def _asked(field: str, path: Path | None) -> None:
    """Read a file of gene sets or drugs, where it is given; raises with its problems."""
    from groprog_assets.methods.integration.subject_tables import read_integration_files

    names = ("gene_sets", "drug_signatures", "drug_targets")
    read_integration_files(*(path if name == field else None for name in names))


def omics_counts(study: Study) -> list[Problem]:
    """What records and assays hold, as notices; fields that phenopackets lack are named. It has passed `omics_problems`."""
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
    return said + (
        _assay_counts(study.omics, study.parameters.assay_reading) if study.omics.samples is not None else []
    )


def _assay_counts(omics: Omics, thresholds: AssayReadingParameters) -> list[Problem]:
    """What each assay holds, and what of the sample table nothing reads."""
    from groprog_assets.methods.assays.assay_tables import described, read_assays
    from groprog_assets.methods.assays.formats import reading_aids
    from groprog_assets.methods.assays.sample_table import read_sample_table

    aids = reading_aids(thresholds, omics.genes)
    outcomes = outcome_columns(omics.groups, omics.survival)
    samples = read_sample_table(omics.samples, omics.assays, outcomes)  # type: ignore[arg-type]
    said, measured = [], set()
    for assay in read_assays(omics.assays, samples, aids):
        said += [Problem(f"omics.assays, {assay.assay_id}", described(assay), "", ""), *assay.found.notices]
        measured |= set(assay.rows)
    idle = len(samples.rows) - len(measured)
    if idle:
        said.append(Problem("omics.samples", f"{idle:,} rows of samples that no assay holds", "", ""))
    if samples.unread:
        rule = "No assay names them as covariate, outcome or factor; they are not read."
        said.append(Problem("omics.samples", f"columns {', '.join(samples.unread)}", rule, ""))
    return said
