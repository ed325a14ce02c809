"""Splits without leaks: genes joined by overlap, sequence and family; folds of whole chromosomes. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from groprog_assets.errors import AnnotationError, ModelError, Problem
from groprog_assets.methods.cohort.clinical_tables import read_table
from groprog_assets.methods.sequence.windows import Layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document
from groprog_kernels.kmers import NOT_A_KMER, canonical_kmers, shared_pairs

ROLES = ("test", "train", "validation", "gap", "dropped")
"""What a gene is in a fold: `gap` lies too near to a block that is held out, `dropped` is joined to a test gene elsewhere."""
BLOCK_FOLDS = 5
_PARTS = 16
_ROWS = 4096

Pairs = NDArray[np.int64]


class Splits(NamedTuple):
    """table: `sequence_splits`; roles (f, g) of ROLES; summary: JSON-able counts."""

    table: pd.DataFrame
    roles: NDArray[np.str_]
    summary: Document


def make_splits(
    genes: pd.DataFrame,
    codes: NDArray[np.uint8],
    layout: Layout,
    parameters: SequenceParameters,
    families: Mapping[str, str] | None = None,
    sharing: Pairs | None = None,
) -> Splits:
    """Components and folds of genes whose windows have the codes (g, width).

    genes: gene, chrom, strand, tss. Two genes are joined where their windows overlap on either strand, where they share as many
    distinct canonical k-mers as `shared_kmers_per_kb` says, where `families` gives both the same family, or where they are a pair
    (p, 2) of `sharing`, such as genes with a common distal fragment. Folds are whole chromosomes, balanced by gene count; of a
    single chromosome, BLOCK_FOLDS contiguous blocks with `block_gap` between.
    """
    overlap = overlapping_windows(genes, layout)
    homologous, repeats = similar_windows(codes, parameters)
    related = _family_pairs(genes, families or {})
    component = components(
        len(genes), np.concatenate([overlap, homologous, related, *([] if sharing is None else [sharing])])
    )
    fold = assign_folds(genes, parameters)
    roles = fold_roles(genes, fold, component, parameters)
    chrom = genes["chrom"].to_numpy()
    apart = homologous[chrom[homologous[:, 0]] != chrom[homologous[:, 1]]] if len(homologous) else homologous
    table = conform(
        pd.DataFrame(
            {
                "gene": genes["gene"].to_numpy(),
                "fold": fold,
                "component": component,
                "homolog_elsewhere": np.isin(np.arange(len(genes)), apart),
                "dropped": (roles == "dropped").any(axis=0),
            }
        ),
        "sequence_splits",
    )
    sizes = np.bincount(component) if len(component) else np.zeros(1, int)
    summary: Document = {
        "genes": len(genes),
        "folds": [
            {
                "fold": f,
                "chromosomes": sorted(set(chrom[fold == f])),
                "genes": int((fold == f).sum()),
                **_counts(roles[f]),
            }
            for f in range(len(roles))
        ],
        "by": "blocks of one chromosome" if len(set(chrom)) == 1 else "chromosomes",
        "components": len(sizes),
        "largest_component": int(sizes.max()),
        "overlapping_a_neighbour": len(np.unique(overlap)),
        "homolog_on_another_chromosome": len(np.unique(apart)),
        "kmers_in_too_many_windows": repeats,
    }
    return Splits(table, roles, summary)


def overlapping_windows(genes: pd.DataFrame, layout: Layout) -> Pairs:
    """(p, 2) pairs of genes whose windows overlap, on either strand: each gene with the one before it that reaches furthest,
    which joins all that overlap. Windows around the transcript's end count as those around the TSS do."""
    chrom, plus = pd.factorize(genes["chrom"])[0].astype(np.int64), genes["strand"].to_numpy() == "+"
    parts = [("tss", *layout.tss)] + ([("tts", *layout.tts)] if layout.tts is not None else [])
    start = np.concatenate([genes[site].to_numpy() - np.where(plus, up, down - 1) for site, up, down in parts])
    end = start + np.repeat([up + down for _, up, down in parts], len(genes))
    if not len(start):
        return np.empty((0, 2), np.int64)
    apart = np.tile(chrom, len(parts)) * 2 * (int(np.abs(end).max()) + layout.width)
    start, end = start + apart, end + apart
    gene = np.tile(np.arange(len(genes)), len(parts))
    order = np.argsort(start, kind="stable")
    start, end, gene = start[order], end[order], gene[order]
    reach = np.maximum.accumulate(end)
    furthest = np.maximum.accumulate(np.where(end == reach, np.arange(len(end)), 0))
    later = np.flatnonzero(start[1:] < reach[:-1]) + 1
    pairs = np.column_stack([gene[furthest[later - 1]], gene[later]])
    return pairs[pairs[:, 0] != pairs[:, 1]]


