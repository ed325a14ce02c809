"""The derivations behind some values, read from the ledger at once. A record is parsed only where it is asked for, since a study
that has run for years has many, and most are equal in all that a comparison looks at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from groprog_assets.errors import LedgerError, Problem
from groprog_assets.lineage.ledger import literal
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import duckdb

OWN = ("code_version", "environment", "seed", "parameters", "study", "extra", "files")
"""What of a record is its own, beside what it read and what came out."""
BEHIND = (
    "CREATE OR REPLACE TEMP TABLE behind AS WITH RECURSIVE behind AS (SELECT unnest({}) AS derivation UNION"
    " SELECT upstream FROM derivation_inputs JOIN behind USING (derivation)) SELECT derivation FROM behind"
)
EDGES = (
    "SELECT one.rowid, list(other.rowid ORDER BY position) FROM derivation_inputs i JOIN behind one USING (derivation)"
    " JOIN behind other ON other.derivation = i.upstream GROUP BY one.rowid"
)


class Step(NamedTuple):
    """A derivation: its asset, the step it is of ("asset" or "asset[partition]"), its value, and a hash of what is its own."""

    asset: str
    name: str
    sha256: str
    own: int


class Closures:
    """What lies behind the derivations `roots`, all that they rest on included."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, roots: Iterable[str]):
        self._connection = connection
        paths = ", ".join(f"'$.{name}'" for name in OWN)
        connection.execute(BEHIND.format(literal(list(dict.fromkeys(roots)))))
        rows = connection.execute(
            f"SELECT derivation, asset, partition, sha256, hash(json_extract(body, [{paths}])) FROM derivations"
            " JOIN behind USING (derivation)"
        ).fetchall()
        self.steps = {
            digest: Step(asset, f"{asset}[{partition}]" if partition else asset, sha256, own)
            for digest, asset, partition, sha256, own in rows
        }
        names = [name for (name,) in connection.execute("SELECT derivation FROM behind ORDER BY rowid").fetchall()]
        self._inputs: dict[str, list[str]] = {
            names[place]: [names[upstream] for upstream in inputs]
            for place, inputs in connection.execute(EDGES).fetchall()
        }
        connection.execute("DROP TABLE behind")
        self._behind: dict[str, list[str]] = {}
        self._records: dict[str, Document] = {}
        self._pairs: dict[tuple[str, str], dict[str, list[tuple[str | None, str | None]]]] = {}

    def behind(self, digest: str) -> list[str]:
        """A derivation and all it rests on, itself first, then nearest first. LedgerError when one is missing."""
        found = self._behind.get(digest)
        if found is None:
            found, seen = [digest], {digest}
            for name in found:  # grows meanwhile
                if name not in self.steps:
                    rule, remedy = "It is named as an input.", "Run `groprog lineage verify`."
                    raise LedgerError(Problem(f"derivation {name[:12]}", "missing", rule, remedy))
                for upstream in self._inputs.get(name, ()):
                    if upstream not in seen:
                        seen.add(upstream)
                        found.append(upstream)
            self._behind[digest] = found
        return found

    def records(self, digests: Iterable[str]) -> dict[str, Document]:
        """{derivation: its record} of those asked for."""
        wanted = set(digests)
        missing = [digest for digest in wanted if digest not in self._records]
        query = f"SELECT derivation, body FROM derivations WHERE derivation IN (SELECT unnest({literal(missing)}))"
        for digest, body in self._connection.execute(query).fetchall() if missing else ():
            self._records[digest] = json.loads(body)
        return {digest: self._records[digest] for digest in wanted}

    def pairs(self, older: str, newer: str) -> dict[str, list[tuple[str | None, str | None]]]:
        """{step: [(its derivation behind `older`, the one behind `newer`)]}, by name, None where a side has none; steps with the
        same derivation on both sides are left out.

        A step may stand behind a value more than once, as when the model in use was trained on another cohort than is scored:
        what only one side has is set against what only the other has, nearest first, else against the nearest.
        """
        if (older, newer) not in self._pairs:
            self._pairs[older, newer] = self._paired(self.behind(older), self.behind(newer))
        return self._pairs[older, newer]

    def read_differing(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Read at once the records that a comparison of these (older, newer) values asks for."""
        self.records(
            digest
            for older, newer in pairs
            for rows in self.pairs(older, newer).values()
            for old, new in rows
            if old and new and self.steps[old].own != self.steps[new].own
            for digest in (old, new)
        )

    def _paired(self, *sides: list[str]) -> dict[str, list[tuple[str | None, str | None]]]:
        if sides[0] == sides[1]:
            return {}
        common = set(sides[0]) & set(sides[1])
        several = len(common) != len({self.steps[digest].name for digest in common})
        wanted = {self.steps[digest].name for side in sides for digest in side if digest not in common}
        held: list[dict[str, list[str]]] = [{}, {}]
        for one, side in zip(held, sides, strict=True):
            for digest in side:
                name = self.steps[digest].name
                if several or name in wanted:
                    one.setdefault(name, []).append(digest)
        found: dict[str, list[tuple[str | None, str | None]]] = {}
        for name in sorted(held[0].keys() | held[1].keys()):
            both = [side.get(name, []) for side in held]
            if len(both[0]) == len(both[1]) == 1:
                if both[0] != both[1]:
                    found[name] = [(both[0][0], both[1][0])]
                continue
            alone = [[digest for digest in one if digest not in common] for one in both]
            nearest = [one[0] if one else None for one in both]
            rows: list[tuple[str | None, str | None]] = []
            for place in range(max(map(len, alone))):
                old, new = (one[place] if place < len(one) else near for one, near in zip(alone, nearest, strict=True))
                rows.append((old, new))
            rows = rows or [(nearest[0], nearest[1])]
            if any(old != new for old, new in rows):
                found[name] = rows
        return found
