"""Files of the initiation regions: BED, the six columns of PINTS, counts, scores for a browser, profile. Values in, bytes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from groprog_assets.export.tab_separated import tab_separated
from groprog_assets.store.table_files import encode_table
from groprog_assets.tables.values import Value

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "initiation"
BED6 = ["chrom", "start", "end", "name", "score", "strand"]


def initiation_files(called: Value, compared: Value) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each file; called: value of `initiation_regions`, compared: of `differential_initiation`, or None.

    `initiation_regions.bed` is BED6+ with a `#` line that names the columns; missing sides are `.`.
    `initiation_regions.parquet` has the types of the table, missing sides as null.
    `initiation_bidirectional.bed` has the pairs at the medium confidence or better as PINTS writes them: chrom, start, end,
    confidence, plus summit, minus summit.
    """
    if called is None:
        return
    table = called["table"]
    yield f"{FOLDER}/initiation_regions.bed", _bed_plus(table)
    yield f"{FOLDER}/initiation_regions.tsv", tab_separated(table)
    yield f"{FOLDER}/initiation_regions.parquet", encode_table(table, "initiation_regions")
    pairs = table[(table["kind"] != "single") & table["confidence"].isin(["strong", "medium"])]
    six = ["chrom", "start", "end", "confidence", "plus_summit", "minus_summit"]
    yield f"{FOLDER}/initiation_bidirectional.bed", tab_separated(pairs[six], missing="", header=False)
    counts = called["counts"]
    wide = counts.pivot(index="region", columns="library", values="count").reindex(table["name"])
    wide = wide.reindex(columns=counts["library"].unique()).rename_axis(index="region", columns=None)
    yield f"{FOLDER}/initiation_counts.tsv", tab_separated(wide.reset_index())
    yield f"{FOLDER}/initiation_counts_by_strand.tsv", tab_separated(counts)
    yield f"{FOLDER}/initiation_profile.tsv", tab_separated(called["profile"])
    for strand, name in (("+", "plus"), ("-", "minus")):
        scores = called["scores"]
        yield f"{FOLDER}/initiation_score_{name}.bedGraph", _bed_graph(scores[scores["strand"] == strand])
    if compared is not None:
        yield f"{FOLDER}/differential_initiation.tsv", tab_separated(compared["table"])
        yield f"{FOLDER}/initiation_links.tsv", tab_separated(compared["links"])


def _bed_plus(table: pd.DataFrame) -> bytes:
    columns = [*BED6, *(name for name in table if name not in BED6)]
    return b"#" + tab_separated(table[columns].replace("", "."), "%.6g", ".")


def _bed_graph(scores: pd.DataFrame) -> bytes:
    """One base a maximum, its score with two decimals, sorted as browsers need it."""
    rows = scores.sort_values(["chrom", "position"], kind="stable")
    columns = rows[["chrom", "position"]].assign(end=rows["position"] + 1, score=rows["score"].round(2))
    return tab_separated(columns, "%.2f", "", header=False)
