"""A context for the report with plausible numbers, every section filled; nothing in it was measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.figures import density, reads, workflow
from groprog_assets.figures.calibration import calibration_figure
from groprog_assets.figures.evaluation import auc_figure
from groprog_assets.figures.kaplan_meier import kaplan_meier_figure
from groprog_assets.figures.style import (
    DOWN,
    NEUTRAL,
    UP,
    WIDE,
    figure_bytes,
    new_figure,
    style,
)
from groprog_assets.methods.cohort.cohort_summary import summarise
from groprog_assets.report.prognosis import LABELS
from groprog_assets.study.parameters import Parameters
from groprog_assets.tables import conform

CONDITIONS = {"mock_1": "mock", "mock_2": "mock", "oe_1": "oe", "oe_2": "oe"}
SYMBOLS = [f"GENE{number}" for number in range(1, 181)]


def funnel(total: int) -> pd.DataFrame:
    """A filter funnel of `total` reads."""
    rows, left = [], total
    for step, share, reason in (
        ("unmapped", 0.021, "flag 4"),
        ("secondary", 0.013, "flags 256 and 2048"),
        ("not_unique", 0.094, "mapping quality below 10, or NH above 1"),
        ("masked", 0.037, "blacklist, rDNA and multi-copy regions"),
    ):
        removed = int(total * share)
        left -= removed
        rows.append((step, removed, left, reason))
    return conform(pd.DataFrame(rows, columns=["step", "removed", "remaining", "reason"]), "filter_funnel")


def quality(offset: float) -> pd.DataFrame:
    """Per-cycle qualities of a 75-cycle library."""
    cycle = np.arange(1, 76)
    mean = 38.8 + offset - 0.00028 * cycle**2 + 0.08 * np.sin(cycle / 3)
    columns = {
        "mate": 1,
        "cycle": cycle,
        "mean_quality": mean,
        "error_mean_quality": mean - 6,
        "minimum_quality": 2,
        "maximum_quality": 41,
        "reads": 250_000,
    }
    return conform(pd.DataFrame(columns), "read_quality")


def density_profile() -> tuple[pd.DataFrame, dict[str, Any]]:
    """A density profile with its four figures."""
    position = np.arange(-1000, 2000)
    curve = 0.74 / (1 + np.exp(-(position + 30) / 35)) * (1 - 0.75 / (1 + np.exp(-(position - 1080) / 70)))
    profile = conform(pd.DataFrame({"position": position, "density": np.round(curve, 4)}), "transcript_density")
    before, inside, after = (np.trapezoid(curve[low : low + 1000]) / 1000 for low in (0, 1000, 2000))
    summary = {
        "five_prime_fp": before,
        "tp": inside,
        "post_tts": after,
        "tua": (inside + inside - before) / (1 + inside),
        "pairs": 143,
        "merged": 9,
        "dissociated": 6,
        "error_rate": 0.0312,
    }
    return profile, summary


def differential(generator: np.random.Generator, analysis: str = "replicated") -> pd.DataFrame:
    """Transcription units with planted changes."""
    count = 420
    abundance = generator.normal(5, 2.2, count)
    change = generator.normal(0, 0.35, count)
    change[:34] += generator.uniform(1.2, 3.4, 34)
    change[34:52] -= generator.uniform(1.2, 2.8, 18)
    p = np.clip(10 ** -(np.abs(change) ** 2 * 3 + generator.exponential(0.3, count)), 1e-30, 1)
    adjusted = np.clip(p * count / (np.argsort(np.argsort(p)) + 1), 0, 1)
    start = np.sort(generator.integers(1, 3_900_000, count))
    passes = (np.abs(change) > 1) & (adjusted < 0.05)
    columns = {
        "transcript": [f"chrA_{place}+" for place in start],
        "chrom": "chrA",
        "start": start,
        "end": start + generator.integers(2_000, 40_000, count),
        "strand": generator.choice(["+", "-"], count),
        "gene": [SYMBOLS[index] if index < len(SYMBOLS) else "" for index in range(count)],
        "base_mean": 2**abundance,
        "log_cpm": abundance,
        "log2_fold_change": change,
        "standard_error": 0.3,
        "conservative_log2_fold_change": change * 0.8,
        "shrunken_log2_fold_change": change * 0.9,
        "shrunken_standard_error": 0.2,
        "dispersion": 0.05,
        "p_value": p,
        "adjusted_p_value": adjusted,
        "direction": np.where(passes, np.where(change > 0, "up", "down"), "none"),
        "analysis": analysis,
    }
    frame = pd.DataFrame(columns).drop_duplicates(["transcript"])
    return conform(frame, "differential")


def pausing(generator: np.random.Generator) -> pd.DataFrame:
    """Pausing of every gene in both conditions."""
    parts = []
    for condition, shift in (("mock", 0.50), ("oe", 0.42)):
        index = 10 ** generator.normal(shift, 0.5, len(SYMBOLS))
        body = generator.integers(5, 400, len(SYMBOLS))
        columns = {
            "gene": SYMBOLS,
            "condition": condition,
            "promoter_count": (index * body * 250 / 4800).astype(int),
            "body_count": body,
            "promoter_length": 250,
            "body_length": 4800,
            "count_ratio": index * 250 / 4800,
            "pausing_index": index,
            "p_value": generator.uniform(0, 0.2, len(SYMBOLS)),
            "adjusted_p_value": generator.uniform(0, 0.3, len(SYMBOLS)),
            "passes": body >= 20,
            "pause_class": np.where(index > 4, "high", np.where(index < 0.5, "low", "intermediate")),
        }
        parts.append(pd.DataFrame(columns))
    return conform(pd.concat(parts), "pausing")


def enrichment() -> pd.DataFrame:
    """Enriched terms of the up- and down-regulated genes."""
    terms = [
        ("up", "GO:0097194", "execution phase of apoptosis", "BP", 9, 21, 1.2e-7),
        ("up", "GO:0007043", "cell-cell junction assembly", "BP", 8, 24, 4.1e-6),
        ("up", "GO:0005913", "adherens junction", "CC", 7, 26, 8.0e-5),
        ("up", "GO:0030547", "signaling receptor inhibitor activity", "MF", 5, 14, 3.3e-4),
        ("up", "GO:0006412", "translation", "BP", 2, 40, 0.61),
        ("down", "GO:0045944", "positive regulation of transcription by RNA polymerase II", "BP", 4, 33, 0.012),
    ]
    rows = []
    for gene_set, term, name, namespace, overlap, term_size, p in terms:
        size = 30 if gene_set == "up" else 16
        fold = overlap / size / (term_size / 171)
        genes = ";".join(SYMBOLS[:overlap])
        rows.append((gene_set, term, name, namespace, overlap, size, term_size, 171, fold, p, min(1.0, p * 40), genes))
    columns = ["gene_set", "term", "name", "namespace", "overlap", "gene_set_size", "term_size", "background_size"]
    columns += ["fold_enrichment", "p_value", "adjusted_p_value", "genes"]
    return conform(pd.DataFrame(rows, columns=columns), "enrichment")


def loci() -> pd.DataFrame:
    """A reliable locus on the minus strand and one inside rDNA."""
    rows = []
    for locus, start, reliable, change in (("RUNX1", 1_200_000, True, -0.92), ("LOC100507412", 2_400_000, False, 1.31)):
        for condition in ("mock", "oe"):
            for strand, count in (("+", 40), ("-", 812)):
                reason = "expected to fall" if reliable else "expected to rise"
                fold = change if strand == "-" else None
                rows.append(
                    (
                        locus,
                        "chrA",
                        start,
                        start + 90_000,
                        condition,
                        strand,
                        count,
                        count / 0.9,
                        3.4,
                        fold,
                        reliable,
                        reason,
                    )
                )
    columns = [
        "locus",
        "chrom",
        "start",
        "end",
        "condition",
        "strand",
        "count",
        "signal",
        "maximum",
        "log2_fold_change",
    ]
    return conform(pd.DataFrame(rows, columns=[*columns, "reliable", "reason"]), "loci")


def cohort(generator: np.random.Generator) -> dict[str, Any]:
    """Four hundred patients with age, sex, stage and grade."""
    patients = [f"P{number:04d}" for number in range(400)]
    records = pd.DataFrame(
        {
            "patient_id": patients,
            "age": np.where(generator.uniform(size=400) < 0.04, np.nan, generator.normal(61, 11, 400).round()),
            "sex": generator.choice(["female", "male"], 400, p=[0.35, 0.65]),
            "stage": generator.choice(["I", "II", "III", "IV"], 400, p=[0.4, 0.3, 0.22, 0.08]),
        }
    )
    fields = pd.DataFrame(
        [
            ("age", "continuous", "years", "[]"),
            ("sex", "categorical", "", '["female", "male"]'),
            ("stage", "ordinal", "", '["I", "II", "III", "IV"]'),
        ],
        columns=["field", "kind", "unit", "levels"],
    ).assign(used=[True, False, True], block="state")
    outcomes = pd.DataFrame(
        {"patient_id": patients, "time": generator.exponential(34, 400), "event": generator.uniform(size=400) < 0.45}
    )
    reasons = [("patient", "P9001", "no follow-up time"), ("patient", "P9002", "no follow-up time")]
    reasons += [("column", "response", "known 180 days after baseline; needs a landmark")]
    exclusions = conform(pd.DataFrame(reasons, columns=["what", "id", "reason"]), "exclusions")
    index = pd.DataFrame({"patient_id": patients, "has_expression": True, "has_nascent": False, "batch": ""})
    return {
        "index": index,
        "records": records,
        "fields": fields,
        "outcomes": outcomes,
        "exclusions": exclusions,
        "summary": summarise(index, records, fields, outcomes, exclusions),
    }


def history(generator: np.random.Generator) -> pd.DataFrame:
    """Training curves of three fits."""
    parts = []
    for fold in range(3):
        epochs = 60 + 10 * fold
        columns = {
            "repeat": 0,
            "fold": fold,
            "seed": 0,
            "epoch": np.arange(epochs),
            "stage": np.where(np.arange(epochs) < 30, "genomic", "joint"),
            "cox": 5 - 0.01 * np.arange(epochs),
            "ranking": 0.69 - 0.001 * np.arange(epochs),
            "coherence": 0.1,
            "validation_concordance": 0.6 + generator.normal(0, 0.01, epochs),
            "genomic_rate": 1.0,
            "clinical_rate": 1.0,
            "eta_mean": 0.5,
            "effective_rank": 20.0,
        }
        parts.append(pd.DataFrame(columns))
    return conform(pd.concat(parts), "training_history")


def evaluation() -> dict[str, Any]:
    """Metrics of four models and paired differences."""

    def entry(estimate: float, half: float) -> dict[str, float]:
        return {"estimate": estimate, "lower": estimate - half, "upper": estimate + half}

    models = {}
    for model, c in (
        ("clinical_cox", 0.671),
        ("groprog", 0.702),
        ("penalised_cox", 0.694),
        ("groprog_clinical", 0.668),
    ):
        models[model] = {
            "harrell": entry(c - 0.006, 0.03),
            "c_ipcw": entry(c, 0.034),
            "auc_12": entry(c + 0.03, 0.06),
            "auc_36": entry(c + 0.02, 0.05),
            "integrated_brier": entry(0.2 - c / 15, 0.012),
        }
    differences = [
        ("groprog", "clinical_cox", "c_ipcw", 0.031, -0.004, 0.066, 0.083),
        ("groprog", "penalised_cox", "c_ipcw", 0.008, -0.021, 0.037, 0.59),
        ("groprog", "clinical_cox", "integrated_brier", -0.012, -0.021, -0.003, 0.011),
    ]
    groups = [
        {
            "group": k,
            "patients": 40,
            "predicted": 0.1 * k + 0.05,
            "observed": 0.09 * k + 0.06,
            "lower": 0.08 * k,
            "upper": 0.1 * k + 0.1,
        }
        for k in range(9)
    ]
    groups.append({"group": 9, "patients": 40, "predicted": 0.95, "observed": None, "lower": None, "upper": None})
    months = np.arange(0, 61, 3.0)
    curves: dict[str, list[Any]] = {name: [] for name in ("group", "time", "survival", "lower", "upper", "at_risk")}
    for group, rate in enumerate((0.008, 0.02, 0.05)):
        survival = np.exp(-rate * months)
        curves["group"] += [group] * len(months)
        curves["time"] += months.tolist()
        curves["survival"] += survival.tolist()
        curves["at_risk"] += [130] * len(months)
        curves["lower"] += (survival - 0.05).tolist()
        curves["upper"] += (survival + 0.05).clip(max=1).tolist()
    counts = {str(group): [130, 100 - 20 * group, 60 - 20 * group] for group in range(3)}
    strata = {
        "curves": curves,
        "at_risk": {"time": [0.0, 30.0, 60.0], "counts": counts},
        "log_rank": {"p_value": 3.1e-9},
    }
    keys = ["model", "against", "metric", "difference", "lower", "upper", "p_value"]
    return {
        "models": models,
        "differences": [dict(zip(keys, row, strict=True)) for row in differences],
        "tau_months": 60.0,
        "horizons_months": [12.0, 36.0, 60.0],
        "folds": 5,
        "repeats": 1,
        "effective_sample_size": 71.3,
        "log_rank_p": 3.1e-9,
        "calibration": {
            "groprog": {
                "slope": 0.94,
                "slope_standard_error": 0.08,
                "horizons": {m: {"groups": groups, "error": 0.02} for m in ("12", "36")},
                "d_calibration": {"p_value": 0.41},
            }
        },
        "strata": {"groprog": strata},
        "auc_curves": {
            "time": [6.0, 12.0, 24.0],
            "models": {"clinical_cox": [0.6, 0.65, None], "groprog": [0.7, 0.72, 0.7]},
        },
    }


def figures(generator: np.random.Generator) -> dict[str, bytes]:
    """The pictures, some drawn by the project's own figures, some stand-ins."""
    profile, summary = density_profile()
    groups = {"raw_reads": "reads", "read_quality": "reads", "filtered_alignments": "alignments", "coverage": "signal"}
    groups |= {
        "genes": "annotation",
        "transcripts": "transcription",
        "pausing": "features",
        "gene_features": "features",
    }
    groups |= {"cohort": "cohort", "risk_model": "model", "evaluation": "model", "report": "report"}
    edges = [("raw_reads", "read_quality"), ("raw_reads", "filtered_alignments"), ("filtered_alignments", "coverage")]
    edges += [
        ("filtered_alignments", "genes"),
        ("coverage", "transcripts"),
        ("genes", "pausing"),
        ("pausing", "gene_features"),
    ]
    edges += [("transcripts", "gene_features"), ("gene_features", "risk_model"), ("cohort", "risk_model")]
    edges += [("risk_model", "evaluation"), ("evaluation", "report"), ("read_quality", "report")]
    by_library = {library: quality(0.1 * index) for index, library in enumerate(CONDITIONS)}
    funnels = {library: funnel(250_000 + 9_000 * index) for index, library in enumerate(CONDITIONS)}
    drawn = {
        "read_quality": reads.read_quality(by_library, CONDITIONS, "mock", "oe"),
        "filter_funnel": reads.filter_funnel(funnels, CONDITIONS, "mock", "oe"),
        "transcript_density": density.transcript_density(profile, summary),
        "workflow": workflow.workflow(groups, edges),
    }
    table = differential(generator)
    with style():
        figure, axes = new_figure(WIDE)
        colours = table["direction"].map({"up": UP, "down": DOWN, "none": NEUTRAL})
        axes.scatter(table["log_cpm"], table["log2_fold_change"], c=colours, s=9)
        axes.set_xlabel("log2 CPM")
        axes.set_ylabel("log2 fold change")
        drawn["ma_plot"] = figure
    document = evaluation()
    drawn["kaplan_meier"] = kaplan_meier_figure(document["strata"]["groprog"])
    drawn["calibration"] = calibration_figure(document["calibration"]["groprog"])
    drawn["auc"] = auc_figure(document, LABELS)
    return {name: figure_bytes(figure) for name, figure in drawn.items()}


