"""Problems that can be found before a run: the files of a study are compared with each other, and read only as far as needed.

`study_check` checks the study file and the ends of the files it names. Here headers are compared with chromosome sizes, the
annotation with reads, loci and the patients' gene symbols, and the whole clinical table is read. Nothing is written. No Dagster.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from groprog_assets.errors import CohortError, GroProgError, Notice, Problem
from groprog_assets.study.chrom_sizes import read_chrom_sizes
from groprog_assets.study.schema import ExternalCohort, Library, Study
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    from groprog_assets.intake.omics_preflight import OmicsChecked
    from groprog_assets.methods.cohort.clinical_records import ClinicalRecords
    from groprog_assets.methods.cohort.cohort import AssembledCohort

    Patients = tuple[ClinicalRecords, Document | None, AssembledCohort]

Value = TypeVar("Value")


class _Problems(list[Problem]):
    """Problems of every check; a check that fails leaves None."""

    def gather(self, check: Callable[..., Value], *arguments: Any) -> Value | None:
        try:
            return check(*arguments)
        except GroProgError as error:
            self.extend(error.problems or [Problem("", str(error), "", "")])
            return None


class StudyRead:
    """What the check before a run has read: the study's patients, None before and where they cannot be read; what its records
    and assays hold, as notices."""

    patients: Patients | None = None
    omics: Sequence[Problem] = ()


def preflight(study: Study, keep: StudyRead | None = None, omics: OmicsChecked | None = None) -> list[Problem]:
    """Every problem of a study's files that can be found without a computation; empty when the run may begin.

    The readers are those of the run, so the same Notices arise about rows that are left out or converted.

    Headers of alignments and bigWigs against chromosome sizes; the first reads of FASTQ; the ontology, whole; genes on the
    reads' chromosomes; genes named by loci; symbols shared by the annotation and the patients' expression; the clinical
    table, the landmark, the number of events, the folds.
    The study's paths are absolute and its files exist (`check_study`). What was read is left in `keep`. omics: what the check of
    records, ontologies and assays has found, where it was made before; they are not read again.
    """
    from groprog_assets.intake.omics_preflight import check_omics
    from groprog_assets.methods.annotation.ontology import check_ontology
    from groprog_assets.methods.reads.read_quality import first_reads
    from groprog_assets.prognosis.training_device import lacking_devices

    for lacking in lacking_devices(study):
        warnings.warn(Notice(lacking), stacklevel=2)
    omics = check_omics(study) if omics is None else omics
    if keep is not None:
        keep.omics = omics.told
    problems = _Problems(omics.problems)
    if not study.libraries:
        patients = problems.gather(_patients, study) if study.cohort is not None else None
        if keep is not None:
            keep.patients = patients
        if patients is not None:
            problems.gather(_cohort, study, patients)
        return list(dict.fromkeys(problems))
    of_ontology = _Problems()
    with ThreadPoolExecutor(1, "ontology") as beside:
        if study.ontology is not None:  # most of this time another process parses the OBO
            ended = beside.submit(of_ontology.gather, check_ontology, study.ontology)
        for library in study.libraries:
            problems.gather(first_reads, library)
        others = _annotation_and_patients(study, keep)
    if study.ontology is not None:
        ended.result()
    problems += [*of_ontology, *others]
    return list(dict.fromkeys(problems))


def _annotation_and_patients(study: Study, keep: StudyRead | None) -> list[Problem]:
    """Problems of the genome's files, of the libraries beside them, and of every cohort; the patients are left in `keep`."""
    from groprog_assets.intake.annotation_matches import require_matches
    from groprog_assets.intake.sequence_check import sequence_problems
    from groprog_assets.methods.annotation.masks import read_masks

    problems = _Problems()
    sizes = problems.gather(read_chrom_sizes, study.genome.chrom_sizes)
    patients = problems.gather(_patients, study) if study.cohort is not None else None
    if keep is not None:
        keep.patients = patients
    symbols = problems.gather(_cohort, study, patients) if patients is not None else None
    if sizes is not None:
        problems.gather(read_masks, study.genome, sizes)
        shared = {
            chrom
            for library in study.libraries
            for chrom in problems.gather(library_contigs, library, study, sizes) or ()
        }
        for mark in study.marks:
            problems.gather(_track, mark.bigwig, sizes)
        problems += problems.gather(sequence_problems, study, sizes) or []
        problems.gather(require_matches, study, shared & set(sizes) or set(sizes), sizes, symbols)
    if patients is not None:
        problems.gather(_sources, study, patients)
    for other in study.validation:
        problems.gather(_external, other, study, patients)
    return problems


