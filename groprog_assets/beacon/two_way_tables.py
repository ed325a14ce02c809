"""Tables of subjects by two attributes, for the command line: noisy in every cell, or exact with cells left out."""

from __future__ import annotations

from groprog_assets.beacon.actors import Actor, refuse_others
from groprog_assets.beacon.desk import Desk, Refused, for_purpose
from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.omics.disclosure import Secret, TwoWay, nearest, two_way
from groprog_assets.methods.omics.suppression import suppressed_table
from groprog_assets.tables.phenotypes import SEXES, VITAL

ATTRIBUTES = ("sex", "source", "site", "vital_status")
FIXED = {"sex": SEXES, "vital_status": VITAL}
"""Every value that these may have."""
LEFT_OUT = "*"


def two_way_table(
    desk: Desk, who: Actor, rows: str, columns: str, exact: bool, purpose: str = "", studied: tuple[str, ...] = ()
) -> list[list[str]]:
    """Lines of text: a header, a line a row with its sum, and the sums of the columns.

    Subjects are counted whose consent allows `purpose` (of diseases `studied`) today. Noisy: every value has its line, also one
    of nobody; a cell below the threshold is told as that, and margins are sums of noisy cells; the table costs one question.
    Exact: small cells and their complements are `*` beside exact margins; nothing is spent and the log says who made it. Raises
    CohortError for attributes that there are not, and a spent budget; for an exact table for who is no steward, which is logged,
    for another purpose than the study's or one that nobody's consent allows, and for one whose small cells cannot be protected.
    """
    if exact and (purpose, studied) != desk.purpose:
        rule = "Exact tables are for the study's purpose alone: those of two purposes, subtracted, show who allows one only."
        remedy = "Leave out --purpose and --studied, or --exact: counts with noise are told for any purpose."
        raise CohortError(Problem("--exact", f"asked for purpose {purpose or 'none'}", rule, remedy))
    if rows not in ATTRIBUTES or columns not in ATTRIBUTES or rows == columns:
        rule = f"Rows and columns are two of {', '.join(ATTRIBUTES)}."
        raise CohortError(Problem("table", f"{rows} by {columns}", rule, "Choose others."))
    turned = rows > columns
    question = for_purpose(f"table {' by '.join(sorted((rows, columns)))}", purpose, studied)
    if exact:
        try:
            refuse_others(who, "--exact", "Exact counts are told to stewards alone.", ", or leave out --exact")
        except CohortError:
            desk.note(who, "command line", "refused", f"exact {question}", purpose)
            raise
    counts = {
        (row["r"], row["c"]): int(row["subjects"])
        for row in desk.held().catalog.counts_of(rows, columns, purpose, studied)
    }
    head = f"{rows} / {columns}, for {purpose or 'no stated purpose'}"
    if exact:
        return _exact(desk, who, head, question, purpose, counts)
    names = _names(desk, rows), _names(desk, columns)
    given = [[counts.get((r, c), 0) for c in names[1]] for r in names[0]]
    try:
        desk.spend(who, "command line", question, purpose)
    except Refused as error:
        raise CohortError(Problem("table", question, error.text, "Ask for what was asked before.")) from None
    made = _noisy(desk.held().secret, question, given, names, desk.parameters.epsilon, turned)
    fewest, rounding = desk.parameters.fewest, desk.parameters.rounding

    def told(count: int) -> str:
        return str(nearest(count, rounding)) if count >= fewest else f"<{fewest}"

    lines = [
        [name, *map(told, line), told(total)] for name, line, total in zip(names[0], made.cells, made.rows, strict=True)
    ]
    return [[head, *names[1], "sum"], *lines, ["sum", *map(told, made.columns), told(made.total)]]


def _names(desk: Desk, attribute: str) -> list[str]:
    """The values of an attribute, whoever has them and whatever their consent allows: a value that stood in a table only where
    somebody is counted would tell of one subject."""
    query = f"SELECT DISTINCT coalesce({attribute}, 'not stated') AS name FROM subjects"
    return sorted({*FIXED.get(attribute, ()), *(row["name"] for row in desk.held().catalog.rows(query))})


def _exact(
    desk: Desk, who: Actor, head: str, question: str, purpose: str, counts: dict[tuple[str, str], int]
) -> list[list[str]]:
    """The lines of an exact table, which the log names with who made it, also where it is refused."""
    import numpy as np

    noted = {"canonical": f"exact {question}", "purpose": purpose}
    if not counts:
        desk.note(who, "command line", "refused", **noted)
        rule = "Only subjects whose consent allows the purpose are counted, and nobody's does."
        remedy = "Name another purpose (--purpose), or ask for consents that allow this one."
        raise CohortError(Problem("--purpose", purpose or "not stated", rule, remedy))
    names = sorted({row for row, _ in counts}), sorted({column for _, column in counts})
    table = np.array([[counts.get((r, c), 0) for c in names[1]] for r in names[0]])
    try:
        kept = suppressed_table(table, desk.parameters.fewest).kept
    except CohortError:
        desk.note(who, "command line", "refused", **noted)
        raise
    desk.note(who, "command line", **noted)
    lines = [
        [name, *(str(n) if shown else LEFT_OUT for n, shown in zip(line, keeps, strict=True)), str(sum(line))]
        for name, line, keeps in zip(names[0], table.tolist(), kept, strict=True)
    ]
    return [[head, *names[1], "sum"], *lines, ["sum", *map(str, table.sum(axis=0)), str(table.sum())]]


def _noisy(
    secret: Secret,
    question: str,
    counts: list[list[int]],
    names: tuple[list[str], list[str]],
    epsilon: float,
    turned: bool,
) -> TwoWay:
    """The noisy table; one with rows and columns exchanged is the same question, so it has the same noise in the same cells."""
    if not turned:
        return two_way(secret, question, counts, names, epsilon)
    made = two_way(secret, question, [list(line) for line in zip(*counts, strict=True)], names[::-1], epsilon)
    return TwoWay([list(line) for line in zip(*made.cells, strict=True)], made.columns, made.rows, made.total)
