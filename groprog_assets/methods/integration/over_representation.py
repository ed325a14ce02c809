"""Gene sets that have more of the genes that differ than chance gives them: the hypergeometric test. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from groprog_assets.methods.features.enrichment import hypergeometric_upper_tail
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg


def over_represented(
    q_values: pd.Series, sets: Mapping[str, tuple[str, ...]], significance: float, least: int = 5
) -> pd.DataFrame:
    """Over-representation of the genes with q below `significance` among those of each set; a row a set, in the order of `sets`.

    q_values: gene -> q; of several values of a gene the smallest counts, genes without one are not in the background, which is
    the measured genes and not the genome. Columns: set, chosen (genes of the set that differ), over_p_value, P(X >= chosen), and
    over_q_value (Benjamini-Hochberg over the tested sets). Sets with fewer than `least` genes in the background are untested
    (NaN). Where no gene differs every p is 1.
    """
    known = q_values.dropna().groupby(level=0).min()
    differ = set(known.index[known < significance].astype(str))
    background = set(known.index.astype(str))
    held = {name: background & set(genes) for name, genes in sets.items()}
    present = np.array([len(genes) for genes in held.values()], dtype=np.int64)
    chosen = np.array([len(genes & differ) for genes in held.values()], dtype=np.int64)
    p_value = hypergeometric_upper_tail(chosen, len(differ), present, len(background))
    p_value = np.where(present >= least, p_value, np.nan)
    columns = {"set": list(sets), "chosen": chosen, "over_p_value": p_value}
    return pd.DataFrame({**columns, "over_q_value": benjamini_hochberg(p_value)})
