"""Per-cycle qualities by definition, line by line, as in FastQC's per-base module."""

from __future__ import annotations

import numpy as np


def tally_fastq(lines):
    """(cycles, 128) int64 counts of quality characters of FASTQ lines (four a record), by position in the read."""
    counts: dict[tuple[int, int], int] = {}
    for quality in lines[3::4]:
        for cycle, character in enumerate(quality):
            counts[cycle, ord(character)] = counts.get((cycle, ord(character)), 0) + 1
    tally = np.zeros((max((cycle for cycle, _ in counts), default=-1) + 1, 128), np.int64)
    for place, count in counts.items():
        tally[place] = count
    return tally


def cycle_means(qualities):
    """[(mean, quality of the mean error, lowest, highest, reads)] a cycle of a list of reads' Phred lists."""
    rows = []
    for cycle in range(max(map(len, qualities), default=0)):
        here = np.array([read[cycle] for read in qualities if len(read) > cycle], float)
        error = np.mean(10 ** (-here / 10))
        rows.append((here.mean(), -10 * np.log10(error), here.min(), here.max(), len(here)))
    return rows
