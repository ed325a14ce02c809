"""Comparison of the annotation with the other files of a study: problems before a run, and counts of matches.

Read through the same functions as the run: the genes here are those of the consensus annotation. No Dagster.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from groprog_assets.errors import AnnotationError, CohortError, Problem
from groprog_assets.methods.annotation.gtf import stable_gene
from groprog_assets.study.annotation_files import some
from groprog_assets.study.intervals import parse_place, target_text
from groprog_assets.study.schema import Study
from groprog_assets.study.text_tables import count_of

if TYPE_CHECKING:
    import pandas as pd


def require_matches(
    study: Study, chroms: Collection[str], chrom_sizes: Mapping[str, int], symbols: Collection[str] | None
) -> None:
    """Raise AnnotationError unless the annotation has genes on `chroms`, those of the loci, and enough of `symbols`.

    chroms: chromosomes that reads lie on; symbols: genes of the patients' expression, None where none need match.
    """
    from groprog_assets.methods.cohort.patient_expression import shared_genes

    models, genes = _genes(study, chroms, chrom_sizes)
    if not len(genes):
        found = list(dict.fromkeys(models["chrom"].astype("str")))
        narrow = set(found) & set(chroms)
        raise AnnotationError(
            Problem(
                str(study.genome.annotation),
                f"genes on {some(found)}; reads on {some(sorted(chroms))}",
                f"At least one gene of {study.parameters.annotation.minimum_width} bp or more must be on a chromosome with reads."
                if narrow
                else "At least one chromosome must carry both reads and genes.",
                "Set parameters.annotation.minimum_width, or give an annotation with whole genes."
                if narrow
                else "Are reads and annotation of one assembly, with one naming of chromosomes?",
            )
        )
    known = set(genes["gene"])
    annotated = set(models["gene"])
    problems = []
    for locus in study.loci:
        if locus.gene is not None and locus.gene not in known:
            lost = locus.gene in annotated
            rule = (
                f"A gene takes part when its interval has {study.parameters.annotation.minimum_width} bp or more, is on a "
                "chromosome with reads, and is not within another gene of its strand."
            )
            problems.append(
                Problem(
                    f"loci, {locus.name}",
                    f"{locus.gene} is annotated, but not among the genes that take part"
                    if lost
                    else f"{locus.gene} is not a gene of {study.genome.annotation} on the reads' chromosomes",
                    rule if lost else "A locus given as a gene must be annotated.",
                    "Give its interval instead, or remove the locus." if lost else _closest(locus.gene, sorted(known)),
                )
            )
    if symbols is not None:
        try:
            shared_genes(sorted(symbols), genes["gene"], study.parameters.cohort)
        except CohortError as error:
            problems += error.problems
    if problems:
        raise AnnotationError(problems)


def match_notices(study: Study, chroms: Collection[str], chrom_sizes: Mapping[str, int]) -> list[Problem]:
    """Counts of the items of each file that match the annotation; not errors. The study has passed `require_matches`.

    Masks on chromosomes, transcripts read and left out, genes of the loci and of the signature target, symbols of the
    patients' expression, terms of the ontology that hold enough genes.
    """
    from groprog_assets.methods.annotation.gene_models import annotation_file
    from groprog_assets.methods.annotation.masks import mask_notices
    from groprog_assets.methods.annotation.ontology import ontology_notices, read_ontology
    from groprog_assets.methods.cohort.patient_expression import expression_genes

    maximum_intron = study.parameters.annotation.maximum_intron
    notices = list(annotation_file(study.genome.annotation, chrom_sizes, maximum_intron).notices)
    notices += mask_notices(study.genome, chrom_sizes)
    models, genes = _genes(study, chroms, chrom_sizes)
    known = set(genes["gene"])
    named = [locus.gene for locus in study.loci if locus.gene is not None]
    if named:
        found = [gene for gene in named if gene in known]
        notices.append(Problem("loci", f"{len(found)} of {len(named)} genes named by loci are annotated", "", ""))
    notices += _target(study, genes)
    if study.cohort is not None and study.cohort.expression is not None:
        symbols = list(dict.fromkeys(expression_genes(study.cohort.expression.file)))
        notices.append(_expression(symbols, known, set(models["gene"])))
    if study.ontology is not None:
        tables = read_ontology(study.ontology, genes["gene"])
        notices += ontology_notices(tables, study.parameters.enrichment)
    return notices


def _genes(study: Study, chroms: Collection[str], chrom_sizes: Mapping[str, int]) -> Any:
    """(annotated transcripts, consensus genes on `chroms`), as the run reads them."""
    from groprog_assets.methods.annotation.consensus import consensus_annotation
    from groprog_assets.methods.annotation.gene_models import read_annotation

    parameters = study.parameters.annotation
    models = read_annotation(study.genome.annotation, chrom_sizes, parameters.maximum_intron)
    consensus = consensus_annotation(models, parameters.minimum_gap, parameters.minimum_width)
    return models, consensus[consensus["chrom"].isin(list(chroms))]


def _target(study: Study, genes: pd.DataFrame) -> list[Problem]:
    """The genes that the interval of the positive control touches, on either strand."""
    text = target_text(study.signature_target)
    parsed = parse_place(text)
    if parsed is None:
        return []
    chrom, start, end, _ = parsed
    under = genes[(genes["chrom"] == chrom) & (genes["start"] < end) & (genes["end"] > start)]["gene"].tolist()
    value = f"{text} touches {count_of(len(under), 'annotated gene')}" + (f" ({some(under)})" if under else "")
    rule = "" if under else "The positive control is the interval that the perturbation must raise."
    remedy = "" if under else "Correct the interval, unless it is between genes on purpose."
    return [Problem("signature_target", value, rule, remedy)]


def _expression(symbols: list[str], known: set[str], annotated: set[str]) -> Problem:
    """How many symbols of the matrix are genes of the study, and the likely reason why others are not."""
    shared = [symbol for symbol in symbols if symbol in known]
    value = f"{len(shared):,} of {len(symbols):,} symbols are genes that take part"
    small = sum(symbol in annotated for symbol in symbols) - len(shared)
    value += f"; {count_of(small, 'is', 'are')} annotated but too short, or within another gene" if small else ""
    others = [symbol for symbol in symbols if symbol not in annotated]
    value += f"; {count_of(len(others), 'is', 'are')} not annotated ({some(others)})" if others else ""
    versioned = sum(stable_gene(symbol) in annotated for symbol in others)
    rule = "A symbol that is not a gene of the experiment is left out." if others or small else ""
    remedy = ""
    if versioned:
        value += f", {versioned:,} of them only for their version"
        remedy = "Remove the version from the ids of the matrix, as in ENSG00000141510 for ENSG00000141510.18."
    return Problem("cohort.expression", value, rule, remedy)


def _closest(gene: str, genes: list[str]) -> str:
    close = difflib.get_close_matches(gene, genes, 1, 0.8)
    return f"Did you mean {close[0]!r}?" if close else "Give its interval instead, or remove the locus."
