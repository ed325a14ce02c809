"""The models of a study, and a person's decision which one is in use: list, promote, roll back.

The asset `champion` decides by rule after each training; a person may decide otherwise, with a reason. Both are kept: the
decision becomes the asset's value, and an event with its evidence enters the ledger.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import dagster as dg

from groprog_assets.errors import ArtifactError, Problem, StudyError
from groprog_assets.lineage import ledger
from groprog_assets.lineage.decisions import record_decision
from groprog_assets.prognosis.standing_model import JUDGED
from groprog_assets.store import derivations
from groprog_assets.store.artifacts import Reference, plain
from groprog_assets.store.claims import recording
from groprog_assets.store.derivations import Record
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Value

METRIC = "c_ipcw"


class KnownModel(NamedTuple):
    """A model this study has had: its version, the derivations that made and that judged it ("" for none), when and by whom it
    was made, its estimate with interval."""

    model_version: str
    derivation: str
    judged: str
    made: str
    actor: str
    evidence: Document


def known_models(workspace: Workspace) -> list[KnownModel]:
    """Every model of the ledger, oldest first, one entry a version."""
    with ledger.open_ledger(workspace.ledger_path) as connection:
        rows = connection.execute(
            "SELECT m.derivation, arg_min(m.happened, s.sequence), arg_min(r.actor, s.sequence), any_value(d.body),"
            " any_value(m.sha256) FROM materializations m JOIN runs r USING (run_id) JOIN seals s USING (run_id)"
            " JOIN derivations d ON d.derivation = m.derivation"
            " WHERE m.asset = 'risk_model' GROUP BY m.derivation ORDER BY min(s.sequence)"
        ).fetchall()
        judged = connection.execute(
            "SELECT i.sha256, d.derivation, d.body FROM derivations d JOIN derivation_inputs i USING (derivation)"
            " WHERE d.asset = 'evaluation' AND i.asset = 'risk_model'"
        ).fetchall()
    outcomes = {model: (derivation, json.loads(body)["output"]) for model, derivation, body in judged}
    found: dict[str, KnownModel] = {}
    for digest, happened, actor, body, sha256 in rows:
        version = json.loads(body)["headline"]["model_version"]
        judgement, output = outcomes.get(sha256, ("", None))
        evidence = _evidence(workspace, version, output)
        found.setdefault(version, KnownModel(version, digest, judgement, happened.isoformat(), actor, evidence))
    return list(found.values())


def find_model(workspace: Workspace, version: str) -> KnownModel:
    """The model whose version begins with `version`. StudyError when none or several do."""
    models = known_models(workspace)
    found = [model for model in models if version and model.model_version.startswith(version)]
    if len(found) != 1:
        shown = ", ".join(model.model_version[:16] for model in models) or "none"
        seen = "no model" if not found else count_of(len(found), "model")
        raise StudyError(
            Problem("model", f"{seen} with version {version}", f"Known are {shown}.", "`groprog model list STUDY`")
        )
    return found[0]


def choose(
    workspace: Workspace, instance: dg.DagsterInstance, version: str, decision: str, reason: str, actor: str
) -> Document:
    """Make a known model the champion by a person's decision ("promoted by hand", "rolled back"); the new champion document.

    An empty version means the previous champion. StudyError: no reason, no such model, already in use, no previous champion.
    ArtifactError: no decision yet, or its bytes were erased.
    """
    if not reason.strip():
        rule = "A person's decision needs a reason."
        raise StudyError(Problem("--reason", "empty", rule, 'Example: --reason "calibration broke on the new site".'))
    before = read_asset(workspace, "champion").value()
    record = workspace.derivations.current_record("champion")
    assert record is not None
    if not version:
        version = (before.get("previous") or {}).get("model_version") or ""
        if not version:
            rule = "A rollback needs a previous champion."
            raise StudyError(Problem("champion", "no previous champion", rule, "`groprog model list STUDY`"))
    model = find_model(workspace, version)
    if model.model_version == before["model_version"]:
        raise StudyError(Problem("model", f"{version} is the champion already", "Nothing changes.", ""))
    _value(workspace, workspace.derivations.read(model.derivation))
    earlier = [before.get("previous"), before["challenger"]]
    kept = next((item for item in earlier if item and item["model_version"] == model.model_version), model.evidence)
    document = {
        **before,
        "champion": kept,
        "model_version": model.model_version,
        "promoted": model.model_version == before["challenger"]["model_version"],
        "reason": f"{decision} by {actor}: {reason}",
        "previous": before["champion"],
    }
    chosen = {name: held for name, held in zip(JUDGED, (model.derivation, model.judged), strict=True) if held}
    with recording(workspace.state):
        reference = workspace.store.put(document)
        made: Record = {
            **record,
            "output": reference.as_json(),
            "extra": plain(
                {**record["extra"], "decision": decision, "actor": actor, "reason": reason, "chosen": chosen}
            ),
            "headline": plain(
                {"model_version": model.model_version, "promoted": document["promoted"], "reason": reason}
            ),
        }
        digest = workspace.derivations.write(made)
    evidence = {
        "model_version": model.model_version,
        "before": before["model_version"],
        "reason": reason,
        "champion": model.evidence,
        "replaced": before["champion"],
        "derivation": digest,
        "sha256": reference.sha256,
    }
    record_decision(instance, "champion", decision, actor, evidence)
    workspace.derivations.point("champion", "", digest)
    return document


def _value(workspace: Workspace, record: Record) -> Value:
    return workspace.store.get(derivations.output(record), record["asset"], f"`{workspace.command}` trains again.")


def _evidence(workspace: Workspace, version: str, stored: Document | None) -> Document:
    found: Document = {}
    if stored is not None:
        try:
            document = workspace.store.get(Reference(**stored), "evaluation")
            found = document.get("models", {}).get("groprog", {}).get(METRIC, {})
        except ArtifactError:
            found = {}
    return {
        "model_version": version,
        "metric": METRIC,
        **{key: found.get(key) for key in ("estimate", "lower", "upper")},
    }
