"""Two assays of 64 subjects with planted things: a factor, strata with unequal survival, biomarkers, a pathway, a drug."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

SUBJECTS = tuple(f"person-{k:02d}" for k in range(64))
GENES = tuple(f"GENE{k}" for k in range(120))
PROTEINS = tuple(f"PROT{k}" for k in range(60))


def planted(seed: int = 3) -> dict[str, Any]:
    """factor and stratum (64,), the values of both assays, time in months and event; stratum 1 has five times the hazard.

    The first 15 genes are higher in stratum 1, the next 15 lower, and so are the first ten proteins.
    """
    random = np.random.default_rng(seed)
    stratum = random.permutation(np.arange(64) % 8 < 3).astype(int)
    factor = random.normal(size=64)
    rna, protein = random.normal(8, 1, (120, 1)), random.normal(20, 1, (60, 1))
    rna = rna + np.outer(np.r_[[1.8] * 15, [-1.8] * 15, np.zeros(90)], stratum)
    rna[60:] += np.outer(random.normal(0, 0.8, 60), factor)
    protein = protein + np.outer(np.r_[[1.8] * 10, np.zeros(50)], stratum)
    protein[30:] += np.outer(random.normal(0, 0.8, 30), factor)
    time = random.exponential(np.where(stratum == 1, 12.0, 60.0))
    censored = random.uniform(10, 80, 64)
    return {
        "stratum": stratum,
        "factor": factor,
        "rna": rna + random.normal(0, 0.7, rna.shape),
        "protein": protein + random.normal(0, 0.7, protein.shape),
        "time": np.minimum(time, censored).round(2),
        "event": time <= censored,
    }


def integrated_study(folder: Path, **changes: Any) -> Path:
    """study.yaml with its files beside it; `changes` replace fields of `omics`. Three subjects have no protein."""
    folder.mkdir(parents=True, exist_ok=True)
    made = planted()
    values = made["protein"].copy()
    values[np.random.default_rng(1).random(values.shape) < 0.03] = np.nan
    pd.DataFrame(made["rna"], index=pd.Index(GENES, name="gene"), columns=SUBJECTS).to_csv(folder / "rna.tsv", sep="\t")
    protein = pd.DataFrame(values, index=pd.Index(PROTEINS, name="protein"), columns=SUBJECTS).iloc[:, 3:]
    protein.to_csv(folder / "protein.tsv", sep="\t", na_rep="NA")
    kind = np.where(made["stratum"] == 1, "severe", "mild")
    samples = pd.DataFrame({"sample": SUBJECTS, "subject": SUBJECTS, "kind": kind})
    samples = samples.assign(months=made["time"], died=np.where(made["event"], "yes", "no"))
    samples.to_csv(folder / "samples.tsv", sep="\t", index=False)
    sets = {"PLANTED": GENES[:15], "OTHER": GENES[40:60], "UNKNOWN": ("NOSUCH1", "NOSUCH2")}
    drugs = {"fixer_up": GENES[15:30], "fixer_down": GENES[:15], "blank_up": GENES[40:55], "blank_down": GENES[60:75]}
    for name, held in (("sets.gmt", sets), ("drugs.gmt", drugs)):
        (folder / name).write_text("".join("\t".join([key, "na", *genes]) + "\n" for key, genes in held.items()))
    header = "drug_id\tname\tgene_id\taction\tsource\tversion\n"
    (folder / "targets.tsv").write_text(
        f"{header}D1\tone\tGENE0\tinhibitor\tmade up\t1\nD2\ttwo\tGENE50\tagonist\tmade up\t1\n"
    )
    fixed = {"scale": "log2", "unit": "intensity", "batch_correction": {"method": "none"}}
    omics = {
        "samples": "samples.tsv",
        "assays": [
            {"name": "rna", "omics": "transcriptome", "path": "rna.tsv", "id_system": "symbol", **fixed},
            {"name": "protein", "omics": "proteome", "path": "protein.tsv", "id_system": "symbol", **fixed},
        ],
        "groups": {"column": "kind", "reference": "mild"},
        "survival": {"time": "months", "event": "died"},
        "gene_sets": "sets.gmt",
        "drug_signatures": "drugs.gmt",
        "drug_targets": "targets.tsv",
        "consents": {"every_subject": {"permission": "DUO:0000042", "granted": "2024-01-01", "reason": "published"}},
        **changes,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({"name": "integrated", "omics": omics}))
    return path
