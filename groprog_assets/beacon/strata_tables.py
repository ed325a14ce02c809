"""The strata of a study for the command line: sizes with noise, survival in whole months, how stable they are."""

from __future__ import annotations

from groprog_assets.beacon.actors import Actor
from groprog_assets.beacon.desk import Desk, for_purpose
from groprog_assets.errors import CohortError, Problem
from groprog_assets.figures.numbers import fixed, number
from groprog_assets.methods.omics.disclosure import nearest, two_way
from groprog_assets.store.readings import read_asset

QUESTION = "strata"
UNSTATED = "no stated purpose"


def strata_lines(desk: Desk, who: Actor, purpose: str = "", studied: tuple[str, ...] = ()) -> list[list[str]]:
    """Lines of text: a header, a line a stratum, and what is known of all.

    Subjects are counted whose consent allows `purpose` (of diseases `studied`) today; survival and stability are of all whom the
    last run used. Every stratum's size has noise, and a small one is told as that; it costs one question. Median survival, in
    whole months, is told of strata with subjects enough. CohortError where no strata are reported, with the reason; Refused for a
    spent budget.
    """
    made = read_asset(desk.workspace, "strata").value()
    if not made.summary["strata"]:
        best = made.summary["stability"]
        stability = "" if best is None else f"; the most stable number agrees by {best:.2f}"
        seen = f"{made.summary['why_not'] or 'no number of strata is stable'}{stability}"
        rule = (
            f"Strata are reported from a stability of {desk.workspace.study.parameters.integration.least_stability:g}."
        )
        raise CohortError(Problem("strata", seen, rule, "Look at the report for each number that was tried."))
    held, parameters = desk.held(), desk.parameters
    counts = held.catalog.strata_sizes(purpose, studied)
    names = sorted({*counts, *made.table["stratum"].tolist()})
    question = for_purpose(QUESTION, purpose, studied)
    desk.spend(who, "command line", question, purpose)
    line = [counts.get(name, 0) for name in names]
    labels = [str(name) for name in names]
    sizes = two_way(held.samples_secret, question, [line], (["size"], labels), parameters.epsilon).cells[0]
    median = made.outcomes.set_index("stratum")["median"].to_dict() if len(made.outcomes) else {}
    rows = [
        [
            label,
            f"about {nearest(size, parameters.rounding):,}"
            if size >= parameters.fewest
            else f"fewer than {parameters.fewest}",
            _months(median, name) if size >= parameters.listing_fewest else "not told",
        ]
        for name, label, size in zip(names, labels, sizes, strict=True)
    ]
    whom = f"of all subjects used by the last run, for {desk.purpose[0] or UNSTATED}"
    known = [["stability", fixed(made.summary["stability"], 2), f"median adjusted Rand index of subsamples, {whom}"]]
    if made.survival:
        p_value = made.survival["log_rank"]["permutation_p_value"]
        known.append(["log-rank p", number(p_value), f"by permutation, {whom}"])
    return [["stratum", f"subjects, for {purpose or UNSTATED}", "median survival in months"], *rows, *known]


def _months(median: dict[int, float], name: int) -> str:
    value = median.get(name)
    return "not reached" if value is None or value != value else f"about {value:.0f}"
