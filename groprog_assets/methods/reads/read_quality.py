"""Base quality by cycle and the verdict on each library (figures 2 and 3). Files and tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.errors import Problem, ReadsError
from groprog_assets.methods.reads.tallied_qualities import take_tally
from groprog_assets.methods.reads.unreadable_alignments import unreadable_alignments
from groprog_assets.study.parameters import QualityParameters
from groprog_assets.study.schema import Genome, Library
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document
from groprog_kernels import quality, records


def first_reads(library: Library) -> None:
    """Check the first reads of a library's FASTQ files, without reading the whole files.

    ReadsError, with every problem: no FASTQ, gzip that cannot be opened, mates that do not begin with the same read.
    """
    problems: list[Problem] = []
    names: list[str] = []
    for path in library.reads:
        try:
            names.append(quality.first_name(path))
        except (quality.FastqError, OSError) as error:
            problems.append(_broken(path, error))
    mates = {name.removesuffix("/1").removesuffix("/2") for name in names}
    if not problems and len(mates) > 1:
        problems.append(
            Problem(
                f"library {library.id}",
                f"mate 1 begins with read {names[0]}, mate 2 with {names[1]}",
                "Mates lie in the same order in both files.",
                "Give both files of one run, untrimmed or trimmed together.",
            )
        )
    if problems:
        raise ReadsError(problems)


def _broken(path: Path, error: Exception) -> Problem:
    return Problem(
        str(path),
        str(error),
        "A whole FASTQ file is needed, four lines a read, plain or gzip.",
        "Copy or download the file again, and compare its checksum.",
    )


def per_cycle_quality(library: Library, genome: Genome | None = None) -> pd.DataFrame:
    """The `read_quality` table of one library, from its FASTQ, or else from the qualities in its alignments.

    genome: its FASTA decodes a CRAM. Mates are counted in parallel threads. Alignments that were just read for their positions
    are not read again (`tallied_qualities`). Empty when there are no qualities: bigWigs, or alignments with `*`. ReadsError, with
    every problem: a truncated, altered or malformed file, mates of different numbers of reads.
    """
    problems: list[Problem] = []
    tallies: list[quality.QualityTally] = []
    if library.reads:
        with ThreadPoolExecutor(2) as pool:
            pending = [(path, pool.submit(quality.tally_fastq, path)) for path in library.reads]
            for path, outcome in pending:
                try:
                    tallies.append(outcome.result())
                except (quality.FastqError, OSError) as error:
                    problems.append(_broken(path, error))
        if not problems and len(tallies) == 2 and tallies[0].reads[0] != tallies[1].reads[0]:
            problems.append(
                Problem(
                    f"library {library.id}",
                    f"mate 1 has {count_of(tallies[0].reads[0], 'read')}, mate 2 {tallies[1].reads[0]:,}",
                    "Mates must be of equal number.",
                    "Give both files of one run, untrimmed or trimmed together.",
                )
            )
        counts = [tally.counts[0] for tally in tallies]
    elif library.alignments is not None:
        counts = []
        try:
            tally = take_tally(library.alignments)
            if tally is None:
                tally = quality.tally_alignments(library.alignments, genome.fasta if genome else None)
            counts = list(tally.counts)
        except (records.BamError, OSError) as error:
            problems.append(unreadable_alignments(library.alignments, error))
    else:
        counts = []
    if problems:
        raise ReadsError(problems)
    parts = [_rows(mate, mate_counts) for mate, mate_counts in enumerate(counts, 1)]
    return conform(
        pd.concat(parts, ignore_index=True) if parts else _rows(1, np.zeros((0, 94), np.int64)), "read_quality"
    )


def _rows(mate: int, counts: np.ndarray) -> pd.DataFrame:
    """One mate's rows of the table; counts (cycles, qualities)."""
    counts = counts[counts.any(axis=1)]
    summary = quality.summarize(counts)
    return pd.DataFrame(
        {
            "mate": np.full(len(counts), mate, np.int32),
            "cycle": np.arange(1, len(counts) + 1, dtype=np.int32),
            "mean_quality": summary.mean,
            "error_mean_quality": summary.error_mean,
            "minimum_quality": summary.lowest,
            "maximum_quality": summary.highest,
            "reads": summary.reads,
        }
    )


