"""Values that nothing uses are removed, and no others: two studies with one store, kills, and writers while another removes."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from groprog_assets.errors import ArtifactError
from groprog_assets.store import claims
from groprog_assets.store.artifacts import Bundle, Store, digest_bytes
from groprog_assets.store.claims import Claims, claimed, forget_study, recording, remove_unclaimed, studies_of
from groprog_assets.store.collection import Collected, collect_store
from groprog_assets.store.derivations import Derivations
from groprog_assets.store.half_written import half_written_name, remove_scratch_of_the_dead, scratch_folder
from groprog_assets.store.object_storage import open_store


@pytest.fixture(params=["folder", "object storage"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "shared") if request.param == "folder" else f"memory://claims/{uuid.uuid4().hex}"


def member(address: str, state: Path) -> SimpleNamespace:
    """What a collection needs of a study that uses the store at `address`."""
    store = open_store(address, state / "cache")
    derivations = Derivations(state / "derivations", store)
    made = Claims(store, state, derivations.named_digests)
    store.claim = made.claim
    return SimpleNamespace(state=state, store=store, derivations=derivations, claims=made)


def stored(study: SimpleNamespace, value: object) -> set[str]:
    """Store a value and record its derivation; its digests."""
    with recording(study.state):
        reference = study.store.put(value)
        record = {"asset": "a", "partition": "", "inputs": [], "output": reference.as_json(), "plots": {}}
        return study.derivations.digests_of(study.derivations.read(study.derivations.write(record)))


def collect(study: SimpleNamespace, remove: bool = True, earlier: bool = False) -> Collected:
    return collect_store(study, remove, earlier)  # type: ignore[arg-type]


def test_only_what_no_derivation_of_any_study_names_is_removed(address: str, tmp_path: Path):
    one, two = member(address, tmp_path / "one"), member(address, tmp_path / "two")
    both = stored(one, {"value": "of both"})
    assert stored(two, {"value": "of both"}) == both
    first = stored(one, Bundle(table=pd.DataFrame({"x": [1, 2]}), document={"only": "one"}))
    second = stored(two, {"only": "two"})
    orphan, other = one.store.put({"killed": 1}).sha256, two.store.put({"killed": 2}).sha256
    said = collect(one, remove=False)
    assert set(said.values) == {orphan}
    assert set(one.store.objects.values()) == both | first | second | {orphan, other}, "nothing was removed yet"
    assert len(said.studies) == 2
    assert collect(one).values == said.values
    assert set(one.store.objects.values()) == both | first | second | {other}, "what two stored is two's to remove"
    assert set(collect(two).values) == {other}
    assert collect(one).values == {} == collect(two).values
    assert claimed(one.store)[both.copy().pop()] == {one.claims.study, two.claims.study}


def test_values_from_before_the_store_kept_claims_stay_until_said_otherwise(address: str, tmp_path: Path):
    unclaiming = open_store(address, tmp_path / "cache")
    old, lost = unclaiming.put({"old": 1}), unclaiming.put({"lost": 1})
    one, two = member(address, tmp_path / "one"), member(address, tmp_path / "two")
    record = {"asset": "a", "partition": "", "inputs": [], "output": old.as_json()}
    two.derivations.write(record)
    found = collect(one)
    assert found.values == {}
    assert set(found.earlier) == {old.sha256, lost.sha256}
    assert set(collect(two).earlier) == {lost.sha256}, "two is known to the store now, with what it had stored before"
    assert set(collect(one, earlier=True).values) == {lost.sha256}
    assert two.store.get(old) == {"old": 1}


def test_a_store_in_the_state_holds_only_what_is_the_studys(tmp_path: Path):
    state = tmp_path / "study" / ".groprog"
    orphan = Store(state / "store").put({"killed": 1})
    study = member(str(state / "store"), state)
    kept = stored(study, {"kept": 1})
    assert set(collect(study).values) == {orphan.sha256}
    assert set(study.store.objects.values()) == kept


def test_a_copied_study_is_another_one_and_a_moved_study_the_same(address: str, tmp_path: Path):
    one = member(address, tmp_path / "one" / ".groprog")
    kept = stored(one, {"kept": 1})
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    two = member(address, tmp_path / "two" / ".groprog")
    two.claims.register()
    assert claimed(one.store)[kept.pop()] == {one.claims.study, two.claims.study}
    shutil.move(tmp_path / "one", tmp_path / "three")
    three = member(address, tmp_path / "three" / ".groprog")
    three.claims.register()
    assert set(studies_of(three.store)) == {two.claims.study, three.claims.study}
    forget_study(three.store, two.claims.study)
    with pytest.raises(ArtifactError, match="Name one of these"):
        forget_study(three.store, two.claims.study)
    assert {name for names in claimed(three.store).values() for name in names} == {three.claims.study}
    shutil.copytree(tmp_path / "three", tmp_path / "backup")
    shutil.rmtree(tmp_path / "three")
    shutil.copytree(tmp_path / "backup", tmp_path / "three")
    restored = member(address, tmp_path / "three" / ".groprog")
    restored.claims.register()
    assert set(studies_of(restored.store)) == {restored.claims.study}, "the same place, restored from a backup"


def test_a_study_copied_with_its_store_does_not_keep_what_the_first_one_claims(tmp_path: Path):
    first = member(str(tmp_path / "one" / ".groprog" / "store"), tmp_path / "one" / ".groprog")
    kept = stored(first, {"kept": 1})
    orphan = first.store.put({"killed": 1})
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    copy = member(str(tmp_path / "two" / ".groprog" / "store"), tmp_path / "two" / ".groprog")
    assert set(collect(copy).values) == {orphan.sha256}
    assert set(copy.store.objects.values()) == kept
    assert first.store.holds(orphan.sha256)


def test_a_removal_waits_for_no_writer_and_takes_nothing_that_is_claimed_meanwhile(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The orphan is stored again, by another study, after the claims were listed: it is there in the end."""
    one, two = member(address, tmp_path / "one"), member(address, tmp_path / "two")
    two.claims.register()
    orphan = one.store.put({"same": "bytes"})
    one.claims.release({orphan.sha256})
    listed = claims.unclaimed
    threads = []

    def then_another_writes(store: Store, earlier: bool = False) -> dict[str, int]:
        gone = listed(store, earlier)
        threads.append(threading.Thread(target=two.store.put, args=({"same": "bytes"},)))
        threads[0].start()
        time.sleep(0.5)
        return gone

    monkeypatch.setattr(claims, "unclaimed", then_another_writes)
    assert set(remove_unclaimed(one.store)) == {orphan.sha256}
    threads[0].join()
    assert two.store.get(orphan) == {"same": "bytes"}


