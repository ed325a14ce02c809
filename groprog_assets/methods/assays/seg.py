"""Segments of copy number (SEG files of circular binary segmentation): 1-based inclusive positions become 0-based intervals.

Source: Broad Institute, IGV, SEG; GDC, Copy Number Segment; cBioPortal, File Formats, Segmented Data.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import SparseAssay
from groprog_assets.methods.assays.columns import collector, read_cells, read_header
from groprog_assets.methods.assays.dense import trimmed_notice
from groprog_assets.methods.assays.variant_rows import chromosome, require_build
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

COLUMNS = {
    "sample": ("id", "sample", "sample_id", "gdc_aliquot", "array"),
    "chrom": ("chrom", "chromosome", "chr"),
    "start": ("loc.start", "start", "start_position"),
    "end": ("loc.end", "end", "end_position"),
    "value": ("seg.mean", "segment_mean", "seg_mean", "mean"),
}
"""What is read, and the names of its column, in lower case."""
LONGEST = (1 << 31) - 1
INTERVAL_COLUMNS = ("sample", "chrom", "start", "end", "value", "kind")


def read_seg(path: Path, source: AssaySource) -> SparseAssay:
    """Intervals of kind "segment" with the mean of the segment, in the order of the file.

    The study states the build, as the format does not. profiled: the samples with a segment. Raises AssayError for an absent
    column, positions that are no whole number of 1 or more, an end before its start.
    """
    build = require_build(source.genome_build, "", str(path))
    header = read_header(path)
    folded = {name.strip("'").casefold(): name for name in header.columns}
    held = {what: next((folded[name] for name in names if name in folded), "") for what, names in COLUMNS.items()}
    absent = [what for what, name in held.items() if not name]
    if absent:
        rule = "A SEG file has the columns ID, chrom, loc.start, loc.end, num.mark, seg.mean."
        remedy = "Name its columns so."
        raise AssayError(Problem(header.where, f"no column of {', '.join(absent)}", rule, remedy))
    problems = collector(header.path)
    numbers = [held["start"], held["end"], held["value"]]
    found = read_cells(header, [held["sample"], held["chrom"]], numbers, problems, source.missing)
    told = bool(problems.problems)  # a cell that is no number has been named as that
    start, end, value = found.values.T if len(found.values) else np.empty((3, 0))
    for column, places in ((held["start"], start), (held["end"], end)):
        wrong = ~((places >= 1) & (places <= LONGEST) & (places == np.floor(places)))
        wrong &= ~(np.isnan(places) & told)
        rule = f"A position is a whole number from 1 to {LONGEST:,}."
        found.mark(problems, wrong, rule, "Positions are 1-based, the end is inside.", column)
    rule, remedy = "A segment does not end before it starts.", "Correct the positions."
    found.mark(problems, end < start, rule, remedy, held["end"])
    for what in ("sample", "chrom"):
        empty = (found.text[held[what]] == "").to_numpy()
        found.mark(problems, empty, f"A segment has a {what}.", "Name it, or remove the row.", held[what])
    problems.raise_any()
    if not len(start):
        raise AssayError(Problem(str(header.path), "no segment", "A SEG file has rows.", "Is it copied whole?"))
    names = {name: chromosome(name, numbered=True) for name in found.text[held["chrom"]].unique()}
    intervals = pd.DataFrame(
        {
            "sample": found.text[held["sample"]],
            "chrom": found.text[held["chrom"]].map(names).astype("str"),
            "start": start.astype(np.int64) - 1,
            "end": end.astype(np.int64),
            "value": value.astype(np.float32),
            "kind": pd.Series(["segment"] * len(start), dtype="str"),
        }
    )
    overlaps = _overlapping(intervals)
    notices = trimmed_notice(found)
    if overlaps:
        rule = "The segments of a sample follow each other."
        value_text = f"{count_of(overlaps, 'segment')} that begin before the one before ends"
        notices.append(Problem(str(header.path), value_text, rule, "Nothing, if calls of several kinds are meant."))
    counts = {"segments": len(intervals), "without_value": int(np.isnan(value).sum()), "overlapping": overlaps}
    notices.append(Problem(str(header.path), f"positions of {build}", "The study says so; the file does not.", ""))
    samples = tuple(intervals["sample"].drop_duplicates())
    said = {"genome_build": build}
    return SparseAssay(profiled=samples, intervals=intervals, counts=counts, notices=tuple(notices), said=said)


def _overlapping(intervals: pd.DataFrame) -> int:
    """Segments that begin before another of the sample and chromosome ends."""
    ordered = intervals.sort_values(["sample", "chrom", "start", "end"], kind="stable")
    groups = ordered.groupby(["sample", "chrom"], sort=False)
    before = groups["end"].cummax().groupby([ordered["sample"], ordered["chrom"]], sort=False).shift()
    return int((ordered["start"] < before).sum())
