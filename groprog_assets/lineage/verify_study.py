"""Verifying a study: its ledger, then what lies in its folder against the ledger, and the check-point for the next time."""

from __future__ import annotations

from dataclasses import dataclass

from groprog_assets.errors import Problem
from groprog_assets.lineage.check_points import check_point, read_verified, write_verified
from groprog_assets.lineage.ledger import TABLES
from groprog_assets.lineage.logged_questions import log_problems
from groprog_assets.lineage.present import Present, compare_present
from groprog_assets.lineage.verification import Verification, snapshot, verify_rows
from groprog_assets.store.pseudonyms import key_problems
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document
from groprog_assets.wording import count_of


@dataclass
class VerifiedStudy:
    """What was found of a study's ledger and of its present."""

    ledger: Verification
    present: Present

    @property
    def problems(self) -> list[Problem]:
        return self.ledger.problems + self.present.problems

    def told(self) -> list[str]:
        """What was looked at, and how closely, a line each."""
        ledger, present = self.ledger, self.present
        if ledger.since:
            lines = [
                f"rows up to seal {ledger.since}: one sha256 a table, as at the check-point of {ledger.since_at}; the"
                f" {count_of(ledger.seals - ledger.since, 'seal')} after it: row by row (--full: all)"
            ]
        else:
            lines = [f"rows of all {count_of(ledger.seals, 'seal')}: one by one" + _why(ledger)]
        lines.append(
            f"present: {count_of(present.values, 'current value')} by their bytes, "
            f"{count_of(present.entries, 'memo entry', 'memo entries')}, {count_of(present.files, 'exported file')}, their list"
            " and the copy of the ledger are as sealed"
        )
        if present.unsealed:
            lines.append(
                f"not sealed yet: {count_of(present.unsealed, 'value or entry', 'values or entries')} of a run "
                "that has not ended, or was killed"
            )
        if present.gone is None:
            lines.append("not read: the bytes of earlier values (--full)")
        else:
            lines.append(
                f"earlier values: {present.erased} erased, {present.gone} otherwise no longer in the store; their records stand"
            )
        return lines


def _why(ledger: Verification) -> str:
    return ", since those before the check-point are not as they were then" if ledger.changed else ""


def verify_study(workspace: Workspace, head: Document | None = None, full: bool = False) -> VerifiedStudy:
    """Everything wrong with the ledger of a study and with its present.

    head: a seal {sequence, seal} kept elsewhere; with one, or with `full`, every row is read, since a check-point is only as good
    as the key of the study. The result is kept beside the ledger, with a check-point when all is sound.
    """
    path, trusted = workspace.ledger_path, head is None and not full
    with snapshot(path) as connection:
        rows = verify_rows(connection, path, head, workspace.state if trusted else None)
        present = Present()
        if not rows.problems:
            point = read_verified(workspace.state, path) if rows.since else None
            present = compare_present(workspace, connection, rows.circumstances, (point or {}).get("memos", {}), full)
            present.problems += log_problems(connection, workspace.state)
        present.problems += key_problems(workspace.state)
        found = VerifiedStudy(rows, present)
        kept: Document = {
            "sound": not found.problems,
            "problems": len(found.problems),
            "full": not rows.since,
            "sequence": rows.seals,
            "seal": rows.newest.get("seal", ""),
        }
        if not found.problems:
            kept |= {"tables": check_point(connection, TABLES, rows.unchanged), "memos": present.memos}
    write_verified(workspace.state, path, kept)
    return found
