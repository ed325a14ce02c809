"""The address a server of this project may use: this machine only, unless the user allows others, and a free port."""

from __future__ import annotations

import socket

from groprog_assets.errors import Problem, StudyError
from groprog_assets.web.own_pages import loopback


def refuse_place(host: str, port: int, allow_remote: bool) -> None:
    """StudyError for an address that other machines reach (unless allowed) or that is taken."""
    if not allow_remote and not loopback(host):
        raise StudyError(
            Problem(
                "--host",
                host,
                "The UI has no log-in, so it listens on this machine only.",
                "Put a proxy that asks who it is in front, or say --allow-remote.",
            )
        )
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            rule = "The address must be free."
            raise StudyError(Problem(f"{host}:{port}", str(error.strerror), rule, "Choose another --port.")) from None
