"""What lies in a study's folder, held against what is sealed: current values, earlier values to be used again, exported results.

DuckDB and the standard library only.
"""

from __future__ import annotations

import errno
import filecmp
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from groprog_assets.errors import ArtifactError, LedgerError, Problem, UnreachableError
from groprog_assets.lineage import ledger
from groprog_assets.lineage.check_points import table_digests
from groprog_assets.lineage.ledger import LATER, SHA256, TABLES
from groprog_assets.store.artifacts import canonical_plain, digest_bytes, digest_file
from groprog_assets.store.derivations import Record, memo_key, output
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables.values import Document
from groprog_assets.wording import count_of, shell_command

EXPORTED = "exported"
"""The decision that seals the digest of the list of exported files."""
MANIFEST, COPY, HEAD = "manifest.json", "lineage.duckdb", "lineage_head.json"
AT_ONCE = 2_000
PLACED = (
    "SELECT s.sequence, storage_id, happened, asset, partition, derivation FROM materializations"
    " JOIN seals s USING (run_id) UNION ALL SELECT s.sequence, storage_id, happened, asset, partition,"
    " json_extract_string(body, '$.metadata.evidence.derivation') FROM events JOIN seals s USING (run_id)"
    " WHERE kind = 'DECISION' AND json_extract_string(body, '$.metadata.evidence.derivation') IS NOT NULL"
)
"""Every derivation that a run or a person's decision made the current one."""


@dataclass
class Present:
    """What was held against the ledger: problems, and how many current values, memo entries and exported files.

    unsealed: signed by this study as made, while their run is not sealed yet; erased, gone: earlier values whose bytes are no
    longer in the store, since a patient has withdrawn or otherwise (None when nobody looked); memos: {first two digits: digest
    of these entries}, for a check-point.
    """

    problems: list[Problem] = field(default_factory=list)
    values: int = 0
    entries: int = 0
    files: int = 0
    unsealed: int = 0
    erased: int = 0
    gone: int | None = None
    memos: dict[str, str] = field(default_factory=dict)


def compare_present(
    workspace: Workspace,
    connection: duckdb.DuckDBPyConnection,
    circumstances: dict[str, str],
    known_memos: dict[str, str],
    full: bool = False,
) -> Present:
    """Hold the folder of a study against its ledger, which `connection` reads and which was found sound.

    circumstances: {derivation: `memo_key`} of those that were read already. known_memos: digests of memo entries that were
    compared before and need not be again. full: the records of all derivations and the bytes of all values too, not only of the
    current ones.
    """
    found = Present()
    _compare_pointers(workspace, connection, found)
    _compare_memos(workspace, connection, found, circumstances, known_memos)
    _compare_results(workspace, connection, found)
    if full:
        _compare_store(workspace, connection, found)
    return found


def newest_derivations(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], set[str]]:
    """{(asset, partition): the derivation made current last}, by seals and, where these differ, by clocks too."""
    return {
        (asset, partition): set(derivations)
        for asset, partition, *derivations in connection.execute(
            "SELECT asset, partition, arg_max(derivation, row(sequence, storage_id)), arg_max(derivation, happened)"
            f" FROM ({PLACED}) GROUP BY ALL"
        ).fetchall()
    }


def _compare_pointers(workspace: Workspace, connection: duckdb.DuckDBPyConnection, found: Present) -> None:
    """Each pointer names the newest derivation of its asset, by seals or by clocks; its value has the recorded bytes."""
    newest = newest_derivations(connection)
    sealed = {row[0] for row in connection.execute(f"SELECT derivation FROM ({PLACED})").fetchall()}
    run = f"`{workspace.command}` makes the sealed one current again."
    there = set()
    for path in sorted((workspace.derivations.root / "current").glob("*/*.json")):
        asset, partition = path.parent.name, "" if path.stem == "_" else path.stem
        there.add((asset, partition))
        name = f"current value of {asset} {partition}".rstrip()
        remedy = run if (asset, partition) in newest else f"Delete {path}."
        found.values += 1
        digest = workspace.derivations.current(asset, partition)
        if digest is None or not SHA256.fullmatch(digest):
            found.problems.append(
                Problem(name, f"{path} names no derivation", "It names a derivation by sha256.", remedy)
            )
            continue
        if digest not in newest.get((asset, partition), set()):
            if digest in sealed:
                seen, rule = f"{digest[:12]} is an earlier value", "The value that was made last is current."
            elif _signed(workspace, digest):
                found.unsealed += 1
                seen = ""
            else:
                seen, rule = f"the ledger does not know {digest[:12]}", "A current value was made by a sealed run."
            if seen:
                found.problems.append(Problem(name, seen, rule, remedy))
                continue
        try:
            sound = workspace.store.verifies(output(workspace.derivations.read(digest)))
        except UnreachableError:
            raise
        except ArtifactError:
            sound = False
        if not sound:
            rule = "Its bytes must fit its digest."
            shown = f"value of {asset} {partition}".rstrip()
            found.problems.append(Problem(shown, "missing or altered", rule, f"`{workspace.command}`"))
    for asset, partition in sorted(newest.keys() - there):
        if any(_stored(workspace, connection, digest) for digest in newest[asset, partition]):
            name = f"current value of {asset} {partition}".rstrip()
            found.problems.append(Problem(name, "none", "The value that was made last is current.", run))


