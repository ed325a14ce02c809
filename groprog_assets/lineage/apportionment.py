"""Why a patient's score differs between two models. Each difference is swapped alone and with others, and the final model is
trained again; the Shapley value of each factor is its part of the change.

What a model was trained on is taken from the store as it was recorded, so that only training is done again. Two versions of
the code or of the environment are never at hand at once: what training on the recorded inputs gives now, less what was
recorded, is their part. Nothing of the study is changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from groprog_assets.errors import LedgerError
from groprog_assets.graph.specification import SPECIFICATIONS
from groprog_assets.lineage import ledger, questions
from groprog_assets.lineage.retrained_scores import (
    SEED,
    parameters_of,
    scored,
    trained_risk,
    training_parameters,
    with_expression,
    with_row,
)
from groprog_assets.methods.evaluation.shapley import coalitions, shapley_values
from groprog_assets.store import derivations
from groprog_assets.store.artifacts import Bundle, canonical_json, digest_bytes, digest_value, write_atomically
from groprog_assets.store.derivations import Record
from groprog_assets.store.pseudonyms import pseudonym, study_key
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Progress, Value, Values

if TYPE_CHECKING:
    import duckdb

SCORES, MODEL = "risk_scores", "risk_model"
TRAINED_ON = ("cohort", "patient_expression", "normalized_features", "source_cohorts")
"""What a model is trained on; everything above is swapped through them. Models of earlier versions had no sources."""
SCORED_ON = ("cohort", "patient_expression")
"""Where the patient's own data are read when the score is computed; newer than what a model was trained on when it stood."""

COHORT, PATIENT, FEATURES, SOURCES, PARAMETERS = "cohort", "patient", "features", "sources", "parameters"
OF_VALUES = {"normalized_features": FEATURES, "source_cohorts": SOURCES}
"""Roots that hold no rows of patients, with the factor that switches each."""
CODE, ENVIRONMENT, BOTH, REST = "code", "environment", "code and environment", "unexplained"
CALLED = {
    COHORT: "the other patients",
    PATIENT: "this patient's data",
    FEATURES: "gene features",
    SOURCES: "other cohorts",
    PARAMETERS: "parameters",
    SEED: "seed",
    CODE: "code",
    ENVIRONMENT: "environment",
    BOTH: "code and environment",
    REST: "not explained",
}
FACTOR_OF = {"parameters": PARAMETERS, "seed": SEED, "code": CODE, "environment": ENVIRONMENT}
EXACT = 1e-12
"""Log relative hazard: a replay that is off by more than this is not the recorded score."""


@dataclass(frozen=True)
class Side:
    """One of the two models with a score by it: when and by which run, the records of model and scores (None when nobody was
    scored with it: its own cohort gives the patient), the recorded risk, and {root: {derivation, sha256}} and {root: value}."""

    found: Document
    model: Record
    scores: Record | None
    row: Document
    roots: dict[str, Document]
    values: Values


@dataclass
class Part:
    """One factor's part of the change; `swapped` is False where its two versions could not both be run."""

    factor: str
    part: float
    swapped: bool
    changes: list[str] = field(default_factory=list)

    def as_json(self) -> Document:
        return {**vars(self), "called": CALLED[self.factor]}


@dataclass
class Apportionment:
    """The change of a patient's risk (log relative hazard) between two models, its parts, and every coalition that was run."""

    before: Document
    after: Document
    change: float
    parts: list[Part]
    runs: list[Document]
    notes: list[str]

    def as_json(self) -> Document:
        return {**vars(self), "parts": [part.as_json() for part in self.parts]}


