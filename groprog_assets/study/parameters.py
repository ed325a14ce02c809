"""Every published number, once, with its unit, its source, and the reason where no source gives it.

`source` is a paper section or a reference program's argument; `"unstated"` marks a value the paper does not give, and `why`
then says how ours was chosen. Where the paper is open or contradicts itself, the source names
the entry of docs/methods.md that settles it. A study file overrides any of them, and every
override is kept in the lineage beside the published value. Standard library and pydantic only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from groprog_assets.study.assay_parameters import AssayReadingParameters
from groprog_assets.study.citation import ParameterGroup, cited
from groprog_assets.study.descriptor_parameters import DescriptorParameters
from groprog_assets.study.experiment_parameters import (
    SEARCHABLE,
    AblationParameters,
    EvaluationParameters,
    PerturbationParameters,
    RelatedWorkParameters,
    SearchParameters,
)
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.integration_parameters import IntegrationParameters
from groprog_assets.study.measurement_parameters import MeasurementParameters
from groprog_assets.study.model_parameters import (
    LinearPathParameters,
    MatrixParameters,
    NetworkParameters,
    ObjectiveParameters,
    RepresentationParameters,
    SignatureParameters,
    TrainingParameters,
    TransferParameters,
)
from groprog_assets.study.omics_parameters import DisclosureParameters, RankingParameters
from groprog_assets.study.plausible_ranges import PLAUSIBLE_RANGES, Ranges


class QualityParameters(ParameterGroup):
    minimum_mean_quality: float = cited(
        30.0,
        unit="Phred",
        source="unstated",
        why="the paper's 'above Q38' fails on its own curve; Q30 is the field's floor",
        ge=0,
        le=60,
    )
    condition_difference: float = cited(0.2, unit="Phred", source="paper 4.2, 'mostly less than 0.2'", gt=0)
    gate_mean_quality: float | None = cited(
        None,
        unit="Phred",
        source="paper 4.2, first screen",
        why="off: the paper gives no threshold; set, a library whose worst cycle lies under it is left out of the study",
        ge=0,
        le=60,
    )


class FilteringParameters(ParameterGroup):
    minimum_mapping_quality: int = cited(
        10,
        unit="Phred",
        source="unstated",
        why="usual floor for nascent reads; 255 (unknown) passes; used where no aligner-specific rule applies",
        ge=0,
        le=255,
    )
    duplicates: Literal["keep", "position", "umi"] = cited(
        "keep",
        unit="policy",
        source="unstated",
        why="run-on reads pile up by biology; without a UMI a duplicate cannot be told from a pause",
    )
    use_masks: bool = cited(True, unit="switch", source="docs/methods.md, A32")
    strandedness_minimum_reads: int = cited(
        500, unit="reads", source="unstated", why="binomial error below 2 % at the decision threshold", ge=1
    )
    strandedness_threshold: float = cited(
        0.7,
        unit="fraction of reads",
        source="unstated",
        why="a directional library puts 80-95 % of genic reads on the sense strand; between 0.3 and 0.7 nothing can be concluded",
        gt=0.5,
        lt=1,
    )


class CoverageParameters(ParameterGroup):
    bin_size: int = cited(50, unit="bp", source="groHMM 1.41, size", ge=1)


class TranscriptionParameters(ParameterGroup):
    log_prob_enter_transcribed: float = cited(
        -5.0, unit="natural log", source="groHMM 1.41, LtProbA", why="starting value, re-estimated", lt=0
    )
    log_prob_leave_transcribed: float = cited(-200.0, unit="natural log", source="groHMM 1.41, LtProbB", lt=0)
    untranscribed_shape: float = cited(5.0, unit="gamma shape, scale 1/shape", source="groHMM 1.41, UTS", gt=0)
    transcribed_shape: float = cited(
        0.5,
        unit="gamma shape",
        source="groHMM 1.41, detectTranscripts",
        why="starting value, re-estimated",
        gt=0,
    )
    transcribed_scale: float = cited(
        10.0,
        unit="gamma scale",
        source="groHMM 1.41, detectTranscripts",
        why="starting value, re-estimated",
        gt=0,
    )
    em_tolerance: float = cited(0.1, unit="log-likelihood", source="groHMM 1.41, threshold", gt=0)
    tuning_log_prob_leave_transcribed: list[float] = cited(
        [-100.0, -200.0, -300.0], unit="natural log", source="groHMM vignette, HMM tuning"
    )
    tuning_untranscribed_shape: list[float] = cited(
        [5.0, 10.0, 15.0], unit="gamma shape", source="groHMM vignette, HMM tuning"
    )
    tune: bool = cited(
        True,
        unit="switch",
        source="groHMM vignette, HMM tuning",
        why="the grid is reported; the cell it prefers is used only with use_tuned",
    )
    use_tuned: bool = cited(
        False,
        unit="switch",
        source="unstated",
        why="the published defaults stay the default; the error rate rewards over-calling",
    )
    tuned_by: Literal["error_rate", "dice"] = cited(
        "error_rate",
        unit="column of tuning_surface",
        source="groHMM vignette, HMM tuning",
        why="in a compact genome the error rate also rewards units over many genes, and the Dice coefficient does not",
    )


class AnnotationParameters(ParameterGroup):
    minimum_gap: int = cited(1, unit="bp", source="groHMM 1.41, makeConsensusAnnotations minGap", ge=0)
    minimum_width: int = cited(1000, unit="bp", source="groHMM 1.41, makeConsensusAnnotations minWidth", ge=1)
    dominant_tss_window: int = cited(
        50,
        unit="bp",
        source="unstated",
        why="the paper's promoter reaches 50 bp upstream; one window for choosing among annotated TSSs",
        ge=1,
    )
    maximum_intron: int = cited(
        1_200_000,
        unit="bp",
        source="unstated",
        why="exons of one transcript id further apart are two placements; the longest intron of hg38 refGene is 1,043,910 bp",
        ge=1,
    )
    break_gene_size: int = cited(5000, unit="bp", source="groHMM 1.41, breakTranscriptsOnGenes geneSize", ge=1)
    combine_gene_size: int = cited(1000, unit="bp", source="groHMM 1.41, combineTranscripts geneSize", ge=1)
    repair_overlap: float = cited(0.8, unit="fraction", source="groHMM 1.41, threshold of both", gt=0, lt=1)
    break_gap: int = cited(5, unit="bp", source="groHMM 1.41, breakTranscriptsOnGenes gap", ge=0)


class DensityParameters(ParameterGroup):
    scale: int = cited(1000, unit="scaled units per gene", source="groHMM 1.41, getTxDensity scale", ge=10)
    most_merged: float = cited(
        0.5,
        unit="share of units over two or more genes",
        source="unstated",
        why="the check units_follow_genes: .07 in human chr7, .90 in fission yeast under the published parameters",
        gt=0,
        le=1,
    )


class TssProfileParameters(ParameterGroup):
    upstream: int = cited(
        1000,
        unit="bp",
        source="paper 4.3, figure 4 axis",
        why="true base pairs beside the scaled form",
        ge=1,
    )
    downstream: int = cited(
        2000,
        unit="bp",
        source="paper 4.3, figure 4 axis",
        why="true base pairs beside the scaled form",
        ge=1,
    )


class PausingParameters(ParameterGroup):
    promoter_upstream: int = cited(50, unit="bp", source="paper Table 4", ge=0)
    promoter_downstream: int = cited(200, unit="bp", source="paper Table 4", ge=1)
    body_end: int = cited(5000, unit="bp", source="paper Table 4", ge=1)
    background_upstream: int = cited(
        1000,
        unit="bp",
        source="paper 4.3, figure 4 axis",
        why="the background channel runs from there to where the promoter window starts",
        ge=1,
    )
    minimum_body_reads: int = cited(20, unit="reads per library", source="paper Table 4", ge=0)
    high_threshold: float = cited(2.0, unit="density ratio", source="docs/methods.md, A37", gt=0)
    low_threshold: float = cited(0.5, unit="density ratio", source="docs/methods.md, A37", gt=0)
    false_discovery_rate: float = cited(0.05, unit="probability", source="docs/methods.md, A37", gt=0, lt=1)
    equivalence_margin: float = cited(
        0.2,
        unit="log10",
        source="unstated",
        why="a shift under 1.6-fold; the test for 'stable' needs a stated margin",
        gt=0,
    )


class DifferentialParameters(ParameterGroup):
    counting_offset: int = cited(1000, unit="bp", source="groHMM 1.41, limitToXkb offset", ge=0)
    counting_size: int = cited(13000, unit="bp", source="groHMM 1.41, limitToXkb size", ge=1)
    absolute_log2_fold_change: float = cited(1.0, unit="log2", source="paper Table 4", ge=0)
    significance: float = cited(0.05, unit="probability", source="paper Table 4", gt=0, lt=1)
    conservative_quantile: float = cited(0.01, unit="probability", source="unstated", why="as GFOLD", gt=0, lt=0.5)
    significance_column: Literal["adjusted_p_value", "p_value"] = cited(
        "adjusted_p_value", unit="column", source="docs/methods.md, A40"
    )
    fit_type: Literal["parametric", "local", "mean"] = cited(
        "parametric",
        unit="trend of dispersion with mean",
        source="DESeq2 1.38, estimateDispersions fitType",
        why="a local regression takes its place where the curve cannot be fitted, as in DESeq2",
    )
    tested_log2_fold_change: float = cited(
        0.0,
        unit="log2",
        source="DESeq2 1.38, results lfcThreshold",
        why="the null is that the change is no larger; above 0 the p-values are of changes that exceed it (replicates only)",
        ge=0,
    )
    principal_component_units: int = cited(
        500, unit="units of largest variance", source="DESeq2 1.38, plotPCA ntop", ge=2
    )
    exploratory_biological_variation: float = cited(
        0.1,
        unit="coefficient of variation",
        source="docs/methods.md, A39",
        why="cell-line libraries; 0.4 is for human samples",
        gt=0,
    )


class EnrichmentParameters(ParameterGroup):
    minimum_term_size: int = cited(10, unit="genes", source="docs/methods.md, A42", ge=1)
    maximum_term_size: int = cited(500, unit="genes", source="docs/methods.md, A42", ge=1)
    significance: float = cited(
        0.05, unit="probability, adjusted", source="unstated", why="as in the differential screen", gt=0, lt=1
    )
    label_terms: dict[str, list[str]] = cited(
        {
            "apoptosis_regulation": ["GO:0042981", "GO:0097194"],
            "cell_junction": ["GO:0030054", "GO:0034329"],
            "receptor_inhibition": ["GO:0030547", "GO:0048019"],
        },
        unit="GO ids",
        source="paper 4.5",
        why="the roots under which the terms named in figure 6 stand; 'receptor inhibitor activity' is a synonym of GO:0030547",
    )


class LociParameters(ParameterGroup):
    flank: int = cited(
        10000, unit="bp", source="unstated", why="shows the neighbours of a gene without hiding it", ge=0
    )
    bins: int = cited(1200, unit="windows", source="unstated", why="one a pixel of the figure", ge=10)
    page_windows: int = cited(20000, unit="windows", source="unstated", why="keeps a page at a few MB", ge=10)


class ChromatinParameters(ParameterGroup):
    promoter_flank: int = cited(
        1000,
        unit="bp",
        source="unstated",
        why="promoter marks span about a kilobase on either side of the TSS",
        ge=1,
    )


class NormalizationParameters(ParameterGroup):
    lower_quantile: float = cited(0.01, unit="quantile", source="paper eq. 2", ge=0, lt=0.5)
    upper_quantile: float = cited(0.99, unit="quantile", source="paper eq. 2", gt=0.5, le=1)
    rank_fractions: bool = cited(
        False,
        unit="switch",
        source="paper Table 5",
        why="off: the fractions keep eq. 2; on, they are ranked as the pausing index is, with which Table 5 groups them",
    )


class CohortParameters(ParameterGroup):
    landmark_months: float | None = cited(
        None, unit="months", source="docs/methods.md, A1", why="off: only covariates known at baseline enter"
    )
    minimum_events: int = cited(
        10, unit="events", source="unstated", why="fewer cannot fill five folds and fit one covariate", ge=1
    )
    minimum_shared_genes: int = cited(
        10,
        unit="genes",
        source="unstated",
        why="fewer shared symbols mean another naming system, not a small overlap",
        ge=1,
    )
    plausible_ranges: Ranges = cited(
        PLAUSIBLE_RANGES,
        unit="smallest and largest value, by kind of field and unit",
        source="unstated",
        why="wider than what living patients have had (the longest documented life is 122 years), so that what lies outside is "
        "an error of entry, a code for missing or another unit; the first unit of a kind counts where a field states none",
    )
    longest_follow_up: float = cited(
        75.0,
        unit="years",
        source="unstated",
        why="the longest cohort studies have followed people for about 75 years; longer is another unit",
        gt=0,
    )
    dependent_exclusions: float = cited(
        0.01,
        unit="probability",
        source="unstated",
        why="Fisher's exact test of being left out against having had the event; below it the check fails",
        gt=0,
        lt=1,
    )
    largest_lost_share: float = cited(
        0.25,
        unit="fraction of events, or of censored patients",
        source="unstated",
        why="more than this left out, and depending on the event, is a column not read rather than values missing",
        gt=0,
        le=1,
    )
    chance_of_identical_rows: float = cited(
        0.01,
        unit="pairs expected by chance",
        source="unstated",
        why="two patients alike in every column are one patient where chance would give fewer such pairs; of two cohorts also "
        "where as many as were found would be so rare; 0 never refuses",
        ge=0,
    )
    leak_concordance: float = cited(0.95, unit="C-index of one column", source="docs/methods.md, A1", gt=0.5, le=1)
    leak_event_area: float = cited(
        0.9,
        unit="area under the receiver operating curve",
        source="unstated",
        why="who will have the event is told from baseline with an area of 0.6 to 0.8; above 0.9 the column was written after it",
        gt=0.5,
        le=1,
    )
    leak_margin: float = cited(
        0.1,
        unit="C-index of one column less that of the model of all others",
        source="unstated",
        why="beyond the difference's interval; on public cohorts no honest column reaches it",
        gt=0,
        lt=0.5,
    )
    maximum_missing_flag: float = cited(
        0.05,
        unit="fraction",
        source="anchors on TCGA-LIHC",
        why="a missing-value indicator is added above it",
        ge=0,
        le=1,
    )

    @property
    def landmark_days(self) -> float:
        """The last day after baseline on which a covariate may become known: the landmark's, or 0 without one."""
        return (self.landmark_months or 0.0) * 365.25 / 12

    @field_validator("plausible_ranges", mode="before")
    @classmethod
    def _beside_the_published(cls, stated: Any) -> Any:
        """A kind that the study states replaces the published one of that name; the others stay."""
        return {**PLAUSIBLE_RANGES, **stated} if isinstance(stated, dict) else stated


