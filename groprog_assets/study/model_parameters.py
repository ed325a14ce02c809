"""Settings of the risk model and its training. Sources as in `parameters`.

Standard library and pydantic only.
"""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from groprog_assets.study.citation import ParameterGroup, cited


class RepresentationParameters(ParameterGroup):
    mode: Literal["signature", "matched", "clinical"] = cited("signature", unit="mode", source="docs/methods.md, A5")
    density_width: int = cited(64, unit="dimensions", source="paper Table 5", ge=1)
    pausing_width: int = cited(16, unit="dimensions", source="paper Table 5", ge=1)
    differential_width: int = cited(48, unit="dimensions", source="paper Table 5", ge=1)
    patient_state_width: int = cited(32, unit="dimensions", source="paper Table 5", ge=1)
    treatment_width: int = cited(16, unit="dimensions", source="paper Table 5", ge=1)
    modality_dropout: float = cited(
        0.1,
        unit="probability",
        source="docs/methods.md, A12",
        why="keeps the clinical path usable without omics",
        ge=0,
        lt=1,
    )
    components: int = cited(
        128,
        unit="directions of training expression",
        source="unstated",
        why="as wide as G of Table 5; the linear path and the per-gene deviation live in their span, and a ridge penalty "
        "shrinks the later ones",
        ge=1,
    )
    harmonization: Literal["none", "combat"] = cited(
        "none",
        unit="method",
        source="unstated",
        why="combat takes declared batches out of the expression, fitted on training patients; it costs what differs with them",
    )
    pooling: Literal["columns", "tokens"] = cited(
        "columns",
        unit="what g_i of the network is made of",
        source="unstated",
        why="columns: the signature columns and a few leading directions, from which a network finds planted interactions; "
        "tokens: eq. 1's learned maps of each gene, pooled",
    )
    network_directions: int = cited(
        8,
        unit="directions of training expression",
        source="unstated",
        why="a few of the path's: with pooling columns the network reads these beside the signature columns",
        ge=0,
    )
    gene_deviation: bool = cited(
        True,
        unit="switch",
        source="unstated",
        why="reaches genes that have no nascent descriptor; decayed like every weight",
    )
    pausing_cap: float = cited(
        1.0,
        unit="largest share of the spread",
        source="paper 4.7",
        why="1: no cap; below it the pausing descriptors give at most this share of the signature branch, and of what the "
        "network reads, as SD over the training patients: an auxiliary constraint, not a dominant branch",
        ge=0,
        le=1,
    )
    coordination_prior: float = cited(
        0.0,
        unit="log of the prior variance of a gene's weight for one unit of coordination",
        source="paper 4.6",
        why="0: every gene has the same prior; above it the directions of expression lean to genes whose nascent signal "
        "goes with the chromatin marks (descriptors.coordination)",
        ge=0,
    )
    separate_upstream: bool = cited(
        False,
        unit="switch",
        source="paper 4.3",
        why="with pooling tokens: the upstream background goes through a map of its own instead of that of the TSS; eq. 1 has "
        "no such map, and no gain was shown (docs/model.md)",
    )


CO_DATA = "co-data ridge: a gene's weight as a function of its descriptor, doi:10.1002/sim.9162"


