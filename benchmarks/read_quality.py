"""Per-cycle qualities of a FASTQ against FastQC and fastp, in turn, on one gzip file.

    python -m benchmarks.read_quality [FILE.fastq.gz] [--reads N] [--rounds N]

Without a file one of N reads of 50 bp is made under /tmp, once. Where FastQC is installed its
 per-base means are compared with ours (--nogroup: one cycle a row).
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from benchmarks.window_coverage import measure
from groprog_kernels.quality import summarize, tally_fastq

OURS = "import sys; from groprog_kernels.quality import tally_fastq; tally_fastq(sys.argv[1])"


def fastqc_means(report: Path) -> list[float]:
    """The means of FastQC's per-base module, one a cycle."""
    with zipfile.ZipFile(report) as archive:
        name = next(entry for entry in archive.namelist() if entry.endswith("fastqc_data.txt"))
        lines = (
            archive.read(name).decode().split(">>Per base sequence quality")[1].split(">>END_MODULE")[0].splitlines()
        )
    return [float(line.split("\t")[1]) for line in lines[2:]]


def make(reads: int) -> Path:
    """A gzip FASTQ of 50-bp reads whose qualities fall along the read; made once."""
    path = Path(f"/tmp/groprog_benchmark/reads_{reads}.fastq.gz")
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    part = path.with_suffix(".part")
    with gzip.open(part, "wb", compresslevel=4) as file:
        for first in range(0, reads, 100_000):
            count = min(100_000, reads - first)
            base = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (count, 50))].tobytes()
            phred = np.clip(np.rint(rng.normal(np.linspace(38, 34, 50), 3, (count, 50))), 2, 41).astype(np.uint8) + 33
            quality = phred.tobytes()
            file.writelines(
                b"@r%d\n%s\n+\n%s\n" % (first + i, base[at : at + 50], quality[at : at + 50])
                for i, at in enumerate(range(0, count * 50, 50))
            )
    part.rename(path)
    return path


def main() -> None:
    """Run every program in turn and print medians."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=Path, nargs="?")
    options.add_argument("--reads", type=int, default=4_000_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    path = str((chosen.file or make(chosen.reads)).resolve())
    with tempfile.TemporaryDirectory() as folder:
        programs = {"GroProg": [sys.executable, "-c", OURS, path]}
        if shutil.which("fastqc"):
            programs["FastQC"] = ["fastqc", "--quiet", "--nogroup", "-o", folder, path]
        if shutil.which("fastp"):
            programs["fastp"] = ["fastp", "-i", path, "-w", "2", "-j", f"{folder}/f.json", "-h", f"{folder}/f.html"]
        measure(programs["GroProg"])
        results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in programs}
        for _ in range(chosen.rounds):
            for name, command in programs.items():
                results[name].append(measure(command))
        for report in Path(folder).glob("*_fastqc.zip"):
            ours = summarize(tally_fastq(path).counts[0]).mean
            assert max(abs(a - b) for a, b in zip(ours, fastqc_means(report), strict=True)) < 1e-6
            print("per-cycle means equal FastQC's")
    for name, runs in results.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{name:10}{wall:8.2f} s{cpu:8.2f} CPU s{memory:8.0f} MB")


if __name__ == "__main__":
    main()
