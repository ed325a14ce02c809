"""Assays of the section `omics` of the study file: which file, what is measured, in which unit and scale.

Standard library and pydantic only.
"""

from __future__ import annotations

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
    missing_kind: MissingKind = Field("mar", description="why values are missing")
    features_in: Literal["rows", "columns"] = Field("rows", description="orientation of a matrix")
    missing: list[str] = Field(["", "NA", "NaN", "null", "."], description="cells that say a value is missing")
    duplicates: Literal["refuse", "sum", "mean", "max", "first"] = Field(
        "refuse", description="what becomes of several rows of one feature"
    )
    member: str = Field("", description="profile of a cBioPortal folder, modality of an h5mu; empty: every one")
