"""Protein groups of DIA-NN: the matrix `report.pg_matrix.tsv`, or the long report as text or Parquet.

Source: DIA-NN, "Output"; the R package diann, which takes a quantity of 0 as missing.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.columns import Header, collector, read_cells, read_header, require_columns
from groprog_assets.methods.assays.dense import dense_assay, feature_rows, trimmed_notice
from groprog_assets.methods.assays.protein_ids import leading, protein_curie
from groprog_assets.study.assay_parameters import DEFAULT_THRESHOLDS, AssayReadingParameters
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

DESCRIPTIONS = (
    *("Protein.Group", "Protein.Ids", "Protein.Names", "Genes", "First.Protein.Description"),
    *("N.Sequences", "N.Proteotypic.Sequences"),
)
"""Columns of the matrix that are no run."""
QUANTITIES = ("PG.MaxLFQ", "PG.Normalised", "PG.Quantity")
"""Columns of the long report with the quantity of a protein group, the best first."""
PRECURSORS = ("Precursor.Id", "Stripped.Sequence", "Modified.Sequence")
RUN_FILE = re.compile(r"(.+?)\.(?:raw|d|mzml|mzxml|wiff|wiff2|dia|htrms|tdf|baf)(?:\.dia)?", re.IGNORECASE)
AGREE = 1e-4
"""Relative difference of the quantities of one group and run that is rounding."""


def run_name(text: str) -> str:
    """A run from the path of its file, of Unix or Windows: the last part without the ending of a raw file."""
    base = re.split(r"[\\/]", text.strip().rstrip("\\/"))[-1]
    found = RUN_FILE.fullmatch(base)
    return found[1] if found else base


def read_diann(path: Path, source: AssaySource, thresholds: AssayReadingParameters = DEFAULT_THRESHOLDS) -> AssayTable:
    """Protein groups x runs, linear quantities; 0 is missing. Which of the two files it is, the header says.

    source_id: every protein of the group; feature_id: the leading one; symbol: the leading gene. Of the long report rows above
    either q-value are left out and counted. Raises AssayError for two runs of one name, negative quantities, quantities of one
    group and run that differ, and for a matrix of precursors or genes.
    """
    header = read_header(path)
    if "Q.Value" in header.columns or "PG.Q.Value" in header.columns:
        return _long(header, source, thresholds)
    if any(name in header.columns for name in PRECURSORS) or "Protein.Group" not in header.columns:
        rule = "Read are report.pg_matrix.tsv and the main report, whose rows are protein groups of runs."
        value = f"columns {', '.join(header.columns[:5])}"
        remedy = "Give report.pg_matrix.tsv; a matrix of precursors or genes is format: matrix."
        raise AssayError(Problem(header.where, value, rule, remedy))
    return _matrix(header, source)


def _matrix(header: Header, source: AssaySource) -> AssayTable:
    runs = [name for name in header.columns if name not in DESCRIPTIONS]
    problems = collector(header.path)
    text = [name for name in ("Protein.Group", "Genes") if name in header.columns]
    found = read_cells(header, text, runs, problems, source.missing)
    found.mark(problems, found.values < 0, "A quantity is 0 (missing) or larger.", "Give the file as DIA-NN wrote it.")
    problems.raise_any()
    zeros = found.values == 0
    groups = found.text["Protein.Group"].tolist()
    genes = found.text["Genes"].map(leading).tolist() if "Genes" in found.text else [""] * len(groups)
    features = feature_rows(groups, feature_id=list(map(protein_curie, groups)), symbol=genes)
    samples = _named(header, runs)
    values = np.where(zeros, np.nan, found.values)
    counts = {"zeros_missing": int(zeros.sum())}
    return dense_assay(
        header.path,
        source,
        features,
        samples,
        values,
        lines=found.lines,
        counts=counts,
        notices=trimmed_notice(found),
    )


def _long(header: Header, source: AssaySource, thresholds: AssayReadingParameters) -> AssayTable:
    run = "Run" if "Run" in header.columns else "File.Name"
    quantity = next((name for name in QUANTITIES if name in header.columns), QUANTITIES[0])
    needed = [run, "Protein.Group", "Q.Value", "PG.Q.Value", quantity]
    require_columns(header, needed, "DIA-NN's main report", "Give report.tsv or report.parquet as DIA-NN wrote it.")
    problems = collector(header.path)
    genes = ["Genes"] if "Genes" in header.columns else []
    names = [quantity, "Q.Value", "PG.Q.Value"]
    found = read_cells(header, [run, "Protein.Group", *genes], names, problems, source.missing)
    rule, remedy = "A quantity is 0 (missing) or larger.", "Give the file as DIA-NN wrote it."
    found.mark(problems, found.number(quantity) < 0, rule, remedy, quantity)
    problems.raise_any()
    passed = (found.number("Q.Value") <= thresholds.precursor_q_value) & (
        found.number("PG.Q.Value") <= thresholds.protein_q_value
    )
    rows = found.text.assign(value=found.number(quantity), line=found.lines)
    kept = rows[passed & (rows["value"] > 0).to_numpy() & (rows["Protein.Group"] != "").to_numpy()]
    runs = list(dict.fromkeys(rows[run]))
    samples = _named(header, runs)
    by = kept.groupby(["Protein.Group", run], sort=False)["value"].agg(["min", "max", "first"])
    differ = by[by["max"] - by["min"] > AGREE * by["max"]]
    if len(differ):
        group, name = differ.index[0]
        line = kept[(kept["Protein.Group"] == group) & (kept[run] == name)]["line"].iloc[0]
        value = f"{group} in {name}: {differ['min'].iloc[0]:g} and {differ['max'].iloc[0]:g}"
        rule = (
            f"A protein group has one {quantity} in a run; {count_of(len(differ), 'pair has', 'pairs have')} several."
        )
        raise AssayError(Problem(f"{header.path}:{line}, column {quantity}", value, rule, remedy))
    groups = list(dict.fromkeys(kept["Protein.Group"]))
    values = (
        by["first"].unstack(run).reindex(index=pd.Index(groups), columns=pd.Index(runs)).to_numpy(np.float64)
        if len(by)
        else np.empty((0, len(runs)))
    )
    first = kept.drop_duplicates("Protein.Group").set_index("Protein.Group")
    symbols = first.loc[groups, "Genes"].map(leading).tolist() if genes else [""] * len(groups)
    features = feature_rows(groups, feature_id=list(map(protein_curie, groups)), symbol=symbols)
    counts = {
        "rows_above_q_value": int((~passed).sum()),
        "rows_without_quantity": int((passed & ~(rows["value"] > 0).to_numpy()).sum()),
        "groups_left_out": int(rows["Protein.Group"].nunique() - len(groups)),
    }
    notices = trimmed_notice(found)
    return dense_assay(header.path, source, features, samples, values, counts=counts, notices=notices)


def _named(header: Header, runs: list[str]) -> list[str]:
    """The names of runs; AssayError where two files have one."""
    names = [run_name(text) for text in runs]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        files = ", ".join(text for text, name in zip(runs, names) if name == twice[0])
        rule = "A run is named by its file, without folder and ending."
        raise AssayError(Problem(header.where, f"{twice[0]!r} twice: {files}", rule, "Rename one of the files."))
    return names
