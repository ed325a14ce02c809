"""Progress of a run on the terminal: one line for each finished value, one live line for the running one."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from groprog_assets.figures.numbers import number
from groprog_assets.tables.values import Document, Value

SHOWN = 4


class Progress:
    """Listens to the assets of this process; a terminal gets a live line, a file gets one line a value."""

    def __init__(self, console: Console, total: int):
        self.console = console
        self.total = total
        self.done = 0
        self.computed = 0
        self.started = time.monotonic()
        self.running = ""
        self.live = Live(self, console=console, refresh_per_second=4, transient=True) if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.live.stop()

    def __rich__(self) -> Text:
        elapsed = time.monotonic() - self.started
        return Text(f"  {self.done}/{self.total}  {elapsed:5.0f} s  {self.running}", style="dim")

    def __call__(self, event: str, what: Document) -> None:
        name = f"{what['asset']} [{what['partition']}]" if what.get("partition") else what["asset"]
        if event == "started":
            self.running = name
        elif event == "progress":
            self.running = f"{name}: {what['text']}"
        elif event == "finished":
            self.done += 1
            self.computed += not what["reused"]
            mark, how = ("·", "kept") if what["reused"] else ("✓", f"{what['seconds']:.1f} s")
            numbers = ", ".join(
                f"{key.removeprefix('dagster/')} {_shown(item)}" for key, item in _first(what["headline"])
            )
            self.console.print(f"{mark} {name:<38}{how:>8}  {numbers}", highlight=False, markup=False, soft_wrap=True)
        elif event == "failed":
            self.console.print(f"✗ {name}", style="red", highlight=False, markup=False)


def _first(headline: Document) -> list[tuple[str, Any]]:
    rows = [(key, item) for key, item in headline.items() if isinstance(item, int | float | str | bool)]
    told = [row for row in rows if not row[0].endswith("_rows") and not row[0].startswith("dagster/")]
    return (told or rows)[:SHOWN]


def _shown(value: Value) -> str:
    text = number(value, 4)
    return text if len(text) <= 24 else text[:12] + "…"
