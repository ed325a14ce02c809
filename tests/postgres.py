"""A PostgreSQL server for a test: its own cluster in a temporary folder, on a socket, without network, as no privileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, the newest version found, or None."""
    found = [path for place in PLACES for path in Path("/").glob(place.lstrip("/")) if (path / "initdb").is_file()]
    on_path = shutil.which("initdb")
    return max(found, key=lambda path: path.as_posix()) if found else Path(on_path).parent if on_path else None


class Server:
    """A running cluster."""

    def __init__(self, folder: Path, bin: Path, user: str | None):
        self.folder, self.bin, self.user = folder, bin, user

    def call(self, *words: str | Path) -> None:
        with open(self.folder / "said", "a") as said:
            done = subprocess.run(
                [str(self.bin / words[0]), *[str(word) for word in words[1:]]],
                user=self.user,
                extra_groups=[] if self.user else None,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder)},
            )
        assert done.returncode == 0, (self.folder / "said").read_text()

    def database(self, name: str) -> str:
        """A new database; its URL."""
        self.call("createdb", "-h", self.folder, "-U", "groprog", name)
        return f"postgresql+psycopg2://groprog@/{name}?host={self.folder}"


@contextmanager
def server() -> Iterator[Server]:
    """A cluster, up; the test is skipped, with the reason, where PostgreSQL or its driver is not installed."""
    found = programs()
    if found is None:
        pytest.skip(f"no PostgreSQL server programs (initdb) on PATH or in {', '.join(PLACES)}")
    for module in ("psycopg2", "dagster_postgres"):
        pytest.importorskip(module, reason=f"{module} is not installed: pip install 'groprog[postgres]'")
    user = None
    if os.geteuid() == 0:  # the server refuses to run as root
        users = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in users else "nobody"
    folder = Path(tempfile.mkdtemp(prefix="groprog-pg-", dir="/tmp"))  # a socket's path has room for 107 letters
    if user:
        shutil.chown(folder, user)
    made = Server(folder, found, user)
    try:
        made.call("initdb", "-D", folder / "data", "-U", "groprog", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"-k {folder} -c listen_addresses='' -c max_connections=200 -c fsync=off"
        made.call("pg_ctl", "-D", folder / "data", "-w", "-t", "120", "-l", folder / "log", "-o", settings, "start")
        try:
            yield made
        finally:
            made.call("pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
