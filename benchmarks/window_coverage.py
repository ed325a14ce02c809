"""Stranded 50-bp coverage of a BAM against samtools (counting only), polars-bio and deepTools, in turn, on one file.

    python -m benchmarks.window_coverage [--reads N] [--rounds N] [--folder F] [--peers VENV]

Makes a sorted BAM of 50-bp reads over hg19-sized chromosomes once, with the true windows beside it; every round asserts
that our windows equal them. polars-bio and deepTools are looked for in the environment `--peers`; peers that are not there
are left out and named.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

BIN = 50
READ = 50
EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
CHROMS = {f"chr{i + 1}": size for i, size in enumerate([249250621, 243199373, 198022430, 191154276, 180915260, 171115067,
    159138663, 146364022, 141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210,
    78077248, 59128983, 63025520, 48129895, 51304566, 155270560])}  # fmt: skip


def block(data: bytes) -> bytes:
    """One BGZF block of at most 65,280 bytes."""
    squeezer = zlib.compressobj(5, zlib.DEFLATED, -15)
    body = squeezer.compress(data) + squeezer.flush()
    head = struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(data), len(data))


def write_bam(
    path: Path, chroms: dict[str, int], reads: Iterable[tuple[int, np.ndarray, np.ndarray]], seed: int
) -> None:
    """A BAM with bowtie2's header of 50-bp reads with random bases, qualities and rising names; made whole or not at all.

    reads: (rank of the chromosome, leftmost bases (n,) rising, reverse strand (n,) bool), chromosomes in order.
    """
    rng = np.random.default_rng(seed)
    layout = np.dtype(
        [("size", "<i4"), ("contig", "<i4"), ("position", "<i4"), ("name_size", "u1"), ("mapq", "u1"), ("bin", "<u2"),
         ("operations", "<u2"), ("flag", "<u2"), ("length", "<i4"), ("next", "<i4"), ("next_position", "<i4"),
         ("span", "<i4"), ("name", "S13"), ("cigar", "<u4"), ("sequence", "u1", 25), ("quality", "u1", READ),
         ("tags", "V11")]
    )  # fmt: skip
    text = "@HD\tVN:1.6\tSO:coordinate\n" + "".join(f"@SQ\tSN:{c}\tLN:{n}\n" for c, n in chroms.items())
    text += "@PG\tID:bowtie2\tPN:bowtie2\tVN:2.5.0\n"
    header = b"BAM\1" + struct.pack("<i", len(text)) + text.encode() + struct.pack("<i", len(chroms))
    header += b"".join(
        struct.pack("<i", len(c) + 1) + c.encode() + b"\0" + struct.pack("<i", n) for c, n in chroms.items()
    )
    tags = b"ASi" + struct.pack("<i", 0) + b"NHC\1"
    rest, first = header, 0
    with open(path.with_suffix(".part"), "wb") as out, ThreadPoolExecutor(2) as pool:
        for contig, where, reverse in reads:
            for start in range(0, len(where), 500_000):
                part = slice(start, start + 500_000)
                table = np.zeros(len(where[part]), layout)
                table["size"] = layout.itemsize - 4
                table["contig"], table["position"] = contig, where[part]
                table["name_size"], table["mapq"], table["operations"], table["length"] = 13, 42, 1, READ
                table["flag"] = np.where(reverse[part], 16, 0)
                table["next"] = table["next_position"] = -1
                table["name"] = np.char.mod("r%011d", np.arange(first, first + len(table))).astype("S13")
                first += len(table)
                table["cigar"] = READ << 4
                table["sequence"] = np.array([16 * a + b for a in (1, 2, 4, 8) for b in (1, 2, 4, 8)], np.uint8)[
                    rng.integers(0, 16, (len(table), 25))
                ]
                table["quality"] = np.array([37, 37, 37, 37, 37, 37, 25, 11], np.uint8)[
                    rng.integers(0, 8, (len(table), READ))
                ]
                table["tags"] = np.frombuffer(tags, "V11")[0]
                rest += table.tobytes()
                whole = len(rest) // 65280 * 65280
                out.writelines(pool.map(block, [rest[at : at + 65280] for at in range(0, whole, 65280)]))
                rest = rest[whole:]
        out.write((block(rest) if rest else b"") + EOF)
    os.replace(path.with_suffix(".part"), path)


def make(path: Path, reads: int) -> None:
    """The BAM and its true windows; made once."""
    if path.exists():
        return
    rng = np.random.default_rng(20260101)
    truth = {}
    total = sum(CHROMS.values())

    def simulated() -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        for contig, (chrom, size) in enumerate(CHROMS.items()):
            count = reads * size // total
            peaks = rng.integers(0, size - 5000, max(count // 200, 1))
            where = peaks[rng.integers(0, len(peaks), count)] + rng.exponential(1500, count).astype(np.int64)
            where = np.sort(
                np.where(rng.random(count) < 0.4, rng.integers(0, size - READ, count), where) % (size - READ)
            )
            reverse = rng.random(count) < 0.5
            ends = np.where(reverse, where + READ - 1, where) // BIN
            for sign, chosen in (("+", ~reverse), ("-", reverse)):
                truth[f"{chrom}{sign}"] = np.bincount(ends[chosen], minlength=size // BIN)[: size // BIN].astype(
                    np.int32
                )
            yield contig, where, reverse

    write_bam(path, CHROMS, simulated(), 20260102)
    np.savez(path.with_suffix(".npz"), **truth)


OURS = """
import sys, numpy as np
from groprog_kernels.reads import count_windows
import benchmarks.window_coverage as b
got = count_windows(sys.argv[1], b.CHROMS, b.BIN, minimum_mapping_quality=10, threads=int(sys.argv[2]))
print(sum(got.outcomes.values()), got.outcomes["kept"])
if len(sys.argv) > 3:
    truth = np.load(sys.argv[3])
    assert all((truth[chrom + strand] == windows).all() for (chrom, strand), windows in got.counts.items())
