"""The risk model beside the forms of related work, on the same folds. Tables in, one JSON-able document out; no torch."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from groprog_assets.methods.evaluation.evaluation import MODEL, evaluate
from groprog_assets.study.parameters import EvaluationParameters
from groprog_assets.tables.values import Document

METRICS = ("harrell", "c_ipcw")
FORMS = {
    "boosted": (
        "XGBLC: boosted Cox (XGBoost) on clinic, directions, further matrices",
        "doi:10.1093/bioinformatics/btab675",
    ),
    "forest": ("random survival forest on the same columns", "doi:10.1214/08-AOAS169"),
    "late_fusion": ("late fusion of clinical Cox and elastic net Cox of the omics", "doi:10.18637/jss.v039.i05"),
    "bilinear": ("HFBSurv: factorised bilinear fusion", "doi:10.1093/bioinformatics/btac113"),
    "graph_convolution": (
        "FGCNSurv, DFASGCNS: graph convolution over two fused patient graphs",
        "doi:10.1093/bioinformatics/btad472",
    ),
    "graph_attention": ("MOGAT: graph attention, one patient graph an omic", "doi:10.3390/ijms25052788"),
    "pathways": ("DeepKEGG: layer masked by gene sets, with attention", "doi:10.1093/bib/bbae185"),
}
"""{method: (form, source of the form)}; reproductions of the form, not of the authors' code."""


def compare_related(
    table: pd.DataFrame,
    beside: Sequence[pd.DataFrame],
    outcomes: pd.DataFrame,
    folds: pd.DataFrame,
    parameters: EvaluationParameters,
    seed: int,
) -> Document:
    """{"rows": [{"method", "form", "source", metrics}], "repeats", "folds"}; no rows for an empty table. Each of METRICS has its
    estimate, lower, upper, and the model's difference from the method with Nadeau and Bengio's interval over folds.

    table, beside: tables out_of_fold; beside holds the model (MODEL) and the study's baselines, which get a row too.
    """
    if table.empty:
        return {"rows": [], "repeats": 0, "folds": 0}
    risks = pd.concat([*beside, table], ignore_index=True)
    found = evaluate(risks, outcomes, folds, parameters, survival_columns=[], seed=seed)
    differences = {(row["against"], row["metric"]): row for row in found["differences"] if row["model"] == MODEL}
    rows = []
    for name in (MODEL, *(name for name in found["models"] if name != MODEL)):
        form, source = FORMS.get(name, (name, ""))
        row: Document = {"method": name, "form": form, "source": source}
        for metric in METRICS:
            own = found["models"][name][metric]
            row[metric] = {key: own[key] for key in ("estimate", "lower", "upper")}
            if name != MODEL:
                against = differences[name, metric]
                row[metric] |= {f"difference_{key}": against[key] for key in ("lower", "upper")}
                row[metric]["difference"] = against["difference"]
        rows.append(row)
    return {"rows": rows, "repeats": found["repeats"], "folds": found["folds"]}
