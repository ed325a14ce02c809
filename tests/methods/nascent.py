"""Small hand-made genes, reads and libraries for the tests of the nascent half."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from groprog_assets.methods.reads.positions import sequences
from groprog_assets.study.schema import Contrast, Library
from groprog_assets.tables import TABLES, conform

CONTRAST = Contrast(treatment="oe", control="mock")
CHROM_SIZES = {"chr1": 100_000, "chr2": 50_000}


def library(name: str, condition: str) -> Library:
    return Library(id=name, condition=condition, alignments=f"{name}.bam")


def libraries(replicates: int = 1) -> list[Library]:
    return [library(f"{condition}_{i}", condition) for condition in ("mock", "oe") for i in range(1, replicates + 1)]


def positions(reads: Iterable[tuple[str, str, int, int]] = ()) -> pd.DataFrame:
    """Table `positions` of (chrom, strand, position, count) rows."""
    return conform(pd.DataFrame(list(reads), columns=["chrom", "strand", "position", "count"]), "positions")


class Asked(dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]):
    """The sequences of a table `positions`, with the list of those that were asked for."""

    def __init__(self, table: pd.DataFrame):
        super().__init__(sequences(table))
        self.keys_asked: list[tuple[str, str]] = []

    def __getitem__(self, key: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
        self.keys_asked.append(key)
        return super().__getitem__(key)


def genes(rows: Sequence[tuple[str, str, int, int, str]], **columns: object) -> pd.DataFrame:
    """Table `genes` of (gene, chrom, start, end, strand) rows; the TSS is the first base in the direction of the strand."""
    frame = pd.DataFrame(list(rows), columns=["gene", "chrom", "start", "end", "strand"])
    plus = frame["strand"] == "+"
    filled = {
        "tss": np.where(plus, frame["start"], frame["end"] - 1),
        "tts": np.where(plus, frame["end"] - 1, frame["start"]),
        "transcript": frame["gene"] + ".1",
        "tss_reads": 1,
        "placements": 1,
        "masked": 0.0,
        "reliable": True,
    }
    return conform(frame.assign(**{**filled, **columns}), "genes")


def transcripts(rows: Sequence[tuple[str, str, int, int, str]]) -> pd.DataFrame:
    """Table `transcripts` of (name, chrom, start, end, strand) rows."""
    frame = pd.DataFrame(list(rows), columns=["name", "chrom", "start", "end", "strand"])
    filled = {"score": 1000.0, "posterior": 1.0, "count": 1, "grohmm_start": frame["start"], "grohmm_end": frame["end"]}
    return conform(frame.assign(**filled), "transcripts")


def masks(rows: Sequence[tuple[str, int, int, str]] = ()) -> pd.DataFrame:
    return conform(pd.DataFrame(list(rows), columns=TABLES["masks"].column_names), "masks")


def differential(genes_frame: pd.DataFrame, direction: Sequence[str], p_value: Sequence[float]) -> pd.DataFrame:
    """Table `differential` with one unit exactly over each gene."""
    fold = [{"up": 2.0, "down": -2.0, "none": 0.1}[d] for d in direction]
    columns = {
        "transcript": "t_" + genes_frame["gene"],
        **{name: genes_frame[name] for name in ("chrom", "start", "end", "strand", "gene")},
        "base_mean": 10.0,
        "log_cpm": 3.0,
        "log2_fold_change": fold,
        "standard_error": 0.2,
        "conservative_log2_fold_change": [0.8 * change for change in fold],
        "shrunken_log2_fold_change": [0.9 * change for change in fold],
        "shrunken_standard_error": 0.2,
        "dispersion": 0.05,
        "p_value": list(p_value),
        "adjusted_p_value": list(p_value),
        "direction": list(direction),
        "analysis": "exploratory",
    }
    return conform(pd.DataFrame(columns), "differential")
