"""Olink NPX files in long form, a row a sample and assay; NPX is a log2 scale.

A protein may be on several panels, so that the feature is the assay (OlinkID), not the protein. Values below the limit of
detection and those with a warning are kept and flagged. Source: Olink, OlinkAnalyze, read_NPX and the columns it describes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable
from groprog_assets.methods.assays.columns import Cells, Header, collector, read_cells, read_header, require_columns
from groprog_assets.methods.assays.dense import dense_assay, feature_rows, trimmed_notice
from groprog_assets.methods.assays.protein_ids import accession
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

NEEDED = ("SampleID", "OlinkID", "UniProt", "Assay", "NPX")
LIMITS = ("LOD", "PlateLOD", "MaxLOD")
"""Columns of the limit of detection in NPX, the first that is there counts."""
WARNINGS = ("QC_Warning", "SampleQC", "Assay_Warning", "AssayQC")
PASSED = frozenset({"pass", "", "na"})
KNOWN = frozenset({*PASSED, "warn", "warning", "fail", "manual_warn", "excluded"})
SAMPLE_KINDS = ("Sample_Type", "SampleType")
ASSAY_KIND = "AssayType"


def read_olink(path: Path, source: AssaySource) -> AssayTable:
    """Assays x samples in NPX; `flagged` where the value is below the limit of detection or has a warning.

    source_id: the OlinkID; feature_id: its protein, where it is one. Control samples and control assays, as the file marks them,
    are left out and counted. Several rows of one sample and assay are refused or joined as `source.duplicates` says. Raises
    AssayError for a missing column, an assay without an OlinkID or with two proteins, warnings of unknown words.
    """
    header = read_header(path)
    require_columns(
        header, NEEDED, "An NPX file in long form", "Export it in long form with OlinkAnalyze or Olink's software."
    )
    limit = next((name for name in LIMITS if name in header.columns), "")
    warned = [name for name in WARNINGS if name in header.columns]
    kinds = [name for name in (*SAMPLE_KINDS, ASSAY_KIND) if name in header.columns]
    problems = collector(header.path)
    text = ["SampleID", "OlinkID", "UniProt", "Assay", *warned, *kinds]
    found = read_cells(header, text, ["NPX", *([limit] if limit else [])], problems, source.missing)
    for name in ("SampleID", "OlinkID"):
        empty = (found.text[name] == "").to_numpy()
        found.mark(problems, empty, f"A row names its {name}.", "Name it, or remove the row.", name)
    for name in warned:
        unknown = ~found.text[name].str.lower().isin(KNOWN).to_numpy()
        rule = f"A quality mark is one of {', '.join(sorted(KNOWN - {''}))}."
        found.mark(problems, unknown, rule, "Correct the word.", name)
    problems.raise_any()
    controls = {name: _controls(found.text[name], name) for name in kinds}
    kept = ~np.logical_or.reduce([*controls.values(), np.zeros(len(found.text), bool)])
    counts = {"control_rows": int((~kept).sum())}
    below = found.number("NPX") < found.number(limit) if limit else np.zeros(len(kept), bool)
    warning = np.logical_or.reduce(
        [*(~found.text[name].str.lower().isin(PASSED).to_numpy() for name in warned), np.zeros(len(kept), bool)]
    )
    counts |= {"below_limit": int((below & kept).sum()), "with_warning": int((warning & kept).sum())}
    rows = found.text.assign(npx=found.number("NPX"), flag=below | warning, line=found.lines)[kept]
    assays = _assays(header, rows)
    samples = list(dict.fromkeys(rows["SampleID"]))
    values, flagged = _wide(header, source, rows, list(assays["OlinkID"]), samples, counts)
    features = feature_rows(
        assays["OlinkID"].tolist(),
        feature_id=[f"UniProt:{one}" if (one := accession(text)) else "" for text in assays["UniProt"]],
        symbol=assays["Assay"].tolist(),
    )
    notices = trimmed_notice(found) + _notices(header, found, limit, warned)
    return dense_assay(header.path, source, features, samples, values, flagged=flagged, counts=counts, notices=notices)


def _controls(kind: pd.Series, name: str) -> NDArray[np.bool_]:
    """Rows of control samples or control assays."""
    usual = "assay" if name == ASSAY_KIND else "sample"
    return ~kind.str.lower().isin([usual, ""]).to_numpy()


def _assays(header: Header, rows: pd.DataFrame) -> pd.DataFrame:
    """One row an OlinkID, in the order of the file; AssayError where one has two proteins."""
    assays = rows[["OlinkID", "UniProt", "Assay", "line"]].drop_duplicates(["OlinkID", "UniProt", "Assay"])
    twice = assays[assays["OlinkID"].duplicated(keep=False)]
    if len(twice):
        one = twice[twice["OlinkID"] == twice["OlinkID"].iloc[0]]
        shown = " and ".join(f"{row.Assay} ({row.UniProt})" for row in one.head(2).itertuples())
        where = f"{header.path}:{one['line'].iloc[1]}, column OlinkID"
        rule = "An OlinkID is one assay of one protein."
        raise AssayError(Problem(where, f"{one['OlinkID'].iloc[0]}: {shown}", rule, "Correct the rows."))
    return assays


def _wide(
    header: Header,
    source: AssaySource,
    rows: pd.DataFrame,
    assays: list[str],
    samples: list[str],
    counts: dict[str, int],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(assays, samples) values and flags of the long rows."""
    pairs = rows.duplicated(["OlinkID", "SampleID"])
    if pairs.any():
        if source.duplicates in ("refuse", "sum"):
            row = rows[pairs].iloc[0]
            where = f"{header.path}:{row['line']}"
            value = f"{row['OlinkID']} of sample {row['SampleID']} again, {count_of(int(pairs.sum()), 'such row')}"
            rule = "A sample has one NPX value an assay; NPX is a log scale and cannot be summed."
            remedy = "Remove or rename the repeated samples, or set duplicates: mean, max or first."
            raise AssayError(Problem(where, value, rule, remedy))
        counts["merged_rows"] = int(pairs.sum())
    groups = rows.groupby(["OlinkID", "SampleID"], sort=False)
    how = "mean" if source.duplicates == "mean" else "max" if source.duplicates == "max" else "first"
    numbers = groups["npx"].agg(how) if how != "first" else rows[~pairs].set_index(["OlinkID", "SampleID"])["npx"]
    flags = groups["flag"].any()
    place, column = ({name: k for k, name in enumerate(names)} for names in (assays, samples))
    values = np.full((len(assays), len(samples)), np.nan)
    flagged = np.zeros(values.shape, bool)
    at = tuple(np.array([(place[a], column[s]) for a, s in numbers.index], np.int64).reshape(-1, 2).T)
    values[at] = numbers.to_numpy()
    flagged[tuple(np.array([(place[a], column[s]) for a, s in flags.index], np.int64).reshape(-1, 2).T)] = flags
    return values, flagged


def _notices(header: Header, found: Cells, limit: str, warned: list[str]) -> list[Problem]:
    notices = []
    if not limit:
        rule = "Values below the limit of detection are flagged; without the column none is."
        notices.append(Problem(header.where, f"no column {' or '.join(LIMITS)}", rule, "Export the limits too."))
    if not warned:
        rule = "Values with a warning are flagged; without the column none is."
        notices.append(
            Problem(header.where, f"no column {' or '.join(WARNINGS[:2])}", rule, "Export the warnings too.")
        )
    several = found.text.drop_duplicates(["OlinkID", "UniProt"])["UniProt"]
    repeated = several[several.duplicated() & (several != "")].nunique()
    if repeated:
        rule = "Each assay is a feature of its own; two panels may measure one protein."
        notices.append(Problem(header.where, f"{count_of(repeated, 'protein')} on several panels", rule, "Nothing."))
    return notices
