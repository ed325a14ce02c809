"""Protein groups of MaxQuant (`proteinGroups.txt`): label-free intensities, 0 = not measured.

Source: MaxQuant, output tables, proteinGroups; Cox et al., doi:10.1074/mcp.M113.031591 (LFQ).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.columns import collector, read_cells, read_header, require_columns
from groprog_assets.methods.assays.dense import dense_assay, feature_rows, trimmed_notice
from groprog_assets.methods.assays.protein_ids import leading, protein_curie
from groprog_assets.study.omics_assays import AssaySource

LEFT_OUT = {
    "reverse": ("Reverse",),
    "contaminants": ("Potential contaminant", "Contaminant"),
    "only_identified_by_site": ("Only identified by site",),
}
"""What is dropped, and the names its column has had; a row is dropped where the cell is +."""
INTENSITIES = ("LFQ intensity ", "Intensity ")
"""How the columns of samples begin, the better kind first."""
LABELLED = ("Ratio H/L", "Ratio M/L", "Reporter intensity 0", "Reporter intensity 1")
WHAT = "MaxQuant's proteinGroups.txt"


def read_maxquant(path: Path, source: AssaySource) -> AssayTable:
    """Protein groups x samples, linear intensities; 0 is missing.

    source_id: every protein of the group, as read; feature_id: the leading one; symbol: the leading gene. Decoys, contaminants
    and groups identified by a modified site alone are left out and counted. Raises AssayError for a file without intensities of
    samples, for labelled experiments (SILAC, TMT), marks other than +, negative intensities.
    """
    header = read_header(path)
    key = next((name for name in ("Majority protein IDs", "Protein IDs") if name in header.columns), "Protein IDs")
    require_columns(header, [key], WHAT, "Is it proteinGroups.txt of the folder combined/txt?")
    labels = [name for name in header.columns if name in LABELLED]
    if labels:
        rule = "Label-free intensities are read; those of a labelled experiment are ratios within a run."
        raise AssayError(Problem(header.where, f"column {labels[0]!r}", rule, "Give the values as format: matrix."))
    prefix, columns = _intensities(header.columns)
    if not columns:
        value = "no column LFQ intensity <sample> or Intensity <sample>"
        rule = f"{WHAT} has a column of intensities a sample."
        raise AssayError(Problem(header.where, value, rule, "Export it of an experiment with named samples."))
    marks = {what: name for what, names in LEFT_OUT.items() for name in names if name in header.columns and name != key}
    genes = ["Gene names"] if "Gene names" in header.columns else []
    problems = collector(header.path)
    found = read_cells(header, [key, *genes, *marks.values()], columns, problems, source.missing)
    for name in marks.values():
        wrong = ~found.text[name].isin(["", "+"]).to_numpy()
        found.mark(problems, wrong, "A mark of MaxQuant is + or an empty cell.", "Write the file again.", name)
    rule, remedy = "An intensity is 0 (not measured) or larger.", "Give the file as MaxQuant wrote it."
    found.mark(problems, found.values < 0, rule, remedy)
    problems.raise_any()
    dropped = {what: (found.text[name] == "+").to_numpy() for what, name in marks.items()}
    kept = ~np.logical_or.reduce([*dropped.values(), np.zeros(len(found.text), bool)])
    values = np.where(found.values == 0, np.nan, found.values)[kept]
    notices = trimmed_notice(found) + _notices(path, source, marks, prefix, columns)
    groups = found.text[key].to_numpy(object)[kept].tolist()
    symbols = found.text["Gene names"].map(leading).to_numpy(object)[kept].tolist() if genes else [""] * len(groups)
    features = feature_rows(groups, feature_id=list(map(protein_curie, groups)), symbol=symbols)
    counts = {what: int(rows.sum()) for what, rows in dropped.items()}
    counts["zeros_missing"] = int((found.values[kept] == 0).sum())
    samples = [name.removeprefix(prefix) for name in columns]
    return dense_assay(path, source, features, samples, values, lines=found.lines[kept], counts=counts, notices=notices)


def _intensities(columns: list[str]) -> tuple[str, list[str]]:
    """How the columns of samples begin, and these columns."""
    for prefix in INTENSITIES:
        found = [name for name in columns if name.startswith(prefix) and name != prefix.strip()]
        if found:
            return prefix, found
    return "", []


def _notices(path: Path, source: AssaySource, marks: dict[str, str], prefix: str, columns: list[str]) -> list[Problem]:
    found = []
    if prefix == INTENSITIES[1]:
        rule = "LFQ intensities are comparable between samples; plain ones depend on the amount loaded."
        found.append(
            Problem(str(path), "no LFQ intensity: Intensity is read", rule, "Run MaxQuant with LFQ, if you can.")
        )
    for what in LEFT_OUT:
        if what not in marks:
            rule = f"Rows marked so are left out; without the column none is ({what.replace('_', ' ')})."
            found.append(
                Problem(str(path), f"no column {LEFT_OUT[what][0]}", rule, "Nothing, if they are out already.")
            )
    if source.missing_kind not in ("mnar", "mixed"):
        rule = "MaxQuant writes 0 where an intensity was too low to be seen: values are missing not at random."
        value = f"missing_kind: {source.missing_kind}"
        found.append(Problem(str(path), value, rule, "Set missing_kind: mnar."))
    return found
