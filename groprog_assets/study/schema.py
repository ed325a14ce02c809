"""The study: one typed object from one YAML file, paths relative to it, validated before anything runs.

Standard library, pydantic and PyYAML only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, field_validator, model_validator

from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.assays import ASSAYS, ReadEnd
from groprog_assets.study.cron import cron_problem
from groprog_assets.study.files import case_list, cbioportal_file, sample_table
from groprog_assets.study.omics_study import Omics
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.part import Identifier, StudyPart
from groprog_assets.study.sequence_study import Sequence

_CRON_FIELD = r"(\*|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/[0-9]+)?"
Cron = Annotated[
    str, StringConstraints(pattern=rf"^{_CRON_FIELD}(,{_CRON_FIELD})*( {_CRON_FIELD}(,{_CRON_FIELD})*){{4}}$")
]
"""Minute, hour, day of month, month, day of week."""


PoolSetting = Annotated[str, StringConstraints(pattern=r"^(serial|(threads|dask)(:[1-9][0-9]{0,3})?)$")]
"""Where shards are computed, and by how many. A scheduler's address is no business of a file that others may have written."""
StoreAddress = Annotated[str, StringConstraints(pattern=r"^(s3|gs|gcs|az|abfs|memory)://[\w.-]+(/[\w./-]*)?$")]
"""A bucket and prefix on storage that shows an object once it is whole; credentials stay in the environment."""


class Genome(StudyPart):
    """The assembly and what is known of it."""

    name: str = Field(description="assembly, e.g. hg38")
    chrom_sizes: Path = Field(description="two columns: chromosome, length")
    annotation: Path = Field(description="GTF, GFF3 or refGene table, plain or gzip")
    blacklist: Path | None = Field(None, description="BED of regions to mask")
    multi_copy: Path | None = Field(None, description="BED of rDNA and multi-copy regions to mask, reason in column 4")
    fasta: Path | None = Field(
        None,
        description="FASTA with index, for CRAM, alignment and the sequence half; a .2bit file serves the last alone",
    )
    bowtie2_index: Path | None = Field(None, description="prefix of the bowtie2 index; needed for FASTQ")
    spike_in_prefix: str | None = Field(None, description="prefix of spike-in chromosome names in the alignments")


SINGLE_FILES = ("alignments", "bigwig_plus", "bigwig_minus")
"""The fields of a library that name one file; `reads` names up to two."""


