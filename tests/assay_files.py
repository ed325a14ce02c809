"""Small assays as files, and a study of them alone: counts of genes, log intensities of proteins, copy numbers.

Twelve subjects in two batches, two kinds of tissue in each. Genes of the second batch are planted higher.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

SUBJECTS = tuple(f"patient-{k:02d}" for k in range(12))
BATCHES = tuple("ab"[k % 2] for k in range(12))
KINDS = tuple("mild" if k % 4 < 2 else "severe" for k in range(12))
GENES = tuple(f"GENE{k}" for k in range(40))


def rna(seed: int = 0) -> pd.DataFrame:
    """Counts of 40 genes; the second batch has twice as many of the first 20 genes, the severe kind of the last 5."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(200, 2000, (len(GENES), 1)) * np.ones(len(SUBJECTS))
    level[:20] *= np.where(np.array(BATCHES) == "b", 2.0, 1.0)
    level[35:] *= np.where(np.array(KINDS) == "severe", 4.0, 1.0)
    counts = rng.poisson(level * rng.uniform(0.7, 1.4, len(SUBJECTS)))
    return pd.DataFrame(counts, index=pd.Index(GENES, name="gene"), columns=[f"{name}-rna" for name in SUBJECTS])


def protein(seed: int = 1) -> pd.DataFrame:
    """Log2 intensities of 30 proteins in ten subjects; low ones are missing more often, one nearly always."""
    rng = np.random.default_rng(seed)
    means = np.linspace(18, 28, 30)[:, None]
    values = means + rng.normal(0, 1, (30, 10)) + np.where(np.array(BATCHES[:10]) == "b", 1.0, 0.0)
    values[rng.random(values.shape) < np.clip((24 - values) / 12, 0, 0.6)] = np.nan
    values[5, 1:9] = np.nan
    names = [f"P{k:05d}" for k in range(30)]
    return pd.DataFrame(values, index=pd.Index(names, name="protein"), columns=[f"{s}-protein" for s in SUBJECTS[:10]])


def sample_rows() -> pd.DataFrame:
    """The sample table: a row a sample and assay."""
    rows = [
        (f"{name}-{assay}", name, assay, "tumour", batch, kind)
        for assay, subjects in (("rna", SUBJECTS), ("protein", SUBJECTS[:10]))
        for name, batch, kind in zip(subjects, BATCHES, KINDS, strict=False)
    ]
    return pd.DataFrame(rows, columns=["sample", "subject", "assay", "specimen", "batch", "kind"])


def assay_study(folder: Path, samples: pd.DataFrame | None = None, **changes: Any) -> Path:
    """study.yaml of a study of assays alone, its files beside it; `changes` replace fields of `omics`."""
    folder.mkdir(parents=True, exist_ok=True)
    rna().to_csv(folder / "rna.tsv", sep="\t")
    protein().to_csv(folder / "protein.csv", na_rep="NA")
    (sample_rows() if samples is None else samples).to_csv(folder / "samples.tsv", sep="\t", index=False)
    correction = {"biological_factor": "kind"}
    assays = [
        {
            **{"name": "rna", "omics": "transcriptome", "path": "rna.tsv", "scale": "count", "unit": "reads"},
            **{"id_system": "symbol", "batch_correction": correction},
        },
        {
            **{"name": "protein", "omics": "proteome", "path": "protein.csv", "scale": "log2", "unit": "intensity"},
            **{"id_system": "uniprot", "missing_kind": "mnar", "batch_correction": correction},
        },
    ]
    omics = {
        "samples": "samples.tsv",
        "assays": assays,
        "consents": {"every_subject": {"permission": "DUO:0000042", "granted": "2024-01-01", "reason": "published"}},
        **changes,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({"name": "assays", "omics": omics}))
    return path
