"""Federation between folders: a site's signed answer to a request, and the coordinator's check of the answers before merging."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from groprog_assets.errors import CohortError, Problem
from groprog_assets.intake.withdrawals import who_withdrew
from groprog_assets.lineage.collect import collect
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.lineage.logged_questions import log_free
from groprog_assets.lineage.membership import FEDERATED, add_part, part_digest
from groprog_assets.lineage.signed_heads import read_key, signature_of
from groprog_assets.methods.federation.merging import Merged, merge_answers
from groprog_assets.methods.federation.requests import Request, read_request
from groprog_assets.methods.federation.site_sums import SiteData, site_answer
from groprog_assets.store.artifacts import digest_value
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.query_log import FEDERATION
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document

FORM = "groprog-federated-answer 1"


def answer(workspace: Workspace, request: Path, site: str, key_file: Path, actor: str) -> Document:
    """What this site sends back to the request in a file: sums over its cohort, or that it takes no part.

    It is signed with the key that the site shares with the coordinator, and stands in the site's log of questions, under `actor`,
    before it is given out. Patients who have withdrawn are in no sum. Raises CohortError for a site that the request does not
    name and for fields that the cohort does not have, ArtifactError before the cohort is made and where the log cannot be
    written, LedgerError for a file that holds no key.
    """
    asked = read_request(request)
    if site not in asked.sites:
        rule = f"The request goes to {', '.join(asked.sites)}."
        raise CohortError(Problem("--site", repr(site), rule, "Name one of them."))
    key = read_key(key_file, workspace.folder)
    signed = {
        "form": FORM,
        "request": request_digest(asked),
        "site": site,
        **site_answer(_site_data(workspace), asked),
    }
    _log(workspace, asked, signed, actor)
    return {**signed, "signature": signature_of(signed, key)}


def record_part(workspace: Workspace, instance: dg.DagsterInstance, request: Path, found: Document, actor: str) -> None:
    """Write into the ledger which patients are in this site's sums of an answer `found`, so that `lineage impact --patient` names
    it; nothing for a site that takes no part. The rounds of one analysis over the same patients are one fit."""
    if not found["takes_part"]:
        return
    asked, key = read_request(request), study_key(workspace.state)
    patients = [pseudonym(str(name), key) for name in _site_data(workspace).records["patient_id"]]
    told = {"name": asked.name, "question": asked.question, "fields": list(asked.fields), "sites": list(asked.sites)}
    told |= {"site": found["site"], "patients": part_digest(patients)}
    fit = digest_value(told)
    record_decision(instance, "cohort", FEDERATED, actor, {**told, "fit": fit, "subjects": len(patients)})
    collect(instance, workspace.ledger_path, workspace.derivations)
    add_part(workspace.ledger_path, fit, patients)


def merge(request: Path, files: Iterable[Path], keys: Path) -> Merged:
    """The next request or the result of the answers in `files` to the request in a file; each site has the key `keys`/SITE.key.

    Raises CohortError for answers to another request, signatures that do not fit, a site twice, and what `merge_answers` says.
    """
    asked = read_request(request)
    problems: list[Problem] = []
    answers: dict[str, Document] = {}
    for path in files:
        found = _read(path)
        site = str(found.get("site", ""))
        if site not in asked.sites:
            problems.append(Problem(str(path), f"site {site!r}", f"Sites: {', '.join(asked.sites)}.", "Leave it out."))
        elif site in answers:
            problems.append(Problem(str(path), f"{site} twice", "A site answers once.", "Leave one out."))
        elif found.get("request") != request_digest(asked):
            rule = "An answer is to this request and round."
            problems.append(Problem(str(path), "answers another request", rule, "Ask the site again."))
        else:
            key = read_key(keys / f"{site}.key")
            signed = {name: value for name, value in found.items() if name != "signature"}
            if not hmac.compare_digest(str(found.get("signature", "")), signature_of(signed, key)):
                rule = f"It is signed with the key of {site}, and not changed since."
                problems.append(Problem(str(path), "the signature does not fit", rule, "Ask the site again."))
            answers[site] = found
    if problems:
        raise CohortError(problems)
    return merge_answers(asked, answers)


def request_digest(asked: Request) -> str:
    """sha256 of a request; every answer names it."""
    return digest_value(asked.document())


def _log(workspace: Workspace, asked: Request, signed: Document, actor: str) -> None:
    """One line of the log: what was asked, and whether sums were given; on disk when this returns."""
    told = f"{asked.question} of {', '.join(asked.fields) or 'all'}, {asked.stage}, round {asked.round}"
    log_free(
        workspace.ledger_path,
        workspace.state,
        FEDERATION,
        "No sum leaves without a line of the log.",
        actor=actor,
        purpose=asked.name,
        endpoint=f"federation as {signed['site']}",
        canonical=f"{told}, request {signed['request']}",
        data="cohort",
        snapshot=read_asset(workspace, "cohort").reference.sha256,
        outcome="answered" if signed["takes_part"] else "refused",
    )


def _site_data(workspace: Workspace) -> SiteData:
    """The site's cohort as it is stored, without patients who have withdrawn since."""
    cohort = read_asset(workspace, "cohort").value()
    records, outcomes = cohort.records.set_index("patient_id"), cohort.outcomes.set_index("patient_id")
    named = [name for name in outcomes.index if name in records.index]
    gone = who_withdrew(workspace, named)
    kept = [name for name in named if name not in gone]
    outcomes = outcomes.loc[kept]
    return SiteData(records.loc[kept].reset_index(), outcomes["time"].to_numpy(float), outcomes["event"].to_numpy(bool))


def _read(path: Path) -> Document:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CohortError(Problem(str(path), f"no JSON: {error}", "`summary` writes answers.", "Name them.")) from None
    if not isinstance(found, dict) or found.get("form") != FORM:
        rule = "`groprog omics summary` writes answers."
        raise CohortError(Problem(str(path), "no answer of a site", rule, "Name the answers."))
    return found
