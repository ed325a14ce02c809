"""Genes beside each region: nearest, overlapping, or co-varying over the libraries. Tables in, a table out.

A link states a place or a correlation. It never says that a region regulates a gene.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.features.differential import library_factors
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.methods.initiation.annotation import nearest
from groprog_assets.methods.initiation.regions import rows_by_chrom
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform

PERMUTATIONS = 999
"""Orders of the libraries against which a correlation is compared, drawn with a fixed seed."""
FEW, MORE = 4, 99_999
"""Of those, at most how many as far send a pair on, and orders with which it is then compared."""
SEED = 20_261
CO_VARYING_RATE = 0.1
"""q up to which a gene is listed as co-varying."""


def link_genes(
    regions: pd.DataFrame,
    counts: pd.DataFrame,
    gene_models: pd.DataFrame,
    gene_signal: pd.DataFrame,
    size_factors: Mapping[str, float],
    parameters: InitiationParameters,
) -> pd.DataFrame:
    """For each region its nearest and overlapping genes, and those that co-vary with it: the columns of `initiation_links`
    without the changes, which `with_changes` adds.

    size_factors: of every library that may count, the contrast's or not. With link_libraries libraries or more, Spearman's r of
    the log counts over the size factors (region: both strands; gene: body) for every gene with a start within link_distance of a
    region claimed as candidate enhancer; q from permuted libraries. Genes with q up to CO_VARYING_RATE are listed as
    "co-varying (n libraries)". A pair that is listed for its place alone has its r when it was compared. With fewer libraries
    r is missing.
    """
    names = regions["name"].to_numpy()
    centre = (regions["start"].to_numpy(np.int64) + regions["end"].to_numpy(np.int64) - 1) // 2
    relations: dict[tuple[int, str], list[str]] = {}
    for row, gene in enumerate(regions["nearest_tss_gene"]):
        if gene:
            relations[row, str(gene)] = ["nearest"]
    for row, text in enumerate(regions["overlapping_genes"]):
        for gene in filter(None, str(text).split(";")):
            relations.setdefault((row, gene), []).append("overlapping")
    starts = _starts_by_gene(gene_models)
    libraries = sorted(set(counts["library"]) & set(size_factors))
    enough = len(libraries) >= parameters.link_libraries
    correlated = (
        _correlations(regions, centre, counts, starts, gene_signal, size_factors, libraries, parameters)
        if enough
        else {}
    )
    for key, (_, q) in correlated.items():
        if q <= CO_VARYING_RATE:
            relations.setdefault(key, []).append(f"co-varying ({count_of(len(libraries), 'library', 'libraries')})")
    rows = []
    chroms = regions["chrom"].astype("str").tolist()
    for (row, gene), relation in sorted(relations.items()):
        r, q = correlated.get((row, gene), (np.nan, np.nan))
        tss, sign = starts[chroms[row], gene]
        distance = int(centre[row] - tss[nearest(tss, centre[row : row + 1])[0]]) * sign
        behind = 0 if np.isnan(r) else len(libraries)
        rows.append((names[row], gene, "; ".join(relation), distance, behind, r, q))
    columns = ["region", "gene", "relation", "distance", "libraries", "spearman", "q_value"]
    return pd.DataFrame(rows, columns=columns)


def with_changes(
    links: pd.DataFrame, regions: pd.DataFrame, compared: pd.DataFrame, genes: pd.DataFrame
) -> pd.DataFrame:
    """Table `initiation_links`: the change of the region and of the gene beside each link of `link_genes`.

    compared, genes: `differential_initiation`, `gene_differential`. A gene that is not compared on the region's chromosome (it
    has no unit of its own, or its units lie elsewhere) has missing values, as has a region that is not tested.
    """
    chrom = dict(zip(regions["name"].astype("str"), regions["chrom"].astype("str"), strict=True))
    of_gene = genes.assign(chrom=genes["chrom"].astype("str")).set_index(["chrom", "gene"])
    places = pd.MultiIndex.from_arrays([links["region"].map(chrom), links["gene"]])
    sides = (
        ("region", compared.set_index("region").reindex(links["region"])),
        ("gene", of_gene.reindex(places)),
    )
    changes = {
        f"{side}_{name}": rows[name].to_numpy(np.float64)
        for side, rows in sides
        for name in ("log2_fold_change", "adjusted_p_value")
    }
    return conform(links.assign(**changes), "initiation_links")


def link_factors(
    gene_signal: pd.DataFrame, genes: pd.DataFrame, library_sizes: Mapping[str, float] | None = None
) -> dict[str, float]:
    """{library: size factor} of all libraries with gene signal, by the method and the genes of `gene_differential`.

    The factors of the test know the libraries of the contrast alone; a correlation needs those of the other conditions too.
    """
    bodies = gene_signal.pivot(index="gene", columns="library", values="body_count").reindex(genes["gene"]).fillna(0)
    libraries = [str(name) for name in bodies.columns]
    factors = library_factors(bodies.to_numpy(np.int64), libraries, library_sizes)
    return dict(zip(libraries, factors.tolist(), strict=True))


def _starts_by_gene(gene_models: pd.DataFrame) -> dict[tuple[str, str], tuple[NDArray[np.int64], int]]:
    """(chromosome, gene) -> its sorted start sites, and 1 for a gene of the plus strand or -1."""
    plus = (gene_models["strand"] == "+").to_numpy()
    tss = np.where(plus, gene_models["start"], gene_models["end"] - 1)
    frame = pd.DataFrame(
        {
            "chrom": gene_models["chrom"].astype("str"),
            "gene": gene_models["gene"].astype("str"),
            "tss": tss,
            "plus": plus,
        }
    ).sort_values(["chrom", "gene", "tss"], kind="stable")
    keys = list(zip(frame["chrom"].tolist(), frame["gene"].tolist(), strict=True))
    first = [row for row, key in enumerate(keys) if row == 0 or key != keys[row - 1]]
    tss, on_plus = frame["tss"].to_numpy(np.int64), frame["plus"].tolist()
    last = [*first[1:], len(keys)]
    return {keys[low]: (tss[low:high], 1 if on_plus[low] else -1) for low, high in zip(first, last, strict=True)}


def _correlations(
    regions: pd.DataFrame,
    centre: NDArray,
    counts: pd.DataFrame,
    starts: Mapping[tuple[str, str], tuple[NDArray[np.int64], int]],
    gene_signal: pd.DataFrame,
    size_factors: Mapping[str, float],
    libraries: list[str],
    parameters: InitiationParameters,
) -> dict[tuple[int, str], tuple[float, float]]:
    """(row of the region, gene) -> Spearman's r and its q, of candidate enhancers and genes with a start near them."""
    factor = np.array([float(size_factors[name]) for name in libraries])
    own = counts.pivot(index="region", columns="library", values="count").reindex(regions["name"])[libraries]
    bodies = gene_signal.pivot(index="gene", columns="library", values="body_count")[libraries]
    ranks = {
        "region": _standard_ranks(np.log2(own.fillna(0).to_numpy() / factor + 0.5)),
        "gene": _standard_ranks(np.log2(bodies.fillna(0).to_numpy() / factor + 0.5)),
    }
    place = {str(gene): row for row, gene in enumerate(bodies.index)}
    claimed = (regions["claim"] == "candidate enhancer").to_numpy()
    near: dict[str, list[tuple[int, str]]] = {}
    for (chrom, gene), (tss, _) in starts.items():
        if gene in place:
            near.setdefault(chrom, []).extend((int(base), gene) for base in tss)
    keys: list[tuple[int, str]] = []
    for chrom, rows in rows_by_chrom(regions).items():
        held = sorted(near.get(chrom, []))
        bases = np.array([base for base, _ in held], np.int64)
        for row in rows[claimed[rows]]:
            low, high = np.searchsorted(
                bases, [centre[row] - parameters.link_distance, centre[row] + parameters.link_distance + 1]
            )
            keys += [(int(row), gene) for gene in sorted({gene for _, gene in held[low:high]})]
    if not keys:
        return {}
    left = ranks["region"][[row for row, _ in keys]]
    right = ranks["gene"][[place[gene] for _, gene in keys]]
    r = (left * right).sum(axis=1)
    q = benjamini_hochberg(_permutation_p(left, right, np.abs(r)))
    return {key: (float(a), float(b)) for key, a, b in zip(keys, r, q, strict=True)}


