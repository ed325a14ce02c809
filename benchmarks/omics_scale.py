"""Assays of many subjects through the store: import, questions of one feature and of a cohort, and the erasure of one subject.

`python -m benchmarks.omics_scale FOLDER [--subjects 10000] [--features 20000] [--assays 5]` writes a simulated cohort with
that many assays as Parquet files into FOLDER (4 bytes a value, in the sources and again in the store) and runs `groprog` on
it. CPU and wall seconds and the peak of resident memory of each command; CPU milliseconds of each question, the median of 20.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from groprog_assets.methods.measurements.layout import Measurements
from groprog_assets.simulation import simulate_study
from groprog_assets.store.readings import load_asset
from groprog_assets.store.workspace import Workspace

SELECT = "clinical_records or +assay_raw"
SEED = 20261130
ROWS = 512


def make(folder: Path, subjects: int, features: int, assays: int) -> Path:
    """The study: a simulated cohort, every patient in every assay, 5 % of the values missing; made once."""
    path = folder / "study.yaml"
    if path.exists():
        return path
    simulate_study(folder, scale="tiny", fastq=False, patients=subjects)
    document = yaml.safe_load(path.read_text())
    document["cohort"]["inbox"] = "inbox"
    (folder / "inbox").mkdir()
    clinical = pd.read_csv(folder / document["cohort"]["clinical"], sep="\t", dtype=str)
    patients = clinical["PATIENT_ID"].tolist()
    rng = np.random.default_rng(SEED)
    sources, samples = [], []
    (folder / "assays").mkdir()
    for k in range(assays):
        names = [f"{patient}-A{k}" for patient in patients]
        samples.append(
            pd.DataFrame({"sample": names, "subject": patients, "batch": rng.integers(0, 4, len(patients)).astype(str)})
        )
        file = folder / "assays" / f"assay{k}.parquet"
        schema = pa.schema([("feature", pa.string()), *((name, pa.float32()) for name in names)])
        with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=False) as writer:
            for first in range(0, features, ROWS):
                count = min(ROWS, features - first)
                values = rng.normal(8, 2, (count, len(names))).astype(np.float32)
                values[rng.random(values.shape) < 0.05] = np.nan
                columns = [pa.array(values[:, j]) for j in range(len(names))]
                writer.write_table(pa.table([pa.array([f"F{first + i}" for i in range(count)]), *columns], schema))
        sources.append(
            {"name": f"assay{k}", "omics": "proteome", "path": f"assays/{file.name}", "scale": "log2", "unit": "log2"}
        )
    pd.concat(samples).to_csv(folder / "assays" / "samples.tsv", sep="\t", index=False)
    consent = {"permission": "DUO:0000042", "granted": "2026-01-01", "reason": "simulated"}
    document["omics"] = {
        "samples": "assays/samples.tsv",
        "assays": sources,
        "consents": {"every_subject": consent},
    }
    path.write_text(yaml.safe_dump(document))
    return path


def command(*arguments: str) -> None:
    """Run groprog and say what it took; ends the benchmark where it fails."""
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "groprog_assets.cli.main", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2
    print(f"groprog {' '.join(arguments[:2]):<24} {wall:8.1f} s wall {cpu:8.1f} s CPU {peak:6.2f} GiB peak", flush=True)
    if status:
        raise SystemExit(os.waitstatus_to_exitcode(status))


def milliseconds(ask: Callable[[], object]) -> float:
    """Median CPU milliseconds of a question."""
    times = []
    for _ in range(20):
        began = time.process_time()
        ask()
        times.append(1000 * (time.process_time() - began))
    return statistics.median(times)


def questions(path: Path, features: int) -> None:
    """One feature from its file and by SQL, and a feature's mean by batch over the subjects of one sex."""
    workspace = Workspace(path)
    raw = load_asset(workspace, "assay_raw")
    file = raw.matrices["assay0"].path
    rng = np.random.default_rng(SEED)

    def feature() -> None:
        with Measurements(file) as stored:
            stored.feature(int(rng.integers(features)))

    connection = duckdb.connect(":memory:", config={"threads": 1})
    samples = raw.samples[raw.samples["assay_id"] == "assay0"][["position", "sample_id", "batch"]]
    subjects = load_asset(workspace, "samples").table.merge(load_asset(workspace, "subjects").table, on="subject_id")
    connection.register("placed", samples.merge(subjects[["sample_id", "subject_id"]], on="sample_id"))

    def cohort() -> None:
        connection.execute(
            "SELECT p.batch, count(*), avg(v.value) FROM (SELECT unnest(generate_series(0, len(values) - 1)) AS position,"
            f" unnest(values) AS value FROM read_parquet('{file}') WHERE feature_ix = ?) v JOIN placed p USING (position)"
            " WHERE NOT isnan(v.value) GROUP BY p.batch",
            [int(rng.integers(features))],
        ).fetchall()

    print(f"one feature of {features:,}, all samples, from the file {milliseconds(feature):8.1f} ms CPU")
    print(f"its mean by batch, SQL over the file                {milliseconds(cohort):8.1f} ms CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--subjects", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=20_000)
    parser.add_argument("--assays", type=int, default=5)
    asked = parser.parse_args()
    path = make(asked.folder, asked.subjects, asked.features, asked.assays)
    print(f"{asked.subjects:,} subjects x {asked.features:,} features x {asked.assays} assays", flush=True)
    command("run", str(path), "--select", SELECT)
    questions(path, asked.features)
    first = pd.read_csv(path.parent / "assays" / "samples.tsv", sep="\t")["subject"].iloc[0]
    delivered = path.parent / "inbox" / "one.withdraw.txt"
    delivered.write_text(f"{first}\n")
    while delivered.exists():  # taken once it has not changed for a while
        time.sleep(10)
        command("inbox", "take", str(path))
    command("run", str(path), "--select", SELECT)
    kept = load_asset(Workspace(path), "assay_raw").table
    print(f"samples an assay after the erasure: {kept['samples'].unique().tolist()}")


if __name__ == "__main__":
    main()
