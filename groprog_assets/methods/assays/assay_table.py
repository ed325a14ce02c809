"""What a reader of an assay's file gives: a matrix of features and samples, or the tables of a sparse assay."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import Problem

FEATURE_COLUMNS = ("source_id", "feature_id", "symbol", "gene_id", "chrom", "start", "end", "strand", "mapping")
"""What is known of a feature: its id as read, its canonical CURIE, and where it lies; unknown cells are missing."""


@dataclass(frozen=True)
class AssayTable:
    """A dense assay as its file holds it.

    `features` has the columns `FEATURE_COLUMNS`, a row a feature in the order of the file; `samples` are the names as read;
    `values` is float32, or float64 where float32 cannot hold the counts, of shape (features, samples), NaN = missing and
    nothing else. `flagged` is a boolean array of the same shape for values that are kept and doubted (below the limit of
    detection, a warning of the instrument), or None. `counts` says what was dropped, merged and left out on reading, by
    name; `notices` what is worth knowing. `said` has the fields of the assay that the file itself states (scale, unit, omics,
    id_system): they count before those of the study file.
    """

    features: pd.DataFrame
    samples: tuple[str, ...]
    values: NDArray[np.floating]
    flagged: NDArray[np.bool_] | None = None
    counts: dict[str, int] = field(default_factory=dict)
    notices: tuple[Problem, ...] = ()
    said: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SparseAssay:
    """A sparse assay: variants with the genotypes of the samples, or intervals with values; `sample` holds names as read.

    `variants`, `genotypes`, `effects` and `intervals` are tables of the names of `tables/omics.py`, with `sample` in place of
    `sample_id`; a kind the file does not hold is None. `profiled` lists the samples that the file says were looked at, whether
    or not they have a row: a sample that is not among them is unknown, not without a variant. `covered_genes` has the samples
    that were looked at with a panel of genes, and these: another gene of such a sample is unknown too.
    """

    profiled: tuple[str, ...]
    variants: pd.DataFrame | None = None
    genotypes: pd.DataFrame | None = None
    effects: pd.DataFrame | None = None
    intervals: pd.DataFrame | None = None
    covered_genes: dict[str, frozenset[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    notices: tuple[Problem, ...] = ()
    said: dict[str, str] = field(default_factory=dict)
