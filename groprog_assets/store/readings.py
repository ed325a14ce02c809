"""Values about to be read: asset, partition, derivation and digest. The bytes are read on demand and verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from groprog_assets.errors import ArtifactError, Problem, TableError
from groprog_assets.store import derivations
from groprog_assets.store.artifacts import Reference
from groprog_assets.store.derivations import ReadEdge
from groprog_assets.store.wire_format import Stored
from groprog_assets.store.workspace import OMICS_ASSETS, SEQUENCE_ASSETS, Workspace, absent_assets
from groprog_assets.tables.values import Value

EARLIER = "earlier"
"""The argument of an asset that takes its value of before."""


class Earlier(NamedTuple):
    """The value of an asset before its inputs changed, and those inputs by name; all else that decides the value is equal."""

    value: Value
    inputs: Mapping[str, Value]


@dataclass(frozen=True)
class Reading:
    """One value about to be read: which asset and partition, which derivation, which bytes."""

    workspace: Workspace
    asset: str
    partition: str
    derivation: str
    reference: Reference

    @property
    def edge(self) -> ReadEdge:
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
        remedy = f"Rebuild it: `{self.workspace.making(self.asset)}`."
        return Stored(self.workspace.store, self.reference, name, remedy)

    def value(self) -> Value:
        """The value, its digest verified. TableError names the whole run: what another version of the program stored rests on
        values of that version, which making one asset anew would leave."""
        try:
            return self.stored.value()
        except TableError as error:
            mend = f"Another version of the program stored it. Run the study again: `{self.workspace.command}`."
            raise TableError([replace(problem, remedy=mend) for problem in error.problems]) from None


def read_asset(workspace: Workspace, asset: str, partition: str = "") -> Reading:
    """The current value of an asset; ArtifactError names the command that makes it when there is none, or why there cannot be."""
    if not workspace.has(asset):
        rule, remedy = "It is made from patients.", "Add cohort to the study file, and run the study."
        if asset in SEQUENCE_ASSETS:
            rule, remedy = (
                "It is made from sequence.",
                "Add sequence and genome.fasta to the study file, and run the study.",
            )
        elif asset in OMICS_ASSETS:
            rule, remedy = (
                "It is made from subjects with phenotypes.",
                "Add omics to the study file, and run the study.",
            )
        elif not workspace.study.libraries:
            rule = "It is made from libraries."
            remedy = "Add genome, libraries and contrast to the study file, and run the study."
        why = absent_assets(workspace.study).get(asset, "it names no libraries").replace("it names", "the study names")
        raise ArtifactError(Problem(asset, why, rule, remedy))
    digest = workspace.derivations.current(asset, partition)
    if digest is None:
        name = f"{asset}[{partition}]" if partition else asset
        rule = "It must be made before what reads it."
        raise ArtifactError(Problem(name, "missing", rule, f"Run `{workspace.making(asset)}`."))
    return reading(workspace, asset, partition, digest)


def reading(workspace: Workspace, asset: str, partition: str, digest: str) -> Reading:
    """The value of `asset` that the derivation `digest` recorded; ArtifactError names the command that makes it again."""
    try:
        record = workspace.derivations.read(digest)
    except ArtifactError as error:
        name, remedy = f"{asset}[{partition}]" if partition else asset, f"Run `{workspace.making(asset)}`."
        found = error.problems[0]
        raise ArtifactError(Problem(name, found.value, found.rule, remedy)) from None
    return Reading(workspace, asset, partition, digest, derivations.output(record))


def load_asset(workspace: Workspace, asset: str, partition: str = "") -> Value:
    """The current value of an asset, or None when it was never made or the study has none."""
    if not workspace.has(asset) or workspace.derivations.current(asset, partition) is None:
        return None
    return read_asset(workspace, asset, partition).value()
