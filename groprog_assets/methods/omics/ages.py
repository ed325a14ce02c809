"""Ages and times of phenopackets as whole months: ISO 8601 durations, ranges, gestational ages, onset terms."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

OLDEST_MONTHS = 89 * 12
"""Ages above 89 years are stored as 89 years."""
_DURATION = re.compile(r"P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")
_DAYS_A_MONTH = 365.25 / 12
_TERM_DAYS = 280

ONSET_TERMS: dict[str, tuple[int, int | None]] = {
    "HP:0030674": (-10, -1),  # antenatal
    "HP:0011460": (-10, -8),  # embryonal
    "HP:0011461": (-7, -1),  # fetal
    "HP:0034199": (-7, -7),  # late first trimester
    "HP:0034198": (-6, -4),  # second trimester
    "HP:0034197": (-3, -1),  # third trimester
    "HP:0003577": (0, 0),  # congenital
    "HP:0003623": (0, 0),  # neonatal
    "HP:0003593": (1, 11),  # infantile
    "HP:0410280": (0, 191),  # paediatric
    "HP:0011463": (12, 59),  # childhood
    "HP:0003621": (60, 191),  # juvenile
    "HP:0003581": (192, None),  # adult
    "HP:0011462": (192, 479),  # young adult
    "HP:0025708": (192, 227),  # early young adult
    "HP:0025709": (228, 299),  # intermediate young adult
    "HP:0025710": (300, 479),  # late young adult
    "HP:0003596": (480, 719),  # middle age
    "HP:0003584": (720, None),  # late
}
"""The onset terms of the HPO as months of age: from, to (None: no end), as the definitions of the terms state them in years."""


class Months(NamedTuple):
    """A span of ages in whole months, None where open; the onset term it came as and what is wrong with it, each "" for none."""

    least: int | None = None
    most: int | None = None
    term: str = ""
    wrong: str = ""


def duration_months(text: str) -> tuple[int, int] | None:
    """(least, most) whole months that a duration P[nY][nM][nW][nD] means; None for other text.

    The last unit given decides the width: P4Y is 48 to 59 months, P4Y6M is 54, P20D is 0.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    years, months, weeks, days = (None if part is None else int(part) for part in found.groups())
    whole = 12 * (years or 0) + (months or 0)
    if weeks is not None or days is not None:
        whole += int((7 * (weeks or 0) + (days or 0)) / _DAYS_A_MONTH)
        return whole, whole
    return (whole, whole) if months is not None else (whole, whole + 11)


def time_months(element: dict[str, Any] | None, birth: str = "") -> Months:
    """The months of a TimeElement; all None for none.

    Age, range of ages, gestational age (below 0: months before the 40th week), onset term, or a date where the date of birth is
    known. What cannot be read is named in `wrong`.
    """
    if not element:
        return Months()
    if "age" in element:
        return _age(element["age"])
    if "ontologyClass" in element:
        term = element["ontologyClass"].get("id", "")
        least, most = ONSET_TERMS.get(term, (None, None))
        return Months(least, most, term)
    if "ageRange" in element:
        start, end = _age(element["ageRange"].get("start", {})), _age(element["ageRange"].get("end", {}))
        wrong = start.wrong or end.wrong
        if not wrong and start.least is not None and end.most is not None and start.least > end.most:
            wrong = f"{element['ageRange']}"
        return Months(start.least, end.most, "", wrong)
    if "gestationalAge" in element:
        given = element["gestationalAge"]
        weeks, days = given.get("weeks", 0), given.get("days", 0)
        if not all(isinstance(part, int) and 0 <= part <= 50 for part in (weeks, days)):
            return Months(wrong=f"{weeks!r} weeks, {days!r} days")
        before = max(_TERM_DAYS - 7 * weeks - days, 0)
        months = -int(-(-before // _DAYS_A_MONTH))
        return Months(months, months)
    if "timestamp" in element and birth:
        return _since(birth, str(element["timestamp"]))
    return Months()


def _age(given: dict[str, Any]) -> Months:
    return _aged(str(given.get("iso8601duration", "")))


@lru_cache(maxsize=4096)
def _aged(text: str) -> Months:
    found = duration_months(text)
    return Months(wrong=repr(text)) if found is None else Months(*found)


def _since(birth: str, then: str) -> Months:
    try:
        born, seen = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (birth, then))
        months = 12 * (seen.year - born.year) + seen.month - born.month - (seen.day < born.day)
    except ValueError:
        return Months(wrong=repr(then))
    return Months(months, months)
