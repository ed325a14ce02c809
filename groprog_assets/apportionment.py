"""Why a patient's score differs between two models, apportioned: what differs is swapped, alone and together, and the final model
is trained again each time; the Shapley value of each factor is its part, and the parts sum to the change.

What a model was trained on is taken from the store as it was recorded, so that only training is done again. Two versions of
the code or of the environment are never at hand at once: what training on the recorded inputs gives now, less what was
recorded, is their part. Nothing of the study is changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from groprog_assets.artifacts import canonical_json, digest_bytes, digest_value, write_atomically
from groprog_assets.asset_definition import SPECIFICATIONS
from groprog_assets.lineage import derivations, ledger, questions
from groprog_assets.methods.shapley import coalitions, shapley_values
from groprog_assets.pseudonyms import pseudonym, study_key
from groprog_assets.workspace import Workspace

SCORES, MODEL = "risk_scores", "risk_model"
ROOTS = ("cohort", "patient_expression", "normalized_features")
"""What a model is trained on; everything above is swapped through them."""

COHORT, PATIENT, FEATURES, PARAMETERS, SEED = "cohort", "patient", "features", "parameters", "seed"
CODE, ENVIRONMENT, BOTH, REST = "code", "environment", "code and environment", "unexplained"
CALLED = {
    COHORT: "the other patients",
    PATIENT: "this patient's data",
    FEATURES: "gene features",
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


class Table(NamedTuple):
    """The parts of the cohort that a model sees."""

    records: Any
    fields: Any
    outcomes: Any


@dataclass(frozen=True)
class Side:
    """One of the two models: its score's derivation and row, what it was trained on, with what."""

    derivation: str
    row: dict[str, Any]
    model: dict[str, Any]
    scores: dict[str, Any]
    roots: dict[str, dict[str, Any]]
    cohort: Table
    expression: dict[str, Any]
    features: Any


@dataclass
class Part:
    """One factor's part of the change; `swapped` is False where its two versions could not both be run."""

    factor: str
    part: float
    swapped: bool
    changes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "called": CALLED[self.factor]}


@dataclass
class Apportionment:
    """The change of a patient's risk (log relative hazard) between two models, its parts, and every coalition that was run."""

    before: dict[str, Any]
    after: dict[str, Any]
    change: float
    parts: list[Part]
    runs: list[dict[str, Any]]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "parts": [part.as_json() for part in self.parts]}


def apportion(
    workspace: Workspace,
    patient: str,
    older: str = "",
    newer: str = "",
    tell: Callable[[str], Any] = lambda text: None,
) -> Apportionment | None:
    """The change of `patient`'s risk between two models (else the last two), apportioned; None when there is one score only.

    older, newer: the beginning of a model version, a run id or a sha256. LedgerError: no such value, or the patient has no
    score in one of them. ArtifactError: what a model was trained on is no longer in the store. Costs one final fit a coalition
    of what differs; a coalition that was run before is not run again.
    """
    with ledger.open_ledger(workspace.ledger_path) as connection:  # not held while training
        found = questions.why(connection, SCORES, older=older, newer=newer)
        if "before" not in found:
            return None
        old, new = (_side(workspace, connection, found[name], patient) for name in ("before", "after"))
        switches, changes, notes = _switches(connection, old, new)
    players = _players(old, new, switches, patient)
    worth: dict[frozenset[str], float] = {}
    for number, chosen in enumerate(coalitions(players), start=1):
        tell(
            f"{number} of {2 ** len(players)}: {', '.join(CALLED[name] for name in chosen) or 'nothing'} of the newer model"
        )
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
        {**found["before"], "score": old.row},
        {**found["after"], "score": new.row},
        new.row["risk"] - old.row["risk"],
        shown,
        [{"newer": sorted(chosen), "risk": risk} for chosen, risk in worth.items()],
        list(dict.fromkeys(notes)),
    )


def _side(workspace: Workspace, connection: Any, value: dict[str, Any], patient: str) -> Side:
    row = questions.score(connection, str(workspace.store.path(value["sha256"])), patient)
    scores = workspace.derivations.read(value["derivation"])
    inputs = {item["asset"]: item["derivation"] for item in scores["inputs"]}
    held = {name: workspace.derivations.read(inputs[name]) for name in (MODEL, *ROOTS)}
    cohort, expression, features = (
        workspace.store.get(derivations.output(held[name]), name, "Only what is in the store can be trained on again.")
        for name in ROOTS
    )
    return Side(
        value["derivation"],
        row,
        held[MODEL],
        scores,
        {name: {"derivation": inputs[name], "sha256": held[name]["output"]["sha256"]} for name in ROOTS},
        Table(cohort.records, cohort.fields, cohort.outcomes),
        expression,
        features,
    )