def judge_quality(
    by_library: Mapping[str, pd.DataFrame], conditions: Mapping[str, str], parameters: QualityParameters
) -> Document:
    """Verdict on the quality curves, for checks and report. by_library: library -> `read_quality` table; conditions: library
    -> name.

    {"minimum_mean_quality": floor, "libraries": {library: {"known", "passes", "mates": {mate: {"cycles", "reads", "mean",
    "error_mean", "lowest", "lowest_cycle", "highest", "range"}}, "mean", "lowest", "highest", "range", "boundary"}},
    "conditions": [{"first", "second", "mate", "largest_difference", "cycle", "mean_difference", "share_below_limit",
    "passes"}], "condition_difference": limit, "passes"}. Figures are of the cycles' mean qualities, in Phred.

    boundary, None for one mate: where mate 2 begins if the mates' cycles are laid end to end, as the paper's figure
    does, and the step there beside the largest step elsewhere. Conditions are compared cycle by cycle where both have the
    mate, libraries weighted by their reads. Libraries without qualities have known = False and pass. Source: paper 4.2.
    """
    libraries = {library: _judge_library(table, parameters) for library, table in by_library.items()}
    curves = {name: _condition_curves(by_library, conditions, name) for name in dict.fromkeys(conditions.values())}
    compared = []
    for first, second in combinations(curves, 2):
        for mate in sorted(set(curves[first]) & set(curves[second])):
            a, b = curves[first][mate], curves[second][mate]
            size = min(len(a), len(b))
            difference = np.abs(a[:size] - b[:size])
            compared.append(
                {
                    "first": first,
                    "second": second,
                    "mate": mate,
                    "largest_difference": float(difference.max()),
                    "cycle": int(difference.argmax()) + 1,
                    "mean_difference": float(difference.mean()),
                    "share_below_limit": float((difference < parameters.condition_difference).mean()),
                    "passes": bool(np.median(difference) < parameters.condition_difference),
                }
            )
    return {
        "minimum_mean_quality": parameters.minimum_mean_quality,
        "condition_difference": parameters.condition_difference,
        "libraries": libraries,
        "conditions": compared,
        "passes": all(library["passes"] for library in libraries.values()),
    }


def _judge_library(table: pd.DataFrame, parameters: QualityParameters) -> Document:
    if not len(table):
        return {"known": False, "passes": True, "mates": {}, "boundary": None}
    mates = {}
    for mate, rows in table.groupby("mate", sort=True):
        means = rows["mean_quality"].to_numpy()
        bases = rows["reads"].to_numpy()
        error = np.average(10 ** (-rows["error_mean_quality"].to_numpy() / 10), weights=bases)
        mates[str(mate)] = {
            "cycles": len(rows),
            "reads": int(bases.max()),
            "mean": float(np.average(means, weights=bases)),
            "error_mean": float(-10 * np.log10(error)),
            "lowest": float(means.min()),
            "lowest_cycle": int(rows["cycle"].to_numpy()[means.argmin()]),
            "highest": float(means.max()),
            "range": float(means.max() - means.min()),
        }
    means = table["mean_quality"].to_numpy()
    lowest, highest = float(means.min()), float(means.max())
    return {
        "known": True,
        "passes": lowest >= parameters.minimum_mean_quality,
        "mates": mates,
        "mean": float(np.average(means, weights=table["reads"])),
        "lowest": lowest,
        "highest": highest,
        "range": highest - lowest,
        "boundary": _boundary(table),
    }


def _boundary(table: pd.DataFrame) -> Document | None:
    """The join of two mates laid end to end: its cycle, its step, and the largest step elsewhere."""
    ordered = table.sort_values(["mate", "cycle"])
    first = int((ordered["mate"] == 1).sum())
    means = ordered["mean_quality"].to_numpy()
    if first in (0, len(means)):
        return None
    steps = np.diff(means)
    elsewhere = np.abs(np.delete(steps, first - 1))
    return {
        "after_cycle": first,
        "step": float(steps[first - 1]),
        "largest_step_elsewhere": float(elsewhere.max()) if len(elsewhere) else 0.0,
        "is_the_largest": bool(not len(elsewhere) or abs(steps[first - 1]) > elsewhere.max()),
    }


def _condition_curves(
    by_library: Mapping[str, pd.DataFrame], conditions: Mapping[str, str], condition: str
) -> dict[int, np.ndarray]:
    """mate -> mean quality by cycle (cycles,) over a condition's libraries, weighted by reads."""
    tables = [table for library, table in by_library.items() if conditions.get(library) == condition and len(table)]
    if not tables:
        return {}
    rows = pd.concat(tables, ignore_index=True)
    rows["total"] = rows["mean_quality"] * rows["reads"]
    sums = rows.groupby(["mate", "cycle"], sort=True)[["total", "reads"]].sum()
    curve = sums["total"] / sums["reads"]
    mates = curve.index.get_level_values("mate").to_numpy()
    return {mate: curve.to_numpy()[mates == mate] for mate in np.unique(mates).tolist()}
