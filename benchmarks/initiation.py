"""Initiation regions: accuracy on real libraries beside pyPINTS's recorded calls, CPU seconds, memory, equal bytes.

    python -m benchmarks.initiation                  # accuracy; CPU seconds of the MCF-7 pair, reading included
    python -m benchmarks.initiation --millions 20    # 20 million positions: seconds beside reading, memory; equal bytes

Needs `../shared`. pyPINTS 1.2.1 is not run: its calls and its 372.7 CPU seconds on the same bigWig pair are recorded there.
Many positions are copies of one library's chromosomes: of fission yeast, where reads are dense and most bases far below the
score of a start, and of MCF-7, where they are sparse and a fifth of the bases scores above it. Reading is that of a bigWig pair
through pyBigWig, of the pair through the program's own reader, and of the table from the store.
The limits: 300 times less CPU than pyPINTS; 1.5 times the seconds of reading; 100 MB above the positions.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyBigWig

from benchmarks import initiation_truth as truth
from groprog_assets.methods.reads.bigwig import read_bigwig_pair, write_bigwigs
from groprog_assets.store.artifacts import Store
from groprog_assets.store.table_files import encode_table

PINTS_SECONDS = 372.7
RUNS = 5


def cpu_seconds(call: Callable[[], Any]) -> float:
    """Median CPU seconds of RUNS runs after one that loads the compiled code."""
    call()
    seconds = []
    for _ in range(RUNS):
        begin = time.process_time()
        call()
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds)


def accuracy(shared: Path) -> None:
    """Precision and recall of starts, pairs with peaks, and pairs after the minus strand was moved."""
    data = shared / "data"
    known = truth.pombe_truth(data / "pombe")
    for name in ("c30_DMSO_rep1", "c18_dis2ts_DMSO_rep1"):
        positions, sizes = truth.pombe_positions(data / "pombe", name)
        calls = truth.call([positions], sizes)
        for number in (1000, 2000, 4000):
            best = truth.best(calls, number)
            precision = [truth.share_near(best, known.annotated, within) for within in (50, 150)]
            recall = [truth.share_near(known.capped, best, within) for within in (50, 150)]
            print(
                f"{name}, best {number:,}: P50 {precision[0]:.3f} P150 {precision[1]:.3f} "
                f"R50 {recall[0]:.3f} R150 {recall[1]:.3f}"
            )
    models = truth.refgene(data / "reference" / "hg19.refGene.chr7.gtf.gz")
    tables = {name: truth.mcf7_positions(data / "nascent" / f"{name}mR1.bam") for name in ("S0", "S40")}
    peaks = data / "nascent" / "mcf7_chip_chr7.bed"
    pints = truth.pints_calls(data / "oracle" / "pints")
    active = truth.active_starts(models, tables["S40"])
    number = len(pints.starts)
    ours = truth.call([tables["S40"]], truth.CHR7)
    for name, places in (("ours", truth.best(ours, number)), ("PINTS", pints.starts)):
        found = [truth.share_near(active, places, within) for within in (50, 150, 500)]
        print(
            f"MCF-7 S40, {number:,} starts, {name}: R50 {found[0]:.3f} R150 {found[1]:.3f} R500 {found[2]:.3f} of {len(active)}"
        )
    held = {name: truth.passing(truth.call(tab, truth.CHR7)) for name, tab in _sets(tables).items()}
    intervals = {name: (pairs["start"].to_numpy(), pairs["end"].to_numpy()) for name, pairs in held.items()}
    for name, (start, end) in {**intervals, "PINTS S40": (pints.start, pints.end)}.items():
        found_peaks = truth.peaks_under(start, end, models, peaks)
        print(
            f"MCF-7 {name}: {found_peaks.pairs} pairs, proximal {found_peaks.proximal} × {found_peaks.proximal_share:.2f}, "
            f"distal {found_peaks.distal} × {found_peaks.distal_share:.2f} with a ChIP peak"
        )
    for shift in (31_000, 50_000, -50_000, 120_000):
        pairs = truth.passing(truth.call([truth.moved(tables["S40"], shift)], truth.CHR7))
        print(f"MCF-7 S40, minus strand moved {shift:,} bp: {len(pairs)} pairs pass")
    with tempfile.TemporaryDirectory() as folder:
        paths = write_bigwigs(tables["S40"], truth.CHR7, Path(folder) / "s40")
        seconds = cpu_seconds(lambda: truth.call([read_bigwig_pair(paths[0], paths[1], truth.CHR7)[0]], truth.CHR7))
    print(
        f"MCF-7 S40 bigWig pair, reading included: {seconds:.2f} CPU s, PINTS {PINTS_SECONDS} (recorded), "
        f"{PINTS_SECONDS / seconds:.0f} times"
    )


def _sets(tables: dict[str, pd.DataFrame]) -> dict[str, list[pd.DataFrame]]:
    return {"S0": [tables["S0"]], "S40": [tables["S40"]], "pool": list(tables.values())}


def many(shared: Path, millions: float) -> None:
    """Copies of a library's chromosomes until there are so many positions: seconds, memory, equal bytes."""
    sparse = truth.mcf7_positions(shared / "data" / "nascent" / "S40mR1.bam"), truth.CHR7
    _copies("fission yeast", *truth.pombe_positions(shared / "data" / "pombe", "c30_DMSO_rep1"), millions)
    _copies("MCF-7 chr7", *sparse, millions)


