"""Counting 60,000 stranded windows from one BAM: ours beside featureCounts and `bedtools coverage`, counts compared first.

`python -m benchmarks.counting [--reads N] [--windows N] [--bam FILE]`. Without --bam a file of N simulated 1-bp reads is written.
Peers are used when on PATH; featureCounts takes the 5' base of each read. bedtools cannot, so it counts the 1-bp reads only. The
larger its records, the more of both sides is inflating them: the ratio falls from 7 to 3 (20 M reads of 50 bp); see README.md.
Medians of 5 runs in turn, each from the file: ours = read the BAM, index the positions, count. Peers get their windows as a
file written before the clock starts; they write their counts, which are read after it has stopped.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from groprog_assets.methods.reads.window_counts import StrandedIndex, count_stranded
from groprog_kernels import reads
from groprog_kernels.window_counts import index_positions

CHROMS = {"chr1": 240_000_000, "chr2": 200_000_000, "chr3": 180_000_000}
RUNS = 5

Chroms = dict[str, int]
Peer = tuple[Callable[[], None], Callable[[], np.ndarray]]
"""What runs the program, and what reads the counts it wrote."""


def simulate(path: Path, number: int) -> None:
    """A sorted BAM of `number` 1-bp reads over CHROMS."""
    rng = np.random.default_rng(0)
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": c, "LN": n} for c, n in CHROMS.items()]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for tid, size in enumerate(CHROMS.values()):
            starts = np.sort(rng.integers(0, size - 100, number // len(CHROMS)))
            strands = rng.integers(0, 2, len(starts))
            for start, strand in zip(starts.tolist(), strands.tolist(), strict=True):
                read = pysam.AlignedSegment(out.header)
                read.query_name, read.flag = "r", 16 * strand
                read.reference_id, read.reference_start, read.mapping_quality = tid, start, 60
                read.cigartuples = [(0, 1)]
                read.query_sequence = "A"
                out.write(read)


def chromosomes(bam: Path) -> dict[str, int]:
    """Lengths of the chromosomes the file has reads on."""
    with pysam.AlignmentFile(str(bam)) as source:
        seen = {read.reference_name for read in source.fetch(until_eof=True) if not read.is_unmapped}
        return {name: size for name, size in zip(source.references, source.lengths, strict=True) if name in seen}


def windows(number: int, chroms: Chroms) -> pd.DataFrame:
    """Random stranded windows of 100 bp to 50 kb."""
    rng = np.random.default_rng(1)
    chrom = rng.choice(list(chroms), number)
    length = rng.integers(100, 50_000, number)
    start = (rng.random(number) * (np.array([chroms[c] for c in chrom]) - length)).astype(np.int64)
    frame = pd.DataFrame(
        {"chrom": chrom, "start": start, "end": start + length, "strand": rng.choice(["+", "-"], number)}
    )
    return frame.sort_values(["chrom", "start"], kind="stable", ignore_index=True)


def ours(bam: Path, frame: pd.DataFrame, chroms: Chroms) -> np.ndarray:
    """Counts through the reads kernel and the window kernel."""
    return count(indexed(bam, chroms), frame)


def indexed(bam: Path, chroms: Chroms) -> StrandedIndex:
    """The BAM's 5' positions by chromosome and strand."""
    decoded = reads.decode_reads(bam, chroms)
    index: StrandedIndex = {}
    edges = np.searchsorted(decoded.chrom, np.arange(len(chroms) + 1, dtype=decoded.chrom.dtype))
    for chrom, (left, right) in zip(chroms, pairwise(edges), strict=True):
        middle = left + np.searchsorted(decoded.strand[left:right], np.int8(1))
        for strand, part in (("+", slice(left, middle)), ("-", slice(middle, right))):
            index[chrom, strand] = index_positions(decoded.position[part], decoded.reads[part])
    return index


def count(index: StrandedIndex, frame: pd.DataFrame) -> np.ndarray:
    """Reads of every window on its strand."""
    chrom, strand = frame["chrom"].to_numpy(object), frame["strand"].to_numpy(object)
    return count_stranded(index, chrom, strand, frame["start"].to_numpy(), frame["end"].to_numpy())


def bedtools(bam: Path, frame: pd.DataFrame, folder: Path) -> Peer:
    """Counts by `bedtools coverage -s -counts -sorted`."""
    bed, out = folder / "windows.bed", folder / "bedtools.tsv"
    frame.assign(name=frame.index, score=0)[["chrom", "start", "end", "name", "score", "strand"]].to_csv(
        bed, sep="\t", header=False, index=False
    )
    genome = folder / "genome"
    genome.write_text("".join(f"{c}\t{n}\n" for c, n in CHROMS.items()))
    command = ["bedtools", "coverage", "-s", "-counts", "-sorted", "-g", genome, "-a", bed, "-b", bam]

    def run() -> None:
        with open(out, "wb") as stream:
            subprocess.run(list(map(str, command)), check=True, stdout=stream, stderr=subprocess.DEVNULL)

    return run, lambda: pd.read_csv(out, sep="\t", header=None).iloc[:, -1].to_numpy()


def feature_counts(bam: Path, frame: pd.DataFrame, folder: Path) -> Peer:
    """Counts by `featureCounts -s 1 -O --read2pos 5` in two threads."""
    saf, out = folder / "windows.saf", folder / "counts.tsv"
    frame.assign(name=frame.index, first=frame["start"] + 1)[["name", "chrom", "first", "end", "strand"]].to_csv(
        saf, sep="\t", header=False, index=False
    )
    command = ["featureCounts", "-F", "SAF", "-s", "1", "-O", "--read2pos", "5", "-T", "2", "-a", saf, "-o", out, bam]

    def run() -> None:
        subprocess.run(list(map(str, command)), check=True, capture_output=True)

    return run, lambda: pd.read_csv(out, sep="\t", comment="#").iloc[:, -1].to_numpy()


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """(wall s, CPU s of this process and its children) of one run."""
    begin, before = time.perf_counter(), os.times()
    call()
    used = os.times()
    return time.perf_counter() - begin, sum(used[:4]) - sum(before[:4])


def main() -> None:
    """Print the medians and their ratio; fail when the counts differ."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--reads", type=int, default=3_000_000)
    arguments.add_argument("--windows", type=int, default=60_000)
    arguments.add_argument("--bam", type=Path)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        bam = options.bam or folder / "reads.bam"
        if options.bam is None:
            simulate(bam, options.reads)
        chroms = chromosomes(bam)
        frame = windows(options.windows, chroms)
        ours(bam, frame[:10], chroms)
        programs = {"featureCounts": feature_counts} | ({} if options.bam else {"bedtools": bedtools})
        for name in [name for name in programs if shutil.which(name) is None]:
            print(f"{name}: not on PATH")
            del programs[name]
        peers = {name: program(bam, frame, folder) for name, program in programs.items()}
        counted = ours(bam, frame, chroms)
        spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ("ours", *peers)}
        for _ in range(RUNS):
            spent["ours"].append(timed(lambda: ours(bam, frame, chroms)))
            for peer, (run, read) in peers.items():
                spent[peer].append(timed(run))
                differing = int((counted != read()).sum())
                if differing:
                    raise SystemExit(f"{peer} counts {differing} windows differently")
        medians = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in spent.items()}
        for name, (wall, cpu) in medians.items():
            ratios = [value / own for value, own in zip((wall, cpu), medians["ours"])]
            print(f"{name}: wall {wall:.2f} s ({ratios[0]:.1f} x ours), CPU {cpu:.2f} s ({ratios[1]:.1f} x ours)")
        print(f"all {len(frame):,} counts equal; medians of {RUNS}, in turn")


if __name__ == "__main__":
    main()
