"""Parsers written in C or Rust run in a child process, because a damaged file may end or stop them. Standard library only.

A module that is such a program ends in `_process`; it reads its requests from stdin and answers on stdout.
"""

from __future__ import annotations

import resource
import signal
import sys

MEMORY = 16 << 30
"""Bytes of address space of a parser: a length read from a damaged file must not take the memory of the machine."""


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this package; the working folder is not on its import path."""
    return [sys.executable, "-P", "-m", module, *arguments]


def limit_memory() -> None:
    """To be called by the child itself, before it reads the file. A lower limit that is set already stays."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    lowest = MEMORY if most == resource.RLIM_INFINITY else min(most, MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (lowest, most))


def how_it_ended(status: int | None) -> str:
    """In words, how a child ended that should have answered; None: it did not answer in time."""
    if status is None:
        return "damaged file: its parser did not end"
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"damaged file: it stopped its parser ({name})"
    return f"damaged file: its parser ended without an answer (status {status})"