def _switches(connection: Any, old: Side, new: Side) -> tuple[dict[str, str], dict[str, list[str]], list[str]]:
    """({root: the factor that switches it, "" for its rows}, {factor: what changed}, notes on what could not be told apart)."""
    switches: dict[str, str] = {}
    told: dict[str, list[str]] = {}
    notes: list[str] = []
    for name in ROOTS:
        before, after = old.roots[name], new.roots[name]
        if before["sha256"] == after["sha256"]:
            switches[name] = ""
            continue
        rows = questions.changes(connection, before["derivation"], after["derivation"], effective=True)
        data = [row["what"] for row in rows if row["kind"] not in FACTOR_OF]
        others = {FACTOR_OF[row["kind"]] for row in rows if row["kind"] in FACTOR_OF}
        if data or not rows:
            switches[name] = FEATURES if name == "normalized_features" else ""
        else:
            switches[name] = next(factor for factor in (PARAMETERS, SEED, CODE, ENVIRONMENT) if factor in others)
            others.discard(switches[name])
        target = switches[name] or COHORT
        if others:
            also = " and ".join(CALLED[factor] for factor in FACTOR_OF.values() if factor in others)
            notes.append(f"{also} acted on {name} too; counted with {CALLED[target]}")
        told.setdefault(target, []).extend(data)
        for row in rows:
            if row["kind"] in FACTOR_OF:
                told.setdefault(FACTOR_OF[row["kind"]], []).append(_worded(row))
    for earlier, later in ((old.model, new.model), (old.scores, new.scores)):
        for row in questions.differences(earlier, later):
            if row["kind"] in FACTOR_OF:
                factor = SEED if row["what"] == "training.seed" else FACTOR_OF[row["kind"]]
                told.setdefault(factor, []).append(_worded(row))
    return switches, {name: list(dict.fromkeys(rows)) for name, rows in told.items()}, notes


def _worded(row: dict[str, Any]) -> str:
    return row["what"] if row["kind"] == "code" else f"{row['what']}: {_short(row['before'])} -> {_short(row['after'])}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 24 else f"{text[:12]}…"


def _players(old: Side, new: Side, switches: dict[str, str], patient: str) -> list[str]:
    """The factors that differ and can be swapped, in a fixed order."""
    differs = {factor for factor in switches.values() if factor}
    rows = {name for name, factor in switches.items() if not factor}
    differs |= {COHORT} if _others(old, rows, patient) != _others(new, rows, patient) else set()
    differs |= {PATIENT} if _own(old, rows, patient) != _own(new, rows, patient) else set()
    before, after = (_training_parameters(side) for side in (old, new))
    if before.pop(SEED) != after.pop(SEED):
        differs.add(SEED)
    if before != after:
        differs.add(PARAMETERS)
    return [name for name in CALLED if name in differs]


def _others(side: Side, rows: set[str], patient: str) -> list[Any]:
    """What the roots in `rows` say of everybody else, as JSON."""
    found: list[Any] = []
    if "cohort" in rows:
        found = [
            side.cohort.fields.to_csv(index=False),
            *(
                table[table["patient_id"] != patient].to_csv(index=False)
                for table in (side.cohort.records, side.cohort.outcomes)
            ),
        ]
    if "patient_expression" in rows:
        away = side.expression["patient_id"] != patient
        found += [side.expression["gene"].tolist(), side.expression["patient_id"][away].tolist()]
        found.append(digest_bytes(side.expression["values"][away].tobytes()))
    return found


def _own(side: Side, rows: set[str], patient: str) -> dict[str, Any]:
    """What the roots in `rows` say of the patient: columns by name, genes that are known."""
    found: dict[str, Any] = {}
    if "cohort" in rows:
        for table in (side.cohort.records, side.cohort.outcomes):
            (row,) = table[table["patient_id"] == patient].to_dict("records")
            found |= {str(name): str(value) for name, value in row.items()}
    if "patient_expression" in rows:
        for values in side.expression["values"][side.expression["patient_id"] == patient]:
            found |= {f"gene {gene}": str(value) for gene, value in zip(side.expression["gene"], values)}
    return found


def _training_parameters(side: Side) -> dict[str, Any]:
    """Everything declared by training and scoring, by dotted name; the seed under its own."""
    held = {**side.model["parameters"], **side.scores["parameters"]}
    flat = {
        f"{group.partition('.')[2]}.{name}": value for group, values in held.items() for name, value in values.items()
    }
    return {**flat, SEED: flat.pop("training.seed")}


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
    parameters = _parameters(sides, notes)
    given = {name: sides[switches[name] or COHORT] for name in ROOTS}
    own = {name: sides[PATIENT] if not switches[name] else given[name] for name in ROOTS}
    identity = {
        "given": {name: given[name].roots[name]["sha256"] for name in ROOTS},
        "own": {name: own[name].roots[name]["sha256"] for name in ROOTS},
        "patient": pseudonym(patient, study_key(workspace.state)),
        "parameters": parameters.model_dump(mode="json"),
        "code": [SPECIFICATIONS[name].code_version for name in (MODEL, SCORES)],
        "environment": workspace.environment(),
    }
    place = workspace.state / "replays" / digest_value(identity)
    try:
        return float(json.loads((place / "risk.json").read_bytes())["risk"])
    except (OSError, ValueError, KeyError):
        pass
    cohort = _with_row(given["cohort"].cohort, own["cohort"].cohort, patient)
    expression = _with_expression(given["patient_expression"].expression, own["patient_expression"].expression, patient)
    risk = _trained_risk(cohort, expression, given["normalized_features"].features, parameters, patient)
    write_atomically(place / "risk.json", canonical_json({"risk": risk}))
    return risk