class SignatureParameters(ParameterGroup):
    """Which functions phi of a gene's descriptor make the columns of the signature branch, and how the branch is fitted."""

    enabled: bool = cited(
        True, unit="switch", source=CO_DATA, why="finds what the leading directions of expression miss"
    )
    response: bool = cited(
        True,
        unit="function of log2_fold_change",
        source=CO_DATA,
        why="delta_g of eq. 1, signed, clipped by its normalisation",
    )
    raised: bool = cited(
        True,
        unit="function of log2_fold_change",
        source=CO_DATA,
        why="its positive part: rises may weigh otherwise than falls",
    )
    lowered: bool = cited(True, unit="function of log2_fold_change", source=CO_DATA, why="its negative part")
    response_by_significance: bool = cited(
        True, unit="function of significance", source=CO_DATA, why="a response that is surely there may weigh more"
    )
    response_by_density: bool = cited(
        True,
        unit="function of body_density",
        source=CO_DATA,
        why="rho_body of eq. 1: a response of a gene that is transcribed",
    )
    pausing_classes: bool = cited(
        True,
        unit="function of pausing_index",
        source=CO_DATA,
        why="pi_g of eq. 1 as two indicators, centred over the genes",
    )
    pausing_class_share: float = cited(
        1 / 3,
        unit="fraction of the genes",
        source="unstated",
        why="thirds: the outer two are the classes",
        gt=0,
        le=0.5,
    )
    labels: bool = cited(
        True,
        unit="function of the functional labels",
        source=CO_DATA,
        why="omega_g of eq. 1, each centred over the genes",
    )
    key_loci: bool = cited(
        True, unit="function of key_locus", source=CO_DATA, why="paper Table 5, centred over the genes"
    )
    marks: bool = cited(
        True,
        unit="function of the chromatin marks",
        source=CO_DATA,
        why="promoter and body signal, centred over the genes",
    )
    enhancers: bool = cited(
        True,
        unit="function of enhancers_near",
        source=CO_DATA,
        why="count of candidate enhancers near the gene, centred over the genes",
    )
    enhancer_response: bool = cited(
        True,
        unit="function of enhancer_response",
        source=CO_DATA,
        why="signed response of the nearest candidate enhancers, 0 for genes without one",
    )
    key_locus_activity: bool = cited(
        True,
        unit="function of key_locus_activity and key_locus_response",
        source=CO_DATA,
        why="where `descriptors.key_locus_activity` makes them: signal of the key loci instead of the flag alone",
    )
    response_by_coordination: bool = cited(
        True,
        unit="function of chromatin_coordination",
        source=CO_DATA,
        why="where `descriptors.coordination` makes it: a response where nascent signal and marks go together may weigh more",
    )
    tracks: bool = cited(
        True,
        unit="function of each window of the local tracks",
        source=CO_DATA,
        why="where `descriptors.tracks` makes them, each centred over the genes",
    )


class MatrixParameters(ParameterGroup):
    """How mutations, copy number and further matrices of the patients become columns of the linear path."""

    minimum_carriers: int = cited(
        5,
        unit="training patients with the mutation",
        source="unstated",
        why="a gene that fewer carry has a coefficient of its carriers' outcomes alone",
        ge=1,
    )
    mutation_divisor: float = cited(
        4.0,
        unit="of the z-score of a mutation",
        source="unstated",
        why="puts the penalties that suit rare mutations into the middle of the grid; with it mutations added .0012 in C over "
        "14 cohorts",
        gt=0,
    )
    components: int = cited(
        64,
        unit="directions of a training matrix",
        source="unstated",
        why="copy number and other matrices; half of those of expression, as neighbouring genes change together",
        ge=1,
    )


class NetworkParameters(ParameterGroup):
    form: Literal["perceptron", "paper"] = cited(
        "perceptron",
        unit="form of the network",
        source="unstated",
        why="two hidden layers on g_i and c_i, trained in one stage; such a network alone was .015 better in C on seven cohorts "
        "than the paper's form, eqs. 4-9 in three stages",
    )
    perceptron_widths: list[int] = cited(
        [64, 32], unit="neurons of the two hidden layers", source="unstated", why="enough for planted interactions"
    )
    least_events: int = cited(
        0,
        unit="training events",
        source="unstated",
        why="with fewer the network weighs nothing and the score is the ridge Cox path, as the report then says; 30 was tried "
        "and brought nothing (docs/model.md)",
        ge=0,
    )
    trunk_width: int = cited(64, unit="dimensions", source="paper Table 6", ge=1)
    hidden_width: int = cited(128, unit="dimensions", source="docs/methods.md, A15", ge=1)
    prototypes: int = cited(
        16,
        unit="clinical prototypes",
        source="unstated",
        why="the settled reading asks for a frozen bank; 16 exceeds the number of stage x grade cells in use",
        ge=1,
    )
    attention: Literal["prototypes", "batch", "none"] = cited("prototypes", unit="mode", source="docs/methods.md, A10")
    energy_sign: Literal[1, -1] = cited(
        -1, unit="sign", source="docs/methods.md, A12", why="-1 is the paper's stated aim; +1 the literal eq. 6"
    )
    energy_clamp: list[float] = cited([0.1, 0.9], unit="bounds of eta", source="docs/methods.md, A12")
    dropout: float = cited(
        0.3,
        unit="probability",
        source="unstated",
        why="Table 6 names dropout without a rate; with it the perceptron finds planted interactions",
        ge=0,
        lt=1,
    )


