"""Computing a value again from its record: what is needed, the command, and the same bytes or the first step that differs.

Nothing of the study is changed: what is made again goes to a scratch state, from the source files up, and is compared by digest.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from pathlib import Path

from groprog_assets.errors import ArtifactError, GroProgError, Problem, StudyError
from groprog_assets.graph.derive import derive, named_owners
from groprog_assets.graph.specification import SPECIFICATIONS, Specification
from groprog_assets.store.artifacts import Store
from groprog_assets.store.derivations import Derivations, Edge, Record, memo_key, output
from groprog_assets.store.readings import Reading, read_asset
from groprog_assets.store.workspace import COHORT_ASSETS, SEQUENCE_ASSETS, Workspace
from groprog_assets.study.parameters import without_retired
from groprog_assets.study.schema import Cohort, Study
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document, Progress

EVERYTHING = ("report", "lineage_snapshot")
"""Assets that tell of every present value, and so need all of them made again."""


@dataclass
class Recipe:
    """What rebuilds a value: steps in order, the files and their digests, the command, packages with their versions; what has
    changed since it was made."""

    asset: str
    partition: str
    sha256: str
    command: str
    files: list[Document]
    steps: list[Document]
    environment: str
    packages: dict[str, str]
    changed: list[str] = field(default_factory=list)

    def as_json(self) -> Document:
        return dict(vars(self))


@dataclass(frozen=True)
class Outcome:
    """One step made again: the digest recorded, the digest found, and whether they are equal."""

    name: str
    recorded: str
    found: str
    problem: str = ""

    @property
    def equal(self) -> bool:
        return self.recorded == self.found


def recipe(workspace: Workspace, asset: str, partition: str = "") -> Recipe:
    """The recipe of the current value of an asset. ArtifactError when it was never made."""
    _require_named(workspace, asset, partition)
    digest = read_asset(workspace, asset, partition).derivation
    records = _ordered(workspace, asset, digest)
    files = {(item["path"], item["sha256"]): item for _, record in records for item in record["files"]}
    changed = [text for item in files.values() if (text := _file_change(workspace, item))]
    for _, record in records:
        given = SPECIFICATIONS.get(record["asset"])
        if given is None or given.code_version != record["code_version"]:
            changed.append(f"code of {_name(record)}: recorded {record['code_version'][:12]}")
    here = packages(workspace, workspace.environment())
    for item in sorted({record["environment"] for _, record in records} - {workspace.environment()}):
        told = _package_changes(packages(workspace, item), here)
        changed.append(f"environment {item[:12]}: {', '.join(told) or 'what it held is no longer known'}")
    target = workspace.derivations.read(digest)
    return Recipe(
        asset,
        partition,
        target["output"]["sha256"],
        workspace.making(asset),
        sorted(files.values(), key=lambda item: (item["role"], item["library"], item["path"])),
        [
            {
                "name": _name(record),
                "sha256": record["output"]["sha256"],
                "derivation": name,
                "code_version": record["code_version"],
                "seed": record["seed"],
            }
            for name, record in records
        ],
        target["environment"],
        packages(workspace, target["environment"]),
        sorted(set(changed)),
    )


def _require_named(workspace: Workspace, asset: str, partition: str) -> None:
    """ArtifactError for the name of no asset or library, and for a library too many or too few."""
    if workspace.derivations.current(asset, partition) is not None:
        return
    given = SPECIFICATIONS.get(asset)
    if given is None:
        near = difflib.get_close_matches(asset, list(SPECIFICATIONS), 3, 0.6)
        remedy = f"Did you mean {', '.join(near)}?" if near else "`groprog run --dry-run` lists the assets."
        raise ArtifactError(Problem(asset, "no asset", "It names an asset of the graph.", remedy))
    libraries = [library.id for library in workspace.study.libraries]
    if given.partitioned and partition not in libraries:
        near = difflib.get_close_matches(partition, libraries, 1, 0.5) or libraries[:1]
        rule = f"{asset} is made for each library: {', '.join(libraries)}."
        raise ArtifactError(Problem(asset, partition or "of which library?", rule, f"Say --partition {near[0]}."))
    if partition and not given.partitioned:
        rule = f"{asset} is one value for the whole study."
        raise ArtifactError(Problem(f"{asset}[{partition}]", "never made", rule, "Leave out --partition."))


def packages(workspace: Workspace, environment: str) -> dict[str, str]:
    """{name: version} of the packages that can change a number, and of Python and machine; empty where they were not kept."""
    try:
        held = json.loads((workspace.state / "environments" / f"{environment}.json").read_bytes())
    except (OSError, ValueError):
        return {}
    machine = {"python": held["python"], "machine": held["machine"], "system": held["system"]}
    return {**machine, **dict(sorted(held["packages"].items()))}


def _package_changes(recorded: dict[str, str], here: dict[str, str]) -> list[str]:
    return [
        f"{name} {version}, here {here.get(name, 'none')}"
        for name, version in recorded.items()
        if here.get(name) != version
    ]


def execute(workspace: Workspace, asset: str, partition: str, scratch: Path, tell: Progress) -> list[Outcome]:
    """Make a value and all it rests on again under `scratch`; one outcome a step, ending with the first that cannot be made.

    A step whose bytes differ does not end it: what follows is made from the new bytes, so that the last line answers.
    """
    _require_named(workspace, asset, partition)
    digest = read_asset(workspace, asset, partition).derivation
    away = Workspace(workspace.path)
    away.state = scratch
    away.store, away.derivations = Store(scratch / "store"), Derivations(scratch / "derivations")
    done: dict[str, str] = {}
    same: dict[str, str] = {}
    found: list[Outcome] = []
    for recorded, record in _ordered(workspace, asset, digest):
        name, key = _name(record), memo_key(record)
        if key in same:
            done[recorded] = same[key]
            continue
        tell(name)
        given = SPECIFICATIONS[record["asset"]]
        away.study = _study_then(workspace, record)
        try:
            for edge in record["inputs"]:
                away.derivations.point(edge["asset"], edge["partition"], done[edge["derivation"]])
            if given.name in EVERYTHING:
                for other, part, held in workspace.derivations.pointers():
                    if held in done:
                        away.derivations.point(other, part, done[held])
            if "decision" in record["extra"] or record["extra"].get("withdrawn"):
                made = _decided(workspace, away, record, done)
            else:
                if given.name == "champion":
                    _set_standing(away, record, done)
                readings = {item: _reading(away, item, record, given, done) for item in given.inputs}
                made, _, _ = derive(away, given, record["partition"], readings, tell)
        except GroProgError as error:
            found.append(Outcome(name, record["output"]["sha256"], "", str(error)))
            return found
        away.derivations.point(given.name, record["partition"], made)
        done[recorded] = same[key] = made
        outcome = away.derivations.read(made)["output"]["sha256"]
        found.append(Outcome(name, record["output"]["sha256"], outcome))
    return found


def _study_then(workspace: Workspace, record: Record) -> Study:
    """The study as a derivation saw it: its cohort, parameters and libraries, where they are others now."""
    study = workspace.study
    cohort = named_owners(workspace, record["study"].get("cohort"))
    if cohort is not None and cohort != workspace.describe(study.cohort):
        study = study.model_copy(update={"cohort": _absolute(Cohort.model_validate(cohort), workspace)})
    groups = without_retired({name.partition(".")[2]: values for name, values in record["parameters"].items()})
    changed = {
        name: type(getattr(study.parameters, name)).model_validate(values)
        for name, values in groups.items()
        if values != workspace.describe(getattr(study.parameters, name))
    }
    if changed:
        study = study.model_copy(update={"parameters": study.parameters.model_copy(update=changed)})
    seen = {edge["partition"] for edge in record["inputs"]} | {item["library"] for item in record["left_out"]}
    if seen - {""} and not record["partition"]:
        study = study.model_copy(update={"libraries": [item for item in study.libraries if item.id in seen]})
    return study


def _absolute(cohort: Cohort, workspace: Workspace) -> Cohort:
    changed: Document = {
        name: workspace.folder / path
        for name in ("clinical", "splits", "inbox")
        if (path := getattr(cohort, name)) is not None
    }
    if cohort.expression is not None:
        path = workspace.folder / cohort.expression.path
        changed["expression"] = cohort.expression.model_copy(update={"path": path})
    changed["matrices"] = [
        matrix.model_copy(update={"path": workspace.folder / matrix.path}) for matrix in cohort.matrices
    ]
    return cohort.model_copy(update=changed)


def _ordered(workspace: Workspace, asset: str, digest: str) -> list[tuple[str, Record]]:
    """(digest, record) of a derivation and all it rests on, inputs before what reads them; libraries as in the study."""
    waiting = [digest]
    if asset in EVERYTHING:
        waiting += [held for other, _, held in workspace.derivations.pointers() if other not in EVERYTHING]
    records: dict[str, Record] = {}
    while waiting:
        name = waiting.pop()
        if name not in records:
            records[name] = workspace.derivations.read(name)
            waiting += _above(records[name])
    return [(name, records[name]) for name in _depth_first(records)]


def _above(record: Record) -> list[str]:
    """The derivations a step reads; of a decision also those behind the model that stood."""
    extra = record["extra"]
    behind = {} if extra.get("withdrawn") else {**extra.get("standing", {}), **extra.get("chosen", {})}
    return [*(item["derivation"] for item in record["inputs"]), *behind.values()]


def _depth_first(records: dict[str, Record]) -> list[str]:
    ordered: dict[str, None] = {}
    waiting = [(name, False) for name in sorted(records, key=lambda name: _last(records[name]), reverse=True)]
    while waiting:
        name, above_done = waiting.pop()
        if above_done:
            ordered.setdefault(name)
        elif name not in ordered:
            waiting.append((name, True))
            waiting += [(above, False) for above in reversed(_above(records[name]))]
    return list(ordered)


def _last(record: Record) -> tuple[int, str, str]:
    place = len(EVERYTHING) - EVERYTHING.index(record["asset"]) if record["asset"] in EVERYTHING else 99
    return -place, record["asset"], record["partition"]


def _reading(
    away: Workspace, item: str, record: Record, given: Specification, done: dict[str, str]
) -> Reading | dict[str, Reading] | None:
    """What the record says the step read of `item`; None where the study had no such asset."""
    held = {}
    for edge in (edge for edge in record["inputs"] if edge["name"] == item):
        digest = done[edge["derivation"]]
        reference = output(away.derivations.read(digest))
        held[edge["partition"]] = Reading(away, edge["asset"], edge["partition"], digest, reference)
    if given.gates(item):
        return held
    if not held and item in (*COHORT_ASSETS, *SEQUENCE_ASSETS):
        return None
    if len(held) != 1:
        raise ArtifactError(
            Problem(_name(record), f"{count_of(len(held), 'input')} {item}", "It has one.", "Run the study again.")
        )
    return next(iter(held.values()))


def _set_standing(away: Workspace, record: Record, done: dict[str, str]) -> None:
    """The champion that stood when the decision was made, as the decision recorded it."""
    before = record["extra"].get("current")
    if before is not None:
        chosen = {name: done[held] for name, held in (record["extra"].get("standing") or {}).items()}
        stood: Record = {**record, "output": away.store.put(before).as_json(), "inputs": [], "verdicts": []}
        stood["extra"] = {"chosen": chosen}
        away.derivations.point("champion", "", away.derivations.write(stood))


def _decided(workspace: Workspace, away: Workspace, record: Record, done: dict[str, str]) -> str:
    """A person's decision is not made again but taken as it was, and so is one over a model whose patients have withdrawn, as its
    bytes are erased; the derivation of it among those made again."""
    document = workspace.store.get(output(record), record["asset"])
    chosen = {name: done[held] for name, held in record["extra"].get("chosen", {}).items()}
    inputs: list[Edge] = [{**edge, "derivation": done[edge["derivation"]]} for edge in record["inputs"]]
    kept: Record = {**record, "inputs": inputs, "extra": {**record["extra"], "chosen": chosen}}
    kept["output"] = away.store.put(document).as_json()
    return away.derivations.write(kept)


def _file_change(workspace: Workspace, item: Document) -> str:
    path = workspace.resolve(Path(item["path"]))
    try:
        now = workspace.file_digest(path)[0]
    except StudyError:
        return f"file {item['path']}: not there"
    return "" if now == item["sha256"] else f"file {item['path']}: sha256 {now[:12]}, recorded {item['sha256'][:12]}"


def _name(record: Record) -> str:
    return f"{record['asset']}[{record['partition']}]" if record["partition"] else record["asset"]
