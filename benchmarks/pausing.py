"""groHMM's pausing index on chr7 of a real library: ours beside the CPU seconds groHMM 1.41.1 needed, values compared first.

`python -m benchmarks.pausing [--shared ../shared]`. groHMM is not run here: its CPU time is the one recorded with its oracle
tables (`annot/summary.json`, pausingIndex and expressedGenes, reads in memory on both sides). The limit is 20 times
less. Medians of 5 runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from groprog_assets.methods.features.pausing_grohmm import expressed_genes, pausing_index
from groprog_assets.methods.reads.positions import position_table
from groprog_kernels import reads

CHROM_SIZES = {"chr7": 159_138_663}
RUNS = 5


def cpu_seconds(call: Callable[[], pd.DataFrame]) -> tuple[float, pd.DataFrame]:
    """Median CPU seconds of RUNS runs after one to load the compiled code, and the last result."""
    result = call()
    seconds = []
    for _ in range(RUNS):
        begin = time.process_time()
        result = call()
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds), result


def main() -> None:
    """Print the medians and ratios; fail when a value differs by more than 1e-9 relative."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    shared = arguments.parse_args().shared
    folder = shared / "data" / "oracle" / "grohmm" / "annot"
    recorded = json.loads((folder / "summary.json").read_text())["timings"]
    decoded = reads.decode_reads(shared / "data" / "nascent" / "S40mR1.bam", CHROM_SIZES)
    positions = position_table(decoded.chrom, decoded.strand, decoded.position, decoded.reads, CHROM_SIZES)
    cases = (
        (
            "pausingIndex",
            "pausing_default",
            pausing_index,
            "pausingIndex_S40mR1_default",
            {"Fisher": "p_value", "CIupper": "upper"},
        ),
        ("expressedGenes", "expressedGenes", expressed_genes, "expressedGenes_S40mR1", {"pval": "p_value"}),
    )
    for name, timing, method, table, columns in cases:
        expected = pd.read_csv(folder / f"{table}.tsv", sep="\t")
        names = {"seqnames": "chrom", "GeneID": "gene", "gene_id": "gene"}
        features = expected.rename(columns=names).assign(start=expected["start"] - 1)
        seconds, measured = cpu_seconds(lambda method=method, features=features: method(features, positions))
        for theirs, ours in columns.items():
            if not np.allclose(measured[ours], expected[theirs], rtol=1e-9, atol=1e-300, equal_nan=True):
                raise SystemExit(f"{name}: {theirs} differs")
        grohmm = recorded.get(timing, recorded.get(name + "_default", recorded.get(name)))["cpu"]
        print(
            f"{name}, {len(features)} genes: ours {seconds * 1e3:.1f} ms CPU, groHMM {grohmm:.2f} s CPU (recorded), "
            f"{grohmm / seconds:.0f} times; values equal to 1e-9"
        )


if __name__ == "__main__":
    main()
