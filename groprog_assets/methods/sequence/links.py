"""Links of distal fragments and genes: how much of a net's attention each fragment has. Tables and arrays in, tables out.

Attention is what a net reads, and no proof of regulation. Each gene is asked of the net that held its chromosome out.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.baselines import Examples
from groprog_assets.methods.sequence.cross_fitting import CrossFit
from groprog_assets.methods.sequence.fragments import Fragments
from groprog_assets.tables import TABLES, conform
from groprog_assets.tables.values import Document

TABLE = "sequence_links"
STRONGEST = 10
"""Links that the report shows."""


@runtime_checkable
class ReadsFragments(Protocol):
    """A predictor that tells the share of its attention on each fragment."""

    def links(self, codes: NDArray[np.uint8], side: NDArray[np.float64]) -> NDArray[np.float64]: ...


def no_links() -> pd.DataFrame:
    """The table without a row."""
    return conform(pd.DataFrame(columns=list(TABLES[TABLE].column_names)), TABLE)


def held_out_links(
    genes: pd.DataFrame, fit: CrossFit, examples: Examples, fragments: Fragments, view: str, rung: str
) -> pd.DataFrame:
    """Table `sequence_links`: a row a gene and fragment, with the share of the attention that the net without the gene's fold has
    on it; the shares of a gene sum to 1.

    genes: gene, chrom, strand, tss, in the order of fit and examples, whose windows are followed by the fragments. A rung that
    tells none gives no row.
    """
    count, most = fragments.weight.shape
    width = fragments.codes.shape[1] // most
    share = np.zeros((count, most))
    for f, predictor in enumerate(fit.predictors):
        if not isinstance(predictor, ReadsFragments):
            return no_links()
        held = np.flatnonzero((fit.fold == f) & (fragments.weight > 0).any(axis=1))
        if len(held):
            share[held] = predictor.links(examples.codes[held], examples.side[held])
    row, place = np.nonzero((fragments.centre >= 0) & (fragments.weight > 0))
    start = fragments.centre[row, place] - width // 2
    table = pd.DataFrame(
        {
            "gene": genes["gene"].to_numpy()[row],
            "view": view,
            "rung": rung,
            "fold": fit.fold[row],
            "gene_chrom": genes["chrom"].to_numpy()[row],
            "tss": genes["tss"].to_numpy()[row],
            "strand": genes["strand"].to_numpy()[row],
            "chrom": fragments.chrom[row, place],
            "start": np.maximum(start, 0),
            "end": start + width,
            "contact": fragments.weight[row, place],
            "attention": share[row, place],
        }
    )
    return conform(table, TABLE)


def link_bedpe(links: pd.DataFrame) -> bytes:
    """BEDPE of the links: the fragment, then the gene's TSS; name the gene, score the share of the attention; then view and rung.
    A first line that begins with # names the columns."""
    table = pd.DataFrame(
        {
            "#chrom1": links["chrom"],
            "start1": links["start"],
            "end1": links["end"],
            "chrom2": links["gene_chrom"],
            "start2": links["tss"],
            "end2": links["tss"] + 1,
            "name": links["gene"],
            "score": links["attention"],
            "strand1": ".",
            "strand2": links["strand"],
            "view": links["view"],
            "rung": links["rung"],
        }
    )
    return table.to_csv(sep="\t", index=False, float_format="%.4g", lineterminator="\n").encode()


def told_links(links: pd.DataFrame) -> Document:
    """{genes, fragments; chosen: genes with several fragments; most_contacts: share of those whose most attended fragment is that
    with the most contacts; strongest: rows of the clearest links of genes with several}, all of the first rung and view."""
    if not len(links):
        return {}
    first = links[(links["rung"] == links["rung"].iloc[0]) & (links["view"] == links["view"].iloc[0])]
    several = first[first.groupby("gene")["attention"].transform("size") > 1]
    most = several.sort_values("attention", ascending=False, kind="stable").drop_duplicates("gene")
    highest = several.groupby("gene")["contact"].max()
    agree = most["contact"].to_numpy() >= highest.reindex(most["gene"]).to_numpy()
    return {
        "rung": str(first["rung"].iloc[0]),
        "view": str(first["view"].iloc[0]),
        "genes": int(first["gene"].nunique()),
        "fragments": len(first),
        "chosen": len(most),
        "most_contacts": float(agree.mean()) if len(most) else None,
        "strongest": most.head(STRONGEST)[["gene", "chrom", "start", "end", "contact", "attention"]].to_dict("records"),
    }