def _signed(workspace: Workspace, digest: str) -> bool:
    """Whether a process of this study signed that it made a derivation whose run is not sealed yet."""
    try:
        return workspace.unsealed.holds(memo_key(workspace.derivations.read(digest)), digest)
    except ArtifactError:
        return False


def _stored(workspace: Workspace, connection: duckdb.DuckDBPyConnection, digest: str) -> bool:
    row = connection.execute("SELECT sha256 FROM derivations WHERE derivation = ?", [digest]).fetchone()
    return row is not None and workspace.store.holds(row[0])


def _compare_memos(
    workspace: Workspace,
    connection: duckdb.DuckDBPyConnection,
    found: Present,
    circumstances: dict[str, str],
    known: dict[str, str],
) -> None:
    """Each memo entry names a sealed derivation made under the circumstances that the entry is named by."""
    folders: dict[Path, dict[str, str]] = {}
    for folder in sorted((workspace.derivations.root / "memo").glob("??")):
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        entries = {name: _entry(folder / name) for name in names}
        found.entries += len(entries)
        found.memos[folder.name] = digest_bytes(canonical_plain(entries))
        if known.get(folder.name) != found.memos[folder.name]:
            folders[folder] = entries
    wanted = {digest for entries in folders.values() for digest in entries.values()}
    sealed = wanted & {row[0] for row in connection.execute("SELECT derivation FROM materializations").fetchall()}
    keys = {digest: circumstances[digest] for digest in sealed & circumstances.keys()}
    query = "SELECT derivation, body FROM derivations WHERE derivation IN (SELECT unnest(?))"
    for digest, body in connection.execute(query, [sorted(sealed - keys.keys())]).fetchall():
        keys[digest] = memo_key(json.loads(body))
    for folder, entries in folders.items():
        for key, digest in entries.items():
            if keys.get(digest) != key:
                found.memos.pop(folder.name, None)
                _compare_entry(workspace, found, folder / key, digest, digest in keys)


def _entry(path: Path) -> str:
    """What a memo entry holds; empty when it is no file that can be read."""
    return path.read_text(errors="replace").strip() if path.is_file() else ""


def _compare_entry(workspace: Workspace, found: Present, path: Path, digest: str, sealed: bool) -> None:
    """An entry that is not that of a sealed derivation: one of a run that is not sealed yet, or a problem."""
    rule = "An entry names the derivation that its circumstances gave."
    if sealed:
        seen = f"{digest[:12]} was made under other circumstances"
    elif not SHA256.fullmatch(digest):
        seen = f"{count_of(len(digest), 'character')} that name no derivation"
    elif workspace.unsealed.holds(path.name, digest):
        found.unsealed += 1
        return
    else:
        seen, rule = f"{digest[:12]} is not sealed", "A run uses no value again that was not sealed."
    remedy = f"Delete {path}: the value is computed again when it is needed."
    found.problems.append(Problem(f"memo {path.name[:12]}", seen, rule, remedy))


