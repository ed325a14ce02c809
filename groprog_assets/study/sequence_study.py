"""The section `sequence` of the study file: windows, targets, models and numbers of the sequence half.

Standard library and pydantic only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from groprog_assets.study.part import StudyPart
from groprog_assets.study.sequence_parameters import SequenceParameters

Column = Annotated[str, StringConstraints(min_length=1)]
Rung = Literal[
    "ridge_kmer",
    "ridge_kmer+words",
    "ridge_kmer+pwm",
    "gbm",
    "motif_net",
    "cnn",
    "cnn_bilstm",
    "cnn_bilstm+deepcba",
    "hybrid",
    "ridge+cnn",
]
NETS = ("motif_net", "cnn", "cnn_bilstm", "cnn_bilstm+deepcba", "hybrid", "ridge+cnn")
"""Rungs that are nets, trained by torch."""
TRAINED = ("gbm", *NETS)
"""Rungs that need more genes than ridge."""
WITH_MOTIFS = ("ridge_kmer+pwm", "motif_net")
"""Rungs that read `motifs`."""
PER_BASE = ("cnn", "hybrid")
"""Rungs that read every base of `channels`; the others read the mean of each stretch."""
BASES_ALONE = ("cnn_bilstm", "cnn_bilstm+deepcba")
"""Rungs that read neither `side` nor `channels`."""
Around = tuple[Annotated[int, Field(ge=100, le=100_000)], Annotated[int, Field(ge=0, le=100_000)]]


class SequenceWindows(StudyPart):
    """bp before and after the TSS, and before and after the transcript's end."""

    tss: Around = Field(
        default=(1000, 500), description="bp before and after the TSS; a compact genome takes [1000, 1000]"
    )
    tts: Around | None = Field(
        default=(500, 1000), description="bp before and after the end of the transcript; null without a window there"
    )


class TargetTable(StudyPart):
    """A table of values of genes."""

    table: Path = Field(description="text table with a row a gene")
    id: Column = Field("gene", description="column with the gene's name as in the annotation")
    columns: list[Column] = Field(min_length=1, description="columns to predict; the first is the main one")
    unit: Literal["counts", "tpm", "fpkm", "log2"] = "log2"
    batch: Column | None = Field(
        None,
        description="column with the protocol of a gene's values; each has an offset a task, fitted on training genes",
    )


class PretrainedVectors(StudyPart):
    """Vectors of genes that another model computed elsewhere."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$", max_length=30)] = Field(
        description="small letters and digits; descriptors are named by it"
    )
    tables: list[Path] = Field(
        min_length=1,
        description="text, .npz (gene, values) or .safetensors, a vector a gene; several of one model's folds are put on common "
        "axes by Procrustes rotation",
    )
    components: int = Field(64, ge=1, le=256, description="principal components that are kept")


class SideTable(StudyPart):
    """A table of further numbers of genes, such as the half-life of the RNA."""

    table: Path = Field(description="text table with a row a gene")
    id: Column = Field("gene", description="column with the gene's name as in the annotation")
    columns: list[Column] = Field(
        default_factory=list, description="columns that models read; none means all but the id"
    )


class CellType(StudyPart):
    """A cell type of the targets, with the tracks that were measured in it."""

    name: Column = Field(description="as it is to be told")
    tasks: list[Column] = Field(
        min_length=1, description="its tasks, such as columns of targets; those of all cell types in the same order"
    )
    channels: list[Column] = Field(
        default_factory=list, description="names of its `marks`; those of all cell types in the same order"
    )


class Sequence(StudyPart):
    """The sequence half; it needs genome.fasta."""

    windows: SequenceWindows = SequenceWindows()
    views: list[Literal["promoter", "locus"]] = Field(
        ["promoter", "locus"],
        min_length=1,
        description="promoter ends 50 bp downstream of the TSS, locus is the whole window",
    )
    targets: TargetTable | None = Field(
        None, description="nascent: densities and changes of the study's libraries; or a table of the genes' values"
    )
    aliases: Path | None = Field(
        None,
        description="other names of chromosomes, a line a chromosome as in UCSC's chromAlias: for the FASTA and variants",
    )
    contacts: Path | None = Field(
        None, description="BEDPE of contacts, for cnn_bilstm: genes that share a fragment are not split"
    )
    families: Path | None = Field(None, description="two columns, gene and paralogue family: a family is not split")
    side: SideTable | None = Field(
        None,
        description="numbers of genes that models read beside the sequence: a table's path, or table, id and columns",
    )
    channels: list[Column] = Field(
        default_factory=list, description="names of `marks` whose tracks models read along the window"
    )
    profile: bool = Field(
        False,
        description="whether a net also learns the profile of reads around starts, base by base; minutes to hours of CPU",
    )
    models: list[Rung] = Field(
        ["ridge_kmer", "ridge_kmer+words"],
        description="rungs above `mean` and `gc`; one replaces a simpler one only where its gain is certain",
    )
    task: Literal["value", "high_low"] = Field(
        "value",
        description="value: models predict the values; high_low: the log odds of being above the median of the training genes",
    )
    variants: list[Path] = Field(
        default_factory=list, description="VCF files, or tables with the columns chrom, pos, id, ref, alt, to score"
    )
    motifs: list[Path] = Field(
        default_factory=list, description="motif files in MEME's format (JASPAR and others) to compare motifs with"
    )
    sites: list[Path] = Field(
        default_factory=list,
        description="BED files, such as open chromatin or eQTL, to test the motifs' places against",
    )
    pretrained: list[PretrainedVectors] = Field(
        default_factory=list, description="vectors of genes from other models, as descriptors of the risk model"
    )
    cell_types: list[CellType] = Field(
        default_factory=list,
        description="two or more: each is predicted from the targets of the others, with an adversarial head and without",
    )
    parameters: SequenceParameters = Field(default_factory=SequenceParameters)

    @property
    def fits_nets(self) -> bool:
        """Whether a run trains any net: a rung, that of the profile, or those of cell types."""
        return self.profile or bool(self.cell_types) or any(name in NETS for name in self.models)

    @field_validator("side", mode="before")
    @classmethod
    def _path(cls, given: Any) -> Any:
        """A path stands for a table of which all columns are read."""
        return {"table": given} if isinstance(given, str | Path) else given

    @field_validator("targets", mode="before")
    @classmethod
    def _nascent(cls, given: Any) -> Any:
        """`nascent` stands for the study's own libraries."""
        return None if given == "nascent" else given
