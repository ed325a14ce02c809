"""Which requests a server answers: those sent to its own name and, where they can change something, by its own pages.

A page of another site, opened in the same browser, can send requests to a server of this machine. Such a request names another
host (`Host`), or another page that it comes from (`Origin`); a browser lets no page choose either. Standard library only.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import NamedTuple

READING = ("GET", "HEAD")
ANY_ADDRESS = ("0.0.0.0", "::")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}
"""Sent with every answer, beside a content policy with `frame-ancestors 'none'`."""


class Refusal(NamedTuple):
    """Why a request is not answered: an HTTP status and a sentence for who sent it."""

    status: int
    text: str


class OwnPages:
    """The names under which a server that is bound to `host` and `port` is reached."""

    def __init__(self, host: str, port: int, served_as: Iterable[str] = ()):
        """served_as: further names (`NAME` or `NAME:PORT`), as of a proxy in front."""
        self.port = port
        self.anywhere = host in ANY_ADDRESS
        names = {host}
        if loopback(host) or self.anywhere:
            names.add("localhost")
        if self.anywhere:
            names |= {socket.gethostname(), socket.getfqdn()}
        self.names = frozenset(
            [form for name in sorted(names) for form in _with_port(name, port)] + [name.lower() for name in served_as]
        )

    def refusal(self, method: str, headers: Iterable[tuple[str, str]], websocket: bool = False) -> Refusal | None:
        """None for a request that is answered. headers: as sent, repeated ones included; names in any case.

        A missing or repeated `Host` is refused, and every request but GET and HEAD, or to a websocket, without an `Origin`.
        """
        given = [(name.lower(), value.strip()) for name, value in headers]
        hosts = [value for name, value in given if name == "host"]
        if len(hosts) != 1 or not self._own(hosts[0]):
            return Refusal(421, f"This server answers as {self._told()} only; --served-as adds a name.")
        if not websocket and method not in (*READING, "POST"):
            return Refusal(405, f"{method} is not a method of these pages.")
        if websocket or method not in READING:
            origins = [value for name, value in given if name == "origin"]
            if not origins or not all(self._own_origin(origin) for origin in origins):
                return Refusal(
                    403,
                    f"Only a page of this server may ask for a change. A script sends Origin: http://{self._told()}",
                )
        return None

    def _own(self, netloc: str) -> bool:
        name = netloc.lower()
        if name in self.names:
            return True
        address, _, port = name.rpartition(":")
        return self.anywhere and port == str(self.port) and _address(address)

    def _own_origin(self, origin: str) -> bool:
        scheme, separator, netloc = origin.partition("://")
        return bool(separator) and scheme in ("http", "https") and self._own(netloc)

    def _told(self) -> str:
        return min(self.names, key=lambda name: ("localhost" in name, name))


def policy(sources: str) -> str:
    """A content policy: `sources`, and no page of another site may show this one in a frame."""
    return f"{sources}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def _with_port(name: str, port: int) -> list[str]:
    shown = f"[{name}]" if ":" in name else name
    return [f"{shown}:{port}".lower(), *([shown.lower()] if port == 80 else [])]


def _address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def loopback(host: str) -> bool:
    """Whether a name or an address, without brackets, is this machine's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
