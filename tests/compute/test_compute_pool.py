"""The pool: the same bits from every backend, also when workers are killed; workers know neither database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_assets.compute import compute_pool
from groprog_assets.compute.compute_pool import DaskPool, Here, Pool, ThreadPool, open_pool, stamp_of, work
from groprog_assets.compute.shards.transcript_hmm import OnPool, _arrays, dealt
from groprog_assets.errors import ComputeError, ReadsError, StudyError
from groprog_assets.store.wire_format import pack, unpack
from groprog_assets.study.parameters import TranscriptionParameters
from groprog_kernels import hmm

ROOT = Path(__file__).resolve().parents[2]
GRID = [(leave, shape) for leave in (-100.0, -150.0, -200.0, -250.0, -300.0) for shape in (5.0, 8.0, 10.0, 15.0)]


@pytest.fixture(scope="module")
def workers() -> Iterator[DaskPool]:
    pytest.importorskip("distributed")
    pool = DaskPool(2)
    yield pool
    pool.close()


@pytest.fixture(params=["threads", "dask"])
def pool(request: pytest.FixtureRequest) -> Pool:
    return ThreadPool(2) if request.param == "threads" else request.getfixturevalue("workers")


def test_workers_do_not_import_torch_before_a_shard_needs_it():
    program = f"import sys, importlib\nfor name in {compute_pool.preloaded_shards()!r}: importlib.import_module(name)\n"
    made = subprocess.run(
        [sys.executable, "-c", f"{program}print('torch' in sys.modules)"], capture_output=True, text=True
    )
    assert made.stdout.strip() == "False", made.stderr


def sequences(windows: int = 20_000) -> dict[tuple[str, str], hmm.WindowSequence]:
    """Five chromosome strands of different lengths with planted units."""
    random, made = np.random.default_rng(3), {}
    for k, (chrom, strand) in enumerate([("chr1", "+"), ("chr2", "+"), ("chr3", "+"), ("chr1", "-"), ("chr2", "-")]):
        size = windows * (k + 1) // 3
        rate = np.where(np.arange(size) % 400 < 100, 2.0, 0.02)
        count = random.poisson(rate)
        window = np.flatnonzero(count)
        made[chrom, strand] = hmm.sequence(window, count[window], size)
    return made


def consensus() -> pd.DataFrame:
    rows = [("chr1", start, start + 5_000, "+", f"G{start}") for start in range(0, 300_000, 20_000)]
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "strand", "gene"])


def cells(pool: Pool, windows: int = 20_000, told: list[str] | None = None) -> list[tuple[float, ...]]:
    tell = (told if told is not None else []).append
    grid = OnPool(pool, tell)
    return grid.cells(sequences(windows), consensus(), 50, TranscriptionParameters(), GRID, "exact")


def test_results_are_bit_for_bit_those_of_one_process(pool: Pool):
    assert np.array(cells(pool)).tobytes() == np.array(cells(Pool())).tobytes()


def test_the_e_step_dealt_out_gives_the_same_fit(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("groprog_assets.compute.shards.transcript_hmm.LEAST_ENTRIES", 0)
    given = sequences()
    expectation = OnPool(pool, print).expectation(given)
    assert expectation is not None
    here = hmm.fit(list(given.values()), hmm.parameters())
    there = hmm.fit(list(given.values()), hmm.parameters(), expectation=expectation)
    assert len(here.trace) == len(there.trace) > 2
    assert here.trace[-1].log_likelihood == there.trace[-1].log_likelihood
    assert here.parameters.log_transmat.tobytes() == there.parameters.log_transmat.tobytes()
    assert here.parameters[1:] == there.parameters[1:]


def test_a_killed_worker_leaves_no_trace_in_the_result(workers: DaskPool):
    """Both workers are killed while shards run; what they had is computed again."""
    told: list[str] = []
    found: list[list[tuple[float, ...]]] = []
    expected = cells(Pool(), 600_000)
    processes = workers._client.run(os.getpid)
    assert len(processes) == 2
    running = threading.Thread(target=lambda: found.append(cells(workers, 600_000, told)))
    running.start()
    for number in (1, 2):
        deadline = time.monotonic() + 120
        busy: list[str] = []
        while (len(told) < number or not busy) and running.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
            busy = [name for name, keys in workers._client.processing().items() if keys and name in processes]
        assert running.is_alive(), "the shards were over before a worker could be killed"
        os.kill(processes.pop(busy[0]), signal.SIGKILL)
    running.join(240)
    assert not processes
    assert np.array(found[0]).tobytes() == np.array(expected).tobytes()


def test_finished_shards_outlive_a_killed_run(workers: DaskPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shared = {"sequences": _arrays(sequences()), "consensus": consensus(), "bin_size": 50, "compat": "exact"}
    shared["parameters"] = TranscriptionParameters().model_dump_json()
    parts = [{"cells": [list(cell)]} for cell in GRID]

    def map_kept() -> bytes:
        made = workers.map("transcript_hmm", shared, parts, Here(scratch=tmp_path))
        return np.concatenate([one["rows"] for one in made]).tobytes()

    first = map_kept()
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == len(GRID)
    kept[0].unlink()
    kept[1].write_bytes(kept[1].read_bytes()[:-1])
    asked: list[int] = []
    submit = workers._client.submit
    monkeypatch.setattr(workers._client, "submit", lambda *a, **k: (asked.append(a[0] is work), submit(*a, **k))[1])
    assert map_kept() == first
    assert sum(asked) == 2, "the one that was removed and the one that was altered"


def test_a_problem_of_the_data_is_the_same_problem_everywhere(pool: Pool, tmp_path: Path):
    shared = {"path": str(tmp_path / "gone.bam"), "bytes": 12, "alignments": {}, "gene_models": {}}
    told = []
    for one in (Pool(), pool):
        with pytest.raises(ReadsError) as caught:
            one.one("filtered_alignments", shared)
        told.append(caught.value.problems)
    assert told[0] == told[1]
    assert "Mount the study's folder" in told[0][0].remedy


def test_a_worker_with_other_code_refuses(workers: DaskPool, monkeypatch: pytest.MonkeyPatch):
    message = work("read_quality", "0" * 64, "", pack({}), pack({}))
    assert unpack(message)["failed"]["kind"] == "ComputeError"
    monkeypatch.setattr(compute_pool, "stamp_of", lambda noun: "0" * 64)
    with pytest.raises(ComputeError, match="other code or packages"):
        workers.one("read_quality", {})


def test_the_stamp_follows_the_code_the_shard_reaches():
    assert stamp_of("transcript_hmm") == stamp_of("transcript_hmm") != stamp_of("transcript_counts")


def test_only_shards_can_be_named():
    for name in ("../x", "os", "shards.x", "__init__", "Risk"):
        with pytest.raises((ComputeError, ModuleNotFoundError)):
            compute_pool.shard(name)


def test_shards_know_neither_database_nor_orchestrator():
    code = (
        "import json, pathlib, sys\n"
        "from groprog_assets.compute import compute_pool\n"
        "nouns = [p.stem for p in pathlib.Path('groprog_assets/compute/shards').glob('[a-z]*.py')]\n"
        "for noun in nouns: compute_pool.shard(noun)\n"
        "print(json.dumps([len(nouns), [m for m in ('dagster', 'duckdb', 'distributed') if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    number, known = json.loads(done.stdout.splitlines()[-1])
    assert number >= 6
    assert known == []


@given(st.lists(st.integers(0, 1000), max_size=30), st.integers(1, 8))
def test_sequences_are_dealt_whole_and_evenly(sizes: list[int], hands: int):
    lists = dealt(sizes, hands)
    assert sorted(place for one in lists for place in one) == list(range(len(sizes)))
    loads = [sum(sizes[place] for place in one) for one in lists]
    assert max(loads) - min(loads) <= max(sizes, default=0)


@pytest.mark.parametrize(
    "text", ["", "dask:0", "threads:-1", "processes", "tcp://host", "http://host:80", "tcp://h:1;x"]
)
def test_other_settings_are_refused(text: str):
    with pytest.raises(StudyError, match="dask:N"):
        open_pool(text)


def test_settings_name_their_pools():
    assert type(open_pool("serial")) is Pool
    assert open_pool("threads:3").width == 3
    assert open_pool("threads").width == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp://127.0.0.1:99999", "tcp://nobody.invalid:8786"])
def test_a_scheduler_that_is_not_there_is_said_at_once_and_waited_for_a_while(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], address: str
):
    pytest.importorskip("distributed")
    monkeypatch.setattr(compute_pool, "SCHEDULER_SECONDS", 0.5)
    before: list[str] = []
    real = compute_pool.scheduler_client
    monkeypatch.setattr(
        compute_pool, "scheduler_client", lambda *given: before.append(capfd.readouterr().err) or real(*given)
    )
    with pytest.raises(ComputeError, match="groprog workers"):
        open_pool(address)
    assert f"waiting up to 0.5 s for a scheduler at {address}" in before[0]


def test_shards_without_a_worker_are_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("distributed")
    pool = DaskPool(1)
    try:
        pool._cluster.scale(0)
        while pool._client.nthreads():
            time.sleep(0.05)
        monkeypatch.setattr(compute_pool, "PATIENCE_SECONDS", 1.0)
        with pytest.raises(ComputeError, match="Start workers"):
            pool.one("read_quality", {})
    finally:
        pool.close()
