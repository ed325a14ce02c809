"""Plausible ranges of clinical values, by kind of field and unit, and recognition of the kind. Standard library only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

Ranges = dict[str, dict[str, tuple[float, float]]]
"""{kind of field: {unit: (smallest, largest plausible value)}}."""

_PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    "age": {"years": (0, 123), "months": (0, 1476), "days": (0, 44926)},
    "body_mass_index": {"kg/m2": (7, 210)},
    "weight": {"kg": (0.3, 650), "g": (300, 650000), "lb": (0.6, 1430)},
    "height": {"cm": (20, 280), "m": (0.2, 2.8), "mm": (200, 2800)},
    "stage": {"": (0, 4)},
    "grade": {"": (0, 5)},
    "gleason": {"": (2, 10)},
    "ecog": {"": (0, 5)},
    "karnofsky": {"": (0, 100), "%": (0, 100)},
    "albumin": {"g/dl": (0.3, 9), "g/l": (3, 90), "mg/dl": (300, 9000), "umol/l": (45, 1360)},
    "bilirubin": {"mg/dl": (0, 100), "umol/l": (0, 1710)},
    "creatinine": {"mg/dl": (0.05, 60), "umol/l": (4, 5300)},
    "haemoglobin": {"g/dl": (1, 30), "g/l": (10, 300), "mmol/l": (0.6, 18.6)},
    "haematocrit": {"%": (3, 85), "ratio": (0.03, 0.85)},
    "platelets": {"10^9/l": (0, 6000), "1/ul": (0, 6000000), "10^3/ul": (0, 6000)},
    "leukocytes": {"10^9/l": (0, 2000), "1/ul": (0, 2000000), "10^3/ul": (0, 2000)},
    "neutrophils": {"10^9/l": (0, 2000), "1/ul": (0, 2000000), "10^3/ul": (0, 2000), "%": (0, 100)},
    "lymphocytes": {"10^9/l": (0, 2000), "1/ul": (0, 2000000), "10^3/ul": (0, 2000), "%": (0, 100)},
    "inr": {"ratio": (0.3, 50)},
    "prothrombin": {"s": (4, 400), "%": (0, 300)},
    "sodium": {"mmol/l": (80, 220), "meq/l": (80, 220)},
    "potassium": {"mmol/l": (0.8, 15), "meq/l": (0.8, 15)},
    "calcium": {"mmol/l": (0.4, 7), "mg/dl": (1.6, 28)},
    "glucose": {"mg/dl": (5, 2700), "mmol/l": (0.3, 150)},
    "lactate_dehydrogenase": {"u/l": (10, 100000)},
    "aspartate_aminotransferase": {"u/l": (0, 100000)},
    "alanine_aminotransferase": {"u/l": (0, 100000)},
    "alkaline_phosphatase": {"u/l": (0, 50000)},
    "alpha_fetoprotein": {"ng/ml": (0, 1e8), "ug/l": (0, 1e8)},
    "prostate_specific_antigen": {"ng/ml": (0, 1e6), "ug/l": (0, 1e6)},
    "nodes": {"": (0, 300)},
    "tumour_size": {"mm": (0, 1000), "cm": (0, 100)},
    "base_excess": {"mmol/l": (-60, 60)},
    "any": {"": (-1e12, 1e12), "years": (-150, 150)},
}

PLAUSIBLE_RANGES: Ranges = {
    kind: {unit: (float(low), float(high)) for unit, (low, high) in units.items()} for kind, units in _PUBLISHED.items()
}
"""The published ranges: see CohortParameters.plausible_ranges. "any" holds for fields of no other kind, "" for any unit."""

_KIND_WORDS: dict[str, tuple[str, ...]] = {
    "body_mass_index": ("body mass index", "bmi"),
    "karnofsky": ("karnofsky", "kps"),
    "albumin": ("albumin", "alb"),
    "bilirubin": ("bilirubin", "bili"),
    "creatinine": ("creatinine", "crea"),
    "haemoglobin": ("haemoglobin", "hemoglobin", "hgb"),
    "haematocrit": ("haematocrit", "hematocrit"),
    "platelets": ("platelets", "platelet", "thrombocytes"),
    "leukocytes": ("leukocytes", "leucocytes", "wbc"),
    "prothrombin": ("prothrombin",),
    "lactate_dehydrogenase": ("lactate dehydrogenase", "ldh"),
    "aspartate_aminotransferase": ("aspartate aminotransferase", "ast", "sgot"),
    "alanine_aminotransferase": ("alanine aminotransferase", "alt", "sgpt"),
    "alkaline_phosphatase": ("alkaline phosphatase", "alp"),
    "alpha_fetoprotein": ("alpha fetoprotein", "afp"),
    "prostate_specific_antigen": ("prostate specific antigen", "psa"),
    "nodes": ("nodes", "positive nodes"),
    "tumour_size": ("tumour size", "tumor size"),
}
"""Words by which a name says its kind; a kind not listed is known by its own name."""

_NEVER_NEGATIVE = re.compile(r"([kmunp]?(g|iu|u))/([dmu]?l)|10\^?\d/[um]?l|1/ul|kg|g|cm|mm|gy|years")
_NOT_A_LEVEL = ("log", "change", "ratio", "score", "slope", "delta", "z")
"""Words of a derived quantity, which may lie anywhere."""


class PlausibleRange(NamedTuple):
    """The range of one field: its ends in the field's unit, the kind it is of, and where the range is stated."""

    lowest: float
    highest: float
    kind: str
    stated_in: str

    def __str__(self) -> str:
        return f"{self.lowest:g} to {self.highest:g}"