def cohort_notices(study: Study, patients: Patients | None = None) -> list[Problem]:
    """Notices on the clinical tables: how many patients are left after each step, doubtful codes and
    units of the outcome, outcomes lost in dependence on the event, covariates that are left out (constant, empty, an
    identifier); the same of each external cohort. The study has passed `preflight`, which may have kept its `patients`."""
    from groprog_assets.methods.cohort.clinical_records import read_clinical
    from groprog_assets.methods.cohort.patient_funnel import told
    from groprog_assets.prognosis.external_cohorts import with_fields_it_has

    if study.cohort is None:
        return []
    read, _, made = patients or _patients(study)
    said = [Problem("cohort", told(made.funnel), "", "")]
    said += _doubts(read, study, "cohort")
    told_by_name = sum(patient.casefold() in library.casefold() for patient, library in study.nascent_libraries.items())
    if told_by_name:
        rule = (
            "The names of libraries stand in logs, in the report, and in the sealed ledger, which no erasure reaches."
        )
        remedy = "Nothing if these identifiers are pseudonyms; else give the libraries other names."
        value = f"{count_of(told_by_name, 'library', 'libraries')} named after a patient"
        said.append(Problem("cohort.nascent_libraries", value, rule, remedy))
    unused = read.fields[~read.fields["used"] & ~read.fields["reason"].str.startswith("known ")]
    rule = "A covariate without information is left out of the model."
    said += [
        Problem(f"cohort.fields, {field}", str(reason), rule, "Remove the field, or correct its column.")
        for field, reason in unused[["field", "reason"]].itertuples(index=False)
    ]
    for external in study.validation:
        elsewhere = read_clinical(
            with_fields_it_has(external.as_cohort(study.cohort)), study.parameters.cohort, trained=True
        )
        said += _doubts(elsewhere, study, f"validation.{external.name}")
    return said


def _doubts(read: ClinicalRecords, study: Study, where: str) -> list[Problem]:
    """Doubtful points in how a clinical table was read, and conversions that a reader should know."""
    from groprog_assets.methods.cohort.outcomes import Dependence

    said = [Problem(**item) for item in (*read.summary["questions"], *read.summary["notices"])]
    lost = Dependence(**read.summary["excluded_by_event"])
    if lost.p_value < study.parameters.cohort.dependent_exclusions:
        rule = "Exclusions may not depend on the outcome; the check exclusions_by_event will fail."
        remedy = "Look for a column with the time of the event and name it in endpoint.event_time_column."
        said.append(Problem("endpoint.time_column", lost.told(), rule, remedy))
    return [replace(item, where=f"{where}, {item.where}") for item in said]


def annotation_matches(study: Study) -> list[Problem]:
    """Counts of masks, loci, symbols and terms that match the annotation; not errors. The study has passed `preflight`."""
    if not study.libraries:
        return []
    from groprog_assets.intake.annotation_matches import match_notices

    sizes = read_chrom_sizes(study.genome.chrom_sizes)
    shared = {chrom for library in study.libraries for chrom in library_contigs(library, study, sizes)}
    return match_notices(study, shared & set(sizes) or set(sizes), sizes)


def library_contigs(library: Library, study: Study, sizes: dict[str, int]) -> list[str]:
    """Contigs a library's files name; of FASTQ, which is aligned later, the study's chromosomes."""
    from groprog_assets.errors import ReadsError
    from groprog_assets.methods.reads.filtered_alignments import study_header

    if library.alignments is not None:
        return list(study_header(library.alignments, sizes).lengths)
    contigs = list(sizes) if library.reads else []
    problems = _Problems()
    for path in (library.bigwig_plus, library.bigwig_minus):
        if path is not None:
            contigs += problems.gather(_track, path, sizes) or ()
    if problems:
        raise ReadsError(problems)
    return contigs


def _track(path: Any, sizes: dict[str, int]) -> list[str]:
    """Contigs of a track of the study's assembly."""
    from groprog_assets.errors import ReadsError
    from groprog_assets.methods.reads.bigwig import assembly_problems, track_lengths

    lengths = track_lengths(path, sizes)
    wrong = assembly_problems(path, lengths, sizes)
    if wrong:
        raise ReadsError(wrong)
    return list(lengths)