def similar_windows(codes: NDArray[np.uint8], parameters: SequenceParameters) -> tuple[Pairs, int]:
    """((p, 2) pairs of windows that share enough distinct canonical k-mers, number of k-mers held by too many windows to count).

    Memory is that of one sixteenth of all k-mers: they are handled in parts by their number.
    """
    k, most = parameters.shared_kmer_length, parameters.shared_kmer_holders
    needed = parameters.shared_kmers_per_kb * codes.shape[1] / 1000
    keys, counts, repeats = np.empty(0, np.int64), np.empty(0, np.int64), 0
    for part in range(_PARTS):
        kmers, rows = _kmers_of_part(codes, k, part)
        if len(kmers):
            edges = np.flatnonzero(np.r_[True, kmers[1:] != kmers[:-1], True])
            repeats += int((np.diff(edges) > most).sum())
        pairs = shared_pairs(kmers, rows, most)
        key, count = np.unique(pairs[:, 0] * len(codes) + pairs[:, 1], return_counts=True)
        keys, inverse = np.unique(np.concatenate([keys, key]), return_inverse=True)
        counts = np.bincount(inverse, np.concatenate([counts, count]), len(keys)).astype(np.int64)
    found = keys[counts >= needed]
    return np.column_stack([found // max(len(codes), 1), found % max(len(codes), 1)]), repeats


def _kmers_of_part(codes: NDArray[np.uint8], k: int, part: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Distinct (k-mer, window) of one part, sorted."""
    kept: list[NDArray[np.uint64]] = []
    rows: list[NDArray[np.int64]] = []
    for first in range(0, len(codes), _ROWS):
        found = canonical_kmers(codes[first : first + _ROWS], k)
        # The product spreads low-complexity k-mers evenly over the parts.
        chosen = (found * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(60) == part) & (found != NOT_A_KMER)
        kept.append(found[chosen])
        rows.append(np.nonzero(chosen)[0] + first)
    kmers, window = np.concatenate(kept or [np.empty(0, np.uint64)]), np.concatenate(rows or [np.empty(0, np.int64)])
    order = np.argsort(kmers, kind="stable")
    kmers, window = kmers[order], window[order]
    first_seen = np.r_[True, (kmers[1:] != kmers[:-1]) | (window[1:] != window[:-1])][: len(kmers)]
    return kmers[first_seen], window[first_seen]


def _family_pairs(genes: pd.DataFrame, families: Mapping[str, str]) -> Pairs:
    family = genes["gene"].map(families).to_numpy(object)
    rows: dict[str, int] = {}
    pairs = []
    for row, name in enumerate(family):
        if isinstance(name, str):
            pairs.append((rows.setdefault(name, row), row))
    return np.array(pairs, np.int64).reshape(-1, 2)


def components(genes: int, pairs: Pairs) -> NDArray[np.int64]:
    """(g,) number of the connected component of each gene, by first appearance."""
    graph = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(genes, genes))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def assign_folds(genes: pd.DataFrame, parameters: SequenceParameters) -> NDArray[np.int64]:
    """(g,) fold of each gene: chromosomes, the largest first, go to the fold with the fewest genes; one chromosome is cut into
    BLOCK_FOLDS blocks of equally many genes."""
    counts = genes["chrom"].value_counts()
    if len(counts) == 1:
        rank = genes["tss"].rank(method="first").to_numpy() - 1
        return (rank * BLOCK_FOLDS // len(genes)).astype(np.int64)
    names = sorted(counts.index, key=lambda name: (-counts[name], str(name)))
    filled = [0] * min(len(names), parameters.maximum_folds)
    of = {}
    for name in names:
        of[name] = int(np.argmin(filled))
        filled[of[name]] += int(counts[name])
    return genes["chrom"].map(of).to_numpy(np.int64)


def fold_roles(
    genes: pd.DataFrame, fold: NDArray[np.int64], component: NDArray[np.int64], parameters: SequenceParameters
) -> NDArray[np.str_]:
    """(f, g) role of each gene in each fold, see ROLES.

    A gene joined to a test gene leaves training and validation. Of each training chromosome one contiguous block is for
    validation; genes within `validation_gap` of it train nothing. On a chromosome with test genes, so do genes within
    `block_gap` of them.
    """
    chrom, tss = genes["chrom"].to_numpy(object), genes["tss"].to_numpy(np.int64)
    roles = np.full((int(fold.max()) + 1 if len(fold) else 0, len(genes)), "train", dtype="<U10")
    for f in range(len(roles)):
        test = fold == f
        roles[f, test] = "test"
        roles[f, ~test & np.isin(component, component[test])] = "dropped"
        random = np.random.default_rng([parameters.seed, f])
        for name in sorted(set(chrom), key=str):
            here = chrom == name
            if (here & test).any():
                roles[f, here & (roles[f] == "train") & _near(tss, tss[here & test], parameters.block_gap)] = "gap"
            left = np.flatnonzero(here & (roles[f] == "train"))
            left = left[np.argsort(tss[left], kind="stable")]
            size = round(parameters.validation_fraction * len(left))
            if size:
                at = int(random.integers(0, len(left) - size + 1))
                block = left[at : at + size]
                roles[f, left] = np.where(_near(tss[left], tss[block], parameters.validation_gap), "gap", "train")
                roles[f, block] = "validation"
    return roles


def _near(tss: NDArray[np.int64], others: NDArray[np.int64], gap: int) -> NDArray[np.bool_]:
    """Which sites lie within `gap` bp of one of `others`."""
    others = np.sort(others)
    at = np.searchsorted(others, tss)
    below = np.abs(tss - others[np.maximum(at - 1, 0)])
    above = np.abs(tss - others[np.minimum(at, len(others) - 1)])
    return np.minimum(below, above) <= gap


def refuse_duplicates(codes: NDArray[np.uint8], roles: NDArray[np.str_], names: NDArray) -> None:
    """Raise ModelError where a window of a training or validation gene equals that of a test gene. codes (g, width); roles,
    names (g,)."""
    rows = (
        np.ascontiguousarray(codes).view(np.dtype((np.void, max(codes.shape[1], 1)))).ravel()
        if codes.size
        else codes[:, :0]
    )
    learnt, tested = np.flatnonzero(np.isin(roles, ("train", "validation"))), np.flatnonzero(roles == "test")
    known = {rows[row].tobytes(): row for row in learnt} if codes.size else {}
    twins = [(known[key], row) for row in tested if (key := rows[row].tobytes()) in known] if known else []
    if twins:
        shown = "; ".join(f"{names[test]} (test) and {names[train]} (training)" for train, test in twins[:3])
        rule = "A sequence that is tested may not be trained on."
        remedy = "Give these genes one family in sequence.families, or leave one of each out."
        raise ModelError(
            Problem(
                "sequence splits",
                f"{count_of(len(twins), 'window stands', 'windows stand')} on both sides: {shown}",
                rule,
                remedy,
            )
        )


def _counts(roles: NDArray[np.str_]) -> dict[str, int]:
    return {role: int((roles == role).sum()) for role in ROLES[1:]}


def crossing(splits: Splits) -> int:
    """Genes that train or validate in a fold that tests a gene they are joined to; 0 unless the splits are wrong."""
    component = splits.table["component"].to_numpy()
    return sum(
        int((np.isin(roles, ("train", "validation")) & np.isin(component, component[roles == "test"])).sum())
        for roles in splits.roles
    )


def read_families(path: Path | None) -> dict[str, str]:
    """{gene: family} of a table with two columns; nothing without a file. Raises TextTableError, and AnnotationError for another
    number of columns or a gene in two families."""
    if path is None:
        return {}
    cells = read_table(path).cells
    if cells.shape[1] != 2:
        rule = "A table of families has two columns, gene and family."
        raise AnnotationError(
            Problem(str(path), count_of(cells.shape[1], "column"), rule, "Leave the other columns out.")
        )
    gene, family = (cells[name].str.strip() for name in cells.columns)
    several = family.groupby(gene).nunique()
    if (several > 1).any():
        name = several.index[several > 1][0]
        rule = "A gene belongs to one family."
        raise AnnotationError(
            Problem(str(path), f"{name} stands in {several[name]} families", rule, "Join the families.")
        )
    return {name: kin for name, kin in zip(gene, family, strict=True) if kin}


def stored(splits: Splits) -> Document:
    """The splits as members of a bundle: table, roles as numbers of ROLES, summary."""
    numbers = np.searchsorted(np.sort(ROLES), splits.roles)
    return {"table": splits.table, "roles": {"roles": numbers.astype(np.int8)}, "summary": splits.summary}


def restored(value: Mapping[str, Any]) -> Splits:
    """The splits of `stored`."""
    return Splits(value["table"], np.sort(ROLES)[value["roles"]["roles"]].astype("<U10"), value["summary"])
