"""Short titles of figures, by which the lines that open a folded part of the report name them."""

from __future__ import annotations

import re

from groprog_assets.report.blocks import words

TITLES: dict[str, str] = {
    "read_quality": "base quality by cycle",
    "filter_funnel": "reads left after each filter",
    "library_components": "libraries by principal components",
    "library_correlation": "correlation of libraries",
    "transcript_density": "genes covered by their units",
    "tss_profile": "reads around the TSS",
    "em_trace": "log-likelihood of the EM iterations",
    "tuning_surface": "tuning grid",
    "ma_plot": "change against expression (MA plot)",
    "enrichment": "enriched terms",
    "initiation_profile": "signal around starts",
    "initiation_heat_map": "heat map of divergent pairs",
    "initiation_classes": "regions by class",
    "initiation_response": "change of each region",
    "pausing": "distribution of the pausing index",
    "chromatin_marks": "marks by transcription",
    "sequence_predictions": "measured against predicted from sequence",
    "sequence_ladder": "models of sequence compared",
    "sequence_window_ablation": "worth of each stretch of the window",
    "sequence_motifs": "motifs",
    "sequence_profiles": "measured and predicted profiles",
    "patient_funnel": "patients left after each step",
    "follow_up": "follow-up",
    "missingness": "missing values",
    "calibration": "calibration plot",
    "auc": "AUC over time",
    "roc": "ROC curves",
    "decision": "net benefit (decision curve)",
    "ablation": "what each part is worth",
    "training": "losses of training",
    "energy": "weight of omics and clinic",
    "signature": "weights of the signature",
    "transfer_gain": "gain from other cohorts",
    "attributions": "what moves the score",
    "kaplan_meier": "survival by risk group",
    "robustness": "robustness to disturbed omics",
    "paper_wet_lab": "days of the experiment",
    "paper_quality_control": "the paper's quality figure, control",
    "paper_quality_treatment": "the paper's quality figure, treatment",
    "paper_pausing": "the paper's pausing figure",
    "workflow": "the graph of assets",
    "factor_variance": "variance by factor",
    "stratum_survival": "survival by stratum",
}
"""Name of a figure's files → its title. Figures that a study names itself: `title_of`."""


def title_of(name: str) -> str:
    """The title of a figure by its name; the name as words where it has none.

    >>> title_of("external_ohio_calibration")
    'calibration at ohio'
    """
    if name in TITLES:
        return TITLES[name]
    if name.startswith("locus_"):
        return f"reads at {name.removeprefix('locus_')}"
    if found := re.fullmatch(r"external_(.+)_(survival|calibration)", name):
        return f"{found[2]} at {found[1].replace('_', ' ')}"
    return words(name).lower()
