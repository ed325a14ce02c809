"""The fitted study of two tasks and two views: what its card says of held-out genes is what the evaluation finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groprog_assets.methods.sequence.splits import make_splits
from groprog_assets.methods.sequence.study_model import evaluate_study, fit_study
from groprog_assets.methods.sequence.windows import gene_codes
from groprog_assets.study.sequence_study import Sequence
from tests.methods.sequence.planted import LAYOUT, planted


def test_the_card_has_the_held_out_r_and_interval_of_each_task_and_view(tmp_path: Path):
    genome, genes, target = planted(tmp_path)
    codes = gene_codes(genes, genome, {name: name for name in genome.lengths}, LAYOUT)
    section = Sequence.model_validate(
        {
            "windows": {"tss": LAYOUT.tss, "tts": None},
            "views": ["promoter", "locus"],
            "models": ["ridge_kmer"],
            "parameters": {"penalties": [1e3], "bootstrap_samples": 100, "promoter_end": 100},
        }
    )
    noise = 3 * np.random.default_rng(1).normal(size=len(genes))
    values = genes[["gene"]].assign(plain=target, noisy=target + noise)
    splits = make_splits(genes, codes, LAYOUT, section.parameters)
    made = fit_study(genes, codes, values, splits, section, {"file": "f", "sha256": "0"})
    tasks = pd.DataFrame({"task": ["plain", "noisy"], "replicate_r": 0.9})
    metrics = evaluate_study(made, genes, codes, splits, tasks, section).metrics
    card = made.summary["card"]
    champions = metrics[metrics["champion"]].to_dict("records")
    assert len(champions) == 4
    assert len({round(row["pearson"], 6) for row in champions}) == 4
    for row in champions:
        assert card["held_out_r"][row["view"]][row["task"]] == pytest.approx(row["pearson"])
        assert card["held_out_interval"][row["view"]][row["task"]] == pytest.approx([row["lower"], row["upper"]])