def _patients(study: Study) -> Patients:
    """The cohort as the run reads it: clinical records, expression (None without a matrix), the index."""
    from groprog_assets.methods.cohort.clinical_records import read_clinical
    from groprog_assets.methods.cohort.cohort import assemble_cohort
    from groprog_assets.methods.cohort.patient_matrices import read_omics

    own, settings = study.patients, study.parameters.cohort
    read = read_clinical(own, settings)
    expression = None
    if own.expression is not None or own.matrices:
        expression = read_omics(own, read.records["patient_id"].tolist())
    lost = read.summary["left_out"]
    made = assemble_cohort(
        read.records, read.outcomes, read.fields, read.exclusions, expression, own, settings, left_out=lost
    )
    return read, expression, made


def _cohort(study: Study, patients: Patients) -> set[str] | None:
    """Gene symbols that the experiment must have, None where it needs none. Folds, leaks and batches are checked too."""
    from groprog_assets.intake.omics_preflight import copies_of_the_cohort_outcome
    from groprog_assets.methods.cohort.folds import make_folds
    from groprog_assets.methods.cohort.patient_matrices import gene_names, matrix_problems
    from groprog_assets.prognosis.patients_check import patient_problems
    from groprog_assets.prognosis.related_methods import shared_set_problems

    parameters, own = study.parameters, study.patients
    read, expression, made = patients
    symbols = None
    if own.expression is not None and expression is not None:
        symbols = set(expression["gene"].tolist())
        if len(expression["patient_id"]) == len(read.records):
            _count(str(own.expression.file), f"{len(read.records)} of {len(read.records)} patients have expression")
        having = int(made.records["patient_id"].isin(expression["patient_id"].tolist()).sum())
        if parameters.representation.mode == "signature" and 2 * having < len(made.records):
            value = f"{having} of the {len(made.records)} patients of the cohort have expression"
            rule = "A gene that is missing in over half of the training patients is not used: no gene may be left."
            remedy = (
                "Leave patients without expression out of the clinical table, or set representation.mode: clinical."
            )
            warnings.warn(Notice(Problem(str(own.expression.file), value, rule, remedy)), stacklevel=2)
    folds = make_folds(made.outcomes, own.splits, parameters.evaluation, parameters.training.seed, made.index)
    found = [] if expression is None else matrix_problems(expression, own, parameters)
    found += shared_set_problems(study.ontology, gene_names(expression), parameters)
    found += copies_of_the_cohort_outcome(study, made.outcomes)
    if problems := found + patient_problems(study, made, expression, folds):
        raise CohortError(problems)
    return symbols if parameters.representation.mode == "signature" else None


def _external(external: ExternalCohort, study: Study, patients: Patients | None) -> None:
    """An external cohort as it is read once the model is trained; compared with the study's own where that can be read."""
    from groprog_assets.methods.cohort.clinical_records import read_clinical
    from groprog_assets.methods.cohort.patient_matrices import read_omics
    from groprog_assets.prognosis.external_cohorts import given_of, with_fields_it_has
    from groprog_assets.prognosis.patients_check import external_problems

    if patients is not None:
        if problems := external_problems(external, study, patients[2], patients[1]):
            raise CohortError(problems)
        return
    given = with_fields_it_has(external.as_cohort(study.patients))
    read = read_clinical(given, study.parameters.cohort, trained=True)
    read_omics(given_of(given, study.parameters.representation.mode), read.records["patient_id"].tolist())


def _sources(study: Study, patients: Patients) -> None:
    """The sources as the run reads them; what is left out of each is said."""
    from groprog_assets.prognosis.source_cohorts import measured, other_time_unit, read_sources

    for read in read_sources(study.patients, patients[2], patients[1], study.parameters):
        told = read.document
        left = "".join(f", {count} {why} left out" for why, count in told["left_out"].items())
        genes = f"{count_of(told['genes'], 'gene')} of the study, {count_of(measured(read), 'patient')} with expression"
        value = (
            f"{count_of(told['patients'], 'patient')}, {count_of(told['events'], 'event')}, fields {', '.join(told['fields'])}, "
            f"{genes if told['genes'] else 'no expression'}{left}"
        )
        _count(f"cohort.sources, {told['name']}", value)
        if problem := other_time_unit(read, patients[2].outcomes["time"]):
            warnings.warn(Notice(problem), stacklevel=2)


def _count(where: str, value: str) -> None:
    """Say how much matched."""
    warnings.warn(Notice(Problem(where, value, "", "")), stacklevel=2)
