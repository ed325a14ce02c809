"""What a run would compute and what it would keep (`--dry-run`). Nothing is computed.

Steps are gone through in running order over derivations held in memory: a kept value is foreseen as the run would record it, so
what reads it is judged by the value it will read. What rests on a value yet to be computed cannot be known: it is computed
unless that value comes out as before.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any, NamedTuple

from groprog_assets.errors import ArtifactError
from groprog_assets.graph.derive import circumstances, recalled
from groprog_assets.graph.io_managers import read_input
from groprog_assets.graph.specification import LIBRARY_ASSETS, SPECIFICATIONS, Specification
from groprog_assets.running.selection import phases
from groprog_assets.store.derivations import Foreseen, Record
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

COMPARED = ("code_version", "files", "parameters", "study", "inputs", "left_out", "extra", "environment", "seed")

NEVER = "never made"
NAMED = 3
"""Of how many libraries that stand alike, and not as the others, the names are shown."""


class Step(NamedTuple):
    """A value of a run: verdict "keep", "compute", "follow" (computed unless what `why` names comes out as before) or "blocked"
    (a check of what `why` names fails); `why` also says what differs from the present value. derivation: of a kept value."""

    asset: str
    partition: str
    verdict: str
    why: str
    derivation: str = ""

    @property
    def name(self) -> str:
        return f"{self.asset}[{self.partition}]" if self.partition else self.asset

    @property
    def told(self) -> str:
        """The verdict in words."""
        words = {
            "keep": "keep",
            "compute": "compute: ",
            "follow": "compute unless as before: ",
            "blocked": "blocked by ",
        }
        return words[self.verdict] + self.why


def told_steps(steps: list[Step]) -> list[tuple[str, str]]:
    """[(name, verdict in words)] for people: libraries that stand alike share a line, which counts them, or names up to three."""
    alike: dict[tuple[str, str, str], list[Step]] = {}
    libraries = {step.partition for step in steps if step.partition}
    for step in steps:
        why = step.why.replace(f"[{step.partition}]", "") if step.partition else step.why
        alike.setdefault((step.asset, step.verdict, why), []).append(step)
    lines = []
    for (asset, _, why), held in alike.items():
        if len(held) == 1 or not held[0].partition:
            lines += [(step.name, step.told) for step in held]
            continue
        few = len(held) <= NAMED and len(held) < len(libraries)
        shown = ", ".join(step.partition for step in held) if few else count_of(len(held), "library", "libraries")
        lines.append((f"{asset}[{shown}]", held[0]._replace(why=why).told))
    return lines


def plan(workspace: Workspace, chosen: set[str]) -> list[Step]:
    """The steps of a run of the `chosen` assets, in an order in which they can run."""
    foreseen = Workspace(workspace.path)
    foreseen.derivations = Foreseen(workspace.derivations.root, workspace.store)
    steps: list[Step] = []
    open_: dict[tuple[str, str], Step] = {}
    for name, partition in ordered(foreseen, chosen):
        step = _foresee(foreseen, SPECIFICATIONS[name], partition, open_)
        steps.append(step)
        if step.verdict != "keep":
            open_[name, partition] = step
    return steps


def ordered(workspace: Workspace, chosen: set[str]) -> list[tuple[str, str]]:
    """(asset, library or "") of every step of a run of the `chosen` assets, in an order in which they can run."""
    annotation, libraries, rest = phases(chosen)
    libraries = _in_order(libraries)
    order = [(name, "") for name in annotation]
    order += [(name, library.id) for library in workspace.study.libraries for name in libraries]
    return order + [(name, "") for name in _in_order(rest)]


def _foresee(
    workspace: Workspace, specification: Specification, partition: str, open_: dict[tuple[str, str], Step]
) -> Step:
    name = specification.name
    above = _above(workspace, specification, partition)
    waiting = [open_[item] for item in above if item in open_]
    blocked = [step for step in waiting if step.verdict == "blocked"]
    if blocked and not specification.gated:
        return Step(name, partition, "blocked", blocked[0].why)
    waiting = [step for step in waiting if step.verdict != "blocked"]
    if waiting and workspace.derivations.current_record(name, partition) is None:
        return Step(name, partition, "compute", NEVER)
    if waiting:
        return Step(name, partition, "follow", ", ".join(step.name for step in waiting))
    try:
        readings = {
            item: read_input(
                workspace,
                item,
                _partition(item, partition),
                specification.gates(item),
                item in specification.of_champion,
            )
            for item in specification.inputs
        }
    except ArtifactError as error:
        return Step(name, partition, "blocked", "; ".join(f"{item.where} {item.value}" for item in error.problems))
    record, _ = circumstances(workspace, specification, partition, readings)
    earlier = recalled(workspace, record)
    if earlier is None:
        return Step(name, partition, "compute", _difference(workspace, record))
    derivation = workspace.derivations.write(earlier)
    workspace.derivations.point(name, partition, derivation)
    return Step(name, partition, "keep", "", derivation)


def _above(workspace: Workspace, specification: Specification, partition: str) -> list[tuple[str, str]]:
    """What a step reads or is gated by; of the champion's inputs, the decision that names them."""
    found = [(item, _partition(item, partition)) for item in specification.inputs if not specification.gates(item)]
    if specification.of_champion:
        found.append(("champion", ""))
    if specification.gated:
        found += [(gate, library.id) for library in workspace.study.libraries for gate in LIBRARY_ASSETS]
    return found


def _partition(item: str, partition: str) -> str:
    return partition if item in LIBRARY_ASSETS else ""


def _difference(workspace: Workspace, record: Record) -> str:
    """What differs from the present value's circumstances, in words."""
    known = workspace.derivations.current_record(record["asset"], record["partition"])
    if known is None:
        return NEVER
    before: Document = {**known}
    now: Document = {**record}
    found = []
    for part in COMPARED:
        old, new = before[part], now[part]
        if part == "inputs":
            digests = [{(item["name"], item["partition"]): item["sha256"] for item in side} for side in (old, new)]
            old, new = digests
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            names = sorted({_shown(key) for key in old.keys() | new.keys() if old.get(key) != new.get(key)})
            found.append(f"{part} {', '.join(names[:4])}" + (" …" if len(names) > 4 else ""))
        else:
            found.append(part.replace("_", " "))
    return "; ".join(found) or "its bytes are not in the store"


def _shown(key: Any) -> str:
    if not isinstance(key, tuple):
        return str(key).removeprefix("parameters.")
    return f"{key[0]}[{key[1]}]" if key[1] else key[0]


def _in_order(names: list[str]) -> list[str]:
    """`names` with what each follows before it."""
    follows = {name: [item for item in SPECIFICATIONS[name].follows if item in names] for name in names}
    return list(TopologicalSorter(follows).static_order())