def plain_unit(unit: str) -> str:
    """A unit as compared: no case, spaces or typographic forms; "10^9/L" and "x10⁹/l" are one.

    >>> plain_unit("kg/m²"), plain_unit("10⁹/L"), plain_unit("µmol/l")
    ('kg/m2', '10^9/l', 'umol/l')
    """
    text = unicodedata.normalize("NFKC", unit.replace("⁹", "^9").replace("³", "^3").replace("²", "2"))
    text = text.casefold().replace("μ", "u").replace(" ", "").replace("kg/m^2", "kg/m2").removeprefix("x")
    text = re.sub(r"^10[*e]?\^?(\d)/", r"10^\1/", text)
    return {"year": "years", "yr": "years", "yrs": "years", "y": "years", "month": "months", "day": "days"}.get(
        text, text
    )


def words_of(name: str) -> list[str]:
    """The words of a column name, split at case changes, digits and punctuation, lower case."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word for word in re.split(r"[^a-z]+", split.lower()) if word]


def kind_of(name: str, column: str, ranges: Mapping[str, Mapping[str, tuple[float, float]]]) -> str:
    """The kind of field a name or a column says it is; "any" where neither says one, or it is a derived quantity.

    >>> kind_of("age", "AGE_AT_DIAGNOSIS", PLAUSIBLE_RANGES), kind_of("x", "STAGE", PLAUSIBLE_RANGES)
    ('age', 'stage')
    >>> kind_of("nlr", "albumin_bilirubin_score", PLAUSIBLE_RANGES)
    'any'
    """
    for words in (words_of(name), words_of(column)):
        if set(words) & set(_NOT_A_LEVEL):
            return "any"
        text = f" {' '.join(words)} "
        for kind in ranges:
            if any(f" {said} " in text for said in _KIND_WORDS.get(kind, (kind.replace("_", " "),))):
                return kind
    return "any"


def plausible_range(
    name: str,
    column: str,
    unit: str,
    stated: tuple[float, float] | None,
    ranges: Mapping[str, Mapping[str, tuple[float, float]]],
) -> PlausibleRange:
    """The range of a continuous field: `stated` by the study, else that of its kind and unit.

    A field of a known kind without a unit is read in the kind's first unit; in a unit that the kind does not list, and for a
    field of no known kind, only what no value of that unit can be lies outside.
    """
    kind = kind_of(name, column, ranges)
    if stated is not None:
        return PlausibleRange(*stated, kind, "the field's `plausible`")
    known = {plain_unit(item): bounds for item, bounds in ranges.get(kind, {}).items()}
    own = plain_unit(unit)
    source = "parameters.cohort.plausible_ranges"
    if kind != "any" and (own in known or not own):
        return PlausibleRange(*(known[own] if own in known else next(iter(known.values()))), kind, source)
    widest = {plain_unit(item): bounds for item, bounds in ranges.get("any", {}).items()}
    lowest, highest = widest.get(own) or widest.get("") or (-float("inf"), float("inf"))
    if _NEVER_NEGATIVE.fullmatch(own):
        lowest = max(lowest, 0.0)
    return PlausibleRange(lowest, highest, "any", source)
