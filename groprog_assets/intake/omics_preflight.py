"""Problems of a study's omics files that can be found before a run, through the readers of the run, and what is worth knowing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from groprog_assets.errors import AnnotationError, AssayError, GroProgError, Problem
from groprog_assets.study.omics_integration import outcome_columns
from groprog_assets.study.omics_study import Omics, PhenotypeOntologies
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import Study
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    import pandas as pd

    from groprog_assets.methods.omics.subjects import Sourced

Value = TypeVar("Value")


class OmicsChecked(NamedTuple):
    """problems: what forbids a run; told: what records and assays hold, as notices."""

    problems: list[Problem]
    told: list[Problem]


def check_omics(study: Study) -> OmicsChecked:
    """Every problem of the records, ontologies, samples, assays and consents that the study names, and what they hold; each file
    is read once. Nothing without `omics`."""
    problems: list[Problem] = []
    told: list[Problem] = []
    if study.omics is None:
        return OmicsChecked(problems, told)
    from groprog_assets.methods.omics import consents, subjects

    def gather(check: Callable[..., Value], *arguments: Any) -> Value | None:
        try:
            return check(*arguments)
        except GroProgError as error:
            problems.extend(error.problems or [Problem("omics", str(error), "", "")])
            return None

    if study.omics.phenopackets:
        packets = gather(subjects.sourced_packets, study.omics.phenopackets)
        told += _packet_counts(packets) if packets is not None else []
    if study.omics.phenopackets and study.omics.ontologies is not None:
        told += _ontologies(study.omics.ontologies, gather, problems)
    if study.omics.mondo is not None:
        told += gather(_hierarchy, study.omics.mondo, study.omics) or []
    if study.omics.samples is not None:
        told += gather(_assays, study.omics, study.omics.samples, study.parameters) or []
    for field in ("gene_sets", "drug_signatures", "drug_targets"):
        gather(_asked, field, getattr(study.omics, field))
    if study.omics.consents.table is not None:
        gather(consents.read_consents, study.omics.consents.table)
    return OmicsChecked(problems, told)


def _packet_counts(packets: Sequence[Sourced]) -> list[Problem]:
    """What each source of phenopackets holds, and fields that phenopackets lack."""
    from groprog_assets.methods.omics import subjects

    found, names = subjects.source_counts(packets), ["packets", "findings", "excluded_findings"]
    said = [
        Problem(
            f"omics.phenopackets, {source}",
            f"{count_of(held, 'packet')}, {count_of(present, 'finding')} present, {excluded:,} excluded",
            "",
            "",
        )
        for source, (held, present, excluded) in zip(found["source"], found[names].to_numpy().tolist())
    ]
    rule = "Phenopackets 2 have no such field; it is not read."
    for path, count in subjects.unknown_fields(packets).items():
        said.append(
            Problem("omics.phenopackets", f"{path} in {count_of(count, 'packet')}", rule, "Remove or rename it.")
        )
    return said


def _ontologies(given: PhenotypeOntologies, gather: Callable[..., Any], problems: list[Problem]) -> list[Problem]:
    """What of the ontology's edges is worth knowing; adds the problems of the files."""
    from groprog_assets.methods.omics import disease_annotations, disease_mappings, ontologies

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
    return ontologies.edge_notices("omics.ontologies.hpo", read.summary) if read is not None else []


