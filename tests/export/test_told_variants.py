"""What is said of the variants that were scored, and of those that were not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.export.sequence import told_variants


def table(*rows: tuple[int, int, float, float, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["line", "alt_number", "effect", "jsd", "error"])


def test_each_alt_is_counted_once_with_the_reason_where_it_has_no_effect():
    none = np.nan
    rows = table(
        *[(2, 0, 0.5, none, ""), (2, 0, 0.1, none, ""), (2, 1, none, none, "UNSUPPORTED")],
        *[(3, 0, none, none, ""), (4, 0, none, 0.2, ""), (5, 0, none, none, "REF_MISMATCH:A")],
        *[(6, 0, none, none, "REF_MISMATCH:C"), (7, 0, none, none, "SPANS_TSS"), (7, 0, 1.0, none, "")],
    )
    said = told_variants(rows)
    assert said == "3 ALTs with an effect, 1 near no gene, 2 REF_MISMATCH, 1 UNSUPPORTED"


def test_a_file_without_variants_has_no_effects():
    assert told_variants(table().astype({"error": "str", "effect": float, "jsd": float})) == "0 ALTs with an effect"