def sealed_manifest(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The digest of the list of exported files that was sealed last; None when none was."""
    row = connection.execute(
        "SELECT json_extract_string(body, '$.metadata.evidence.manifest') FROM events JOIN runs USING (run_id)"
        " JOIN seals USING (run_id) WHERE kind = 'DECISION' AND job = ? ORDER BY sequence DESC LIMIT 1",
        [EXPORTED],
    ).fetchone()
    return str(row[0]) if row else None


def _compare_results(workspace: Workspace, connection: duckdb.DuckDBPyConnection, found: Present) -> None:
    """The list of exported files is the one sealed last, each file is as listed, and the copy of the ledger is one."""
    right = sealed_manifest(connection)
    if right is None:
        return
    folder, remedy = workspace.results, f"`{shell_command('groprog', 'export', workspace.path)}` writes it again."

    def problem(name: str, seen: str, rule: str) -> None:
        path = folder / name
        if path.exists() and not path.is_file():  # a folder, or a pipe: reading it would wait for its writer
            found.problems.append(Problem(str(path), "no regular file", rule, f"Remove it; then {remedy}"))
        else:
            found.problems.append(Problem(str(path), seen, rule, remedy))

    try:
        content = _regular(folder / MANIFEST)
    except OSError as error:
        problem(MANIFEST, error.strerror or str(error), "It lists the exported files.")
        return
    if digest_bytes(content) != right:
        problem(MANIFEST, f"sha256 {digest_bytes(content)[:12]}", f"Sealed was {right[:12]}.")
    for name, sha256 in listed(content):
        found.files += 1
        path = folder / name
        seen = digest_file(path) if path.is_file() else ""
        if seen != sha256:
            shown = f"sha256 {seen[:12]}" if seen else "missing"
            problem(name, shown, f"Exported was {sha256[:12] or 'not to the end'}.")
    try:
        head = json.loads(_regular(folder / HEAD))
        row = connection.execute("SELECT seal FROM seals WHERE sequence = ?", [int(head["sequence"])]).fetchone()
        if row is None or row[0] != head["seal"]:
            seen = (
                f"seal {head['sequence']} is not of this ledger, which was made anew since, or the file is of another"
            )
            problem(HEAD, seen, "It names a seal of the ledger.")
    except (OSError, ValueError, KeyError, TypeError, duckdb.Error):
        problem(HEAD, "missing or no head", "It names a seal of the ledger.")
    seen = _copy_differs(workspace, connection, folder / COPY)
    if seen:
        problem(COPY, seen, "It is a copy of the ledger, as it was at an export.")


def _regular(path: Path) -> bytes:
    """The bytes of a regular file. OSError for anything else."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return path.read_bytes()


def listed(content: bytes) -> Iterator[tuple[str, str]]:
    """(file, sha256) of a manifest; nothing of one that is no such list."""
    try:
        found = json.loads(content)
        yield from ((str(name), str(sha256)) for name, sha256 in found.items())
    except (ValueError, AttributeError):
        return


def _copy_differs(workspace: Workspace, connection: duckdb.DuckDBPyConnection, copy: Path) -> str:
    """How a published copy differs from the first rows of the ledger; empty when it does not."""
    if not copy.is_file():
        return "missing"
    if filecmp.cmp(workspace.ledger_path, copy, shallow=False):
        return ""
    try:
        quoted = str(copy).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS copied (READ_ONLY)")
        try:
            listed = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'copied'"
            there = {name for (name,) in connection.execute(listed).fetchall()}
            for table in TABLES:
                if table in LATER and table not in there:
                    continue
                row = connection.execute(f"SELECT count(*) FROM copied.{table}").fetchone()
                rows = int(row[0]) if row else 0
                if table_digests(connection, f"copied.{table}", rows) != table_digests(connection, table, rows):
                    return f"its table {table} differs"
        finally:
            connection.execute("DETACH copied")
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""


def _compare_store(workspace: Workspace, connection: duckdb.DuckDBPyConnection, found: Present) -> None:
    """Every record of a derivation is there, and every value that is still stored has the recorded bytes."""
    missing: dict[str, bool] = {}
    cursor = connection.cursor()
    cursor.execute("SELECT derivation, body FROM derivations ORDER BY derivation")
    seen: set[str] = set()
    erased = workspace.derivations.erased()
    while rows := cursor.fetchmany(AT_ONCE):
        for digest, body in rows:
            record: Record = json.loads(body)
            try:
                workspace.derivations.read(digest)
            except ArtifactError as error:
                rule = "The record of every sealed value is kept."
                text = f"derivation {digest[:12]}"
                remedy = "Restore the folder from a backup; the ledger holds its text."
                found.problems.append(Problem(text, error.problems[0].value, rule, remedy))
            sha256 = record["output"]["sha256"]
            if sha256 in missing:
                missing[sha256] |= digest in erased
            if sha256 in seen:
                continue
            seen.add(sha256)
            if not workspace.store.holds(sha256):
                missing[sha256] = digest in erased
            elif not workspace.store.verifies(output(record)):
                name = f"value {sha256[:12]} of {record['asset']} {record['partition']}".rstrip()
                rule = "Its bytes must fit its digest."
                remedy = f"Delete {sha256} from the store: it is computed again when it is needed."
                found.problems.append(Problem(name, "altered", rule, remedy))
    found.erased = sum(missing.values())
    found.gone = len(missing) - found.erased


def newest_head(workspace: Workspace) -> Document:
    """The newest seal as the head beside the ledger has it; empty when it has none."""
    try:
        return ledger.read_head(workspace.ledger_path) or {}
    except LedgerError:
        return {}
