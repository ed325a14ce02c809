"""Values made in parallel: in order of what they read, nothing lost where one cannot be made, and equal to those made singly."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.compute.compute_pool import Pool, ThreadPool
from groprog_assets.definitions import build_definitions
from groprog_assets.graph.resources import IN_PARALLEL, MadeInParallel, made_in_parallel
from groprog_assets.graph.specification import LIBRARY_ASSETS, SPECIFICATIONS
from groprog_assets.running import parallel_values
from groprog_assets.running.parallel_values import _Ahead, _derived, libraries_in_parallel, study_in_parallel
from groprog_assets.store.workspace import Workspace

WORKSPACE = SimpleNamespace(path=Path("study.yaml"))
ABOVE = {
    ("a", ""): [],
    ("b", ""): [("a", "")],
    ("c", ""): [("a", "")],
    ("d", ""): [("b", ""), ("c", "")],
    ("e", ""): [],
}
RANKS = dict.fromkeys(ABOVE, 0)


class Recorded:
    """Stands for deriving a value: what was begun and ended, and how many at a time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float = 0.02, **fates: str):
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.most = 0
        lock = threading.Lock()

        def derive(ahead: _Ahead, node: tuple[str, str]) -> tuple[MadeInParallel, bool]:
            with lock:
                for item, _ in ABOVE.get(node, []):
                    assert item in self.ended, f"{node[0]} was begun before {item} was there"
                self.begun.append(node[0])
                self.most = max(self.most, len(self.begun) - len(self.ended))
                running = set(self.begun) - set(self.ended)
                assert len(running & self.large) < 2, f"{running} at a time"
            time.sleep(seconds)
            with lock:
                self.ended.append(node[0])
            if fates.get(node[0]) == "fails":
                raise ValueError(node[0])
            return MadeInParallel(node[0], False, seconds), fates.get(node[0]) != "barred"

        monkeypatch.setattr(_Ahead, "_derive", derive)
        self.large = frozenset(fates.pop("large", ""))
        monkeypatch.setattr(parallel_values, "_is_large", lambda name: name in self.large)


def promised(names: str = "abcde") -> dict[str, str | None]:
    found = {name: made_in_parallel(WORKSPACE, name, "") for name in names}
    return {name: None if made is None else made.digest for name, made in found.items()}


def test_each_value_after_what_it_reads_and_as_many_at_a_time_as_the_pool_is_wide(monkeypatch: pytest.MonkeyPatch):
    recorded = Recorded(monkeypatch)
    with _derived(WORKSPACE, ThreadPool(2), ABOVE, RANKS):
        assert promised() == {name: name for name in "abcde"}
    assert sorted(recorded.begun) == list("abcde")
    assert recorded.most == 2
    assert not IN_PARALLEL


def test_of_the_large_values_one_at_a_time_is_made_and_others_beside_it(monkeypatch: pytest.MonkeyPatch):
    recorded = Recorded(monkeypatch, large="abc")
    with _derived(WORKSPACE, ThreadPool(3), ABOVE, RANKS):  # half of three, so one
        assert promised() == {name: name for name in "abcde"}
    assert recorded.most == 2, "one of a, b, c beside e"


def test_what_grows_with_the_reads_is_large():
    build_definitions()
    large = {name for name in SPECIFICATIONS if parallel_values._is_large(name)}
    assert {"filtered_alignments", "genes", "transcript_hmm", "initiation_regions", "gene_signal", "ontology"} <= large
    assert not {"raw_reads", "read_quality", "coverage", "library_sizes", "pausing", "nascent_figures"} & large


def test_a_pool_of_one_makes_nothing_ahead(monkeypatch: pytest.MonkeyPatch):
    recorded = Recorded(monkeypatch)
    with _derived(WORKSPACE, Pool(), ABOVE, RANKS):
        assert promised() == dict.fromkeys("abcde")
    assert recorded.begun == []


@pytest.mark.parametrize(("fate", "own"), [("fails", None), ("barred", "b")])
def test_what_rests_on_a_value_that_is_not_there_is_left_to_its_step(monkeypatch: pytest.MonkeyPatch, fate, own):
    recorded = Recorded(monkeypatch, b=fate)
    with _derived(WORKSPACE, ThreadPool(2), ABOVE, RANKS):
        assert promised() == {"a": "a", "b": own, "c": "c", "d": None, "e": "e"}
    assert "d" not in recorded.begun