"""
POSITIONS = """
import sys
from groprog_kernels.reads import decode_reads
import benchmarks.window_coverage as b
got = decode_reads(sys.argv[1], b.CHROMS, uniqueness="tie", minimum_mapping_quality=10)
print(len(got.position), got.reads.sum())
"""
POLARS = """
import sys, polars as pl, polars_bio as pb
frame = pb.scan_bam(sys.argv[1], tag_fields=None)
print(frame.with_columns(strand=(pl.col("flags") & 16) > 0).with_columns(
    window=pl.when("strand").then(pl.col("end") - 1).otherwise(pl.col("start")) // 50
).group_by("chrom", "strand", "window").len().collect().height)
"""


def measure(command: list[str]) -> tuple[float, float, float]:
    """(wall s, CPU s, peak MB) of one command, which must succeed."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, command
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def peers(environment: Path | None, path: Path) -> dict[str, list[str]]:
    """Commands of the Python peers that are installed; the others are named."""
    folder = environment / "bin" if environment else Path(sys.executable).parent
    found = {}
    python = [str(folder / "python"), "-c"]
    if subprocess.run([*python, "import polars_bio"], capture_output=True, check=False).returncode:
        print("polars-bio is not installed; left out")
    else:
        found["polars-bio"] = [*python, POLARS, str(path)]
    deeptools = shutil.which("bamCoverage", path=folder)
    if deeptools is None:
        print("deepTools is not installed; left out")
        return found
    if not path.with_suffix(".bam.bai").exists():
        subprocess.run(["samtools", "index", str(path)], check=True)
    track = str(path.with_suffix(".peer.bw"))
    found["deepTools bamCoverage, one strand"] = [
        deeptools, "-b", str(path), "-bs", "50", "--Offset", "1", "--samFlagExclude", "16", "-p", "2", "-o", track
    ]  # fmt: skip
    return found


def main() -> None:
    """Run every program in turn and print medians."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--reads", type=int, default=20_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", type=Path, default=Path("/tmp/groprog_benchmark"))
    options.add_argument("--peers", type=Path, help="virtual environment with polars-bio and deepTools")
    options.add_argument("--make", action="store_true", help="only make the file")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    path = chosen.folder / f"reads_{chosen.reads}.bam"
    if chosen.make:
        make(path, chosen.reads)
        return
    # in a process of its own: a child's peak memory begins with its parent's
    subprocess.run([sys.executable, "-m", "benchmarks.window_coverage", "--make", *sys.argv[1:]], check=True)
    python = [sys.executable, "-c"]
    measure([*python, OURS, str(path), "2", str(path.with_suffix(".npz"))])
    programs = {
        "GroProg windows, 2 threads": [*python, OURS, str(path), "2"],
        "GroProg windows, 1 thread": [*python, OURS, str(path), "1"],
        "GroProg single-base positions": [*python, POSITIONS, str(path)],
    }
    if shutil.which("samtools"):
        programs["samtools view -c -@2"] = ["samtools", "view", "-c", "-@2", str(path)]
    programs |= peers(chosen.peers, path)
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in programs}
    for _ in range(chosen.rounds):
        for name, command in programs.items():
            results[name].append(measure(command))
    base = statistics.median(wall for wall, _, _ in results["GroProg windows, 2 threads"])
    print(
        f"{chosen.reads:,} reads, {path.stat().st_size / 1e6:,.0f} MB; windows equal the truth; medians of {chosen.rounds}"
    )
    print(f"{'program':36}{'wall s':>8}{'CPU s':>8}{'MB':>8}{'wall / ours':>13}")
    for name, runs in results.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{name:36}{wall:8.2f}{cpu:8.2f}{memory:8.0f}{wall / base:13.2f}")


if __name__ == "__main__":
    main()