def _permutation_p(left: NDArray, right: NDArray, far: NDArray) -> NDArray[np.float64]:
    """p (k,) of the correlations `far` (k,), without their signs, of rows of standard ranks (k, libraries).

    All pairs are compared in PERMUTATIONS orders. A pair that at most FEW of them reach is compared in MORE, because among
    hundreds of pairs none could pass with a p of 1 / (PERMUTATIONS + 1).
    """
    random = np.random.default_rng(SEED)
    libraries = left.shape[1]
    as_far = np.zeros(len(far), np.int64)
    for _ in range(PERMUTATIONS):
        as_far += np.abs((left[:, random.permutation(libraries)] * right).sum(axis=1)) >= far - 1e-12
    p = (1 + as_far) / (1 + PERMUTATIONS)
    orders = random.permuted(np.tile(np.arange(libraries), (MORE, 1)), axis=1)
    for pair in np.flatnonzero(as_far <= FEW):
        p[pair] = (1 + (np.abs(left[pair][orders] @ right[pair]) >= far[pair] - 1e-12).sum()) / (1 + MORE)
    return p


def _standard_ranks(values: NDArray) -> NDArray[np.float64]:
    """Ranks of each row, ties averaged, centred and of length 1, so that a product of two rows is their correlation; 0 where all
    are equal."""
    ranks = pd.DataFrame(values).rank(axis=1).to_numpy()
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
