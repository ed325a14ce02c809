"""What R's DESeq2 said of small made counts, stored by tests/oracles/deseq2.R."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np


@cache
def stored() -> dict[str, Any]:
    """The document: `trends`, a list; `analyses` by name."""
    return json.loads(Path(__file__).with_name("deseq2.json").read_text())


def analysis(name: str) -> dict[str, Any]:
    """Columns of one analysis as arrays, `treated` (l,) beside them; `fit` is text."""
    found = {
        key: value if key == "fit" else np.array(value, dtype=np.float64)
        for key, value in stored()["analyses"][name].items()
    }
    libraries = found["counts"].shape[1]
    return {**found, "counts": found["counts"].astype(np.int64), "treated": np.arange(libraries) >= libraries // 2}
