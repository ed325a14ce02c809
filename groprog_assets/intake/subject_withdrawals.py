"""Withdrawal of subjects who are in no clinical table: those of phenopackets and sample tables. No delivery is needed.

Who is in the cohort's clinical table withdraws through the inbox, which also writes the table without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import CohortError, GroProgError, Problem
from groprog_assets.intake.withdrawals import ROOT, marks_of, own_table, record_withdrawal, who_withdrew
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.store.artifacts import digest_value
from groprog_assets.study.annotation_files import some
from groprog_assets.study.text_tables import count_of
from groprog_assets.wording import shell_command

if TYPE_CHECKING:
    import dagster as dg

    from groprog_assets.store.workspace import Workspace

WITHDRAWN = "withdrawn"


class SubjectWithdrawal(NamedTuple):
    """leaving: how many withdraw now; again: how many had before; values: current values that hold one of them or rest on one
    that does."""

    leaving: int
    again: int
    values: list[str]


def withdraw_subjects(
    instance: dg.DagsterInstance, workspace: Workspace, names: list[str], actor: str
) -> SubjectWithdrawal:
    """Record that the subjects `names`, as the study's sources call them, withdraw, with the decision for the ledger.

    The next run makes every value without them and erases the earlier bytes. CohortError for names that no source has, and for
    patients of the clinical table, before anything is recorded.
    """
    wanted = list(dict.fromkeys(names))
    problems = [*_strangers(workspace, wanted), *_of_the_cohort(workspace, wanted)]
    if problems:
        raise CohortError(problems)
    again = who_withdrew(workspace, wanted)
    leaving = [name for name in wanted if name not in again]
    if not leaving:
        return SubjectWithdrawal(0, len(again), [])
    delivery = digest_value(sorted(marks_of(workspace, leaving).values()))
    record = record_withdrawal(workspace, delivery, leaving)
    resting = sorted(
        f"{asset}[{partition}]" if partition else asset
        for asset, partition, digest in workspace.derivations.pointers()
        if set(record["roots"]) & set(workspace.derivations.closure(digest))
    )
    evidence = {"subjects": len(leaving), "values": len(resting), "withdrawal": delivery}
    record_decision(instance, ROOT, WITHDRAWN, actor, evidence)
    return SubjectWithdrawal(len(leaving), len(again), resting)


def _strangers(workspace: Workspace, names: list[str]) -> list[Problem]:
    from groprog_assets.methods.omics.subjects import subject_names

    omics = workspace.study.omics
    known = set() if omics is None else set(subject_names(omics))
    gone = who_withdrew(workspace, names)
    strange = [name for name in names if name not in known and name not in gone]
    if not strange:
        return []
    rule = "A subject is called as in the sources: the id of a phenopacket, or the subject of the sample table."
    remedy = f"Sources name, for instance, {some(sorted(known), 3)}." if known else "The study has no subjects."
    return [Problem("subjects", f"{count_of(len(strange), 'unknown name')} ({some(strange, 3)})", rule, remedy)]


def _of_the_cohort(workspace: Workspace, names: list[str]) -> list[Problem]:
    """Patients of the clinical table, and how they withdraw."""
    from groprog_assets.methods.cohort.clinical_tables import read_table

    cohort = workspace.study.cohort
    if cohort is None:
        return []
    try:
        column = read_table(own_table(workspace)).cells[cohort.patient_column].str.strip()
    except (GroProgError, KeyError):
        return []
    held = sorted(set(column) & set(names))
    if not held:
        return []
    rule = "Who is in the clinical table withdraws through the inbox, which also leaves them out of the table."
    first = "" if cohort.inbox is not None else "add `inbox: inbox` to the cohort of the study file, "
    remedy = (
        f"{first}put the identifiers, one a line, into NAME.withdraw.txt in the folder of the inbox, then "
        f"`{shell_command('groprog', 'inbox', 'take', workspace.path)}` and `{workspace.command}`."
    )
    value = f"{count_of(len(held), 'patient')} of the cohort ({some(held, 3)})"
    return [Problem("cohort.clinical", value, rule, remedy[0].upper() + remedy[1:])]
