"""What can be refused before a run begins: the study's files against each other, read only as far as that takes.

`study_check` judges the study file and the ends of the files it names. Here headers meet chromosome sizes, the annotation meets
reads, loci and the patients' gene symbols, and the clinical table is read whole. Nothing is written. No Dagster.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, TypeVar

from groprog_assets.errors import CohortError, GroProgError, Problem
from groprog_assets.study.schema import Library, Study

SMALL_MATRIX = 20_000_000
"""Bytes up to which the patients' expression is read whole; of a larger file the gene names alone."""

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

    Headers of alignments and bigWigs against chromosome sizes; the first reads of FASTQ; the ontology, whole; genes on the
    reads' chromosomes; genes named by loci; symbols shared by the annotation and the patients' expression; the clinical
    table, the landmark, the number of events, the folds.
    The study's paths are absolute and its files exist (`check_study`).
    """
    from groprog_assets.methods.annotation.gene_models import read_chrom_sizes, read_masks
    from groprog_assets.methods.annotation.ontology import check_ontology
    from groprog_assets.methods.reads.read_quality import first_reads

    problems = _Problems()
    for library in study.libraries:
        problems.gather(first_reads, library)
    if study.ontology is not None:
        problems.gather(check_ontology, study.ontology)
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
        problems.gather(_annotation, study, shared & set(sizes) or set(sizes), symbols)
    else:
        problems.gather(_cohort, study)
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


def ontology_notices(study: Study) -> list[Problem]:
    """Terms of the GAF that the OBO does not hold: not an error, their annotations are left out and counted."""
    from groprog_assets.methods.annotation.ontology import check_ontology

    unknown = check_ontology(study.ontology) if study.ontology is not None else 0
    rule = "An annotation to a term that the OBO does not hold is left out."
    remedy = "Take OBO and GAF of about the same date."
    return [Problem("ontology", f"{unknown:,} terms of the GAF are not in the OBO", rule, remedy)] if unknown else []


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
    from groprog_assets.methods.cohort.patient_expression import expression_genes, read_expression

    parameters = study.parameters
    if study.cohort is None:
        return None
    read = read_clinical(study.cohort, parameters.cohort)
    symbols = None
    if study.cohort.expression is not None:
        path = study.cohort.expression.path
        if path.stat().st_size <= SMALL_MATRIX:
            symbols = set(read_expression(study.cohort, read.records["patient_id"].tolist())["gene"].tolist())
        else:
            symbols = set(expression_genes(path))
    made = assemble_cohort(
        read.records, read.outcomes, read.fields, read.exclusions, None, study.cohort, parameters.cohort
    )
    make_folds(made.outcomes, study.cohort.splits, parameters.evaluation, parameters.training.seed)
    return symbols if parameters.representation.mode == "signature" else None


def _annotation(study: Study, chroms: set[str], symbols: set[str] | None) -> None:
    """Whether the annotation has genes on `chroms`, those of the loci, and enough of `symbols`; read until all is answered."""
    from groprog_assets.errors import AnnotationError
    from groprog_assets.methods.annotation.gene_models import annotated_genes
    from groprog_assets.methods.cohort.patient_expression import shared_genes

    parameters = study.parameters.cohort
    loci = {locus.gene: k for k, locus in reversed(list(enumerate(study.loci))) if locus.gene is not None}
    waiting, met = set(loci), set()
    genes: dict[str, None] = {}
    elsewhere: dict[str, None] = {}
    for chrom, gene in annotated_genes(study.genome.annotation):
        if chrom not in chroms:
            elsewhere.setdefault(chrom)
            continue
        genes.setdefault(gene)
        waiting.discard(gene)
        if symbols is not None and gene in symbols:
            met.add(gene)
        if not waiting and (symbols is None or len(met) >= parameters.minimum_shared_genes):
            return
    if not genes:
        raise AnnotationError(
            Problem(
                str(study.genome.annotation),
                f"genes on {_some(elsewhere) or 'no chromosome'}; reads on {_some(sorted(chroms))}",
                "At least one chromosome must carry both reads and genes.",
                "Are reads and annotation of one assembly, with one naming of chromosomes?",
            )
        )
    problems = [
        Problem(
            f"loci, {study.loci[loci[gene]].name}",
            f"{gene} is not a gene of {study.genome.annotation} on the reads' chromosomes",
            "A locus given as a gene must be annotated.",
            _closest(gene, genes),
        )
        for gene in sorted(waiting)
    ]
    if symbols is not None:
        try:
            shared_genes(sorted(symbols), genes, parameters)
        except CohortError as error:
            problems += error.problems
    if problems:
        raise AnnotationError(problems)


def _closest(gene: str, genes: dict[str, None]) -> str:
    close = difflib.get_close_matches(gene, genes, 1, 0.8)
    return f"Did you mean {close[0]!r}?" if close else "Give its interval instead, or remove the locus."


def _some(names: Any) -> str:
    names = list(names)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
