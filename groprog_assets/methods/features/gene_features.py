"""The descriptor of each gene (u_g of eq. 1), before any fitted transformation: a row per gene. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.methods.annotation.gene_assignment import representative_unit
from groprog_assets.methods.features.asked_descriptors import key_locus_genes
from groprog_assets.methods.features.gene_enhancers import gene_enhancers
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.tables import conform

SMALLEST_P = 1e-300


def gene_features(
    genes: pd.DataFrame,
    gene_signal: pd.DataFrame,
    pausing: pd.DataFrame,
    gene_overlap: pd.DataFrame,
    differential: pd.DataFrame,
    labels: pd.DataFrame,
    loci: pd.DataFrame,
    regions: pd.DataFrame,
    responses: pd.DataFrame,
    parameters: InitiationParameters,
    chromatin_signal: pd.DataFrame | None = None,
    screening: bool = False,
    asked: Mapping[str, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Table `gene_features`, rows in the order of `genes`.

    Densities are means over libraries. The pausing index pools the reads of all conditions, and is missing where the gene passes
    in none. Overlap fractions are missing for genes matched with no unit. Fold change, signed -log10 p (the raw p, at least
    1e-300) and abundance are those of the unit covering most of the gene, missing without one. key_locus marks the genes of a
    reliable locus: the one whose interval or symbol it is, otherwise those whose TSS lies in it. regions, responses:
    `initiation_regions`, `differential_initiation`; see `gene_enhancers`. Marks become `mark_<name>_promoter` and
    `mark_<name>_body`. screening: fold change and significance of units that do not pass the differential screen are 0 (Table 5
    of the paper, sparse screening). asked: further columns (g,), see `asked_descriptors`.
    """
    key = genes["gene"]
    features = pd.DataFrame({"gene": key.to_numpy()})
    density = gene_signal.groupby("gene", sort=False)[["promoter_density", "body_density", "upstream_density"]].mean()
    for ours, theirs in (("tss_density", "promoter"), ("body_density", "body"), ("upstream_density", "upstream")):
        features[ours] = density[f"{theirs}_density"].reindex(key).to_numpy()
    features["pausing_index"] = pooled_pausing_index(pausing).reindex(key).to_numpy()
    overlap = gene_overlap.set_index("gene").reindex(key)
    features["five_prime_fraction"] = overlap["upstream_fraction"].to_numpy()
    for name in ("body_fraction", "post_fraction", "tua"):
        features[name] = overlap[name].to_numpy()
    unit = representative_unit(differential, genes).reindex(key)
    features["log2_fold_change"] = unit["log2_fold_change"].to_numpy()
    strength = -np.log10(unit["p_value"].to_numpy(np.float64).clip(min=SMALLEST_P))
    features["significance"] = np.sign(features["log2_fold_change"]) * strength
    if screening:
        features.loc[(unit["direction"] == "none").to_numpy(), ["log2_fold_change", "significance"]] = 0.0
    features["expression_level"] = unit["log_cpm"].to_numpy()
    by_gene = labels.set_index("gene").reindex(key).fillna(0.0)
    for name in by_gene.columns:
        features[name] = by_gene[name].to_numpy(np.float64)
    features["key_locus"] = key_locus(genes, loci)
    features = features.assign(**gene_enhancers(genes, regions, responses, parameters))
    if chromatin_signal is not None:
        for mark, rows in chromatin_signal.groupby("mark", sort=False):
            signal = rows.set_index("gene").reindex(key)
            features[f"mark_{mark}_promoter"] = signal["promoter_signal"].to_numpy()
            features[f"mark_{mark}_body"] = signal["body_signal"].to_numpy()
    features = features.assign(**(asked or {}))
    return conform(features, "gene_features")


def pooled_pausing_index(pausing: pd.DataFrame) -> pd.Series:
    """Density ratio of the reads of all conditions together, by gene; NaN where the gene passes in no condition."""
    by_gene = pausing.groupby("gene", sort=False).agg(
        promoter=("promoter_count", "sum"),
        body=("body_count", "sum"),
        promoter_length=("promoter_length", "first"),
        body_length=("body_length", "first"),
        passes=("passes", "any"),
    )
    usable = by_gene["passes"] & (by_gene["body"] > 0) & (by_gene["promoter_length"] > 0)
    index = by_gene["promoter"] / by_gene["body"] * by_gene["body_length"] / by_gene["promoter_length"]
    return index.where(usable)


def key_locus(genes: pd.DataFrame, loci: pd.DataFrame) -> np.ndarray:
    """1.0 for the genes of a reliable key locus, else 0.0: (g,)."""
    flag = np.zeros(len(genes))
    locus: Any
    for locus in loci[loci["reliable"]].drop_duplicates("locus").itertuples():
        flag[key_locus_genes(genes, locus)] = 1.0
    return flag
