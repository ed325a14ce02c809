"""Progress of a run: one line for each finished value; of the running one a live line on a terminal, in a log a line a minute."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from groprog_assets.figures.numbers import number
from groprog_assets.tables.values import Document, Value

SHOWN = 4
SILENCE = 60.0
"""Seconds after which a log without a new line gets one."""
LONG = 10.0
"""Seconds from which on it is said how long a value may still take."""
DURATIONS = "seconds.json"
"""Beside a study's state: the seconds that each asset last took to compute."""
COUNTED = re.compile(r"([\d,]+) of ([\d,]+)\b")
PERCENT = re.compile(r"(\d+) %")


class Progress:
    """Listens to the assets of this process.

    durations: the file that keeps the seconds each asset took, for the estimate of the next run; None keeps nothing.
    silence: seconds after which a log without a new line gets one.
    """

    def __init__(self, console: Console, total: int, durations: Path | None = None, silence: float = SILENCE):
        self.console = console
        self.total = total
        self.done = 0
        self.computed = 0
        self.started = time.monotonic()
        self.live = Live(self, console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._durations, self._silence = durations, silence
        self._took = _read_durations(durations)
        self._running: dict[str, tuple[float, str]] = {}
        self._printed = time.monotonic()
        self._ended = threading.Event()
        self._clock = threading.Thread(target=self._speak, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        if self.live:
            self.live.start()
        else:
            self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self.live:
            self.live.stop()
        else:
            self._clock.join()
        if self._durations is not None and self.computed:
            with contextlib.suppress(OSError):  # an estimate is no reason to fail
                self._durations.write_text(json.dumps(self._took, indent=1))

    def __rich__(self) -> Text:
        return Text(f"  {self.told()}", style="dim")

    def told(self) -> str:
        """How many values are done, the time since the start, what is running and about how long it still takes."""
        now = time.monotonic()
        running = [
            f"{name}{f': {text}' if text else ''}{self._estimate(name, text, now - began)}"
            for name, (began, text) in list(self._running.items())
        ]
        return f"{self.done}/{self.total}  {duration(now - self.started)}  {'; '.join(running)}"

    def _estimate(self, name: str, text: str, spent: float) -> str:
        """From the part that `text` says is done, else from the seconds that the asset took before; "" where neither is known."""
        if spent < LONG:
            return ""
        part = _part_done(text)
        whole = spent / part if part else self._took.get(name.partition(" ")[0], 0.0)
        left = f", about {duration(whole - spent)} more" if whole > spent else ""
        return f" ({duration(spent)} so far{left})"

    def _speak(self) -> None:
        while not self._ended.wait(max(0.05, self._printed + self._silence - time.monotonic())):
            if time.monotonic() - self._printed >= self._silence:
                self._print(f"… {self.told()}")

    def _print(self, line: str, style: str | None = None) -> None:
        self._printed = time.monotonic()
        self.console.print(line, style=style, highlight=False, markup=False, soft_wrap=True)

    def __call__(self, event: str, what: Document) -> None:
        name = f"{what['asset']} [{what['partition']}]" if what.get("partition") else what["asset"]
        if event == "started":
            self._running[name] = (time.monotonic(), "")
        elif event == "progress":
            self._running[name] = (self._running.get(name, (time.monotonic(), ""))[0], what["text"])
        elif event == "finished":
            self._running.pop(name, None)
            self.done += 1
            self.computed += not what["reused"]
            if not what["reused"]:
                self._took[what["asset"]] = round(what["seconds"], 1)
            mark, how = ("·", "kept") if what["reused"] else ("✓", f"{what['seconds']:.1f} s")
            numbers = ", ".join(
                f"{key.removeprefix('dagster/')} {_shown(item)}" for key, item in _first(what["headline"])
            )
            self._print(f"{mark} {name:<38}{how:>8}  {numbers}")
        elif event == "failed":
            self._running.pop(name, None)
            self._print(f"✗ {name}", "red")


def duration(seconds: float) -> str:
    """A duration for people: "12 s", "3 min 20 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _part_done(text: str) -> float | None:
    """The part in (0, 1) that a line such as "3 of 10 shards" or "40 % of x.bam read" says is done."""
    counted, percent = COUNTED.search(text), PERCENT.search(text)
    if counted:
        done, whole = (int(item.replace(",", "")) for item in counted.groups())
    elif percent:
        done, whole = int(percent[1]), 100
    else:
        return None
    return done / whole if 0 < done < whole else None


def _read_durations(path: Path | None) -> dict[str, float]:
    try:
        held = json.loads(path.read_text()) if path is not None else {}
    except (OSError, ValueError):
        return {}
    return {str(name): float(item) for name, item in held.items()} if isinstance(held, dict) else {}


def _first(headline: Document) -> list[tuple[str, Any]]:
    rows = [(key, item) for key, item in headline.items() if isinstance(item, int | float | str | bool)]
    told = [row for row in rows if not row[0].endswith("_rows") and not row[0].startswith("dagster/")]
    return (told or rows)[:SHOWN]


def _shown(value: Value) -> str:
    text = number(value, 4)
    return text if len(text) <= 24 else text[:12] + "…"
