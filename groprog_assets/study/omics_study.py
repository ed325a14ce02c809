"""The section `omics` of the study file: phenopackets, phenotype ontologies, assays and their samples, consents.

Standard library and pydantic only.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.omics_integration import SubjectGroups, SubjectSurvival
from groprog_assets.study.part import Identifier, StudyPart

Scorer = Literal["likelihood ratio", "Resnik", "Lin", "best-match average", "simGIC", "hypergeometric"]
"""How diseases can be scored for a subject's findings."""


class PhenopacketSource(StudyPart):
    """A collection of GA4GH phenopackets."""

    source: Identifier = Field(description="name of the collection")
    path: Path = Field(description="a JSON file, a JSON Lines file, or a folder of such files")
    site: str = Field(default="", description="where the subjects were seen")


class OntologyVersions(StudyPart):
    """Releases of files that state none themselves, such as Parquet tables."""

    hpo: str = Field(default="", description="release of the HPO and of its annotations, such as 2025-01-16")
    mondo: str = Field(default="", description="release of the MONDO mappings; of mondo.obo too, where it states none")


class PhenotypeOntologies(StudyPart):
    """The terms of findings, what is known of diseases, and which identifiers mean the same disease."""

    hpo: Path = Field(description="hp.obo, or a folder of the same as Parquet tables")
    annotations: Path = Field(description="phenotype.hpoa, or the same as Parquet")
    genes: Path | None = Field(None, description="genes_to_phenotype.txt, or the same as Parquet")
    mappings: list[Path] = Field(
        default_factory=list, description="MONDO's SSSOM mappings to OMIM and Orphanet, or the same as Parquet"
    )
    versions: OntologyVersions = Field(default_factory=OntologyVersions)


PERMISSIONS = ("DUO:0000004", "DUO:0000042", "DUO:0000006", "DUO:0000007", "DUO:0000011")
"""Permissions of the Data Use Ontology: none, general research, health, named diseases, ancestry."""
DuoCode = Annotated[str, StringConstraints(pattern=r"^DUO:[0-9]{7}$")]


class ConsentToAll(StudyPart):
    """One consent stated for every subject of the sources, e.g. of published case reports."""

    permission: DuoCode = Field(description="what the data may be used for, as a DUO code")
    granted: date = Field(description="day from which it holds")
    reason: str = Field(description="why it may be stated for everybody")


class Consents(StudyPart):
    """What the subjects allow; without a consent nothing of a subject is read."""

    table: Path | None = Field(
        None, description="TSV: subject, version, granted, withdrawn, permission, modifiers, ..."
    )
    every_subject: ConsentToAll | None = Field(None, description="one consent for all, instead of a table")
    purpose: Literal["", "health", "disease", "ancestry"] = Field(
        "", description="what the study is for; not stated: only data without restriction are read"
    )
    diseases: list[str] = Field(default_factory=list, description="purpose disease: the MONDO classes studied")
    conditions_met: list[DuoCode] = Field(
        default_factory=list,
        description="modifiers whose conditions the study fulfils, e.g. DUO:0000021 with an approval",
    )
    as_of: date | None = Field(None, description="day on which consents are judged; else the day of the run")


OmimId = Annotated[str, StringConstraints(pattern=r"^OMIM:[0-9]+$")]


class CaseStudy(StudyPart):
    """One subject told on a page of its own: the diseases of a gene compared by the subject's findings."""

    name: Identifier = Field(description="name of the page")
    title: str = Field(description="what the page is called")
    packet: str = Field(description="id of the phenopacket")
    gene: str = Field(description="gene to whose diseases the ranking is also restricted")
    compare: list[OmimId] = Field(min_length=1, max_length=4, description="diseases compared finding by finding")
    origin: str = Field(description="where the record is from, and what of it is real and what simulated")


class Omics(StudyPart):
    """Subjects with their phenotypes, with assays of their samples, or with both; and what they allow."""

    phenopackets: list[PhenopacketSource] = Field(
        default_factory=list, description="records of findings and diagnoses; with ontologies, or neither"
    )
    ontologies: PhenotypeOntologies | None = Field(None, description="terms and diseases; needed for phenopackets")
    samples: Path | None = Field(
        None,
        description="TSV of the assays' samples: sample, subject, and where known assay, tissue, specimen, batch, run_order, "
        "collected, is_reference, further factors",
    )
    genes: Path | None = Field(
        None, description="HGNC's table of genes (hgnc_complete_set.txt), by which genes of assays are known"
    )
    mondo: Path | None = Field(
        None, description="mondo.obo: by its is_a edges a disease includes those below it; else exact identifiers count"
    )
    assays: list[AssaySource] = Field(default_factory=list, description="measurements of samples; with samples")
    groups: SubjectGroups | None = Field(None, description="subjects whose features are compared")
    survival: SubjectSurvival | None = Field(None, description="outcome of the subjects, for strata and biomarkers")
    gene_sets: Path | None = Field(None, description="GMT whose sets are scored in subjects and sought in rankings")
    drug_signatures: Path | None = Field(
        None, description="GMT of the genes that drugs raise and lower, in pairs NAME_up and NAME_down"
    )
    drug_targets: Path | None = Field(
        None,
        description="TSV of drugs by the gene they act on: drug_id, name, gene_id (symbol), action, source, version",
    )
    consents: Consents
    scorers: list[Scorer] = Field(
        ["likelihood ratio", "Resnik"],
        min_length=1,
        description="scores by which the accuracy table ranks the subjects' own diagnoses",
    )
    cases: list[CaseStudy] = Field(default_factory=list, description="subjects told on pages of their own")
