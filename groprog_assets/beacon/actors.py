"""Who asks: tokens and their roles, sign-in by a browser, how many requests a minute. Tokens are kept as digests alone."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from groprog_assets.errors import CohortError, Problem, StudyError
from groprog_assets.store.artifacts import canonical_json, digest_bytes, write_atomically

ROLES = ("public", "registered", "steward")
"""public: anyone; registered: a budget of their own; steward: sees single subjects, on this machine."""
FILE = "actors.json"
SESSION_SECONDS = 8 * 3600
SESSIONS = 1000


class Actor(NamedTuple):
    """Who asks. budget: None for the study's own."""

    name: str
    role: str
    budget: float | None = None


PUBLIC = Actor("public", "public")
OF_NO_ACTOR = "unknown"
"""The role of who gives a token that no actor of the study has; "" of who gives none."""


def refuse_others(who: Actor, option: str, rule: str, remedy: str = "") -> None:
    """CohortError, about `option`, for who is no steward by the token in GROPROG_TOKEN; remedy: what helps without one."""
    if who.role == "steward":
        return
    value = {
        "": "GROPROG_TOKEN is not set",
        OF_NO_ACTOR: "the token in GROPROG_TOKEN is of no actor of this study; a new token of an actor ends the earlier one",
    }.get(who.role, f"{who.name}, whose token GROPROG_TOKEN holds, is {who.role}")
    token = "Set GROPROG_TOKEN to a steward's token (`groprog omics token STUDY NAME --role steward`)"
    raise CohortError(Problem(option, value, rule, f"{token}{remedy}."))


class Actors:
    """The actors of a study, read from its state folder, and those who have signed in."""

    def __init__(self, state: Path):
        self._known = [
            (item["token_sha256"], Actor(item["name"], item["role"], item.get("budget"))) for item in _read(state)
        ]
        self._sessions: dict[str, tuple[Actor, float]] = {}
        self._lock = threading.Lock()

    @property
    def budgets(self) -> dict[str, float]:
        return {actor.name: actor.budget for _, actor in self._known if actor.budget is not None}

    def of_token(self, token: str) -> Actor | None:
        """Whose token it is; every digest is compared, in constant time."""
        digest, found = digest_bytes(token.encode()), None
        for known, actor in self._known:
            if hmac.compare_digest(known, digest):
                found = actor
        return found

    def of_terminal(self, token: str, login: str) -> Actor:
        """Who asks on the command line for what stewards alone get: the actor of a token, else `login` with no role."""
        return self.of_token(token) or Actor(login, OF_NO_ACTOR if token else "")

    def signed_in(self, actor: Actor) -> str:
        """A session for a browser: a random name that ends after eight hours, or with the server."""
        session = secrets.token_urlsafe(32)
        with self._lock:
            while len(self._sessions) >= SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[session] = (actor, time.monotonic() + SESSION_SECONDS)
        return session

    def of_session(self, session: str) -> Actor | None:
        actor, ends = self._sessions.get(session, (None, 0.0))
        return actor if time.monotonic() < ends else None

    def signed_out(self, session: str) -> None:
        self._sessions.pop(session, None)


class Pace:
    """How many requests an actor may send in any sixty seconds."""

    def __init__(self, requests: int):
        self.requests = requests
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, actor: str, now: float) -> int:
        """0 for a request that is within the pace, and counted; else the whole seconds until one would be."""
        with self._lock:
            times = self._times.setdefault(actor, deque())
            while times and now - times[0] >= 60:
                times.popleft()
            if len(times) >= self.requests:
                return max(1, int(61 - (now - times[0])))
            times.append(now)
            return 0


def add_actor(state: Path, name: str, role: str, budget: float | None = None) -> str:
    """A new token for an actor, whose earlier one ends; it is not kept and cannot be shown again. StudyError for a name or role
    that cannot be used."""
    problems = []
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()) or name == PUBLIC.name:
        rule = "A name is of letters, digits, - and _; public is who has no token."
        problems.append(Problem("actor", repr(name), rule, "Choose another."))
    if role not in ROLES[1:]:
        problems.append(Problem("role", repr(role), f"It is one of {', '.join(ROLES[1:])}.", "Choose one."))
    if problems:
        raise StudyError(problems)
    token = secrets.token_urlsafe(32)
    held = [item for item in _read(state) if item["name"] != name]
    held.append({"name": name, "role": role, "budget": budget, "token_sha256": digest_bytes(token.encode())})
    write_atomically(state / FILE, canonical_json(sorted(held, key=lambda item: str(item["name"]))), mode=0o600)
    return token


def _read(state: Path) -> list[dict]:
    path = state / FILE
    if not path.is_file():
        return []
    try:
        found = json.loads(path.read_bytes())
        if all(item["role"] in ROLES and len(item["token_sha256"]) == 64 and item["name"] for item in found):
            return list(found)
    except (ValueError, KeyError, TypeError):
        pass
    rule, remedy = "It lists actors with the digests of their tokens.", "Delete it, and give new tokens."
    raise StudyError(Problem(str(path), "no list of actors", rule, remedy))