def apportion(
    workspace: Workspace,
    patient: str,
    older: str = "",
    newer: str = "",
    tell: Progress = lambda text: None,
) -> Apportionment | None:
    """The change of `patient`'s risk between two models (else the last two), apportioned; None when there is one score only.

    older, newer: the beginning of a model version, a run id or a sha256. LedgerError: no such value, or the patient has no
    score in one of them. ArtifactError: what a model was trained on is no longer in the store. Costs one final fit a coalition
    of what differs; a coalition that was run before is not run again.
    """
    with ledger.open_ledger(workspace.ledger_path) as connection:  # not held while training
        chosen_sides = _chosen(connection, older, newer)
        if chosen_sides is None:
            return None
        old, new = (_side(workspace, connection, found, patient) for found in chosen_sides)
        switches, changes, notes = _switches(connection, old, new)
    players = _players(old, new, switches, patient)
    worth: dict[frozenset[str], float] = {}
    for number, chosen in enumerate(coalitions(players), start=1):
        names = ", ".join(CALLED[name] for name in players if name in chosen) or "nothing"
        tell(f"{number} of {2 ** len(players)}: {names} of the newer model")
        worth[chosen] = _replay(workspace, old, new, chosen, switches, patient, notes)
    parts = shapley_values(players, worth)
    missed = (worth[frozenset()] - old.row["risk"], new.row["risk"] - worth[frozenset(players)])
    if max(map(abs, missed)) > EXACT:
        factor = _of_the_ends(workspace, old, new)
        parts[factor] = parts.get(factor, 0.0) + sum(missed)
        changes.setdefault(factor, [])
        if factor != REST:
            notes.append(
                f"{CALLED[factor]}: the recorded one is not at hand; its part is what training anew misses of the record"
            )
    swapped = set(players)
    shown = [Part(name, part, name in swapped, changes.get(name, [])) for name, part in parts.items()]
    for part in shown:
        if part.factor in (COHORT, PATIENT):
            part.changes = _table_changes(old, new, patient, part.factor) + part.changes
    return Apportionment(
        {**old.found, "score": old.row},
        {**new.found, "score": new.row},
        new.row["risk"] - old.row["risk"],
        shown,
        [{"newer": sorted(chosen), "risk": risk} for chosen, risk in worth.items()],
        list(dict.fromkeys(notes)),
    )


def _chosen(connection: duckdb.DuckDBPyConnection, older: str, newer: str) -> tuple[Document, Document] | None:
    """The two values to compare: scores where there are any by that name, else a model nobody was scored with."""
    for asset in (SCORES, MODEL):
        try:
            found = questions.why(connection, asset, older=older, newer=newer)
        except LedgerError:
            if asset == MODEL:
                raise
            continue
        if "before" in found:
            before, after = ({**found[name], "asset": asset} for name in ("before", "after"))
            return before, after
    return None


def _side(workspace: Workspace, connection: duckdb.DuckDBPyConnection, found: Document, patient: str) -> Side:
    record = workspace.derivations.read(found["derivation"])
    scores = record if found["asset"] == SCORES else None
    inputs = {item["asset"]: item["derivation"] for item in record["inputs"]}
    model = workspace.derivations.read(inputs[MODEL]) if scores else record
    trained = {item["asset"]: item["derivation"] for item in model["inputs"]}
    names = {name: trained[name] for name in TRAINED_ON if name in trained}
    names |= {f"scored {name}": (inputs if scores else trained)[name] for name in SCORED_ON}
    held = {name: workspace.derivations.read(digest) for name, digest in names.items()}
    remedy = "Only what is in the store can be trained on again."
    values = {name: workspace.store.get(derivations.output(item), name, remedy) for name, item in held.items()}
    roots = {name: {"derivation": names[name], "sha256": item["output"]["sha256"]} for name, item in held.items()}
    if scores:
        row = questions.score(connection, str(workspace.store.path(scores["output"]["sha256"])), patient)
        return Side(found, model, scores, row, roots, values)
    row = _row_by_model(workspace, model, values, patient)
    return Side(found, model, None, row, roots, values)


def _row_by_model(workspace: Workspace, model: Record, values: Values, patient: str) -> Document:
    """A patient's score by a stored model that nobody was scored with."""
    from groprog_assets.model.checkpoint import load_model

    bundle = workspace.store.get(derivations.output(model), MODEL)
    loaded = load_model({name: blob.content for name, blob in bundle.files.items()})
    parameters = parameters_of(model)
    prediction = scored(
        loaded, values["cohort"], values["patient_expression"], values["normalized_features"], parameters, patient
    )
    return {
        "patient_id": patient,
        "risk": float(prediction.risk[0]),
        "percentile": float(prediction.percentile[0]),
        "model_version": model["headline"]["model_version"],
    }