def test_the_note_of_a_dead_remover_keeps_writers_waiting_but_once(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(claims, "DEAD_SECONDS", 0.5)
    one = member(address, tmp_path / "one")
    one.store.objects.write_note(claims.REMOVING, b"0123 1")
    one.store.put({"a": 1})
    assert one.store.objects.read_note(claims.REMOVING) is None


def test_what_is_stored_and_not_yet_recorded_is_not_withdrawn(tmp_path: Path):
    study = member(str(tmp_path / "shared"), tmp_path / "one")
    done: list[Collected] = []
    with recording(study.state):
        reference = study.store.put({"value": 1})
        other = threading.Thread(target=lambda: done.append(collect(study)))
        other.start()
        time.sleep(0.5)
        assert not done, "it waits until the value is recorded"
        study.derivations.write({"asset": "a", "partition": "", "inputs": [], "output": reference.as_json()})
    other.join()
    assert done[0].values == {}


def test_an_altered_record_ends_the_collection_before_anything_is_removed(tmp_path: Path):
    study = member(str(tmp_path / "shared"), tmp_path / "one")
    stored(study, {"kept": 1})
    orphan = study.store.put({"killed": 1})
    (path,) = (study.state / "derivations" / "records").rglob("*.json")
    path.write_text(path.read_text().replace('"a"', '"b"'))
    with pytest.raises(ArtifactError, match="altered"):
        collect(study)
    assert orphan.sha256 in study.store.objects.values()


def test_half_written_files_and_scratch_of_the_dead_go_and_those_of_the_living_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    study = member(str(tmp_path / "shared"), tmp_path / "one")
    (sha256,) = stored(study, {"kept": 1})
    folder = study.store.path(sha256).parent
    mine = folder / half_written_name(sha256)
    ended = multiprocessing.get_context("spawn").Process(target=int)
    ended.start()
    ended.join()
    machine = mine.name.split(".")[-2][:4]
    dead = folder / f".{sha256}.{ended.pid}.{machine}0000.part"
    reused = folder / f".{sha256}.{os.getpid()}.{machine}ffff.part"
    elsewhere = folder / f".{sha256}.{ended.pid}.{(int(machine, 16) + 1) % 65536:04x}0000.part"
    for path in (mine, dead, reused, elsewhere):
        path.write_bytes(b"half")
    os.utime(reused, (1, 1))
    assert set(collect(study).half_written) == {dead, reused}
    assert mine.exists()
    assert elsewhere.exists()
    os.utime(elsewhere, (1, 1))
    assert set(collect(study).half_written) == {elsewhere}

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alive = scratch_folder("cache")
    (tmp_path / f"groprog-{ended.pid}-cache-abc").mkdir()
    assert remove_scratch_of_the_dead() == 1
    assert alive.is_dir()


def writer(address: str, state: str, values: int) -> None:
    """Store and record values until killed; every second one is like one of the other study."""
    study = member(address, Path(state))
    for number in range(values):
        stored(study, {"number": number, "of": state if number % 2 else "both"})


def test_kills_leave_orphans_that_are_removed_and_nothing_in_use(tmp_path: Path):
    """Two studies write into one folder and are killed again and again while a third process collects."""
    address, context = str(tmp_path / "shared"), multiprocessing.get_context("fork")
    states = [tmp_path / "one", tmp_path / "two"]
    for state in states:
        stored(member(address, state), {"first": str(state)})
    removed, orphans = 0, 0
    for turn in range(12):
        processes = [context.Process(target=writer, args=(address, str(state), 200)) for state in states]
        for process in processes:
            process.start()
        time.sleep(0.02 + 0.02 * (turn % 4))
        removed += len(collect(member(address, states[turn % 2])).values)
        for process in processes:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        orphan = member(address, states[0]).store.put({"stored": turn, "and": "not recorded"})
        orphans += 1
        for state in states:
            study = member(address, state)
            for digest in study.derivations.all():
                assert study.store.verifies(_reference(study, digest)), "nothing in use is removed"
        assert orphan.sha256 in member(address, states[0]).store.objects.values()
    for state in states:
        removed += len(collect(member(address, state)).values)
    assert removed >= orphans
    one, two = (member(address, state) for state in states)
    assert set(one.store.objects.values()) == one.derivations.named_digests() | two.derivations.named_digests()
    assert not list((tmp_path / "shared").rglob("*.part"))


def _reference(study: SimpleNamespace, digest: str):
    from groprog_assets.store.derivations import output

    return output(study.derivations.read(digest))


def test_the_command_says_what_it_would_remove_then_removes_it(study: Path, monkeypatch: pytest.MonkeyPatch):
    from click.testing import CliRunner

    from groprog_assets.cli.main import main

    state = study.parent / ".groprog"
    orphan = Store(state / "store").put({"killed": "run"})
    size = len(b'{"killed":"run"}')
    said = CliRunner().invoke(main, ["store", "collect", str(study)])
    assert said.exit_code == 0, said.output
    assert f"would be removed: 1 value, {size} bytes" in said.output
    assert Store(state / "store").holds(orphan.sha256)
    told = CliRunner().invoke(main, ["store", "collect", str(study), "--remove", "--json"])
    assert json.loads(told.output)["values"] == {digest_bytes(b'{"killed":"run"}'): size}
    assert not Store(state / "store").holds(orphan.sha256)
