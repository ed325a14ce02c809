"""A study of sixteen simulated libraries through one process, two threads and two Dask workers: wall, CPU, equal bytes.

`python -m benchmarks.compute_pool` writes the study under /tmp (made once), then runs two stages of it with each pool in turn:
`libraries`, from nothing: files to windows, the model of transcription with its tuning grid, counts; `folds`, over a study made
as far as the encoders: cross-validation. Stored values and the records of how they came about must be the same, file for file.
CPU time is that of the whole process tree.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from benchmarks.window_coverage import READ, write_bam
from groprog_assets.simulation import simulate_study

CONDITIONS = ("control", "treated")
STAGES = {"libraries": "+transcript_counts or +gene_signal", "folds": "risk_model"}
BEFORE = {"libraries": "", "folds": "+encoded_tensors"}


def make(folder: Path, libraries: int, reads: int) -> Path:
    """The study file; its alignments draw on the simulated ones, each base shifted a little, so that genes stay genes."""
    study = folder / "study.yaml"
    if study.exists():
        return study
    simulate_study(folder, scale="tiny", fastq=False)
    document = yaml.safe_load(study.read_text())
    given = {item["id"]: item for item in document["libraries"]}
    document["libraries"] = []
    for number in range(libraries):
        condition, replicate = CONDITIONS[number % 2], number // 2 + 1
        source = folder / given[f"{condition}_{replicate % 2 + 1}"]["alignments"]
        path = folder / "reads" / f"{condition}_{replicate}_of_{libraries}.bam"
        copy(source, path, reads, number)
        document["libraries"].append(
            {
                "id": f"{condition}_{replicate}",
                "condition": condition,
                "replicate": replicate,
                "alignments": f"reads/{path.name}",
            }
        )
    document["parameters"]["transcription"] = {"tune": True}
    document["parameters"]["training"] |= {"joint_epochs": 40, "ensemble_seeds": 2}
    document["parameters"]["evaluation"] |= {"folds": 5}
    study.write_text(yaml.safe_dump(document, sort_keys=False))
    return study


def copy(source: Path, path: Path, reads: int, seed: int) -> None:
    """A BAM of so many reads whose leftmost bases are drawn from those of `source`, moved by up to 20 bp."""
    import pysam

    rng = np.random.default_rng([20261122, seed])
    with pysam.AlignmentFile(str(source)) as bam:
        chroms = dict(zip(bam.references, bam.lengths, strict=True))
        found = [(r.reference_id, r.reference_start, r.is_reverse) for r in bam if r.mapping_quality >= 10]
    rows = np.array(found, dtype=np.int64)[rng.integers(0, len(found), reads)]
    rows[:, 1] += rng.integers(-20, 21, reads)

    def by_chromosome() -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        for rank, size in enumerate(chroms.values()):
            own = rows[rows[:, 0] == rank]
            left = np.clip(own[:, 1], 0, size - READ)
            order = np.argsort(left, kind="stable")
            yield rank, left[order], own[order, 2].astype(bool)

    write_bam(path, chroms, by_chromosome(), seed)


def timed(study: Path, pool: str, select: str) -> tuple[float, float]:
    """(wall s, CPU s) of one `groprog run`, which must succeed; the CPU is also that of workers which outlive it for a moment.

    Those are then children of this process (prctl(2), PR_SET_CHILD_SUBREAPER).
    """
    assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0
    command = [sys.executable, "-m", "groprog_assets.cli.main", "run", str(study), "--pool", pool, "--select", select]
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, command
    wall, cpu = time.perf_counter() - began, used.ru_utime + used.ru_stime
    with contextlib.suppress(ChildProcessError):
        while True:
            used = os.wait4(-1, 0)[2]
            cpu += used.ru_utime + used.ru_stime
    return wall, cpu


def content(study: Path) -> dict[str, bytes]:
    """Every stored value and every derivation of a study by its path; not the claims, which name the study's folder."""
    state = study.parent / ".groprog"
    files = [path for part in ("store", "derivations") for path in (state / part).rglob("*") if path.is_file()]
    return {name: path.read_bytes() for path in files if "/studies/" not in (name := str(path.relative_to(state)))}


def begun(source: Path, place: Path, select: str) -> Path:
    """A study in `place` over the files of `source`, made as far as `select`; made once."""
    study = place / "study.yaml"
    if not study.exists():
        place.mkdir(parents=True)
        for item in source.iterdir():
            if item.name != "study.yaml":
                (place / item.name).symlink_to(item)
        shutil.copy(source / "study.yaml", study)
        if select:
            timed(study, "serial", select)
    return study


def main() -> None:
    """Run the stages with every pool and print medians and ratios to the first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--libraries", type=int, default=16)
    options.add_argument("--reads", type=int, default=500_000)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--pools", nargs="+", default=["serial", "threads:2", "dask:2"])
    options.add_argument("--stages", nargs="+", default=list(STAGES), choices=list(STAGES))
    options.add_argument("--folder", type=Path, default=Path("/tmp/groprog_compute_pool"))
    chosen = options.parse_args()
    size = f"{chosen.libraries}x{chosen.reads}"
    source = make(chosen.folder / size, chosen.libraries, chosen.reads).parent
    print("| stage | pool | wall s | CPU s | wall, times serial | load |\n| --- | --- | --- | --- | --- | --- |")
    for stage in chosen.stages:
        prepared = begun(source, chosen.folder / f"{size}_{stage}", BEFORE[stage]).parent
        seen: dict[str, list[tuple[float, float]]] = {}
        first: dict[str, bytes] = {}
        for _ in range(chosen.rounds):
            for pool in chosen.pools:
                folder = chosen.folder / "run"
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(prepared, folder, symlinks=True)
                seen.setdefault(pool, []).append(timed(folder / "study.yaml", pool, STAGES[stage]))
                made = content(folder / "study.yaml")
                first = first or made
                assert made == first, (
                    f"{pool}: {sorted(name for name in made | first if made.get(name) != first.get(name))}"
                )
        for pool, rows in seen.items():
            wall, cpu = (statistics.median(row[k] for row in rows) for k in (0, 1))
            base = statistics.median(row[0] for row in seen[chosen.pools[0]])
            print(
                f"| {stage} | {pool} | {wall:.1f} | {cpu:.1f} | {base / wall:.2f} | {os.getloadavg()[0]:.1f} |",
                flush=True,
            )
        print(f"{len(first)} files of {stage} equal with every pool", flush=True)


if __name__ == "__main__":
    main()