def _switches(
    connection: duckdb.DuckDBPyConnection, old: Side, new: Side
) -> tuple[dict[str, str], dict[str, list[str]], list[str]]:
    """({root: the factor that switches it, "" for its rows}, {factor: what changed}, notes on what could not be told apart)."""
    switches: dict[str, str] = {}
    told: dict[str, list[str]] = {}
    notes: list[str] = []
    for name in (name for name in old.roots if name in new.roots):
        before, after = old.roots[name], new.roots[name]
        if before["sha256"] == after["sha256"]:
            switches[name] = ""
            continue
        rows = questions.changes(connection, before["derivation"], after["derivation"], effective=True)
        data = [row["what"] for row in rows if row["kind"] not in FACTOR_OF]
        others = {FACTOR_OF[row["kind"]] for row in rows if row["kind"] in FACTOR_OF}
        if data or not rows:
            switches[name] = OF_VALUES.get(name, "")
        else:
            switches[name] = next(factor for factor in (PARAMETERS, SEED, CODE, ENVIRONMENT) if factor in others)
            others.discard(switches[name])
        target = switches[name] or (PATIENT if name.startswith("scored") else COHORT)
        if others:
            also = " and ".join(CALLED[factor] for factor in FACTOR_OF.values() if factor in others)
            notes.append(f"{also} acted on {name} too; counted with {CALLED[target]}")
        if target != PATIENT:
            told.setdefault(target, []).extend(data)
        for row in rows:
            if row["kind"] in FACTOR_OF:
                told.setdefault(FACTOR_OF[row["kind"]], []).append(_worded(row))
    for earlier, later in ((old.model, new.model), (old.scores, new.scores)):
        for row in questions.differences(earlier, later) if earlier and later else []:
            if row["kind"] in FACTOR_OF and row["what"] != "training.seed":
                told.setdefault(FACTOR_OF[row["kind"]], []).append(_worded(row))
    return switches, {name: list(dict.fromkeys(rows)) for name, rows in told.items()}, notes


def _worded(row: Document) -> str:
    return row["what"] if row["kind"] == "code" else f"{row['what']}: {_short(row['before'])} -> {_short(row['after'])}"


def _short(value: Value) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 24 else f"{text[:12]}…"


def _players(old: Side, new: Side, switches: dict[str, str], patient: str) -> list[str]:
    """The factors that differ and can be swapped, in a fixed order."""
    differs = {factor for factor in switches.values() if factor}
    rows = {name for name, factor in switches.items() if not factor}
    differs |= {COHORT} if _others(old, rows, patient) != _others(new, rows, patient) else set()
    differs |= {PATIENT} if _own(old, rows, patient) != _own(new, rows, patient) else set()
    before, after = (training_parameters(side.model) for side in (old, new))
    if before.pop(SEED) != after.pop(SEED):
        differs.add(SEED)
    if before != after:
        differs.add(PARAMETERS)
    return [name for name in CALLED if name in differs]


def _others(side: Side, rows: set[str], patient: str) -> list[Any]:
    """What a model was trained on says of everybody else, as far as it is in `rows`, as JSON."""
    from groprog_assets.methods.cohort.patient_matrices import matrix_names, members_of

    found: list[Any] = []
    if "cohort" in rows:
        table = side.values["cohort"]
        found.append(table.fields.to_csv(index=False))
        for part in _of_patients(table):
            found.append(part[part["patient_id"] != patient].to_csv(index=False))
    if "patient_expression" in rows:
        value = side.values["patient_expression"]
        for matrix in ("", *matrix_names(value)):
            held = members_of(value, matrix)
            away = held["patient_id"] != patient
            found += [
                held["gene"].tolist(),
                held["patient_id"][away].tolist(),
                digest_bytes(held["values"][away].tobytes()),
            ]
    return found


def _of_patients(cohort: Bundle) -> tuple[Any, Any, Any]:
    """What a model reads of a cohort's patients: (batches, records, outcomes), by `patient_id`."""
    return cohort.index[["patient_id", "batch"]], cohort.records, cohort.outcomes


def _own(side: Side, rows: set[str], patient: str) -> dict[str, dict[str, str]]:
    """{root: what it says of the patient by column or gene}, of the roots in `rows`; empty where he is not in it."""
    from groprog_assets.methods.cohort.patient_matrices import matrix_names, members_of

    found: dict[str, dict[str, str]] = {}
    for name in sorted(rows - OF_VALUES.keys()):
        value = side.values[name]
        told: dict[str, str] = {}
        if isinstance(value, Bundle):
            index, records, outcomes = _of_patients(value)
            for table in (index, records, outcomes) if name == "cohort" else (index, records):
                for row in table[table["patient_id"] == patient].to_dict("records"):
                    told |= {str(column): str(item) for column, item in row.items()}
        else:
            for matrix in ("", *matrix_names(value)):
                held = members_of(value, matrix)
                label = f"gene of {matrix}" if matrix else "gene"
                for values in held["values"][held["patient_id"] == patient]:
                    told |= {f"{label} {gene}": str(item) for gene, item in zip(held["gene"], values)}
        found[name] = told
    return found


