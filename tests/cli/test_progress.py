"""What a log says while values are computed, and for how long they still take."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

from rich.console import Console

from groprog_assets.cli.progress import LONG, Progress, duration


def log() -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=200), written


def test_a_silent_log_gets_a_line_with_what_is_running():
    console, written = log()
    with Progress(console, 3, silence=0.1) as progress:
        progress("started", {"asset": "risk_model"})
        progress("progress", {"asset": "risk_model", "text": "3 of 12 shards of risk_model done"})
        for _ in range(200):
            if written.getvalue().count("…") >= 2:
                break
            time.sleep(0.05)
    lines = written.getvalue().splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("… 0/3") and "risk_model: 3 of 12 shards" in line for line in lines)


def test_the_estimate_comes_from_the_part_done_or_from_the_time_before(tmp_path: Path):
    console, _ = log()
    durations = tmp_path / "seconds.json"
    durations.write_text(json.dumps({"transcript_hmm": 100.0}))
    progress = Progress(console, 3, durations)
    now = time.monotonic()
    for text, name, left in (
        ("3 of 12 shards done", "risk_model", "about 1 min 00 s more"),
        ("lib: 50 % of x.bam read", "filtered_alignments [lib]", "about 20 s more"),
        ("", "transcript_hmm", "about 1 min 20 s more"),
        ("12 of 12 shards done", "unknown", "so far)"),
    ):
        progress._running = {name: (now - 20, text)}
        assert left in progress.told()
    progress._running = {"transcript_hmm": (now - LONG / 2, "")}
    assert "more" not in progress.told()


def test_the_times_of_a_run_are_kept_for_the_next(tmp_path: Path):
    console, written = log()
    durations = tmp_path / "seconds.json"
    finished = {"asset": "genes", "partition": "", "headline": {"genes": 3}, "seconds": 12.34}
    with Progress(console, 2, durations) as progress:
        progress("finished", {**finished, "reused": False})
        progress("finished", {**finished, "asset": "kept", "reused": True})
    assert json.loads(durations.read_text()) == {"genes": 12.3}
    assert "✓ genes" in written.getvalue()
    assert "· kept" in written.getvalue()
    durations.write_text("no JSON")
    assert Progress(console, 1, durations)._took == {}


def test_durations_in_words():
    assert [duration(seconds) for seconds in (0.4, 59, 61, 3_900)] == ["0 s", "59 s", "1 min 01 s", "1 h 05 min"]
