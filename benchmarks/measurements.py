"""The layout of measurements beside a long table and a backed h5ad: CPU time of writing and reading, and bytes.

`python -m benchmarks.measurements [--oracle PYTHON]` with PYTHON the interpreter of an environment with `anndata==0.12.6` and
h5py; without it the comparison with h5ad is left out. CPU time of one thread, the median of `--rounds`. The long table has a row
a value (feature_ix, position, value; int32, int32, float32), in order, missing values without a row, zstd, and a dictionary for
the two columns of numbers alone, as serves it best. One feature: opening the file counts on both sides; from a file that is open
already, which a program that asks for many features has, the two are printed too, and make no claim.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from groprog_assets.methods.measurements.layout import Measurements, read_measurements, write_measurements

LIMITS = {
    "write beside long": 0.7,
    "one feature beside backed h5ad": 0.25,
    "200 x 100 block beside long": 0.5,
    "whole matrix beside long": 0.5,
    "bytes beside long": 1.02,
}
H5AD = """
import json, statistics, sys, time
import numpy as np, pandas as pd
pd.set_option("future.infer_string", False)  # anndata 0.12.6 does not write pandas 3's text columns
import anndata
values = np.load(sys.argv[1])
names = [f"F{k}" for k in range(values.shape[0])]
made = anndata.AnnData(np.ascontiguousarray(values.T), var=pd.DataFrame(index=pd.Index(names, dtype=object)),
                       obs=pd.DataFrame(index=pd.Index([f"S{k}" for k in range(values.shape[1])], dtype=object)))
made.write_h5ad(sys.argv[2])
times, opened = [], []
for k in json.loads(sys.argv[3]):
    began = time.process_time()
    held = anndata.read_h5ad(sys.argv[2], backed="r")
    middle = time.process_time()
    found = np.asarray(held.X[:, k]).reshape(-1)
    times.append(time.process_time() - began)
    opened.append(time.process_time() - middle)
    assert np.array_equal(found, values[k], equal_nan=True)
    held.file.close()
print(json.dumps({"seconds": statistics.median(times), "opened": statistics.median(opened)}))
"""


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Median CPU seconds of a call."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def write_long(path: Path, values: np.ndarray) -> None:
    """The same values as a long table."""
    features, places = np.nonzero(np.isfinite(values))
    table = pa.table(
        {
            "feature_ix": features.astype(np.int32),
            "position": places.astype(np.int32),
            "value": values[features, places],
        }
    )
    pq.write_table(table, path, compression="zstd", use_dictionary=["feature_ix", "position"])


def read_long(path: Path, shape: tuple[int, int], filters: list[tuple[str, str, object]] | None = None) -> np.ndarray:
    """The matrix (features, samples) of a long table; of chosen features and positions, elsewhere NaN."""
    table = pq.read_table(path, filters=filters, use_threads=False)
    found = np.full(shape, np.nan, np.float32)
    found[table["feature_ix"].to_numpy(), table["position"].to_numpy()] = table["value"].to_numpy()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--oracle", type=Path)
    given = parser.parse_args()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    rng = np.random.default_rng(0)
    shape = (given.features, given.samples)
    values = rng.normal(8, 2, shape).astype(np.float32)
    values[rng.random(shape) < 0.05] = np.nan
    one = given.features // 2
    rows, places = np.arange(one, one + 200), np.arange(100)
    ours: dict[str, float] = {}
    long: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        vector, table = Path(folder) / "vector.parquet", Path(folder) / "long.parquet"
        numbers = np.arange(given.features)
        ours["write"] = seconds(lambda: write_measurements(vector, numbers, values), given.rounds)
        long["write"] = seconds(lambda: write_long(table, values), given.rounds)
        ours["bytes"], long["bytes"] = vector.stat().st_size, table.stat().st_size

        def feature() -> np.ndarray:
            with Measurements(vector) as stored:
                return np.asarray(stored.feature(one))

        def block() -> np.ndarray:
            with Measurements(vector) as stored:
                return np.asarray(stored.block(rows, places.tolist()))

        chosen: list[tuple[str, str, object]] = [("feature_ix", "in", rows.tolist()), ("position", "<", 100)]
        assert np.array_equal(feature(), values[one], equal_nan=True)
        assert np.array_equal(block(), values[np.ix_(rows, places)], equal_nan=True)
        assert np.array_equal(read_measurements(vector)[1], values, equal_nan=True)
        assert np.array_equal(read_long(table, shape), values, equal_nan=True)
        assert np.array_equal(read_long(table, shape, chosen)[np.ix_(rows, places)], block(), equal_nan=True)
        ours["one feature"] = seconds(feature, 4 * given.rounds)
        long["one feature"] = seconds(lambda: pq.read_table(table, filters=[("feature_ix", "==", one)]), given.rounds)
        ours["200 x 100 block"] = seconds(block, 4 * given.rounds)
        long["200 x 100 block"] = seconds(lambda: pq.read_table(table, filters=chosen), given.rounds)
        ours["whole matrix"] = seconds(lambda: read_measurements(vector), given.rounds)
        long["whole matrix"] = seconds(lambda: read_long(table, shape), given.rounds)
        ratios = {
            f"{name} beside long": ours[name] / long[name]
            for name in ("write", "200 x 100 block", "whole matrix", "bytes")
        }
        if given.oracle is not None:
            np.save(Path(folder) / "values.npy", values)
            asked = json.dumps(np.linspace(0, given.features - 1, 9).astype(int).tolist())
            files = [str(Path(folder) / "values.npy"), str(Path(folder) / "x.h5ad"), asked]
            done = subprocess.run([str(given.oracle), "-c", H5AD, *files], capture_output=True, text=True, check=True)
            backed = json.loads(done.stdout)
            ratios["one feature beside backed h5ad"] = ours["one feature"] / backed["seconds"]
            with Measurements(vector) as stored:
                opened = seconds(lambda: stored.feature(one), 4 * given.rounds)
            print(f"one feature of a backed h5ad: {1000 * backed['seconds']:.1f} ms with opening it")
            print(f"from open files: {1000 * opened:.1f} ms, h5ad {1000 * backed['opened']:.1f} ms")
    print(
        f"{shape[0]:,} features x {shape[1]:,} samples, 5 % missing; CPU ms (bytes: MB), this layout and the long table"
    )
    for name, value in ours.items():
        scale = 1e-6 if name == "bytes" else 1e3
        print(f"  {name:16} {scale * value:9.1f} {scale * long[name]:9.1f}")
    missed = [name for name, ratio in ratios.items() if ratio > LIMITS[name]]
    for name, ratio in ratios.items():
        print(f"{name:32} {ratio:.2f} (at most {LIMITS[name]})")
    assert not missed, f"missed: {', '.join(missed)}"


if __name__ == "__main__":
    main()