def _replay(
    workspace: Workspace,
    old: Side,
    new: Side,
    chosen: frozenset[str],
    switches: dict[str, str],
    patient: str,
    notes: list[str],
) -> float:
    """The patient's risk by a final model trained with `chosen` as the newer model had it, the rest as the older."""
    sides = {name: new if name in chosen else old for name in CALLED}
    seed = training_parameters(sides[SEED].model)[SEED]
    parameters = parameters_of(sides[PARAMETERS].model, seed, notes)
    given = {name: sides[factor or COHORT] for name, factor in switches.items()}
    own = {name: sides[factor or PATIENT] for name, factor in switches.items()}
    identity = {
        "given": {name: given[name].roots[name]["sha256"] for name in TRAINED_ON if name in given},
        "own": {name: own[name].roots[name]["sha256"] for name in switches},
        "patient": pseudonym(patient, study_key(workspace.state)),
        "parameters": parameters.model_dump(mode="json"),
        "code": [SPECIFICATIONS[name].code_version for name in (MODEL, SCORES)],
        "environment": workspace.environment(),
    }
    place = workspace.state / "replays" / f"{digest_value(identity)}.json"
    try:
        return float(json.loads(place.read_bytes())["risk"])
    except (OSError, ValueError, KeyError):
        pass
    table, matrix = SCORED_ON
    cohort = with_row(given[table].values[table], own[table].values[table], patient)
    expression = with_expression(given[matrix].values[matrix], own[matrix].values[matrix], patient)
    features = given["normalized_features"].values["normalized_features"]
    sources = given["source_cohorts"].values["source_cohorts"] if "source_cohorts" in given else None
    own_table, own_expression = (own[f"scored {name}"].values[f"scored {name}"] for name in SCORED_ON)
    risk = trained_risk(cohort, expression, features, parameters, own_table, own_expression, patient, sources)
    write_atomically(place, canonical_json({"risk": risk}))
    return risk


def _of_the_ends(workspace: Workspace, old: Side, new: Side) -> str:
    """What must have made a replay with everything on one side miss the record."""
    here = {name: SPECIFICATIONS[name].code_version for name in (MODEL, SCORES)}
    records = [record for side in (old, new) for record in (side.model, side.scores) if record]
    code = any(record["code_version"] != here[record["asset"]] for record in records)
    environment = any(record["environment"] != workspace.environment() for record in records)
    return BOTH if code and environment else CODE if code else ENVIRONMENT if environment else REST


def _table_changes(old: Side, new: Side, patient: str, factor: str) -> list[str]:
    """What differs in words: of this patient by column, of the others by number."""
    if factor == PATIENT:
        sides = [_own(side, set(side.roots), patient) for side in (old, new)]
        told = []
        for name in ("scored cohort", "cohort", "scored patient_expression", "patient_expression"):
            before, after = (side[name] for side in sides)
            changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
            genes = [key for key in changed if key.startswith("gene ")]
            told += [
                f"{key}: {before.get(key, 'none')} -> {after.get(key, 'none')}" for key in changed if key not in genes
            ]
            expressed = [key for key in genes if not key.startswith("gene of ")]
            told += [f"expression of {count_of(len(expressed), 'gene')}"] if expressed else []
            told += (
                [f"{count_of(len(genes) - len(expressed), 'gene')} of further matrices"]
                if len(genes) > len(expressed)
                else []
            )
        return list(dict.fromkeys(told))
    held: list[dict[str, str]] = []
    batches: list[dict[str, str]] = []
    for side in (old, new):
        index, records, outcomes = _of_patients(side.values["cohort"])
        rows = records.merge(outcomes).to_dict("records")
        held.append({row["patient_id"]: repr(sorted(row.items())) for row in rows if row["patient_id"] != patient})
        batches.append(dict(zip(index["patient_id"], index["batch"])))
    counts = {
        "added": len(held[1].keys() - held[0].keys()),
        "left": len(held[0].keys() - held[1].keys()),
        "changed": sum(held[0][name] != held[1][name] for name in held[0].keys() & held[1].keys()),
    }
    counted = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    moved = sum(batches[0][name] != batches[1][name] for name in held[0].keys() & held[1].keys())
    return [f"patients: {counted}"] * bool(counted) + [f"batch of {count_of(moved, 'patient')}"] * bool(moved)
