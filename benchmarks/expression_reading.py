"""Reading an expression matrix, every row and cell checked, beside pandas, which checks neither: values compared first.

`python -m benchmarks.expression_reading [--genes N] [--patients N] [--rounds N]`. A table of linear values is made under /tmp.
Each reading runs in a process of its own, in turn: CPU seconds and peak memory, medians of the rounds.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

READERS = ("ours", "pandas")


def write(path: Path, genes: int, patients: int) -> None:
    """A table of genes x patients, four decimals."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write("\t".join(["gene", *(f"P{k:06d}" for k in range(patients))]) + "\n")
        for gene in range(genes):
            row = rng.gamma(2.0, 30.0, patients).round(4).tolist()
            file.write(f"G{gene:05d}\t" + "\t".join(map(str, row)) + "\n")


def read(reader: str, path: Path) -> np.ndarray:
    """log2(1 + value), (patients, genes) float32."""
    if reader == "pandas":
        import pandas as pd

        frame = pd.read_csv(path, sep="\t", index_col=0)
        return np.ascontiguousarray(np.log2(1 + frame.to_numpy()).astype(np.float32).T)
    from groprog_assets.methods.cohort.patient_expression import read_expression
    from groprog_assets.study.schema import Cohort

    with path.open() as file:
        patients = file.readline().rstrip("\n").split("\t")[1:]
    cohort = Cohort.model_validate(
        {
            "clinical": "none.tsv",
            "endpoint": {"time_column": "T", "event_column": "E"},
            "fields": [{"column": "AGE", "name": "age", "kind": "continuous"}],
            "expression": {"path": path, "scale": "linear"},
        }
    )
    return read_expression(cohort, patients)["values"]


def measure(reader: str, path: Path) -> tuple[float, int, str]:
    """(CPU seconds of the reading, peak MiB of its process, digest of the values)."""
    code = f"from benchmarks.expression_reading import report; report({reader!r}, {str(path)!r})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return float(told[0]), int(told[1]), told[2]


def report(reader: str, path: str) -> None:
    """Print what `measure` reads."""
    start = time.process_time()
    values = read(reader, Path(path))
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(spent, peak, hashlib.sha256(values.tobytes()).hexdigest())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--patients", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "expression.tsv"
        write(path, options.genes, options.patients)
        found = {reader: [] for reader in READERS}  # type: dict[str, list[tuple[float, int, str]]]
        for _ in range(options.rounds):
            for reader in READERS:
                found[reader].append(measure(reader, path))
        digests = {digest for rounds in found.values() for *_, digest in rounds}
        assert len(digests) == 1, "the values differ"
        print(
            f"{options.genes:,} genes x {options.patients:,} patients, {path.stat().st_size / 1e6:.0f} MB; equal values"
        )
        for reader, rounds in found.items():
            cpu, peak = (statistics.median(item[k] for item in rounds) for k in (0, 1))
            print(f"{reader:<7} {cpu:6.2f} s CPU {peak:6.0f} MiB")


if __name__ == "__main__":
    main()
