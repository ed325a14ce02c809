"""Library sizes for comparisons between libraries: the number of reads, or a size from the spike-in. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.study.schema import Library
from groprog_assets.tables import conform

SPIKE_IN = "spike-in"


def library_sizes(
    reads: Mapping[str, int], spike_in_reads: Mapping[str, int], libraries: Sequence[Library], prefix: str | None
) -> pd.DataFrame:
    """Table `library_sizes`, in the order of `libraries`.

    reads, spike_in_reads: by library id, on the study's chromosomes and on spike-in contigs. Without a spike-in (`prefix` None or
    empty) the size is the library's reads. With one it is in proportion to the library's spike-in reads, with the geometric mean
    of the libraries' own reads, so that signal per million keeps its magnitude and a global change remains. Raises ReadsError
    naming every library without spike-in reads. Source: Orlando et al. 2014 (10.1016/j.celrep.2014.10.018).
    """
    ids = [library.id for library in libraries]
    own, spiked = (np.array([float(held[library]) for library in ids]) for held in (reads, spike_in_reads))
    if prefix:
        check_spike_in(spike_in_reads, ids, prefix)
        used = own > 0
        mean = np.exp(np.log(own[used]).mean()) if used.any() else 1.0
        size = spiked * mean / np.exp(np.log(spiked).mean())
    else:
        size = own
    table = pd.DataFrame(
        {
            "library": ids,
            "condition": [library.condition for library in libraries],
            "reads": own,
            "spike_in_reads": spiked,
            "size": size,
            "basis": SPIKE_IN if prefix else "reads",
        }
    )
    return conform(table, "library_sizes")


def spike_in_sizes(sizes: pd.DataFrame) -> dict[str, float] | None:
    """{library: size in reads} of a `library_sizes` table on the spike-in's scale; None where sizes are the reads themselves."""
    if not len(sizes) or sizes["basis"].iloc[0] != SPIKE_IN:
        return None
    return dict(zip(sizes["library"], sizes["size"].astype(float), strict=True))


def sizes_of_others(sizes: pd.DataFrame, spike_in_reads: Mapping[str, int], prefix: str) -> dict[str, float] | None:
    """Sizes, on the scale of `sizes`, of libraries that are not in it; None where that is not the spike-in's.

    spike_in_reads: by library id. Raises ReadsError naming every library without spike-in reads.
    """
    if spike_in_sizes(sizes) is None:
        return None
    check_spike_in(spike_in_reads, list(spike_in_reads), prefix)
    first = sizes.iloc[0]
    return {library: own * first["size"] / first["spike_in_reads"] for library, own in spike_in_reads.items()}


def check_spike_in(spike_in_reads: Mapping[str, int], ids: Sequence[str], prefix: str) -> None:
    """Raise ReadsError naming every library of `ids` without spike-in reads."""
    problems = [
        Problem(
            f"library {library}",
            "no unique reads on spike-in chromosomes",
            f"With genome.spike_in_prefix ({prefix}) libraries are compared by their spike-in, so each needs such reads.",
            "Align it to the combined genome and give the BAM, correct the prefix, or leave genome.spike_in_prefix out.",
        )
        for library in ids
        if spike_in_reads[library] <= 0
    ]
    if problems:
        raise ReadsError(problems)
