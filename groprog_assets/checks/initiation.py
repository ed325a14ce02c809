"""Checks that the libraries can show starts of transcription, are deep enough, and do show them."""

from __future__ import annotations

from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

CLEAR_CONTRAST = 2.0
"""Highest less lowest log-ratio of a start profile; libraries of nascent RNA have 3.5 to 5.5."""


def verdicts(summary: Document) -> list[Verdict]:
    """The three checks of one summary."""
    return [initiation_signal(summary), initiation_depth(summary), start_profile(summary)]


def initiation_signal(summary: Document) -> Verdict:
    """Fails, without blocking, when a library was left out of the call, or no -TAP or input control of a capped study could be
    used; the description says why and what to do."""
    refused = summary["refused"]
    control = summary.get("control") or {"libraries": {}, "without": []}
    lost = [] if control["libraries"] else control["without"]
    said = " ".join(
        f"{problem['where']}: {problem['value']}. {problem['rule']} {problem['remedy']}"
        for problems in refused.values()
        for problem in problems
    )
    used = len(summary["libraries"])
    return Verdict(
        "initiation_signal",
        not refused and not lost,
        f"Left out of the initiation regions: {said}"
        if refused
        else f"The control of {', '.join(lost)} failed its own checks or has no reads, so nothing was compared with it."
        if lost
        else f"{count_of(used, 'library shows', 'libraries show')} read ends on both strands",
        {"refused": sorted(refused), "used": used},
    )


def initiation_depth(summary: Document) -> Verdict:
    """Fails, without blocking, when nothing was called; the description says why."""
    nothing = summary["nothing_called"]
    skipped = summary["chromosomes_skipped"]
    short = count_of(len(skipped), "chromosome is too short and was", "chromosomes are too short and were")
    less = f"; {short} left out" if skipped else ""
    return Verdict(
        "initiation_depth",
        not nothing,
        f"No initiation regions: {nothing}{less}."
        if nothing
        else f"{count_of(summary['reads'], 'read')} at {count_of(summary['positions'], 'base')}{less}",
        {"reads": summary["reads"], "positions": summary["positions"], "chromosomes_skipped": len(skipped)},
    )


def start_profile(summary: Document) -> Verdict:
    """Fails, without blocking, when the signal hardly rises at starts; regions then rest on little."""
    profile = summary.get("profile")
    if profile is None:
        return Verdict("start_profile", True, "no start profile: nothing was called, or the reads are capped", {})
    contrast = float(profile["contrast"])
    clear = contrast >= CLEAR_CONTRAST
    remedy = "" if clear else " The library may be no nascent RNA, or degraded; look at the profile in the report."
    return Verdict(
        "start_profile",
        clear,
        f"The signal rises by {contrast:.1f} (natural log) from its lowest to its highest around starts.{remedy}",
        {"contrast": contrast},
    )
