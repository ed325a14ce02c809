"""The simulated omics half of the case study of Duchenne muscular dystrophy: nobody's values, with a truth that is planted.

    python studies/duchenne/prepare.py

writes the tables beside this file. No matrix of patients with the disease is free to hand over with a program, so muscle and
serum of 14 boys with it, 14 boys without and 12 reference boys are drawn at random. Planted is what is beyond doubt of it: in
muscle dystrophin is low, as transcript and far more as protein, and utrophin is high; in serum creatine kinase M is high. The
sizes are chosen, not measured, and every other feature is noise under an invented name.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

CASE = "PMID_38054185_Case_presentation"
"""The packet of the published case, whose findings are real; its values here are as simulated as all others."""
BOYS, CONTROLS, REFERENCES = 14, 14, 12
SEED = 310200
PLANTED = {
    "muscle_rna": {"DMD": -1.5, "UTRN": 0.8},
    "muscle_protein": {"DMD": -5.0, "UTRN": 1.2},
    "serum": {"CKM": 5.0},
}
"""By assay: the mean difference of boys with the disease from the others, in log2."""
FEATURES = {"muscle_rna": 80, "muscle_protein": 50, "serum": 40}
LEVELS = {"muscle_rna": (9.0, 0.4), "muscle_protein": (24.0, 0.5), "serum": (5.0, 0.6)}
"""By assay: the mean level of a feature and the standard deviation between boys, in log2."""


def sample_table() -> pd.DataFrame:
    """A row a boy: sample, subject, state (duchenne, control; NA for a reference), is_reference."""
    ill = [CASE, *(f"simulated boy {k:02d}" for k in range(2, BOYS + 1))]
    others = [f"simulated boy {k:02d}" for k in range(BOYS + 1, BOYS + CONTROLS + REFERENCES + 1)]
    state = ["duchenne"] * BOYS + ["control"] * CONTROLS + ["NA"] * REFERENCES
    return pd.DataFrame(
        {
            "sample": [f"boy-{k:02d}" for k in range(1, len(state) + 1)],
            "subject": [*ill, *others],
            "state": state,
            "is_reference": ["yes" if name == "NA" else "no" for name in state],
        }
    )


def values(assay: str) -> pd.DataFrame:
    """Features x samples: counts of muscle RNA, intensities of muscle protein, NPX of serum."""
    random = np.random.default_rng([SEED, *assay.encode()])
    table, planted = sample_table(), PLANTED[assay]
    names = [*planted, *(f"SIM{k:03d}" for k in range(1, FEATURES[assay] - len(planted) + 1))]
    level, spread = LEVELS[assay]
    mean = random.normal(level, 1.0, (len(names), 1))
    drawn = mean + random.normal(0.0, spread, (len(names), len(table)))
    ill = (table["state"] == "duchenne").to_numpy()
    for row, difference in enumerate(planted.values()):
        drawn[row, ill] += difference
    if assay == "muscle_rna":
        drawn = random.poisson(np.exp2(drawn))
    elif assay == "muscle_protein":
        drawn = np.exp2(drawn).round(0)
    else:
        drawn = drawn.round(3)
    return pd.DataFrame(drawn, index=pd.Index(names, name="feature"), columns=table["sample"].tolist())


def main(folder: Path) -> None:
    """Write samples.tsv and a table an assay into `folder`."""
    sample_table().to_csv(folder / "samples.tsv", sep="\t", index=False)
    for assay in PLANTED:
        values(assay).to_csv(folder / f"{assay}.tsv", sep="\t")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
