"""How values pass between assets: a pointer names a derivation, the derivation names bytes, the bytes are verified.

An input is handed over as a `Reading` that knows what it will read and reads on demand; a step whose circumstances are already
recorded never loads it. The output arrives as the digest of a finished derivation, and becoming current is one atomic rename.
"""

from __future__ import annotations

from typing import Any

from dagster import ConfigurableIOManager, InputContext, OutputContext

from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.graph.resources import StudyResource
from groprog_assets.prognosis.standing_model import read_standing
from groprog_assets.store.derivations import told_barriers
from groprog_assets.store.readings import Reading, read_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Value


def read_input(
    workspace: Workspace, asset: str, partition: str, gates: tuple[str, ...] = (), of_champion: bool = False
) -> Reading | dict[str, Reading] | None:
    """What a step is handed of an input. gates: it sees every library that passed its checks in these assets, as a dict;
    of_champion: it sees the value behind the model in use, or where the study has no model the newest. None: the study has no
    such asset.

    ArtifactError when there is no value yet, or when the present one failed a blocking check: such a value is handed to nobody,
    whoever asks for the run.
    """
    if not workspace.has(asset):
        return None
    if of_champion and workspace.has("champion"):
        return read_standing(workspace, asset)
    if gates:
        kept, _ = workspace.eligible_libraries(gates, (asset,))
        return {library.id: read_asset(workspace, asset, library.id) for library in kept}
    reading = read_asset(workspace, asset, partition)
    failed = told_barriers(workspace.derivations.read(reading.derivation))
    if failed:
        rule = "A value that failed a blocking check is handed to nobody."
        remedy = f"Mend what the check names, then run `{workspace.command}`."
        raise ArtifactError(Problem(asset, "; ".join(failed), rule, remedy))
    return reading


class ArtifactIOManager(ConfigurableIOManager):
    """Pointers in, pointers out; the bytes are the store's."""

    study: StudyResource

    def load_input(self, context: InputContext) -> Value:
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
