"""How values pass between assets: the pointer names a derivation, the derivation names bytes, the bytes are verified.

An input is handed over as a `Reading` that knows what it will read and reads on demand; a step whose circumstances are already
recorded never loads it. The output arrives as the digest of a finished derivation, and becoming current is one atomic rename.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dagster import ConfigurableIOManager, InputContext, OutputContext

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.graph.resources import StudyResource
from groprog_assets.prognosis.standing_model import standing_derivation
from groprog_assets.store import derivations
from groprog_assets.store.artifacts import Reference
from groprog_assets.store.wire_format import Stored
from groprog_assets.store.workspace import Workspace


@dataclass(frozen=True)
class Reading:
    """One value about to be read: which asset and partition, which derivation, which bytes."""

    workspace: Workspace
    asset: str
    partition: str
    derivation: str
    reference: Reference

    @property
    def edge(self) -> dict[str, Any]:
        return {
            "asset": self.asset,
            "partition": self.partition,
            "sha256": self.reference.sha256,
            "derivation": self.derivation,
        }

    @property
    def stored(self) -> Stored:
        """The value where it lies, for who reads it elsewhere."""
        name = f"{self.asset}[{self.partition}]" if self.partition else self.asset
        remedy = f"Rebuild it: `{self.workspace.command} --select {self.asset}`."
        return Stored(self.workspace.store, self.reference, name, remedy)

    def value(self) -> Any:
        """The value, its digest verified."""
        return self.stored.value()


def read_asset(workspace: Workspace, asset: str, partition: str = "") -> Reading:
    """The current value of an asset; ArtifactError names the command that makes it when there is none, or why there cannot be."""
    if not workspace.has(asset):
        rule, remedy = "It is about patients.", "Add a cohort to the study file."
        raise ArtifactError(Problem(asset, "the study names no cohort", rule, remedy))
    digest = workspace.derivations.current(asset, partition)
    if digest is None:
        name = f"{asset}[{partition}]" if partition else asset
        rule = "It must be made before what reads it."
        raise ArtifactError(Problem(name, "missing", rule, f"Run `{workspace.command} --select {asset}`."))
    return _reading(workspace, asset, partition, digest)


def read_standing(workspace: Workspace, asset: str) -> Reading:
    """The value of an asset behind the model that stands, which need not be the newest (see `standing`)."""
    return _reading(workspace, asset, "", standing_derivation(workspace, asset))


def read_standing_or_newest(workspace: Workspace, asset: str) -> Reading:
    """As `read_standing`, of the model or what it was trained on; before any decision, of the newest model."""
    if workspace.derivations.current("champion") is not None:
        return read_standing(workspace, asset)
    newest = read_asset(workspace, "risk_model")
    if asset == "risk_model":
        return newest
    inputs = workspace.derivations.read(newest.derivation)["inputs"]
    return _reading(workspace, asset, "", next(item["derivation"] for item in inputs if item["asset"] == asset))


def read_input(
    workspace: Workspace, asset: str, partition: str, gates: tuple[str, ...] = (), of_champion: bool = False
) -> Reading | dict[str, Reading] | None:
    """What a step is handed of an input. gates: it sees every library that passed its checks in these assets, as a dict;
    of_champion: it sees the standing model's, or where the study has no model the newest. None: the study has no such asset."""
    if not workspace.has(asset):
        return None
    if of_champion and workspace.has("champion"):
        return read_standing(workspace, asset)
    if gates:
        kept, _ = workspace.eligible_libraries(gates, (asset,))
        return {library.id: read_asset(workspace, asset, library.id) for library in kept}
    return read_asset(workspace, asset, partition)


def _reading(workspace: Workspace, asset: str, partition: str, digest: str) -> Reading:
    try:
        record = workspace.derivations.read(digest)
    except ArtifactError as error:
        name, remedy = f"{asset}[{partition}]" if partition else asset, f"Run `{workspace.command} --select {asset}`."
        found = error.problems[0]
        raise ArtifactError(Problem(name, found.value, found.rule, remedy)) from None
    return Reading(workspace, asset, partition, digest, derivations.output(record))


def load_asset(workspace: Workspace, asset: str, partition: str = "") -> Any:
    """The current value of an asset, or None when it was never made or the study has none."""
    if not workspace.has(asset) or workspace.derivations.current(asset, partition) is None:
        return None
    return read_asset(workspace, asset, partition).value()


class ArtifactIOManager(ConfigurableIOManager):
    """Pointers in, pointers out; the bytes are the store's."""

    study: StudyResource

    def load_input(self, context: InputContext) -> Any:
        """A Reading; for a fan-in over libraries a dict of them, of the libraries that passed their blocking checks."""
        wiring = context.definition_metadata or {}
        gates = tuple(wiring.get("gates", "").split())
        partition = context.asset_partition_key if context.has_asset_partitions and not gates else ""
        return read_input(
            self.study.workspace, context.asset_key.path[-1], partition, gates, bool(wiring.get("of_champion"))
        )

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Make the derivation `obj` the current one."""
        partition = context.partition_key if context.has_asset_partitions else ""
        self.study.workspace.derivations.point(context.asset_key.path[-1], partition, obj)