class Library(StudyPart):
    """One sequencing library."""

    id: Identifier
    condition: Identifier
    replicate: int = Field(1, ge=1)
    assay: Literal["gro-seq", "pro-seq", "gro-cap", "pro-cap", "chro-seq"] = "gro-seq"
    reads: list[Path] = Field(
        default_factory=list,
        max_length=2,
        description="FASTQ, one or two mates; beside alignments they only give the quality curve",
    )
    alignments: Path | None = Field(None, description="BAM, SAM or CRAM; taken as they are, sorted or not")
    bigwig_plus: Path | None = Field(None, description="read ends of the plus strand, unscaled; bigWig or bedGraph")
    bigwig_minus: Path | None = Field(
        None, description="read ends of the minus strand; values of either sign, not both"
    )
    read_end: ReadEnd = Field(
        "five_prime",
        description="end of the RNA that is counted: five_prime, three_prime (where the polymerase stood), or coverage "
        "(every base of the read); left out: the one the assay is made for",
    )
    strandedness: Literal["auto", "forward", "reverse"] = "auto"
    control: Identifier | None = Field(
        None,
        description="of a capped library: the listed library that is its -TAP or input control, used for nothing else",
    )
    metadata: dict[str, Any] = Field(
        default_factory=dict,
        description="wet-lab record, kept verbatim; day_1, day_2, ... tell what was done on a day, steps divided by `;`",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_end_of_the_assay(cls, given: Any) -> Any:
        """`read_end` where it is not given: that of the assay."""
        if not isinstance(given, dict) or "read_end" in given:
            return given
        usual = ASSAYS.get(str(given.get("assay", "gro-seq")))
        return given if usual is None else {**given, "read_end": usual.read_end}

    def single_files(self) -> dict[str, Path]:
        """{field of SINGLE_FILES: the file it names}, without fields that name none."""
        named = {name: getattr(self, name) for name in SINGLE_FILES}
        return {name: path for name, path in named.items() if path is not None}


class Contrast(StudyPart):
    treatment: Identifier
    control: Identifier


class Locus(StudyPart):
    """A key locus: a gene name, an interval `chrom:start-end` (1-based, as written in papers) or the initiation region that is
    called there, and why it matters."""

    name: Identifier
    gene: str | None = None
    interval: str | None = None
    region: str | None = Field(
        None, description="place of an initiation region, chrom:start-end or chrom:start-end:strand"
    )
    reason: str


class TargetRegion(StudyPart):
    """The initiation region that is called at a place. Its name in the tables is not used: names change with the data."""

    region: str = Field(description="chrom:start-end, or chrom:start-end:strand for one strand of it")


class Mark(StudyPart):
    """A chromatin track; its origin is mandatory."""

    name: Identifier
    bigwig: Path
    cell_type: str
    build: str
    source: str


class Ontology(StudyPart):
    """OBO with GAF, or a GMT."""

    obo: Path | None = None
    gaf: Path | None = None
    gmt: Path | None = None


class UnitRange(StudyPart):
    """A unit that values of one column may be recorded in, and where it puts plausible values."""

    unit: str
    lowest: float = Field(description="smallest plausible value in this unit")
    highest: float = Field(description="largest plausible value in this unit")
    factor: float = Field(1.0, description="what a value in this unit is multiplied by to be in the field's unit")


class ClinicalField(StudyPart):
    """One covariate of the clinical table."""

    column: str = Field(description="column in the file")
    name: Identifier
    kind: Literal["continuous", "ordinal", "categorical"]
    unit: str = ""
    levels: list[str] = Field(default_factory=list, description="ordinal: lowest first; categorical: optional")
    vocabulary: dict[str, str] = Field(default_factory=dict, description="value in the file -> level; '' for no value")
    height_column: str | None = Field(
        None,
        description="column of the height in cm; the field is then the body mass index of `column`, a weight in kg",
    )
    units: list[UnitRange] = Field(
        default_factory=list,
        description="units the column mixes, told apart by range; a value in none becomes missing and is counted",
    )
    plausible: tuple[float, float] | None = Field(
        None,
        description="smallest and largest plausible value in the field's unit; else parameters.cohort.plausible_ranges decide",
    )
    known_at_days: float = Field(0.0, description="days after baseline at which the value is known")
    recorded_column: str | None = Field(
        None,
        description="column with the time after baseline at which a patient's own value was recorded; a value recorded after the "
        "landmark (without one: after baseline) is not read",
    )
    recorded_unit: Literal["days", "months", "years"] = Field("days", description="unit of recorded_column")
    until_recorded: str = Field(
        "",
        description="level of a patient whose value was recorded after the landmark, e.g. no progression; '' for missing",
    )
    baseline_despite_name: bool = Field(
        False, description="the column is known at baseline although it is named like an outcome, e.g. earlier relapses"
    )
    block: Literal["state", "treatment"] = "state"


class Endpoint(StudyPart):
    """What is predicted."""

    name: Literal["OS", "PFS", "DSS", "DFS"] = "OS"
    time_column: str
    event_column: str
    time_unit: Literal["days", "months", "years"] = "months"
    event_time_column: str | None = Field(
        None,
        description="column with the time of the event where time_column has none for who had it; GDC: days_to_death",
    )
    complete_follow_up: bool = Field(
        False, description="every patient was followed to the event: a table in which nobody is censored is right"
    )
    event_values: list[str] = Field(
        default_factory=lambda: [
            *("1", "1:DECEASED", "1:PROGRESSION", "1:DEAD WITH TUMOR", "1:Recurred/Progressed", "DECEASED", "true")
        ],
        description="values meaning the event happened; by default those of cBioPortal for OS, PFS, DSS and DFS",
    )
    censored_values: list[str] = Field(
        default_factory=lambda: [
            *("0", "0:LIVING", "0:CENSORED", "0:ALIVE OR DEAD TUMOR FREE", "0:DiseaseFree", "LIVING", "false")
        ],
        description="values meaning censored",
    )

    @property
    def columns(self) -> set[str]:
        """The columns of the clinical table that hold the outcome."""
        return {self.time_column, self.event_column, *([self.event_time_column] if self.event_time_column else [])}


class Expression(StudyPart):
    """Patients' expression: genes x patients, first column the gene symbol."""

    path: Path = Field(description="a matrix, or a cBioPortal study folder with one of the stated scale")
    scale: Literal["z_score", "log", "counts", "linear"] = "log"

    @property
    def file(self) -> Path:
        """The table itself: `path`, or the expression of this scale in a cBioPortal study folder."""
        return cbioportal_file(self.path, self.scale)


class Matrix(StudyPart):
    """A further matrix of the patients: genes x patients, first column the gene symbol; of mutations also a MAF."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")] = Field(
        description="its name in results, e.g. mutations"
    )
    kind: Literal["mutations", "copy_number", "continuous"] = Field(
        description="mutations: 1 with a non-silent mutation, else 0; copy_number: -2 to 2; continuous: any other number"
    )
    path: Path = Field(description="a matrix, a MAF (kind mutations), or a cBioPortal study folder that holds it")

    @property
    def file(self) -> Path:
        """The table itself: `path`, or the file of this kind in a cBioPortal study folder."""
        return cbioportal_file(self.path, self.kind)

    @property
    def case_list(self) -> Path | None:
        """cBioPortal's list of the sequenced samples beside a MAF; None where there is none."""
        return case_list(self.file) if self.kind == "mutations" else None


class OtherCohort(StudyPart):
    """Patients of another centre or study, read as the study's own are."""

    name: Identifier
    clinical: Path = Field(description="TSV, CSV or cBioPortal file, or a cBioPortal study folder")
    patient_column: str = "PATIENT_ID"
    endpoint: Endpoint
    fields: list[ClinicalField] = Field(
        default_factory=list,
        description="how this centre writes the cohort's fields, by the same names; empty: as the cohort does",
    )
    batch_column: str | None = None
    expression: Expression | None = None
    matrices: list[Matrix] = Field(
        default_factory=list, description="this centre's further matrices, by the same names; a source's are not read"
    )

    @property
    def sample_table(self) -> Path | None:
        """cBioPortal's table that says whose each sample of expression and matrices is; None where there is none."""
        return sample_table(self.clinical, [item.file.parent for item in (self.expression, *self.matrices) if item])

    def as_cohort(self, own: Cohort) -> Cohort:
        """The same patients as a cohort, fields it does not list as those of `own`, the study's cohort.

        A field in the unit of the study's field of that name has its plausible range, unless it states one.
        """
        known = {(field.name, field.unit): field.plausible for field in own.fields}
        fields = [
            field
            if field.plausible is not None
            else field.model_copy(update={"plausible": known.get((field.name, field.unit))})
            for field in self.fields
        ]
        return Cohort(
            clinical=self.clinical,
            patient_column=self.patient_column,
            endpoint=self.endpoint,
            fields=fields or own.fields,
            batch_column=self.batch_column,
            expression=self.expression,
            matrices=self.matrices,
            splits=None,
            inbox=None,
        )


class SourceCohort(OtherCohort):
    """Patients of another cohort with outcomes: the model learns from what they share with the study's own, and is not tested on
    them."""

    shared_patients: Literal["leave_out", "renumbered"] = Field(
        "leave_out",
        description="patients who are also in the study's cohort are left out and counted; renumbered: equal identifiers are "
        "other people, as each centre numbered its own (identical rows are left out)",
    )


class Cohort(StudyPart):
    """The patients."""

    clinical: Path = Field(description="TSV, CSV or cBioPortal file, or a cBioPortal study folder")
    patient_column: str = "PATIENT_ID"
    endpoint: Endpoint
    fields: list[ClinicalField] = Field(min_length=1)
    batch_column: str | None = None
    expression: Expression | None = None
    matrices: list[Matrix] = Field(
        default_factory=list,
        description="further omics: mutations, copy number, ...; each earns its weight in the model",
    )
    omics: list[Identifier] = Field(
        default_factory=list,
        description="assays of omics.assays whose factors, gene-set scores and strata the model reads; each training fold fits "
        "normalisation, batches and factors anew",
    )
    nascent_libraries: dict[str, Identifier] = Field(
        default_factory=dict, description="patient -> library, matched mode"
    )
    splits: Path | None = Field(None, description="JSON with fixed folds; made from the seed when absent")
    inbox: Path | None = Field(None, description="folder watched for new clinical data")
    sources: list[SourceCohort] = Field(
        default_factory=list,
        description="other cohorts with outcomes that the model learns from; it is not tested on them",
    )

    @property
    def sample_table(self) -> Path | None:
        """cBioPortal's table that says whose each sample of expression and matrices is; None where there is none."""
        return sample_table(self.clinical, [item.file.parent for item in (self.expression, *self.matrices) if item])


class Compute(StudyPart):
    """Where the work is done and values are kept; no value depends on it."""

    pool: PoolSetting = Field(
        default="threads",
        description="serial, threads, threads:N, dask or dask:N (workers on this machine); without N as many as the processors",
    )
    store: StoreAddress | Path | None = Field(
        default=None,
        description="folder or object storage (s3://bucket/prefix) for the values; else .groprog/store beside the study file",
    )

    @field_validator("store", mode="before")
    @classmethod
    def _folder(cls, value: Any) -> Any:
        if not isinstance(value, str) or "://" not in value:
            return value
        if value.startswith("file:///"):
            return Path(value.removeprefix("file://"))
        return TypeAdapter(StoreAddress).validate_python(value)


class ExternalCohort(OtherCohort):
    """Patients of another centre: the finished model scores them, nothing is trained on them."""

    shared_patients: Literal["refuse", "leave_out", "renumbered"] = Field(
        "refuse",
        description="patients who are also in the training cohort: refuse the cohort, leave them out and say how many, or, where "
        "each centre numbered its own patients, take equal identifiers for other people (identical rows are left out)",
    )
    harmonize: bool = Field(
        False,
        description="take this centre's own batch effects out of the expression; its outcomes are not used for that",
    )


class Study(StudyPart):
    """The whole study file. A study of omics alone has neither genome nor libraries nor contrast; any other has all three."""

    name: Identifier
    title: str = ""
    genome: Genome = Field(None, description="the assembly; needed for libraries")  # type: ignore[assignment] # only its readers ask
    libraries: list[Library] = Field(default_factory=list, description="the sequencing libraries")
    contrast: Contrast = Field(None, description="the two conditions compared; needed for libraries")  # type: ignore[assignment]
    loci: list[Locus] = Field(default_factory=list)
    marks: list[Mark] = Field(default_factory=list)
    ontology: Ontology | None = None
    signature_target: str | TargetRegion | None = Field(
        None, description="chrom:start-end that the perturbation must raise, or {region: ...}, the region called there"
    )
    omics: Omics | None = Field(None, description="subjects with phenotypes; without them the study has no omics half")
    cohort: Cohort | None = Field(None, description="the patients; without them the study ends with the nascent half")
    validation: list[ExternalCohort] = Field(default_factory=list, description="other centres' patients to score")
    sequence: Sequence | None = Field(None, description="the sequence half; without it, or without genome.fasta, none")
    retrain_cron: Cron | None = Field(
        None, description="when to train again on what the inbox accepted; without it, as soon as it is accepted"
    )
    fresh_for_days: int = Field(
        90, ge=1, description="after how many days without being made the cohort's values are overdue"
    )
    data_roots: list[Path] = Field(
        default_factory=list, description="folders outside the study's own that its paths may reach"
    )
    compute: Compute = Compute()
    results: Path = Field(Path("results"), description="where results are exported")
    compare_with_paper: bool = Field(
        False,
        description="adds to the report an appendix that lays the study beside the published figures of the source paper, with "
        "figures 1 to 3 and 9 in the paper's forms and its six tables filled from the study",
    )
    parameters: Parameters = Field(default_factory=Parameters)

    @field_validator("retrain_cron")
    @classmethod
    def _a_time_that_comes(cls, value: str | None) -> str | None:
        if value is not None and (problem := cron_problem(value)):
            raise ValueError(problem)
        return value

    @property
    def patients(self) -> Cohort:
        """The cohort, for what cannot do without one; StudyError where the study names none."""
        if self.cohort is None:
            rule, remedy = "This is about patients.", "Add a cohort to the study file."
            raise StudyError(Problem("cohort", "not given", rule, remedy))
        return self.cohort

    @property
    def nascent_libraries(self) -> dict[str, Identifier]:
        """patient -> library of the matched mode; empty without a cohort."""
        return {} if self.cohort is None else self.cohort.nascent_libraries

    @property
    def control_libraries(self) -> set[Identifier]:
        """Libraries that are -TAP or input controls of others; no part of the experiment."""
        return {library.control for library in self.libraries if library.control is not None}

    @property
    def experiment_libraries(self) -> list[Library]:
        """The libraries that the contrast compares: no controls of others, and not the patients' own."""
        others = {*self.control_libraries, *self.nascent_libraries.values()}
        return [library for library in self.libraries if library.id not in others]

    @property
    def has_sequence(self) -> bool:
        """Whether the study has the sequence half."""
        return self.sequence is not None and bool(self.libraries) and self.genome.fasta is not None

    @property
    def inbox(self) -> Path | None:
        """The folder watched for new clinical data; None without a cohort."""
        return None if self.cohort is None else self.cohort.inbox