def _copies(label: str, positions: pd.DataFrame, sizes: dict[str, int], millions: float) -> None:
    copies = max(int(np.ceil(millions * 1e6 / len(positions))), 1)
    names = {f"{chrom}_{copy:03d}": size for copy in range(copies) for chrom, size in sizes.items()}
    table = pd.concat(
        [positions.assign(chrom=positions["chrom"].astype("str") + f"_{copy:03d}") for copy in range(copies)],
        ignore_index=True,
    )
    table = table.assign(chrom=pd.Categorical(table["chrom"], categories=list(names)))
    print(f"{label}: {len(table):,} positions on {len(names)} chromosomes")
    reading = _reading(table, names)
    truth.call([positions], sizes)  # the compiled code is loaded before memory is looked at
    with Memory() as memory:
        calls, calling = _timed(lambda: truth.call([table], names))
    print(f"  calling {calling:.2f} CPU s; {memory.above:.0f} MB above the positions")
    for source, seconds in reading.items():
        print(f"  reading {source}: {seconds:.2f} CPU s, calling is {calling / seconds:.2f} times that")
    expected = _bytes(calls.starts, calls.table)
    shuffled = dict(reversed(names.items()))
    reordered = table.assign(chrom=table["chrom"].cat.set_categories(list(shuffled)))
    for change, other, order, threads in (
        ("two threads", table, names, 2),
        ("another order of chromosomes", reordered, shuffled, 1),
    ):
        again = truth.call([other], order, threads)
        said = "equal bytes" if _bytes(again.starts, again.table) == expected else "OTHER BYTES"
        print(f"  {change}: {said}", flush=True)


def _reading(table: pd.DataFrame, names: dict[str, int]) -> dict[str, float]:
    """CPU seconds of reading the same positions from three places."""
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = write_bigwigs(table, names, Path(folder) / "many")
        _, seconds["the bigWig pair through pyBigWig"] = _timed(lambda: _intervals(paths))
        read, seconds["the bigWig pair with the own reader"] = _timed(
            lambda: read_bigwig_pair(paths[0], paths[1], names)[0]
        )
        assert _bytes(read) == _bytes(table)
        store = Store(Path(folder) / "store")
        reference = store.put(table, "positions")
        stored, seconds["the stored positions"] = _timed(lambda: store.get(reference))
        assert _bytes(stored) == _bytes(table)
    return seconds


def _intervals(paths: list[Path]) -> list[np.ndarray]:
    found = []
    for path in paths:
        with pyBigWig.open(str(path)) as track:
            found += [np.array(track.intervals(chrom)) for chrom in track.chroms()]
    return found


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.process_time()
    value = call()
    return value, time.process_time() - begin


def _bytes(*tables: pd.DataFrame) -> list[bytes]:
    return [encode_table(table, "") for table in tables]


class Memory:
    """The most resident memory in MB within a `with` block above that at its start, looked at every 5 ms."""

    def __enter__(self) -> Memory:
        self.above, self._over = 0.0, threading.Event()
        start = self._resident()

        def look() -> None:
            while not self._over.wait(0.005):
                self.above = max(self.above, self._resident() - start)

        self._thread = threading.Thread(target=look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @staticmethod
    def _resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def main() -> None:
    """Print what was asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    arguments.add_argument("--millions", type=float, default=0.0)
    given = arguments.parse_args()
    if given.millions:
        many(given.shared, given.millions)
    else:
        accuracy(given.shared)


if __name__ == "__main__":
    main()
