"""Names of files that are being written, and whether their writer has died. Standard library only.

A file is written as `.<name>.<process>.<mark>.part` and renamed when it is whole. The mark begins with four digits of the
machine: a process of another machine, which shares the folder, cannot be asked whether it lives.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import platform
import re
import shutil
import tempfile
import time
from pathlib import Path

HALF_WRITTEN = re.compile(r"^\..+\.(\d+)\.(?:([0-9a-f]{8})\.)?part$")
SILENT_SECONDS = 3600.0
"""A file of another machine that nobody has written to for so long is taken for left behind."""
SCRATCH = "groprog-"
"""How names of this program's folders for temporary files begin."""

_MACHINE = hashlib.sha256(platform.node().encode()).hexdigest()[:4]
_NUMBERS = itertools.count()


def half_written_name(name: str) -> str:
    """The name under which `name` is written until it is whole; no two writers have the same."""
    return f".{name[:64]}.{os.getpid()}.{_MACHINE}{next(_NUMBERS) % 0x10000:04x}.part"


def left_behind(path: Path, shared: bool = False) -> bool:
    """Whether a half-written file or folder has no writer any more; False when its name is no such name.

    shared: other machines write into the folder too.
    """
    match = HALF_WRITTEN.match(path.name)
    try:
        modified = path.stat().st_mtime
    except OSError:
        return False
    if match is None:
        return False
    if shared and not (match[2] or "").startswith(_MACHINE):
        return time.time() - modified > SILENT_SECONDS
    return not _writes(int(match[1]), modified)


def remove_remains(*folders: Path) -> int:
    """Delete what died with its writer below the folders, which this machine alone writes; how many files and folders."""
    removed = 0
    for folder in folders:
        for path in list(folder.rglob(".*.part")):
            if left_behind(path):
                folder_itself = path.is_dir() and not path.is_symlink()
                shutil.rmtree(path) if folder_itself else path.unlink(missing_ok=True)
                removed += 1
    return removed


def scratch_folder(purpose: str) -> Path:
    """A new folder for temporary files of this process, in the system's place for them."""
    return Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-{purpose}-"))


def remove_scratch_of_the_dead() -> int:
    """Delete folders for temporary files whose process has died; how many."""
    removed = 0
    for path in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*-*"):
        match = re.match(rf"^{SCRATCH}(\d+)-", path.name)
        if match is None or path.is_symlink() or not path.is_dir():
            continue
        status = path.stat()
        if status.st_uid == os.getuid() and not _writes(int(match[1]), status.st_mtime):
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    return removed


def _writes(process: int, modified: float) -> bool:
    """Whether a process of this machine lives and is old enough to have written a file at `modified`.

    One that began after the file was last written has only been given the number of the one that died. One that has ended and
    that nobody has waited for yet (a zombie) writes nothing.
    """
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # no process has such a number
        return False
    except OSError:
        pass
    if _ended(process):
        return False
    began = _began(process)
    return began is None or began <= modified + 2


def _ended(process: int) -> bool:
    """Whether the system still lists a process that has ended; False where it does not say."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except (OSError, IndexError):
        return False


def _began(process: int) -> float | None:
    """When a process began, in seconds since the epoch; None where the system does not say."""
    try:
        after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return time.time() - uptime + int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