def context() -> dict[str, Any]:
    """The whole context of `render_report`."""
    generator = np.random.default_rng(7)
    _, summary = density_profile()
    table = differential(generator)
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    parameters = Parameters.model_validate(
        {"differential": {"significance": 0.01}, "pausing": {"minimum_body_reads": 30}}
    )
    return {
        "study": {
            "name": "bundled",
            "title": "Simulated study: overexpression against mock, 400 patients",
            "genome": "sim1",
            "contrast": {"treatment": "oe", "control": "mock"},
            "mode": "signature",
            "endpoint": "OS",
        },
        "masks": ["rDNA", "repeats", "blacklist"],
        "settings": parameters,
        "generated": "2026-11-22 06:30 UTC",
        "libraries": [
            {
                "id": name,
                "condition": condition,
                "replicate": int(name[-1]),
                "assay": "gro-seq",
                "read_end": "five_prime",
                "metadata": {"run_on": "7 min, 30 °C", "platform": "NovaSeq"} if name == "oe_1" else {},
            }
            for name, condition in CONDITIONS.items()
        ],
        "marks": [{"name": "H3K27ac", "cell_type": "Huh7", "build": "hg38", "source": "GSE000001"}],
        "inputs": [
            {"role": "alignments", "library": name, "path": f"reads/{name}.bam", "bytes": 8_412_331, "sha256": digest}
            for name in CONDITIONS
        ]
        + [
            {
                "role": "clinical table",
                "library": "",
                "path": "cohort/clinical.tsv",
                "bytes": 31_007,
                "sha256": digest[::-1],
            }
        ],
        "parameters": parameters.overrides(),
        "provenance": {
            "run_id": "5f0c2d1e-7a40-4e7e-9a44-1f6d2c9b8a10",
            "version": "0.1.0",
            "code_version": "a41c93d",
            "environment": {"python": "3.11.7", "torch": "2.13.0", "numpy": "2.4.6"},
            "ledger_head": digest,
            "ledger_events": 412,
        },
        "artifacts": [{"asset": "pausing", "partition": None, "data_version": digest, "code_version": "a41c93d"}],
        "checks": [
            {"asset": "pausing", "check": "schema", "passed": True, "severity": "error", "description": "all columns"},
            {
                "asset": "filtered_alignments",
                "partition": "oe_2",
                "check": "strandedness",
                "passed": False,
                "severity": "warn",
                "description": "61 % of genic reads are sense; between 30 % and 70 % nothing can be concluded.",
            },
        ],
        "quality": {"mock": {"mean": 38.4, "range": 1.7}, "difference": 0.11},
        "filtered_alignments": {
            name: {
                "funnel": funnel(250_000 + 9_000 * index),
                "summary": {
                    "strandedness": {
                        "inferred": "forward",
                        "sense_fraction": 0.913 - 0.1 * (index == 3),
                        "status": "ok",
                    }
                },
            }
            for index, name in enumerate(CONDITIONS)
        },
        "transcript_hmm": {
            "fit": {"bin_size": 50, "transcribed_shape": 0.412, "transcribed_scale": 61.2, "iterations": 9}
        },
        "transcripts": table[["transcript"]],
        "transcript_density": {"summary": summary},
        "differential_transcription": {"table": table, "summary": {}},
        "pausing": {
            "table": pausing(generator),
            "summary": {"wilcoxon": {"p_value": 0.21}, "tost": {"p_value": 0.003}},
        },
        "enrichment": {"table": enrichment()},
        "loci": {"table": loci()},
        "cohort": cohort(generator),
        "evaluation": evaluation(),
        "training_history": history(generator),
        "model_card": {
            "data": {"patients": 400, "events": 181},
            "model": {"stacking": [0.95, 0.07]},
            "limits": ["Trained on simulated patients."],
        },
        "figures": figures(generator),
    }
