"""Stored values: equal values give equal bytes, bytes come back as the value, nothing half-written is ever seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from groprog_assets.errors import ArtifactError, TableError
from groprog_assets.store import artifacts
from groprog_assets.store.artifacts import (
    Blob,
    Bundle,
    Store,
    StoredFile,
    canonical_json,
    digest_bytes,
    write_atomically,
)

FUNNEL = pd.DataFrame({"step": ["all", "mapped"], "removed": [0, 3], "remaining": [10, 7], "reason": ["", "unmapped"]})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_table_comes_back_conformed(store: Store):
    reference = store.put(FUNNEL[["reason", "step", "removed", "remaining"]], "filter_funnel")
    pd.testing.assert_frame_equal(store.get(reference), FUNNEL.astype({"step": "str", "reason": "str"}))
    assert (reference.kind, reference.table) == ("table", "filter_funnel")


def test_a_table_that_does_not_fit_is_refused(store: Store):
    with pytest.raises(TableError, match="missing removed"):
        store.put(FUNNEL.drop(columns="removed"), "filter_funnel")


@pytest.mark.parametrize(
    "value",
    [
        {"values": np.array([[1.0, np.nan]], np.float32), "gene": np.array(["A", "Bé"]), "empty": np.empty((0, 3))},
        {"b": 1, "a": [1.5, None, "x", True], "nested": {"n": {"k": []}}},
        Blob(b"\0<html>", ".html"),
        Bundle(table=FUNNEL, note={"k": 1}, files=Bundle(weights=Blob(b"w", ".bin"))),
    ],
    ids=["arrays", "document", "blob", "bundle"],
)
def test_values_round_trip_and_equal_values_have_equal_bytes(store: Store, value):
    reference = store.put(value)
    again = store.put(value)
    assert again == reference
    assert store.put(store.get(reference)) == reference
    assert store.verifies(reference)


def test_arrays_keep_dtype_and_missing_values(store: Store):
    given = {"values": np.array([[1.0, np.nan]], np.float32), "gene": np.array(["A", "Bé"], object)}
    found = store.get(store.put(given | {"values": given["values"]}))
    assert found["values"].dtype == np.float32
    np.testing.assert_array_equal(found["values"], given["values"])
    assert found["gene"].tolist() == ["A", "Bé"]


def test_a_named_tuple_is_a_bundle_whose_members_have_names(store: Store):
    class Fit(NamedTuple):
        funnel: pd.DataFrame
        summary: dict
        absent: object = None

    found = store.get(store.put(Fit(FUNNEL, {"n": np.int64(3)}), {"funnel": "filter_funnel"}))
    assert found.summary == {"n": 3}
    assert len(found["funnel"]) == 2
    with pytest.raises(AttributeError, match="holds funnel, summary"):
        _ = found.trace


def test_canonical_json_is_one_form():
    assert canonical_json({"b": float("nan"), "a": (np.float64(1.5), Path("x"))}) == b'{"a":[1.5,"x"],"b":null}'
    assert canonical_json(float("inf")) == b'"Infinity"'
    with pytest.raises(ArtifactError, match="not object"):
        canonical_json(object())


def test_an_altered_file_is_named_with_the_command_that_rebuilds_it(store: Store):
    reference = store.put({"a": 1})
    store.path(reference.sha256).write_bytes(b'{"a":2}')
    assert not store.verifies(reference)
    with pytest.raises(ArtifactError) as caught:
        store.get(reference, "pausing", "Run `groprog run s.yaml --select pausing`.")
    assert str(store.path(reference.sha256)) in str(caught.value)
    assert "--select pausing" in str(caught.value)
    assert store.put({"a": 1}) == reference, "putting the value again mends the file"
    assert store.get(reference) == {"a": 1}


def test_a_table_of_another_version_says_what_to_run(store: Store):
    frame = pd.DataFrame({"gene": ["A"], "mark": ["m"], "promoter_signal": [1.0], "body_signal": [2.0]})
    reference = store.put(frame, "chromatin_signal")
    older = reference._replace(table="consensus")
    with pytest.raises(TableError, match="Another version of the program stored it") as caught:
        store.get(older, "genes", "Run `x`.")
    assert caught.value.problems[0].where == "genes"


def test_a_bundle_with_a_lost_member_does_not_verify(store: Store):
    reference = store.put(Bundle(note={"k": 1}, other={"k": 2}))
    assert store.verifies(reference)
    store.path(store.members(reference)["note"].sha256).unlink()
    assert not store.verifies(reference)
    with pytest.raises(ArtifactError, match=r"x\.note"):
        store.get(reference, "x")


@pytest.mark.parametrize("digest", ["../../etc/passwd", "AB" * 32, "0" * 63])
def test_a_digest_is_a_digest(store: Store, digest: str):
    with pytest.raises(ArtifactError, match="64 hexadecimal"):
        store.path(digest)


KILLED_BETWEEN = """
import os, sys
from pathlib import Path
from groprog_assets.store import artifacts
real = os.replace
os.replace = lambda *a: os.kill(os.getpid(), 9)
artifacts.Store(Path(sys.argv[1])).put({"a": 1})
"""


def test_killed_between_write_and_rename_leaves_nothing_to_read(store: Store):
    died = subprocess.run([sys.executable, "-c", KILLED_BETWEEN, str(store.root)], cwd=Path(__file__).parents[2])
    assert died.returncode == -9
    sha256 = digest_bytes(canonical_json({"a": 1}))
    assert not store.path(sha256).exists()
    with pytest.raises(ArtifactError, match="missing"):
        store.get_bytes(sha256)
    assert store.put({"a": 1}).sha256 == sha256


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactError, match="No space left"):
        write_atomically(tmp_path / "x", b"abc")
    assert list(tmp_path.iterdir()) == []


def test_a_large_file_is_moved_in_and_verified_by_its_path(store: Store, tmp_path: Path):
    place = tmp_path / "made.bam"
    place.write_bytes(b"x" * 100_000)
    reference = store.put(Bundle(made=StoredFile(place, ".bam")))
    assert not place.exists()
    loaded = store.get(reference).made
    assert loaded.path.read_bytes() == b"x" * 100_000
    assert loaded.suffix == ".bam"
    loaded.path.write_bytes(b"y")
    assert not store.verifies(reference)
    with pytest.raises(ArtifactError, match="was stored with"):
        store.get(reference, "alignments")
    place.write_bytes(b"x" * 100_000)
    assert store.put(Bundle(made=StoredFile(place, ".bam"))) == reference
    assert store.verifies(reference)


def test_a_table_read_twice_is_equal_and_one_readers_change_is_its_own(tmp_path):
    store = Store(tmp_path)
    reference = store.put(pd.DataFrame({"a": [1, 2]}))
    first, second = store.get(reference), store.get(reference)
    first.loc[0, "a"] = 9
    assert second["a"].tolist() == store.get(reference)["a"].tolist() == [1, 2]
    store.path(reference.sha256).write_bytes(b"altered")
    with pytest.raises(ArtifactError):
        store.get(reference)


def test_a_folder_in_the_place_of_a_file_is_said_and_nothing_of_it_is_touched(tmp_path: Path):
    place = tmp_path / "report.html"
    place.mkdir()
    (place / "mine").write_text("kept")
    with pytest.raises(ArtifactError, match="A folder stands in its place: move or remove"):
        write_atomically(place, b"page")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (place / "mine").read_text() == "kept"
    shutil.rmtree(place)
    write_atomically(place, b"page")
    assert place.read_bytes() == b"page"


def test_a_file_is_copied_whole_to_the_place_of_another(tmp_path: Path):
    made, place = tmp_path / "made.bw", tmp_path / "results" / "a.bw"
    made.write_bytes(b"0123" * (1 << 19))
    write_atomically(place, made)
    assert place.read_bytes() == made.read_bytes()
    made.write_bytes(b"short")
    write_atomically(place, made)
    assert place.read_bytes() == b"short"
    assert [path.name for path in place.parent.iterdir()] == ["a.bw"]


def test_a_table_too_large_to_keep_leaves_the_kept_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = Store(tmp_path)
    small, large = store.put(pd.DataFrame({"a": [1, 2]})), store.put(pd.DataFrame({"a": range(500)}))
    artifacts.let_go()
    monkeypatch.setattr(artifacts, "LARGEST_KEPT", 1000)
    for reference in (small, large):
        store.get(reference)
    assert list(artifacts._KEPT) == [(small.sha256, "")]
    assert len(store.get(large)) == 500