class ObjectiveParameters(ParameterGroup):
    ranking_weight: float = cited(
        0.5, unit="alpha of eq. 11", source="unstated", why="both terms are of order one at the start", ge=0
    )
    coherence_weight: float = cited(
        0.01, unit="beta of eq. 11", source="docs/methods.md, A14", why="small, so that h cannot collapse", ge=0
    )
    coherence_neighbours: int = cited(
        10,
        unit="neighbours",
        source="unstated",
        why="the settled reading asks for nearest neighbours in training omics",
        ge=1,
    )
    event_weight: float = cited(
        1.0,
        unit="rho of eq. 13",
        source="unstated",
        why="weights of mean one, 1 + rho N_censored/N_event",
        ge=0,
    )


class TrainingParameters(ParameterGroup):
    genomic_warmup_epochs: int = cited(30, unit="epochs of the paper's form", source="paper 3.5", ge=0)
    clinical_warmup_epochs: int = cited(20, unit="epochs of the paper's form", source="paper 3.5", ge=0)
    joint_epochs: int = cited(200, unit="epochs, at most", source="unstated", why="early stopping ends it sooner", ge=1)
    patience: int = cited(
        25,
        unit="epochs",
        source="unstated",
        why="longer than the EMA's memory at the default decay and full batch",
        ge=1,
    )
    learning_rate: float = cited(
        3e-3,
        unit="l0 of eq. 12",
        source="unstated",
        why="full-batch AdamW at this width",
        gt=0,
    )
    rate_balance: float = cited(
        1.0,
        unit="beta of eq. 12, named beta_lr",
        source="docs/methods.md, A21",
        why="eq. 12 names beta without a value; 1 gives equal branches the rate l0 after normalisation",
        ge=0,
    )
    rate_clamp: list[float] = cited([0.1, 10.0], unit="multiples of l0", source="docs/methods.md, A21")
    weight_decay: float = cited(
        0.1, unit="1", source="unstated", why="Table 6 names weight decay without a value", ge=0
    )
    ema_decay: float = cited(0.99, unit="mu of eq. 14", source="docs/methods.md, A22", gt=0, lt=1)
    validation_fraction: float = cited(
        0.2, unit="fraction of the training fold", source="unstated", why="stratified by event", gt=0, lt=0.5
    )
    full_batch_limit: int = cited(5000, unit="patients", source="docs/methods.md, A19", ge=1)
    ensemble_seeds: int = cited(
        5,
        unit="models a fold",
        source="unstated",
        why="one an inner fold, so that stacking and baseline hazard rest on a held-out score of every training patient; "
        "their spread is the uncertainty of a score",
        ge=1,
    )
    calibration_prior: float = cited(
        100.0,
        unit="events, towards no recalibration",
        source="unstated",
        why="risks are multiplied by the slope of out-of-fold scores over the whole follow-up; a slope from few events is noise",
        gt=0,
    )
    device: Literal["cpu", "cuda", "auto"] = cited(
        "cpu", unit="device", source="unstated", why="CPU by default; the same code runs on CUDA"
    )
    precision: Literal["float32", "bfloat16"] = cited(
        "float32",
        unit="number format of products in training",
        source="unstated",
        why="bfloat16 is mixed precision, for CUDA; on a CPU without its instructions it is slower",
    )
    seed: int = cited(20260101, unit="seed", source="unstated", why="fixes splits, initialisation and batches", ge=0)


