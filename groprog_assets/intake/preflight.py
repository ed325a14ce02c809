"""Problems that can be found before a run: the files of a study are compared with each other, and read only as far as needed.

`study_check` judges the study file and the ends of the files it names. Here headers meet chromosome sizes, the annotation meets
reads, loci and the patients' gene symbols, and the clinical table is read whole. Nothing is written. No Dagster.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from groprog_assets.errors import GroProgError, Notice, Problem
from groprog_assets.study.schema import ExternalCohort, Library, Study

Value = TypeVar("Value")


class _Problems(list[Problem]):
    """Problems of every check; a check that fails leaves None."""

    def gather(self, check: Callable[..., Value], *arguments: Any) -> Value | None:
        try:
            return check(*arguments)
        except GroProgError as error:
            self.extend(error.problems or [Problem("", str(error), "", "")])
            return None


def preflight(study: Study) -> list[Problem]:
    """Every problem of a study's files that shows without computing anything; empty when the run may begin.

    What a run leaves out or reads in its own way arises as a Notice, as in the run: the readers are the same.

    Headers of alignments and bigWigs against chromosome sizes; the first reads of FASTQ; the ontology, whole; genes on the
    reads' chromosomes; genes named by loci; symbols shared by the annotation and the patients' expression; the clinical
    table, the landmark, the number of events, the folds.
    The study's paths are absolute and its files exist (`check_study`).
    """
    from groprog_assets.intake.annotation_matches import require_matches
    from groprog_assets.methods.annotation.gene_models import read_chrom_sizes
    from groprog_assets.methods.annotation.masks import read_masks
    from groprog_assets.methods.annotation.ontology import read_ontology
    from groprog_assets.methods.reads.read_quality import first_reads

    problems = _Problems()
    for library in study.libraries:
        problems.gather(first_reads, library)
    if study.ontology is not None:
        problems.gather(read_ontology, study.ontology, ())
    sizes = problems.gather(read_chrom_sizes, study.genome.chrom_sizes)
    if sizes is not None:
        problems.gather(read_masks, study.genome, sizes)
        shared = {
            chrom
            for library in study.libraries
            for chrom in problems.gather(library_contigs, library, study, sizes) or ()
        }
        for mark in study.marks:
            problems.gather(_track, mark.bigwig, sizes)
        symbols = problems.gather(_cohort, study)
        problems.gather(require_matches, study, shared & set(sizes) or set(sizes), sizes, symbols)
    else:
        problems.gather(_cohort, study)
    for other in study.validation:
        problems.gather(_external, other, study)
    return list(dict.fromkeys(problems))


def field_notices(study: Study) -> list[Problem]:
    """Covariates the clinical table cannot support (constant, empty, an identifier): not errors, they are left out."""
    from groprog_assets.methods.cohort.clinical_records import read_clinical

    if study.cohort is None:
        return []
    read = read_clinical(study.cohort, study.parameters.cohort)
    unused = read.fields[~read.fields["used"] & ~read.fields["reason"].str.startswith("known ")]
    rule = "A covariate that tells no patient from another is left out of the model."
    return [
        Problem(f"cohort.fields, {field}", str(reason), rule, "Remove the field, or mend its column.")
        for field, reason in unused[["field", "reason"]].itertuples(index=False)
    ]


def annotation_matches(study: Study) -> list[Problem]:
    """What of masks, loci, expression and ontology meets the annotation: counts, not errors. The study has passed `preflight`."""
    from groprog_assets.intake.annotation_matches import match_notices
    from groprog_assets.methods.annotation.gene_models import read_chrom_sizes

    sizes = read_chrom_sizes(study.genome.chrom_sizes)
    shared = {chrom for library in study.libraries for chrom in library_contigs(library, study, sizes)}
    return match_notices(study, shared & set(sizes) or set(sizes), sizes)


def library_contigs(library: Library, study: Study, sizes: dict[str, int]) -> list[str]:
    """Contigs a library's files name; of FASTQ, which is aligned later, the study's chromosomes."""
    from groprog_assets.errors import ReadsError
    from groprog_assets.methods.reads.filtered_alignments import study_header

    if library.alignments is not None:
        return list(study_header(library.alignments, sizes, study.genome).lengths)
    contigs = list(sizes) if library.reads else []
    problems = _Problems()
    for path in (library.bigwig_plus, library.bigwig_minus):
        if path is not None:
            contigs += problems.gather(_track, path, sizes) or ()
    if problems:
        raise ReadsError(problems)
    return contigs


def _track(path: Any, sizes: dict[str, int]) -> list[str]:
    """Contigs of a bigWig of the study's assembly."""
    from groprog_assets.errors import ReadsError
    from groprog_assets.methods.reads.bigwig import assembly_problems, bigwig_lengths

    lengths = bigwig_lengths(path)
    wrong = assembly_problems(path, lengths, sizes)
    if wrong:
        raise ReadsError(wrong)
    return list(lengths)


def _cohort(study: Study) -> set[str] | None:
    """Gene symbols the experiment must know, None where it need not know any; a clinical table is judged on the way."""
    from groprog_assets.methods.cohort.clinical_records import read_clinical
    from groprog_assets.methods.cohort.cohort import assemble_cohort
    from groprog_assets.methods.cohort.folds import make_folds
    from groprog_assets.methods.cohort.patient_expression import read_expression

    parameters = study.parameters
    if study.cohort is None:
        return None
    read = read_clinical(study.cohort, parameters.cohort)
    symbols = None
    if study.cohort.expression is not None:
        patients = read.records["patient_id"].tolist()
        expression = read_expression(study.cohort, patients)
        symbols = set(expression["gene"].tolist())
        if len(expression["patient_id"]) == len(patients):
            _count(str(study.cohort.expression.path), f"{len(patients)} of {len(patients)} patients have expression")
    made = assemble_cohort(
        read.records, read.outcomes, read.fields, read.exclusions, None, study.cohort, parameters.cohort
    )
    make_folds(made.outcomes, study.cohort.splits, parameters.evaluation, parameters.training.seed)
    return symbols if parameters.representation.mode == "signature" else None


def _external(external: ExternalCohort, study: Study) -> None:
    """An external cohort as it is read once the model is trained."""
    from groprog_assets.methods.cohort.clinical_records import read_clinical
    from groprog_assets.methods.cohort.patient_expression import read_expression
    from groprog_assets.prognosis.external_cohorts import with_fields_it_has

    given = with_fields_it_has(external.as_cohort(study.patients))
    read = read_clinical(given, study.parameters.cohort)
    if given.expression is not None and study.parameters.representation.mode == "signature":
        read_expression(given, read.records["patient_id"].tolist())


def _count(where: str, value: str) -> None:
    """Say how much matched."""
    warnings.warn(Notice(Problem(where, value, "", "")), stacklevel=2)
