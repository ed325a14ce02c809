"""Enrichment of terms among changed genes (paper 4.5, figure 6): hypergeometric test. Tables in, tables out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from groprog_assets.methods.annotation.gene_assignment import representative_unit
from groprog_assets.methods.annotation.obo import resolve_terms
from groprog_assets.methods.features.multiple_testing import benjamini_hochberg
from groprog_assets.study.parameters import EnrichmentParameters
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document
from groprog_assets.wording import count_of

GENE_SETS = {"up": ("up",), "down": ("down",), "changed": ("up", "down")}


class Enrichment(NamedTuple):
    """table: `enrichment`; labels: gene and one 0/1 column a functional label; summary: JSON-able sizes and counts."""

    table: pd.DataFrame
    labels: pd.DataFrame
    summary: Document


def enrichment(
    differential: pd.DataFrame,
    genes: pd.DataFrame,
    terms: pd.DataFrame,
    annotations: pd.DataFrame,
    parameters: EnrichmentParameters,
) -> Enrichment:
    """Over-representation of every term among genes going up, down or either way.

    A gene's direction is that of the unit covering most of it. The background is the genes with a tested unit and at least one
    annotation. A GMT does not list the genes without a set, so there the background is every gene with a tested unit.
    A term is tested when it holds between the size limits within the background. p is the upper tail,
    P(overlap or more); adjusted within gene set and branch. An empty gene set gives no rows. `labels` covers every gene of
    `genes`: 1 where the gene lies under any term of the label (by id, alternative id, name or synonym), annotated genes or not.
    Rows: by gene set, then p, then term.
    """
    speaker = representative_unit(differential, genes)
    tested = speaker.index[speaker["p_value"].notna()]
    background = np.sort(tested.to_numpy(object))
    if not (terms["format"] == "GMT").any():
        background = np.intersect1d(background, annotations["gene"].unique().astype(object))
    held = annotations[annotations["gene"].isin(background)]
    gene_code = pd.Index(background, dtype=object).get_indexer(held["gene"].to_numpy(object))
    term_code, term_names = pd.factorize(held["term"], sort=True)
    size = np.bincount(term_code, minlength=len(term_names))
    usable = (size >= parameters.minimum_term_size) & (size <= parameters.maximum_term_size)
    parts, set_sizes = [], {}
    for name, directions in GENE_SETS.items():
        chosen = speaker.index[speaker["direction"].isin(directions)]
        member = np.isin(background, chosen.to_numpy(object))
        set_sizes[name] = int(member.sum())
        if set_sizes[name]:
            overlap = np.bincount(term_code[member[gene_code]], minlength=len(term_names))
            found = _names_of_overlap(gene_code, term_code, member, background, usable)
            parts.append(_test_terms(name, overlap, size, usable, member, term_names, terms, found))
    empty = pd.DataFrame(columns=TABLES["enrichment"].column_names)
    table = conform(pd.concat(parts, ignore_index=True) if parts else empty, "enrichment")
    labels, unresolved = functional_labels(genes["gene"], terms, annotations, parameters)
    significant = table[table["adjusted_p_value"] < parameters.significance]
    summary = {
        "background": len(background),
        "background_genes": "tested" if (terms["format"] == "GMT").any() else "tested and annotated",
        "gene_sets": set_sizes,
        "terms_tested": int(usable.sum()),
        "significant": {name: int((significant["gene_set"] == name).sum()) for name in GENE_SETS},
        "term_size": [parameters.minimum_term_size, parameters.maximum_term_size],
        "labelled_genes": {name: int(labels[name].sum()) for name in parameters.label_terms},
        "labels_unresolved": unresolved,
    }
    return Enrichment(table, labels, summary)


def hypergeometric_upper_tail(
    overlap: ArrayLike, gene_set_size: int, term_size: ArrayLike, background_size: int
) -> NDArray[np.float64]:
    """P(X >= overlap) for X genes of a set that fall under a term by chance: (t,) float64.

    overlap, term_size (t,) genes; equals R's phyper(overlap - 1, term, background - term, set, lower.tail = FALSE) to 1e-9
    relative. Overlap 0 gives 1, an impossible overlap 0. Raises ValueError when a size exceeds the background.
    """
    overlap, term_size = np.broadcast_arrays(np.asarray(overlap, np.int64), np.asarray(term_size, np.int64))
    if gene_set_size > background_size or (term_size.size and term_size.max() > background_size):
        raise ValueError(f"sets cannot be larger than the background of {count_of(background_size, 'gene')}")
    pairs, back = np.unique(np.stack([overlap.ravel(), term_size.ravel()]), axis=1, return_inverse=True)
    p = np.array([_upper_tail(int(k), gene_set_size, int(size), background_size) for k, size in pairs.T])
    return p[back.ravel()].reshape(overlap.shape)


def functional_labels(
    genes: pd.Series, terms: pd.DataFrame, annotations: pd.DataFrame, parameters: EnrichmentParameters
) -> tuple[pd.DataFrame, list[str]]:
    """0/1 per gene and label, and the label terms that no term answers to."""
    labels = pd.DataFrame({"gene": genes.to_numpy()})
    unresolved = []
    for name, wanted in parameters.label_terms.items():
        resolved = resolve_terms(wanted, terms)
        unresolved += [stated for stated, term in resolved.items() if term is None]
        under = annotations.loc[annotations["term"].isin([term for term in resolved.values() if term]), "gene"]
        labels[name] = labels["gene"].isin(under.unique()).astype("float64")
    return labels, unresolved


def _upper_tail(k: int, drawn: int, marked: int, total: int) -> float:
    if k <= max(0, drawn + marked - total):
        return 1.0
    last = min(drawn, marked)
    if k > last:
        return 0.0
    log_first = _log_choose(marked, k) + _log_choose(total - marked, drawn - k) - _log_choose(total, drawn)
    x = np.arange(k, last, dtype=np.float64)
    steps = np.log((marked - x) / (x + 1)) + np.log((drawn - x) / (total - marked - drawn + x + 1))
    return float(min(1.0, np.exp(log_first + np.logaddexp.reduce(np.r_[0.0, np.cumsum(steps)]))))


def _log_choose(n: int, k: int) -> float:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def _names_of_overlap(
    gene_code: NDArray, term_code: NDArray, member: NDArray, background: NDArray, usable: NDArray
) -> dict[int, str]:
    rows = np.flatnonzero(member[gene_code] & usable[term_code])
    rows = rows[np.lexsort((gene_code[rows], term_code[rows]))]
    names, codes = background[gene_code[rows]].tolist(), term_code[rows]
    begins = np.flatnonzero(np.diff(codes, prepend=-1)).tolist()
    ends = [*begins[1:], len(names)]
    return {int(codes[first]): ";".join(names[first:end]) for first, end in zip(begins, ends)}


def _test_terms(
    name: str,
    overlap: NDArray,
    size: NDArray,
    usable: NDArray,
    member: NDArray,
    term_names: pd.Index,
    terms: pd.DataFrame,
    found: dict[int, str],
) -> pd.DataFrame:
    rows = np.flatnonzero(usable)
    drawn, total = int(member.sum()), len(member)
    described = terms.set_index("term").reindex(term_names[rows])
    frame = pd.DataFrame(
        {
            "gene_set": name,
            "term": term_names[rows],
            "name": described["name"].fillna("").to_numpy(),
            "namespace": described["namespace"].fillna("other").to_numpy(),
            "overlap": overlap[rows],
            "gene_set_size": drawn,
            "term_size": size[rows],
            "background_size": total,
            "fold_enrichment": overlap[rows] * total / (drawn * size[rows]),
            "p_value": hypergeometric_upper_tail(overlap[rows], drawn, size[rows], total),
            "genes": [found.get(int(row), "") for row in rows],
        }
    )
    adjusted = frame.groupby("namespace")["p_value"].transform(lambda p: benjamini_hochberg(p.to_numpy()))
    return frame.assign(adjusted_p_value=adjusted).sort_values(["p_value", "term"], kind="stable")
