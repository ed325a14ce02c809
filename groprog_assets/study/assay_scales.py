"""What the values of each scale can be, and which scales need a unit. Standard library only."""

from __future__ import annotations

import math

SCALE_RANGES: dict[str, tuple[float, float]] = {
    "count": (0.0, math.inf),
    "linear": (0.0, math.inf),
    "beta": (0.0, 1.0),
    "log2": (-64.0, 64.0),
    "npx": (-64.0, 64.0),
}
"""Smallest and largest value that a scale can have; a log2 value beyond 64 would be a number of over 19 digits."""
WITH_UNIT = ("count", "linear", "log2", "log10", "ln")
"""Scales whose values mean nothing without a unit; the others are ratios of their own."""
FORMAT_SAYS: dict[str, dict[str, str]] = {
    "maxquant": {"scale": "linear", "unit": "intensity", "id_system": "uniprot"},
    "diann": {"scale": "linear", "unit": "intensity", "id_system": "uniprot"},
    "olink": {"scale": "npx", "id_system": "uniprot"},
    "beta": {"scale": "beta", "id_system": "probe"},
    "mztab": {"id_system": "metabolite"},
}
"""Fields of an assay that are the same in every file of a format."""