class Parameters(ParameterGroup):
    """All groups. `overrides()` lists what differs from the published values."""

    quality: QualityParameters = Field(default_factory=QualityParameters)
    filtering: FilteringParameters = Field(default_factory=FilteringParameters)
    coverage: CoverageParameters = Field(default_factory=CoverageParameters)
    transcription: TranscriptionParameters = Field(default_factory=TranscriptionParameters)
    annotation: AnnotationParameters = Field(default_factory=AnnotationParameters)
    density: DensityParameters = Field(default_factory=DensityParameters)
    initiation: InitiationParameters = Field(default_factory=InitiationParameters)
    tss_profile: TssProfileParameters = Field(default_factory=TssProfileParameters)
    pausing: PausingParameters = Field(default_factory=PausingParameters)
    differential: DifferentialParameters = Field(default_factory=DifferentialParameters)
    enrichment: EnrichmentParameters = Field(default_factory=EnrichmentParameters)
    loci: LociParameters = Field(default_factory=LociParameters)
    chromatin: ChromatinParameters = Field(default_factory=ChromatinParameters)
    descriptors: DescriptorParameters = Field(default_factory=DescriptorParameters)
    normalization: NormalizationParameters = Field(default_factory=NormalizationParameters)
    cohort: CohortParameters = Field(default_factory=CohortParameters)
    representation: RepresentationParameters = Field(default_factory=RepresentationParameters)
    signature: SignatureParameters = Field(default_factory=SignatureParameters)
    matrices: MatrixParameters = Field(default_factory=MatrixParameters)
    network: NetworkParameters = Field(default_factory=NetworkParameters)
    objective: ObjectiveParameters = Field(default_factory=ObjectiveParameters)
    training: TrainingParameters = Field(default_factory=TrainingParameters)
    linear_path: LinearPathParameters = Field(default_factory=LinearPathParameters)
    transfer: TransferParameters = Field(default_factory=TransferParameters)
    evaluation: EvaluationParameters = Field(default_factory=EvaluationParameters)
    perturbation: PerturbationParameters = Field(default_factory=PerturbationParameters)
    ablation: AblationParameters = Field(default_factory=AblationParameters)
    related_work: RelatedWorkParameters = Field(default_factory=RelatedWorkParameters)
    search: SearchParameters = Field(default_factory=SearchParameters)
    ranking: RankingParameters = Field(default_factory=RankingParameters)
    measurements: MeasurementParameters = Field(default_factory=MeasurementParameters)
    integration: IntegrationParameters = Field(default_factory=IntegrationParameters)
    disclosure: DisclosureParameters = Field(default_factory=DisclosureParameters)
    assay_reading: AssayReadingParameters = Field(default_factory=AssayReadingParameters)

    @model_validator(mode="after")
    def _grid_is_of_parameters(self) -> Parameters:
        groups = self.__dict__  # an asset's view refuses to hand out a group that was not declared, also to this rule
        for name, values in groups["search"].grid.items():
            group, _, field = name.partition(".")
            if group not in SEARCHABLE or field not in type(groups[group]).model_fields:
                raise ValueError(f"search.grid: {name} is no parameter of {', '.join(SEARCHABLE)}")
            for value in values:
                type(groups[group]).model_validate({field: value})
        return self

    def overrides(self) -> dict[str, dict[str, Any]]:
        """{"group.name": {"value", "default", "unit", "source"}} of every value that is not the default."""
        return {
            row["name"]: {key: row[key] for key in ("value", "default", "unit", "source")}
            for row in catalogue(self)
            if row["value"] != row["default"]
        }


RETIRED = {
    "normalization.epsilon": "Nothing ever read it: a feature whose quantiles coincide is left out, so no denominator is 0.",
}
"""Parameters of earlier versions that never changed a number, and why; a study file that sets one is told to remove it."""


def without_retired(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Groups of parameters as an earlier version stored them ({group: {field: value}}), less those that are `RETIRED`."""
    return {
        group: {field: value for field, value in values.items() if f"{group}.{field}" not in RETIRED}
        for group, values in groups.items()
    }


@cache
def _defaults() -> Parameters:
    """The published values, built once: a plan asks for them at every step."""
    return Parameters()


def catalogue(parameters: Parameters | None = None) -> list[dict[str, Any]]:
    """One row a parameter: name (group.field), value, default, unit, source, why; in the order of this file."""
    defaults = _defaults()
    parameters = parameters or defaults
    rows = []
    for group in Parameters.model_fields:
        held, published = getattr(parameters, group), getattr(defaults, group)
        for name, field in type(held).model_fields.items():
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            rows.append(
                {
                    "name": f"{group}.{name}",
                    "value": getattr(held, name),
                    "default": getattr(published, name),
                    **extra,
                }
            )
    return rows
