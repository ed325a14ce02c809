"""Making a value again from its record: what is needed, the command, and the same bytes or the first step that differs.

Nothing of the study is changed: what is made again goes to a scratch state, from the source files up, and is compared by digest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groprog_assets.artifacts import Store
from groprog_assets.asset_definition import LIBRARY_ASSETS, SPECIFICATIONS, derive
from groprog_assets.errors import ArtifactError, GroProgError, Problem, StudyError
from groprog_assets.io_managers import Reading, read_asset
from groprog_assets.lineage.derivations import Derivations
from groprog_assets.workspace import Workspace

EVERYTHING = ("report", "lineage_snapshot")
"""Assets that tell of every present value, and so need all of them made again."""


@dataclass
class Recipe:
    """What rebuilds a value: steps in order, the files and their digests, the command; what has changed since it was made."""

    asset: str
    partition: str
    sha256: str
    command: str
    files: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    environment: str
    changed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
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
    digest = read_asset(workspace, asset, partition).derivation
    records = _ordered(workspace, asset, digest)
    files = {(item["path"], item["sha256"]): item for _, record in records for item in record["files"]}
    changed = [text for item in files.values() if (text := _file_change(workspace, item))]
    for _, record in records:
        given = SPECIFICATIONS.get(record["asset"])
        if given is None or given.code_version != record["code_version"]:
            changed.append(f"code of {_name(record)}: recorded {record['code_version'][:12]}")
    environments = sorted({record["environment"] for _, record in records} - {workspace.environment()})
    changed += [f"environment: recorded {item[:12]}, here {workspace.environment()[:12]}" for item in environments]
    target = workspace.derivations.read(digest)
    return Recipe(
        asset,
        partition,
        target["output"]["sha256"],
        f"{workspace.command} --select '+{asset}'",
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
        sorted(set(changed)),
    )


def execute(
    workspace: Workspace, asset: str, partition: str, scratch: Path, tell: Callable[[str], Any]
) -> list[Outcome]:
    """Make a value and all it rests on again under `scratch`; one outcome a step, ending with the first that cannot be made.

    A step whose bytes differ does not end it: what follows is made from the new bytes, so that the last line answers.
    """
    digest = read_asset(workspace, asset, partition).derivation
    records = _ordered(workspace, asset, digest)
    away = Workspace(workspace.path)
    away.state = scratch
    away.store, away.derivations = Store(scratch / "store"), Derivations(scratch / "derivations")
    found: list[Outcome] = []
    for _, record in records:
        name = _name(record)
        tell(name)
        given = SPECIFICATIONS[record["asset"]]
        try:
            if given.name == "champion":
                _set_standing(away, record)
            readings = {item: _reading(away, item, record, given.partitioned) for item in given.inputs}
            made, outcome, _ = derive(away, given, record["partition"], readings, tell)
        except GroProgError as error:
            found.append(Outcome(name, record["output"]["sha256"], "", str(error)))
            return found
        away.derivations.point(given.name, record["partition"], made)
        found.append(Outcome(name, record["output"]["sha256"], outcome["output"]["sha256"]))
    return found


def _ordered(workspace: Workspace, asset: str, digest: str) -> list[tuple[str, dict[str, Any]]]:
    """(digest, record) of a derivation and all it rests on, inputs before what reads them; libraries as in the study."""
    records = workspace.derivations.closure(digest)
    if asset in EVERYTHING:
        for other, _, held in workspace.derivations.pointers():
            if other not in EVERYTHING:
                records.update(workspace.derivations.closure(held))
    newest: dict[tuple[str, str], str] = {}
    for name in _depth_first(records):
        record = records[name]
        newest[record["asset"], record["partition"]] = name
    return [(name, records[name]) for name in newest.values()]


def _depth_first(records: dict[str, dict[str, Any]]) -> list[str]:
    ordered: dict[str, None] = {}
    waiting = [(name, False) for name in sorted(records, key=lambda name: _last(records[name]), reverse=True)]
    while waiting:
        name, above_done = waiting.pop()
        if above_done:
            ordered.setdefault(name)
        elif name not in ordered:
            waiting.append((name, True))
            waiting += [(item["derivation"], False) for item in reversed(records[name]["inputs"])]
    return list(ordered)


def _last(record: dict[str, Any]) -> tuple[int, str, str]:
    place = len(EVERYTHING) - EVERYTHING.index(record["asset"]) if record["asset"] in EVERYTHING else 99
    return -place, record["asset"], record["partition"]


def _reading(away: Workspace, item: str, record: dict[str, Any], partitioned: bool) -> Reading | dict[str, Reading]:
    edges = [edge for edge in record["inputs"] if edge["name"] == item]
    if item in LIBRARY_ASSETS and not partitioned:
        return {edge["partition"]: read_asset(away, item, edge["partition"]) for edge in edges}
    if len(edges) != 1:
        raise ArtifactError(
            Problem(_name(record), f"{len(edges)} inputs {item}", "It has one.", "Run the study again.")
        )
    return read_asset(away, item, edges[0]["partition"])


def _set_standing(away: Workspace, record: dict[str, Any]) -> None:
    """The champion that stood when the decision was made, as the decision recorded it."""
    before = record["extra"].get("current")
    if before is not None:
        stood = {**record, "output": away.store.put(before).as_json(), "inputs": [], "verdicts": []}
        away.derivations.point("champion", "", away.derivations.write(stood))


def _file_change(workspace: Workspace, item: dict[str, Any]) -> str:
    path = workspace.resolve(Path(item["path"]))
    try:
        now = workspace.file_digest(path)[0]
    except StudyError:
        return f"file {item['path']}: not there"
    return "" if now == item["sha256"] else f"file {item['path']}: sha256 {now[:12]}, recorded {item['sha256'][:12]}"


def _name(record: dict[str, Any]) -> str:
    return f"{record['asset']}[{record['partition']}]" if record["partition"] else record["asset"]
