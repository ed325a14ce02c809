"""Settings of evaluation, perturbation, ablation and search. Sources as in `parameters`.

Standard library and pydantic only.
"""

from __future__ import annotations

from typing import Any, Literal

from groprog_assets.study.citation import ParameterGroup, cited

SEARCHABLE = ("representation", "signature", "network", "objective", "training", "linear_path")
"""Groups of which a search may change values."""


class EvaluationParameters(ParameterGroup):
    folds: int = cited(5, unit="folds", source="docs/methods.md, A48", ge=2, le=100)
    repeats: int = cited(
        1,
        unit="repeats",
        source="docs/methods.md, A48",
        why="five repeats where minutes allow; the shared TCGA folds are 5 x 5",
        ge=1,
        le=1000,
    )
    horizons_months: list[float] = cited([12.0, 36.0, 60.0], unit="months", source="docs/methods.md, A24")
    tau_months: float | None = cited(
        60.0, unit="months", source="docs/methods.md, A23", why="truncation of eq. 15; None gives the untruncated form"
    )
    bootstrap_samples: int = cited(
        1000,
        unit="samples",
        source="docs/methods.md, A46",
        why="bootstrap 95 % intervals are asked for; 1000 leave 25 samples beyond each bound",
        ge=10,
        le=1_000_000,
    )
    strata: int = cited(3, unit="risk groups", source="paper 3.6", ge=2)
    promotion_margin: float = cited(
        0.01,
        unit="C-index",
        source="unstated",
        why="less than a quarter of the fold-to-fold spread on TCGA-LIHC",
        ge=0,
    )

    @property
    def survival_months(self) -> list[float]:
        """Months at which every model predicts survival: the horizons, and every half year up to the last one or tau."""
        last = max([*self.horizons_months, self.tau_months or 0.0])
        return sorted({*self.horizons_months, *(6.0 * step for step in range(1, int(last / 6 + 1e-9) + 1))})


class PerturbationParameters(ParameterGroup):
    noise: list[float] = cited(
        [0.25, 0.5, 1.0],
        unit="SD of a gene in training",
        source="unstated",
        why="feature noise is asked for without a size; from a quarter to the whole of the spread between patients",
    )
    gene_dropout: list[float] = cited(
        [0.1, 0.3, 0.5],
        unit="share of the genes",
        source="unstated",
        why="dropout is asked for without a share; platforms lack a tenth to a half of a gene list",
    )
    draws: int = cited(
        5, unit="draws a level and fold", source="unstated", why="25 values a level with five folds", ge=1, le=10_000
    )


class AblationParameters(ParameterGroup):
    parts: Literal["none", "few", "all"] = cited(
        "few",
        unit="parts left out in turn",
        source="unstated",
        why="few: omics, network, linear path, descriptors from sequence, vectors of other models, signature, ranking, "
        "modality dropout; all: every part of the model, for which the model is trained about fifteen times",
    )
    repeats: int = cited(
        1, unit="repeats of the folds", source="unstated", why="a part costs as much as the model itself", ge=1, le=1000
    )


RelatedMethod = Literal[
    "boosted", "forest", "late_fusion", "bilinear", "graph_convolution", "graph_attention", "pathways"
]


class RelatedWorkParameters(ParameterGroup):
    enabled: bool = cited(
        False,
        unit="switch",
        source="unstated",
        why="off: seven further models a fold cost about as much as the model itself",
    )
    methods: list[RelatedMethod] = cited(
        ["boosted", "forest", "late_fusion", "bilinear", "graph_convolution", "graph_attention", "pathways"],
        unit="methods",
        source="unstated",
        why="the families of the paper's Table 1 and introduction, which names them without numbers, each in the published form",
    )


class SearchParameters(ParameterGroup):
    trials: int = cited(
        0,
        unit="settings tried a training fold",
        source="docs/methods.md, A26",
        why="off: the defaults stand without a search",
        ge=0,
    )
    grid: dict[str, list[Any]] = cited(
        {
            "training.learning_rate": [1e-3, 2e-3, 3e-3, 6e-3],
            "training.weight_decay": [1e-2, 1e-1, 1.0],
            "network.dropout": [0.2, 0.3, 0.5],
            "objective.ranking_weight": [0.0, 0.5, 1.0],
            "objective.coherence_weight": [0.0, 0.01, 0.1],
        },
        unit="values to choose from, by parameter",
        source="unstated",
        why="the paper leaves them out; a few values around each default, which is one of them",
    )
