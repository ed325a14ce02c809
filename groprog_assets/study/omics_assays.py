"""Assays of the section `omics` of the study file: which file, what is measured, in which unit and scale.

Standard library and pydantic only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from groprog_assets.study.part import Identifier, StudyPart

OmicsKind = Literal["genome", "transcriptome", "proteome", "metabolome", "epigenome"]
Scale = Literal["count", "linear", "log2", "log10", "ln", "beta", "mvalue", "npx", "zscore", "ordinal"]
MissingKind = Literal["mar", "mnar", "structural", "mixed"]
Format = Literal[
    "matrix", "maf", "vcf", "seg", "cbioportal", "h5ad", "h5mu", "maxquant", "diann", "olink", "mztab", "beta"
]
SPARSE = ("maf", "vcf", "seg")
"""Formats of variants and intervals: they have coordinates of one genome build, and are no matrix of features and samples."""


Normalisation = Literal["usual", "none"]
CorrectionMethod = Literal["combat", "none"]


class BatchCorrection(StudyPart):
    """How the batches of an assay are made alike. Batches, covariates and factors are columns of the sample table."""

    method: CorrectionMethod = Field(default="combat", description="none: the values stay as they are")
    covariates: list[str] = Field(
        default_factory=list,
        description="columns known at baseline whose differences between batches are kept; never the outcome",
    )
    outcome: str = Field(default="", description="column of what is to be predicted; it may not be a covariate")
    biological_factor: str = Field(
        default="",
        description="column whose share of variance is reported before and after; the check fails where it falls",
    )
    reference_batch: str = Field(default="", description="batch whose values stay as they are; the others come to it")
    mean_only: bool = Field(default=False, description="only shifts are removed, not differences in spread")


class AssaySource(StudyPart):
    """One assay: a file and what its numbers are."""

    name: Identifier = Field(description="name of the assay")
    omics: OmicsKind = Field(description="what is measured")
    format: Format = Field("matrix", description="how the file is laid out")
    path: Path = Field(description="the file, or the folder of a cBioPortal study")
    platform: str = Field("", description="instrument or array")
    unit: str = Field("", description="unit of a value, such as reads or ng/ml")
    scale: Scale | None = Field(None, description="scale of the values; needed for a matrix")
    id_system: str = Field("", description="whose names the features have: symbol, entrez, ensembl, uniprot, ...")
    genome_build: Literal["", "GRCh37", "GRCh38"] = Field("", description="build of coordinates, where there are any")
    fasta: Path | None = Field(None, description="reference sequence, by which variants are moved to the left")
    chrom_sizes: Path | None = Field(None, description="chromosomes of the study, by which those of a VCF are known")
    missing_kind: MissingKind = Field("mar", description="why values are missing")
    features_in: Literal["rows", "columns"] = Field("rows", description="orientation of a matrix")
    missing: list[str] = Field(["", "NA", "NaN", "null", "."], description="cells that say a value is missing")
    detection_p: Path | None = Field(None, description="detection p-values beside beta values, of the same form")
    layer: str = Field("", description="layer of an h5ad or h5mu that is read; empty: X")
    duplicates: Literal["refuse", "sum", "mean", "max", "first"] = Field(
        "refuse", description="what becomes of several rows of one feature"
    )
    member: str = Field("", description="profile of a cBioPortal folder, modality of an h5mu; empty: every one")
    normalisation: Normalisation = Field("usual", description="usual: that of its kind and scale; none: taken as it is")
    batch_correction: BatchCorrection = Field(default_factory=BatchCorrection)


def source_of(assay_id: str, sources: Sequence[AssaySource]) -> AssaySource:
    """The source whose file holds an assay: that of its name, or of `name.member`. A name may have a dot: rna.x is not a part of
    rna where the study has both."""
    held = [source for source in sources if assay_id == source.name or assay_id.startswith(f"{source.name}.")]
    return max(held, key=lambda source: len(source.name))