class LinearPathParameters(ParameterGroup):
    enabled: bool = cited(
        True,
        unit="switch",
        source="unstated",
        why="a ridge Cox path that the network corrects; linear models are hard to beat at this size",
    )
    most_patients: int = cited(
        10_000,
        unit="patients",
        source="unstated",
        why="a larger cohort lends the path a random subset: a hundred coefficients are known to 0.02 by then",
        ge=100,
    )
    penalties: list[float] = cited(
        [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0],
        unit="ridge penalty per event",
        source="unstated",
        why="half-decades from hardly shrunk to hardly used; one for the covariates, one for the omics, by inner folds",
    )
    partitions: int = cited(
        3,
        unit="divisions into inner folds",
        source="unstated",
        why="penalties and weights rest on their mean; one above training.full_batch_limit, where chance is smaller",
        ge=1,
    )
    events_per_curve: float = cited(
        15.0,
        unit="training events per field with a curve",
        source="unstated",
        why="with fewer the path keeps straight lines: one degree of freedom for 15 events, Harrell, Lee and Mark 1996, "
        "doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4",
        ge=0,
    )
    fallback_events: list[float] = cited(
        [12.0, 30.0],
        unit="training events, with omics",
        source="unstated",
        why="at the first or fewer the score is clinical Cox, at the second or more the model, between them a mixture: in random "
        "parts of cohorts of TCGA the model is .015 above clinical Cox (C) with 20 and 25 events, the mixture .018, with 30 .053",
        min_length=2,
        max_length=2,
    )
    fallback_events_of_fields: list[float] = cited(
        [30.0, 50.0],
        unit="training events, without omics",
        source="unstated",
        why="the same where the model reads fields alone: in random parts of seven cohorts it is .004 (SE .004) above clinical "
        "Cox with 10 to 25 events, a quarter of the parts lose over .01, and .007 (SE .003) with 30 to 50, one in twelve does",
        min_length=2,
        max_length=2,
    )
    stop_after_events: float = cited(
        0.9,
        unit="fraction of the training events",
        source="unstated",
        why="the path and its weights are fitted to follow-up until then; of 0.6 to 1 best or near it on the inner folds of nine "
        "cohorts",
        gt=0,
        le=1,
    )
    stacking_prior: float = cited(
        300.0,
        unit="events, towards prior shares",
        source="unstated",
        why="prior shares of standardised scores did better on inner folds than weights learned from a hundred events; "
        "thousands of events overrule them",
        gt=0,
    )
    earning_priors: list[float] = cited(
        [0.0, 30.0, 100.0],
        unit="events, towards weight 0",
        source="unstated",
        why="a branch beyond clinic and expression directions, and the network, earn their weight against the base path; the "
        "prior is chosen on inner folds: 100 alone held a true signature down by 0.005 in C, 0 let noise in",
    )

    @field_validator("fallback_events", "fallback_events_of_fields")
    @classmethod
    def _limits_in_order(cls, limits: list[float]) -> list[float]:
        """Between the limits the share of the model rises."""
        least, enough = limits
        if not 0 <= least < enough:
            raise ValueError("the first is at least 0 and below the second ([0, 1]: no fallback)")
        return limits


class TransferParameters(ParameterGroup):
    """How other cohorts (`cohort.sources`) enter the linear path; read only where a study names some."""

    recipe: Literal["earn", "share"] = cited(
        "earn",
        unit="how the fixed columns of the sources enter",
        source="unstated",
        why="earn: the columns earn their weights, and expression is shrunken towards the sources too: a smaller gain in C that "
        "differs less between cohorts (.0051, .0009 to .0093, over 14); share: the columns join the shares of clinic and "
        "expression (.0062, .0007 to .0118)",
    )
    clinical_penalty: float = cited(
        5.0, unit="ridge penalty of the sources' shared fields", source="unstated", why="a few coefficients", gt=0
    )
    molecular_penalty: float = cited(
        0.1,
        unit="ridge penalty per event of the sources' genes, not adjusted",
        source="unstated",
        why="chosen by leaving one source out",
        gt=0,
    )
    adjusted_penalty: float = cited(
        1.0,
        unit="ridge penalty per event of the sources' genes, adjusted for their fields",
        source="unstated",
        why="chosen by leaving one source out",
        gt=0,
    )
    directions: int = cited(
        400,
        unit="directions of the sources' expression",
        source="unstated",
        why="pooled over the sources, whose patients are many",
        ge=1,
    )
    shares_of_sources: list[float] = cited(
        [0.0, 0.5, 1.0],
        unit="rho: the ridge penalty is towards rho times the sources' coefficients",
        source="unstated",
        why="chosen on inner folds, 0 for sources that do not fit",
    )
    harmonization: Literal["none", "combat"] = cited(
        "none",
        unit="what is done beside the scale of each source",
        source="unstated",
        why="none: every gene is standardised within its cohort; combat: differences between the sources are taken out, and one "
        "scale is used for all",
    )
    most_dropped: int = cited(
        2,
        unit="sources",
        source="unstated",
        why="the sources are fitted without each of them and without each two before the inner folds decide",
        ge=0,
        le=3,
    )
    drop_margin: float = cited(
        1.0,
        unit="held-out log partial likelihood",
        source="unstated",
        why="a source is dropped when the inner folds are predicted better without it by more than chance gives",
        ge=0,
    )
    earning_prior: float = cited(
        30.0,
        unit="events, towards weight 0",
        source="unstated",
        why="the middle prior of the branches that earn their weights, while sets of sources are compared",
        gt=0,
    )
    curve_patients: list[int] = cited(
        [50, 100, 200],
        unit="training patients",
        source="unstated",
        why="the gain from the sources is largest where the cohort is small",
    )