def _hierarchy(mondo: Path, omics: Omics) -> list[Problem]:
    """What the hierarchy of diseases holds, and whether its release is another than that of the mappings; raises with the
    problems of the file, and with diseases of the study's purpose that it does not know."""
    from groprog_assets.methods.omics.disease_hierarchy import read_hierarchy, unknown_classes
    from groprog_assets.methods.omics.disease_mappings import read_mappings
    from groprog_assets.methods.omics.ontologies import edge_notices

    given = omics.ontologies
    stated = given.versions.mondo if given is not None else ""
    read = read_hierarchy(mondo, stated)
    release = read.summary["version"]
    lost = unknown_classes(omics.consents.diseases, read)
    if lost:
        rule = f"MONDO {release} has no such class, and none has replaced it."
        remedy = "Correct it, such as MONDO:0010679, or take the release that has it."
        raise AnnotationError([Problem("omics.consents.diseases", name, rule, remedy) for name in lost])
    classes, edges = read.summary["classes"], read.summary["edges"]
    counts = f"{count_of(classes, 'class', 'classes')} of MONDO {release}, {count_of(edges, 'is_a edge')}"
    said = [Problem("omics.mondo", counts, "", ""), *edge_notices("omics.mondo", read.summary)]
    mapped = read_mappings(given.mappings, stated).summary["version"] if given is not None and given.mappings else ""
    if mapped and mapped != release:
        rule = "Classes that one release lacks are compared by their identifier alone."
        said.append(Problem("omics.mondo", f"MONDO {release}, mappings of {mapped}", rule, "Take both of one release."))
    return said


def _assays(omics: Omics, sample_table: Path, parameters: Parameters) -> list[Problem]:
    """What each assay holds, and what of the sample table nothing reads; raises with the problems of the table and of every
    assay, and with what forbids the corrections asked for."""
    from groprog_assets.methods.assays.assay_tables import described, read_assays
    from groprog_assets.methods.assays.formats import reading_aids
    from groprog_assets.methods.assays.sample_table import read_sample_table
    from groprog_assets.methods.integration.subject_outcomes import stated_outcomes
    from groprog_assets.methods.measurements.outcome_copies import copied_outcomes
    from groprog_assets.methods.measurements.stages import refused_corrections

    aids = reading_aids(parameters.assay_reading, omics.genes)
    samples = read_sample_table(sample_table, omics.assays, outcome_columns(omics.groups, omics.survival))
    stated_outcomes(samples, omics.groups, omics.survival)
    outcomes = {name: samples.factors[name] for name in outcome_columns(None, omics.survival)}
    problems = copied_outcomes(omics.assays, samples.factors, outcomes)
    said: list[Problem] = []
    measured: set[int] = set()
    for assay in read_assays(omics.assays, samples, aids):
        problems += refused_corrections(assay, samples, parameters.measurements)
        said += [Problem(f"omics.assays, {assay.assay_id}", described(assay), "", ""), *assay.found.notices]
        measured |= set(assay.rows)
    if problems:
        raise AssayError(problems)
    idle = len(samples.rows) - len(measured)
    if idle:
        said.append(Problem("omics.samples", f"{count_of(idle, 'row')} of samples that no assay holds", "", ""))
    if samples.unread:
        rule = "No assay names them as covariate, outcome or factor; they are not read."
        said.append(Problem("omics.samples", f"columns {', '.join(samples.unread)}", rule, ""))
    return said


def copies_of_the_cohort_outcome(study: Study, outcomes: pd.DataFrame) -> list[Problem]:
    """Covariates of corrections that are the cohort's outcome under another name; outcomes: patient_id, time, event."""
    omics = study.omics
    if omics is None or omics.samples is None:
        return []
    from groprog_assets.methods.assays.sample_table import read_sample_table
    from groprog_assets.methods.measurements.outcome_copies import copied_outcomes

    samples = read_sample_table(omics.samples, omics.assays, outcome_columns(omics.groups, omics.survival))
    known = outcomes.set_index("patient_id")[["time", "event"]].astype(str)
    subjects = samples.rows["subject"].tolist()
    held = {f"cohort.endpoint, {name}": [known[name].get(subject) for subject in subjects] for name in known}
    return copied_outcomes(omics.assays, samples.factors, held)


def _asked(field: str, path: Path | None) -> None:
    """Read a file of gene sets or drugs, where it is given; raises with its problems."""
    from groprog_assets.methods.integration.subject_tables import read_integration_files

    names = ("gene_sets", "drug_signatures", "drug_targets")
    read_integration_files(*(path if name == field else None for name in names))
