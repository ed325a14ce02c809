"""Small readers of what groHMM 1.41.1 gave on real chr7 reads (../shared/data/oracle/grohmm), and of those reads."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam

RUNS = (
    "S0mR1_default",
    "pooled_unique_default",
    "vignette_pooled",
    *(f"tune_B{leave}_U{shape}" for leave in (-100, -200, -300) for shape in (5, 10, 15)),
)


def folder(shared: Path) -> Path:
    return shared / "data" / "oracle" / "grohmm"


def unit(shared: Path, name: str) -> Any:
    """One `units/` fixture."""
    return json.loads((folder(shared) / "units" / f"{name}.json").read_text())


def parameters(shared: Path, run: str) -> dict[str, Any]:
    """A run's arguments and fitted values; `files` always a list (a file named twice is counted twice)."""
    run_parameters = json.loads((folder(shared) / f"{run}.params.json").read_text())
    if isinstance(run_parameters["files"], str):
        run_parameters["files"] = [run_parameters["files"]]
    return run_parameters


def transcripts(shared: Path, run: str) -> pd.DataFrame:
    """chrom, start1, end1 (1-based inclusive), strand, width, type, ID."""
    return pd.read_csv(folder(shared) / f"{run}.transcripts.tsv", sep="\t")


def transcribed_windows(shared: Path, run: str) -> pd.DataFrame:
    """strand, start, end of the runs of state 1 (0-based half-open windows)."""
    path = pd.read_csv(folder(shared) / f"{run}.viterbi_rle.tsv", sep="\t")
    return path[path["state"] == 1].rename(columns={"win_start0": "start", "win_end0": "end"})


def annotation_table(shared: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder(shared) / "annot" / f"{name}.tsv", sep="\t", keep_default_na=False)


def summary(shared: Path) -> dict[str, Any]:
    return json.loads((folder(shared) / "annot" / "summary.json").read_text())


def bed(frame: pd.DataFrame) -> pd.DataFrame:
    """1-based inclusive start1, end1 (or start, end) to 0-based half-open start, end."""
    frame = frame.rename(columns={"start1": "start", "end1": "end"})
    return frame.assign(start=frame["start"] - 1)


@cache
def positions(shared: Path, file: str) -> pd.DataFrame:
    """A real library's reads (1 bp each) as the `positions` table."""
    tally: Counter[tuple[bool, int]] = Counter()
    with pysam.AlignmentFile(str(shared / "data" / "nascent" / file), "rb", check_sq=False) as reads:
        for read in reads:
            tally[read.is_reverse, read.reference_start] += 1
    reverse, position = (np.array(column) for column in zip(*tally, strict=True))
    frame = pd.DataFrame(
        {
            "chrom": "chr7",
            "strand": np.where(reverse, "-", "+"),
            "position": position.astype("int32"),
            "count": np.array(list(tally.values()), dtype="int32"),
        }
    ).sort_values(["strand", "position"], ignore_index=True)
    return frame.astype({"chrom": "category", "strand": "category"})


@cache
def windows(shared: Path, files: tuple[str, ...], strand: str, size: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Non-zero windows of the files' reads together, and their counts."""
    tally: Counter[int] = Counter()
    for file in files:
        reads = positions(shared, file)
        reads = reads[reads["strand"] == strand]
        for window, count in zip(reads["position"] // size, reads["count"], strict=True):
            tally[window] += count
    window = np.array(sorted(tally), dtype=np.int32)
    return window, np.array([tally[one] for one in window], dtype=np.int64)


def coverage(shared: Path, files: list[str], size: int = 50) -> dict[str, pd.DataFrame]:
    """The files as `coverage` tables, keyed by place in the list."""
    tables = {}
    for place, file in enumerate(files):
        reads = positions(shared, file)
        frame = reads.assign(window=(reads["position"] // size).astype("int32"))
        frame = frame.groupby(["chrom", "strand", "window"], observed=True, as_index=False)["count"].sum()
        tables[f"{place}_{file}"] = frame.astype({"count": "int32"})
    return tables