@pytest.mark.parametrize("fate", ["", "fails"])
def test_a_step_that_is_not_made_in_parallel_waits_for_all_that_are(monkeypatch: pytest.MonkeyPatch, fate: str):
    recorded = Recorded(monkeypatch, b=fate)
    with _derived(WORKSPACE, ThreadPool(2), ABOVE, RANKS):
        assert made_in_parallel(WORKSPACE, "risk_model", "") is None
        assert len(recorded.ended) == (4 if fate else 5)


def test_an_interrupted_run_waits_for_nothing(monkeypatch: pytest.MonkeyPatch):
    Recorded(monkeypatch, seconds=5.0)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), _derived(WORKSPACE, ThreadPool(2), ABOVE, RANKS):
        raise KeyboardInterrupt
    assert time.monotonic() - began < 4.0
    assert not IN_PARALLEL


def test_values_not_begun_at_the_end_are_given_up(monkeypatch: pytest.MonkeyPatch):
    recorded = Recorded(monkeypatch, seconds=0.2)
    with _derived(WORKSPACE, ThreadPool(2), ABOVE, RANKS):
        time.sleep(0.05)
    assert sorted(recorded.ended) == sorted(recorded.begun) == ["a", "e"]


def test_a_library_is_read_for_its_positions_before_its_qualities(monkeypatch: pytest.MonkeyPatch):
    recorded = Recorded(monkeypatch)
    with libraries_in_parallel(WORKSPACE, ThreadPool(2), {"L": LIBRARY_ASSETS}):
        assert made_in_parallel(WORKSPACE, "read_quality", "L") is not None
    assert recorded.begun == ["raw_reads", "alignments", "filtered_alignments", "coverage", "read_quality"]


def test_a_library_that_fails_keeps_no_other_from_being_made(monkeypatch: pytest.MonkeyPatch):
    recorded = Recorded(monkeypatch, p="fails", u="fails")
    chains = {"L": ["p", "q"], "M": ["r", "s"], "N": ["t", "u", "v"]}
    with libraries_in_parallel(WORKSPACE, ThreadPool(2), chains):
        made = {name: made_in_parallel(WORKSPACE, name, library) for library, names in chains.items() for name in names}
    assert sorted(name for name, value in made.items() if value is not None) == ["r", "s", "t"]
    assert sorted(recorded.begun) == ["p", "r", "s", "t", "u"]


def test_models_and_what_rests_on_them_are_left_to_their_steps(monkeypatch: pytest.MonkeyPatch):
    build_definitions()
    recorded = Recorded(monkeypatch)
    rest = [name for name in SPECIFICATIONS if name not in LIBRARY_ASSETS]
    with study_in_parallel(WORKSPACE, ThreadPool(2), rest):
        assert made_in_parallel(WORKSPACE, "nascent_figures", "") is not None
    assert recorded.begun.index("genes") < recorded.begun.index("pausing") < recorded.begun.index("nascent_figures")
    left = set(rest) - set(recorded.begun)
    assert {"risk_model", "evaluation", "figures", "report", "lineage_snapshot"} <= left
    assert all(set(SPECIFICATIONS[name].inputs) & left or not SPECIFICATIONS[name].may_run_in_parallel for name in left)


def values(study: Path) -> dict[tuple[str, str], object]:
    derivations = Workspace(study).derivations
    records = {(asset, library): derivations.read(digest) for asset, library, digest in derivations.pointers()}
    return {node: (record["output"], record["verdicts"], record["plots"]) for node, record in records.items()}


def test_one_and_two_workers_make_the_same_values(study: Path):
    found = []
    for pool in ("serial", "threads:2"):
        document = yaml.safe_load(study.read_text())
        again = study.parent / f"{pool.partition(':')[0]}.yaml"
        place = {"pool": pool, "store": f"store_{again.stem}"}
        again.write_text(yaml.safe_dump({**document, "compute": place}))
        result = CliRunner().invoke(main, ["run", str(again), "--select", "+pausing or +transcripts or +tss_profile"])
        assert result.exit_code == 0, result.output
        assert "✓ pausing" in result.output
        found.append(values(again))
        (study.parent / ".groprog").rename(study.parent / f"state_{again.stem}")
    assert found[0] == found[1]
