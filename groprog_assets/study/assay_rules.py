"""The rules of `omics.assays` and `omics.samples` between their fields, and the files that they name.

Study in, findings out. Standard library only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from groprog_assets.errors import Problem
from groprog_assets.study.assay_scales import FORMAT_SAYS, WITH_UNIT
from groprog_assets.study.finding import Finding
from groprog_assets.study.omics_assays import SPARSE, AssaySource
from groprog_assets.study.omics_integration import outcome_columns
from groprog_assets.study.omics_study import Omics
from groprog_assets.study.schema import Cohort

Location = tuple[str | int, ...]
SCALED_BY_FORMAT = (*SPARSE, "cbioportal", "beta", "olink", "maxquant", "diann")
"""Formats that say themselves what their numbers are, or hold no matrix."""


def assay_rules(omics: Omics, cohort: Cohort | None) -> Iterator[Finding]:
    """Every rule between the fields of assays and samples that is broken."""
    at: Location = ("omics", "assays")
    if omics.assays and omics.samples is None:
        rule = "The sample table says whose each sample is; without it nobody's consent is known."
        yield Finding(("omics", "samples"), "not given", rule, "Name a TSV with the columns sample and subject.")
    if omics.samples is not None and not omics.assays:
        yield Finding(("omics", "samples"), "samples without assays", "Samples are measured.", "Add omics.assays.")
    for field in ("groups", "survival", "gene_sets", "drug_signatures", "drug_targets"):
        if getattr(omics, field) is not None and not omics.assays:
            yield Finding(("omics", field), "without assays", "It is asked of the assays' values.", "Add omics.assays.")
    for field in ("drug_signatures", "drug_targets"):
        if getattr(omics, field) is not None and omics.groups is None and omics.survival is None:
            rule = "Features are ranked by what differs between groups, or goes with survival."
            yield Finding(("omics", field), "neither groups nor survival", rule, "Give one of them.")
    names = Counter(source.name.lower() for source in omics.assays)
    for k, source in enumerate(omics.assays):
        if names[source.name.lower()] > 1:
            rule = "Assays are told apart by this name, upper and lower case alike."
            yield Finding((*at, k, "name"), f"{source.name!r} twice", rule, "Rename one.")
        yield from _of_one(source, (*at, k), omics, cohort)


def _of_one(source: AssaySource, at: Location, omics: Omics, cohort: Cohort | None) -> Iterator[Finding]:
    if source.format not in SCALED_BY_FORMAT and source.scale is None:
        rule = "Values are counts, linear, logarithms, ...: no number says which."
        yield Finding((*at, "scale"), "not given", rule, "State the scale, for instance log2.")
    if source.scale in WITH_UNIT and not source.unit.strip() and source.format not in SCALED_BY_FORMAT:
        rule = f"Values of the scale {source.scale} have a unit."
        yield Finding((*at, "unit"), "not given", rule, "State it, for instance reads or ng/ml.")
    fixed = FORMAT_SAYS.get(source.format, {}).get("scale", "")
    if fixed and source.scale not in (None, fixed):
        rule = f"The values of a file of the format {source.format} are {fixed}."
        yield Finding((*at, "scale"), str(source.scale), rule, f"Set scale: {fixed}, or leave it out.")
    if source.format == "seg" and not source.genome_build:
        rule = "Coordinates are of one genome build, and a SEG file does not tell it; builds are never mixed."
        yield Finding((*at, "genome_build"), "not given", rule, "State GRCh37 or GRCh38.")
    if source.scale == "beta" and source.omics != "epigenome":
        rule = "Methylation beta values are of the epigenome."
        yield Finding((*at, "omics"), source.omics, rule, "Set omics: epigenome, or another scale.")
    correction = source.batch_correction
    outcomes = {correction.outcome, *outcome_columns(None, omics.survival)} - {""}
    if cohort is not None:
        outcomes |= cohort.endpoint.columns
    for k, name in enumerate(correction.covariates):
        if name in outcomes:
            rule = "What is to be predicted may not be a covariate: the corrected values would carry it."
            where = (*at, "batch_correction", "covariates", k)
            yield Finding(where, f"{name!r} is the outcome", rule, "Remove it from the covariates.")
    if correction.biological_factor in outcomes:
        rule = "Features are kept by what is missing within the groups of this factor: the outcome may not choose them."
        where = (*at, "batch_correction", "biological_factor")
        yield Finding(where, f"{correction.biological_factor!r} is the outcome", rule, "Name another column, or none.")
    if len(set(correction.covariates)) < len(correction.covariates):
        where = (*at, "batch_correction", "covariates")
        yield Finding(where, "a covariate twice", "A covariate is named once.", "Remove the second.")
    if correction.method == "none" and (correction.covariates or correction.reference_batch or correction.mean_only):
        rule = "Without a correction there is nothing to adjust."
        yield Finding((*at, "batch_correction", "method"), "none", rule, "Remove the other fields, or set combat.")


def assay_files(omics: Omics) -> Iterator[tuple[Location, Path]]:
    """Every file or folder that assays and samples name, with its field."""
    for k, source in enumerate(omics.assays):
        yield ("omics", "assays", k, "path"), source.path
        for field in ("fasta", "chrom_sizes", "detection_p"):
            if (path := getattr(source, field)) is not None:
                yield ("omics", "assays", k, field), path
    for field in ("samples", "genes", "gene_sets", "drug_signatures", "drug_targets"):
        if (path := getattr(omics, field)) is not None:
            yield ("omics", field), path


def assay_notices(omics: Omics) -> Iterator[Problem]:
    """What is legal and worth knowing of assays."""
    for source in omics.assays:
        correction = source.batch_correction
        if omics.groups is not None and omics.groups.column in correction.covariates:
            rule = (
                "A correction that keeps the differences between groups writes them into the values that are compared."
            )
            remedy = "Remove it from batch_correction.covariates, or read the tests between groups as too favourable."
            value = f"{omics.groups.column!r} is a covariate, and the column of omics.groups"
            yield Problem(f"omics.assays, {source.name}", value, rule, remedy)
        if correction.method == "combat" and not correction.biological_factor:
            rule = "Without one, nothing says whether a correction also removes what is of interest."
            remedy = "Name a column of the sample table, for instance a known subtype."
            yield Problem(
                f"omics.assays, {source.name}", "batch_correction.biological_factor is not given", rule, remedy
            )
