"""Which digests the derivations of a study name, when a record is damaged and when the store does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from groprog_assets.errors import ArtifactError, Problem, UnreachableError
from groprog_assets.store.artifacts import Store
from groprog_assets.store.derivations import Derivations

PROBLEM = Problem("x", "y", "z", "")


@pytest.fixture
def derivations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Derivations:
    made = Derivations(tmp_path / "derivations", Store(tmp_path / "store"))
    monkeypatch.setattr(made, "all", lambda: iter(["a", "b"]))
    monkeypatch.setattr(made, "read", lambda digest: digest)
    return made


def test_a_damaged_record_names_nothing_and_the_others_do(derivations: Derivations, monkeypatch: pytest.MonkeyPatch):
    def digests_of(record: str) -> set[str]:
        if record == "a":
            raise ArtifactError(PROBLEM)
        return {"1", "2"}

    monkeypatch.setattr(derivations, "digests_of", digests_of)
    assert derivations.named_digests() == {"1", "2"}


def test_a_store_that_does_not_answer_is_said(derivations: Derivations, monkeypatch: pytest.MonkeyPatch):
    def digests_of(record: str) -> set[str]:
        raise UnreachableError(PROBLEM)

    monkeypatch.setattr(derivations, "digests_of", digests_of)
    with pytest.raises(UnreachableError):
        derivations.named_digests()