def _trained_risk(cohort: Table, expression: dict[str, Any], features: Any, parameters: Any, patient: str) -> float:
    from groprog_assets.model.cross_validation import train_final
    from groprog_assets.model.predict import predict
    from groprog_assets.model_columns import model_inputs, model_outcomes

    inputs = model_inputs(cohort, expression, features, parameters.representation.mode)
    fitted = train_final(inputs, model_outcomes(cohort), parameters)
    prediction = predict(fitted.model, inputs)
    return float(prediction.risk[prediction.patient_id == patient][0])


def _parameters(sides: dict[str, Side], notes: list[str]) -> Any:
    from groprog_assets.parameters import Parameters

    flat = _training_parameters(sides[PARAMETERS])
    flat["training.seed"] = _training_parameters(sides[SEED])[SEED]
    del flat[SEED]
    groups: dict[str, dict[str, Any]] = {}
    for name, value in flat.items():
        group, _, key = name.partition(".")
        if group not in Parameters.model_fields or key not in type(getattr(Parameters(), group)).model_fields:
            notes.append(f"{name} is unknown to this version of the program; counted with code")
            continue
        groups.setdefault(group, {})[key] = value
    return Parameters.model_validate(groups)


def _with_row(table: Table, other: Table, patient: str) -> Table:
    """`table` with the patient's records and outcome as in `other`; columns that `other` lacks are missing."""
    import pandas as pd

    if table is other:
        return table
    made = []
    for held, given in ((table.records, other.records), (table.outcomes, other.outcomes)):
        row = given[given["patient_id"] == patient].reindex(columns=held.columns)
        rest = held[held["patient_id"] != patient]
        joined = pd.concat([rest, row]).set_index("patient_id").loc[held["patient_id"]].reset_index()[held.columns]
        made.append(joined.astype(held.dtypes.to_dict()) if not row.isna().to_numpy().any() else joined)
    return Table(made[0], table.fields, made[1])


def _with_expression(held: dict[str, Any], other: dict[str, Any], patient: str) -> dict[str, Any]:
    """Expression with the patient's row as in `other`, which may have none; genes are those of `held`."""
    import numpy as np

    if held is other:
        return held
    away = held["patient_id"] != patient
    values, names = held["values"][away], held["patient_id"][away]
    there = np.flatnonzero(other["patient_id"] == patient)
    if there.size:
        at = {gene: place for place, gene in enumerate(other["gene"].tolist())}
        row = other["values"][there[0]]
        aligned = np.array(
            [row[at[gene]] if gene in at else np.nan for gene in held["gene"].tolist()], dtype=np.float32
        )
        values, names = np.vstack([values, aligned[None]]), np.append(names, patient)
    return {**held, "values": values, "patient_id": names}


def _of_the_ends(workspace: Workspace, old: Side, new: Side) -> str:
    """What must have made a replay with everything on one side miss the record."""
    here = {name: SPECIFICATIONS[name].code_version for name in (MODEL, SCORES)}
    records = [record for side in (old, new) for record in (side.model, side.scores)]
    code = any(record["code_version"] != here[record["asset"]] for record in records)
    environment = any(record["environment"] != workspace.environment() for record in records)
    return BOTH if code and environment else CODE if code else ENVIRONMENT if environment else REST


def _table_changes(old: Side, new: Side, patient: str, factor: str) -> list[str]:
    """What differs in words: of this patient by column, of the others by number."""
    rows = {"cohort", "patient_expression"}
    if factor == PATIENT:
        before, after = (_own(side, rows, patient) for side in (old, new))
        changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
        genes = [name for name in changed if name.startswith("gene ")]
        told = [
            f"{name}: {before.get(name, 'none')} -> {after.get(name, 'none')}"
            for name in sorted(set(changed) - set(genes))
        ]
        return told + ([f"expression of {len(genes)} genes"] if genes else [])
    held = [
        {
            row["patient_id"]: repr(sorted(row.items()))
            for row in side.cohort.records.merge(side.cohort.outcomes).to_dict("records")
        }
        for side in (old, new)
    ]
    for one in held:
        one.pop(patient, None)
    counts = {
        "added": len(held[1].keys() - held[0].keys()),
        "left": len(held[0].keys() - held[1].keys()),
        "changed": sum(held[0][name] != held[1][name] for name in held[0].keys() & held[1].keys()),
    }
    counted = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return [f"patients: {counted}"] if counted else []
