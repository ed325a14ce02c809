"""The ledger of a study that has run for years: CPU seconds of `groprog lineage verify` and `history`, beside an earlier build.

`python -m benchmarks.long_ledger [--before PYTHON] [--materializations N] [--rounds N] [--folder FOLDER] [--study STUDY]`. A tiny
study is simulated and run (or STUDY, which has run, is copied), and its ledger is continued: in each further run one asset is
changed, what rests on it gets a new value, all else is kept. The rows have the sizes of the real ones. Every command runs in a
process of its own, both builds in turn; the first `verify` of this build finds no check-point, the second one does, the third
follows one further run. `--before` is the Python of an environment that has an earlier build. Both must call the ledger sound,
give the same history, and find an edited row.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import yaml

from groprog_assets.lineage import ledger
from groprog_assets.lineage.derivation_rows import DERIVED, derivation_row, derived_rows
from groprog_assets.lineage.membership import MODEL
from groprog_assets.store.artifacts import canonical_json, digest_bytes
from groprog_assets.store.derivations import memo_key
from groprog_assets.store.workspace import Workspace

LITTLE = {
    "training": {"genomic_warmup_epochs": 1, "clinical_warmup_epochs": 1, "joint_epochs": 2, "ensemble_seeds": 1},
    "linear_path": {"penalties": [1.0]},
    "evaluation": {"folds": 2, "bootstrap_samples": 20},
    "transcription": {"tune": False},
    "ablation": {"parts": "none"},
}
ASKED = "risk_scores"
RUNS_AT_ONCE = 100


def first_run(folder: Path) -> Path:
    """study.yaml of a tiny study that was run once."""
    from groprog_assets.simulation import simulate_study

    path = simulate_study(folder, scale="tiny", fastq=False)
    document = yaml.safe_load(path.read_text())
    document["parameters"] = {**(document.get("parameters") or {}), **LITTLE}
    path.write_text(yaml.safe_dump(document))
    subprocess.run([sys.executable, "-m", "groprog_assets.cli.main", "run", str(path)], check=True)
    return path


class Continued:
    """A ledger that is continued by invented runs of the study it belongs to."""

    def __init__(self, workspace: Workspace, seed: int = 1):
        self.workspace, self.random = workspace, random.Random(seed)
        with ledger.open_ledger(workspace.ledger_path) as connection:
            rows = connection.execute(
                "SELECT m.asset, m.partition, m.derivation, e.body FROM materializations m JOIN events e"
                " USING (run_id, storage_id) JOIN seals USING (run_id) ORDER BY sequence, storage_id"
            ).fetchall()
            self.checks = connection.execute(
                "SELECT c.asset, c.partition, c.name, c.severity, c.description, e.body FROM checks c JOIN events e"
                " USING (run_id, storage_id)"
            ).fetchall()
            self.patients = connection.execute(
                "SELECT patient, repeat, fold, role FROM patients_seen WHERE model = (SELECT min(model) FROM patients_seen)"
            ).fetchall()
            self.number = connection.execute("SELECT count(*) FROM seals").fetchone()[0]  # type: ignore[index]
            held = dict(connection.execute("SELECT derivation, body FROM derivations").fetchall())
        self.current = {(asset, partition): derivation for asset, partition, derivation, _ in rows}
        self.events = {(asset, partition): json.loads(body) for asset, partition, _, body in rows}
        self.records = {digest: json.loads(body) for digest, body in held.items()}
        self.order = list(dict.fromkeys((asset, partition) for asset, partition, _, _ in rows))
        self.moment = datetime(2027, 1, 1)

    def runs(self, count: int) -> None:
        """Add `count` runs, each sealed, and move the present on to the last."""
        for start in range(0, count, RUNS_AT_ONCE):
            rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in ledger.TABLES}
            names = [self._run(rows) for _ in range(min(RUNS_AT_ONCE, count - start))]
            with ledger.open_ledger(self.workspace.ledger_path) as connection:
                connection.execute("BEGIN")
                for table, added in rows.items():
                    if added:
                        append(connection, table, added)
                append(connection, "seals", self._seals(connection, rows, names))
                connection.execute("COMMIT")
                ledger.write_head(self.workspace.ledger_path, connection)
        for (asset, partition), digest in self.current.items():
            self.workspace.derivations.point(asset, partition, digest)

    def _seals(self, connection: duckdb.DuckDBPyConnection, rows: Any, names: list[str]) -> list[tuple[Any, ...]]:
        """The seals of new runs: made in a small ledger that holds only their rows and the newest seal."""
        last = connection.execute("SELECT * FROM seals ORDER BY sequence DESC LIMIT 1").fetchall()
        with duckdb.connect() as small:
            small.execute(Path(ledger.__file__).with_name("schema.sql").read_text(encoding="utf-8"))
            for table, added in {**{name: rows[name] for name in ledger.SEALED}, "seals": last}.items():
                append(small, table, added)
            return [tuple(ledger.seal_run(small, name)) for name in names]

    def _run(self, rows: dict[str, list[tuple[Any, ...]]]) -> str:
        self.number += 1
        name, place = f"run-{self.number:06d}", 0
        changed = {self.random.choice(self.order)}
        self.moment += timedelta(hours=1)

        def event(kind: str, asset: str, partition: str, body: dict[str, Any]) -> int:
            nonlocal place
            place += 1
            text = canonical_json(body).decode()
            moment = self.moment + timedelta(seconds=place)
            rows["events"].append((name, place, moment, kind, asset, partition, text, digest_bytes(text.encode())))
            return place

        event("PIPELINE_START", "", "", {"step": None, "message": 'Started execution of run for "study_job".'})
        for key in self.order:
            record = self.records[self.current[key]]
            inputs = [(item["asset"], item["partition"]) for item in record["inputs"]]
            reused = key not in changed and not changed.intersection(inputs)
            if not reused:
                self._make(key, record, key in changed, rows)
                changed.add(key)
            body, held = self.events[key], self.records[self.current[key]]
            body["metadata"] |= {"groprog/derivation": self.current[key], "groprog/sha256": held["output"]["sha256"]}
            storage = event("ASSET_MATERIALIZATION", *key, body)
            moment = self.moment + timedelta(seconds=storage)
            row = (name, storage, moment, *key, held["output"]["sha256"], self.current[key], reused)
            rows["materializations"].append(row)
            for asset, partition, check, severity, description, text in self.checks:
                if (asset, partition) == key:
                    storage = event("ASSET_CHECK_EVALUATION", asset, partition, json.loads(text))
                    rows["checks"].append((name, storage, moment, asset, partition, check, True, severity, description))
        event("PIPELINE_SUCCESS", "", "", {"step": None, "message": 'Finished execution of run for "study_job".'})
        end = self.moment + timedelta(minutes=9)
        rows["runs"].append((name, "study_job", "SUCCESS", "", self.moment, end, "ada", '{"groprog/command":"run"}'))
        return name

    def _make(self, key: tuple[str, str], record: Any, changed: bool, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        """A new value of an asset, since its circumstances `changed` or what it reads did."""
        value = canonical_json({"asset": key[0], "partition": key[1], "round": self.number})
        store = self.workspace.store.path(digest_bytes(value))
        inputs = []
        for item in record["inputs"]:
            derivation = self.current[item["asset"], item["partition"]]
            sha256 = self.records[derivation]["output"]["sha256"]
            inputs.append({**item, "derivation": derivation, "sha256": sha256})
        output = {"sha256": store.name, "kind": "document", "bytes": len(value)}
        extra = {**record["extra"], **({"round": self.number} if changed else {})}
        made = {**record, "inputs": inputs, "extra": extra, "output": output}
        content = canonical_json(made)
        digest = digest_bytes(content)
        self.records[digest], self.current[key] = made, digest
        root = self.workspace.derivations.root
        for path, text in (
            (store, value),
            (root / "records" / digest[:2] / f"{digest}.json", content),
            (root / "memo" / memo_key(made)[:2] / memo_key(made), digest.encode()),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        if key[0] == MODEL:
            rows["patients_seen"] += [(store.name, *seen) for seen in self.patients]
        rows["derivations"].append(derivation_row(digest, made))
        for table, added in zip(DERIVED, derived_rows(digest, made), strict=True):
            rows[table] += added


def append(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    names = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
    frame = pd.DataFrame(rows, columns=names)
    connection.register("added", frame)
    connection.execute(f"INSERT INTO {table} SELECT * FROM added")
    connection.unregister("added")


def asked(python: str, study: Path, *words: str) -> tuple[float, float, int, str]:
    """(CPU seconds, wall seconds, exit status, text) of `groprog lineage WORDS` in a process of its own."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [python, "-m", "groprog_assets.cli.main", "lineage", *words, "--study", str(study)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(python).parents[2])
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, wall, done.returncode, done.stdout + done.stderr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", default="", help="Python of an earlier build.")
    parser.add_argument("--materializations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/groprog-long-ledger"))
    parser.add_argument("--study", type=Path, default=None, help="A study that has run, to be copied.")
    options = parser.parse_args()
    study = options.folder / "study.yaml"
    if not study.is_file():
        if options.study:
            shutil.copytree(options.study.parent, options.folder)
        else:
            first_run(options.folder)
        made = Continued(Workspace(study))
        made.runs(-(-options.materializations // len(made.order)))
    workspace = Workspace(study)
    continued = Continued(workspace)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # type: ignore[index]
            for table in ledger.TABLES
        }
    print(f"{workspace.ledger_path.stat().st_size / 1e6:,.0f} MB: {counts}")
    builds = {"before": options.before, "ours": sys.executable}
    spent: dict[str, list[float]] = {}

    def timed(name: str, python: str, *words: str, status: int = 0) -> str:
        cpu, wall, code, text = asked(python, study, *words)
        assert code == status, f"{name}: status {code}, {text[-2000:]}"
        spent.setdefault(name, []).append(cpu)
        print(f"{name:<36}{cpu:8.2f} s CPU{wall:8.2f} s wall", flush=True)
        return text

    for _ in range(options.rounds):
        histories = set()
        for build, python in builds.items():
            if not python:
                continue
            (workspace.ledger_path.parent / "verified.json").unlink(missing_ok=True)
            timed(f"verify, {build}", python, "verify")
            if build == "ours":
                timed("verify with a check-point, ours", python, "verify")
                continued.runs(1)
                timed("verify after one more run, ours", python, "verify")
                timed("verify --full, ours", python, "verify", "--full")
            histories.add(timed(f"history, {build}", python, "history", ASKED, "--json"))
            if build == "ours":
                timed("history as text, ours", python, "history", ASKED)
            continued.runs(0)
        del histories
    medians = {name: statistics.median(values) for name, values in spent.items()}
    for name, value in medians.items():
        print(f"median {name:<36}{value:8.2f} s CPU")
    for question in ("verify", "history"):
        if f"{question}, before" in medians:
            print(f"{question}: {medians[f'{question}, before'] / medians[f'{question}, ours']:.1f} times less CPU")


if __name__ == "__main__":
    main()
