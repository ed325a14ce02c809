"""The gain from other cohorts by the number of training patients. Rows in, a document out; no Dagster, no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from groprog_assets.methods.evaluation.bootstrap import corrected_interval
from groprog_assets.tables.values import Document

PLAIN = "without"


def gain_by_patients(rows: Iterable[Mapping[str, object]]) -> Document:
    """{"rows": the rows (`CurveRow`), "gains": a document for each number of training patients and variant}.

    A gain is the mean over test folds of Harrell's C less that of the variant PLAIN on the same fold, with Nadeau and Bengio's
    corrected interval; none for one fold. patients: mean number trained on; events: their mean events.
    """
    table = pd.DataFrame(list(rows))
    if table.empty:
        return {"rows": [], "gains": []}
    keys = ["patients", "repeat", "fold"]
    plain = table[table["variant"] == PLAIN].set_index(keys)
    gains = []
    for (asked, variant), part in table[table["variant"] != PLAIN].groupby(["patients", "variant"], sort=True):
        held = part.set_index(keys)
        base = plain.loc[held.index]
        difference = (held["cindex"] - base["cindex"]).to_numpy(np.float64)
        trained, tested = (float(held[name].mean()) for name in ("trained_on", "tested_on"))
        _, bounds, _ = corrected_interval(difference, tested / trained)
        gains.append(
            {
                "asked": int(str(asked)),
                "patients": trained,
                "events": float(held["events"].mean()),
                "variant": str(variant),
                "without": float(base["cindex"].mean()),
                "gain": float(difference.mean()),
                "lower": bounds.lower if np.isfinite(bounds.lower) else None,
                "upper": bounds.upper if np.isfinite(bounds.upper) else None,
                "folds": difference.size,
            }
        )
    return {"rows": table.to_dict("records"), "gains": gains}
