"""Between tables and the model: which genes carry a functional label."""

from __future__ import annotations

import pandas as pd

from groprog_assets.prognosis.model_columns import labelled_genes
from groprog_assets.store.artifacts import Bundle


def test_labels_are_the_features_of_that_rule_and_keep_their_genes():
    table = pd.DataFrame(
        {"gene": ["A", "B", "C"], "tss_density": [1.0, 0.0, 1.0], "cell_junction": [1.0, 0.0, 1.0], "key_locus": 0.0}
    )
    rules = [("tss_density", "quantile_log", False), ("cell_junction", "label", False), ("key_locus", "label", False)]
    rules += [("receptor_inhibition", "label", True)]
    constants = pd.DataFrame(rules, columns=["feature", "rule", "dropped"])
    found = labelled_genes(Bundle(table=table, constants=constants))
    assert found == {"cell_junction": {"A", "C"}, "key_locus": set()}
