"""A signed head kept elsewhere finds a ledger that was cut short or made anew, and only its key makes one."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from groprog_assets.errors import LedgerError
from groprog_assets.lineage import ledger, signed_heads
from groprog_assets.lineage.verification import verify


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "key"
    path.parent.mkdir()
    signed_heads.make_key(path)
    return path


def test_a_kept_head_finds_a_truncated_ledger(ledger_copy: Path, key: Path, tmp_path: Path):
    secret = signed_heads.read_key(key, tmp_path / "study")
    kept = tmp_path / "head.json"
    head = ledger.read_head(ledger_copy)
    assert head is not None
    signed_heads.write_signed(kept, signed_heads.sign(head, "tiny", secret))
    assert verify(ledger_copy, signed_heads.read_signed(kept, "tiny", secret)) == []
    with duckdb.connect(str(ledger_copy)) as connection:
        last = connection.execute("SELECT max(sequence), arg_max(run_id, sequence) FROM seals").fetchone()
        for table in (*ledger.SEALED, "seals"):
            connection.execute(f"DELETE FROM {table} WHERE run_id = ?", [last[1]])
        for table in ("derivations", "derivation_inputs", "derivation_files", "derivation_parameters"):
            named = "SELECT derivation FROM materializations"
            connection.execute(f"DELETE FROM {table} WHERE derivation NOT IN ({named})")
        short = connection.execute("SELECT sequence, seal FROM seals ORDER BY 1 DESC LIMIT 1").fetchone()
    ledger_copy.with_name("head.json").write_text(json.dumps({"sequence": short[0], "seal": short[1]}))
    assert verify(ledger_copy) == [], "a ledger cut short with its head agrees with itself"
    problems = verify(ledger_copy, signed_heads.read_signed(kept, "tiny", secret))
    assert [item.where for item in problems] == ["head"]


def test_a_head_changed_or_signed_with_another_key_is_refused(key: Path, tmp_path: Path):
    secret = signed_heads.read_key(key, tmp_path / "study")
    kept = tmp_path / "head.json"
    signed = signed_heads.sign({"sequence": 3, "seal": "ab"}, "tiny", secret)
    signed_heads.write_signed(kept, {**signed, "sequence": 2})
    with pytest.raises(LedgerError, match="signature does not fit"):
        signed_heads.read_signed(kept, "tiny", secret)
    signed_heads.write_signed(kept, signed)
    with pytest.raises(LedgerError, match="signature does not fit"):
        signed_heads.read_signed(kept, "tiny", bytes(32))
    with pytest.raises(LedgerError, match="of the study tiny"):
        signed_heads.read_signed(kept, "other", secret)
    kept.write_text("{}")
    with pytest.raises(LedgerError, match="no signed head"):
        signed_heads.read_signed(kept, "tiny", secret)


def test_a_key_is_private_whole_outside_the_study_and_never_replaced(key: Path, tmp_path: Path):
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(LedgerError, match="never written over"):
        signed_heads.make_key(key)
    with pytest.raises(LedgerError, match="lies inside the study"):
        signed_heads.read_key(key, tmp_path)
    key.write_text("short")
    with pytest.raises(LedgerError, match="64 hexadecimal"):
        signed_heads.read_key(key, tmp_path / "study")
