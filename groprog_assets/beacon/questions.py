"""Requests of the Beacon protocol as questions: from the text of an address, or from a JSON body.

Every part that is not understood is refused by name; nothing is ignored that could change an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from groprog_assets.beacon.desk import Held, Refused
from groprog_assets.methods.omics.consents import ALLOWED
from groprog_assets.methods.omics.curies import curie, prefix_of
from groprog_assets.omics_catalog.carriers import KINDS
from groprog_assets.omics_catalog.cohort_query import OLDEST, SEXES, Carriers, Cohort

MOST_FILTERS, MOST_TEXT = 20, 200
GRANULARITIES = ("boolean", "count", "record")
SEX_CODES = {"NCIT:C16576": "female", "NCIT:C20197": "male", "NCIT:C17998": "unknown"}
VARIANT_FIELDS = (
    *("assemblyId", "referenceName", "start", "end", "referenceBases", "alternateBases", "variantType", "geneId"),
)
COMMON = ("filters", "requestedGranularity", "purpose", "studied")
ACCEPTED = ("includeResultsetResponses", "limit", "skip", "apiVersion", "requestedSchemas", "testMode")
"""Parts of the protocol that change no count; they are taken only with values that ask for nothing that is not done."""
_COMPARISON = re.compile(r"(age|sex)\s*(<=|>=|<|>|=)\s*(.+)")
_YEARS = re.compile(r"P?([0-9]{1,3})Y?")
_BASES = re.compile(r"[ACGTN]{1,200}")


class Request(NamedTuple):
    """A request as it was understood. received: as the answer repeats it."""

    asked: Cohort | Carriers
    granularity: str
    received: dict[str, Any]


def from_address(entry: str, given: Iterable[tuple[str, str]], held: Held) -> Request:
    """A GET request. given: names and values of the address, as sent."""
    fields: dict[str, str] = {}
    for name, value in given:
        if name in fields and name != "filters":
            raise Refused(400, f"{name} is given twice.")
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return _request(entry, filters_of(fields.pop("filters", "")), fields, held)


def filters_of(text: str) -> list[Any]:
    """The filters of a text, separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def from_body(entry: str, body: bytes, held: Held) -> Request:
    """A POST request: {"meta": …, "query": {"filters": …, "requestParameters": …, "requestedGranularity": …}}."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is no JSON.") from None
    query = _object(document, "the body").get("query", {})
    _only(document, ("meta", "query", "$schema"), "the body")
    _only(_object(query, "query"), (*COMMON[:2], "requestParameters", "pagination", *ACCEPTED), "query")
    fields = dict(_object(query.get("requestParameters", {}), "requestParameters"))
    fields |= {name: value for name, value in query.items() if name in (COMMON[1], *ACCEPTED)}
    meta = _object(document.get("meta", {}), "meta")
    fields |= {name: value for name, value in meta.items() if name in ("apiVersion", "requestedSchemas")}
    fields |= _object(query.get("pagination", {}), "pagination")
    filters = query.get("filters", [])
    if not isinstance(filters, list):
        raise Refused(400, "filters is a list.")
    return _request(entry, filters, fields, held)


def _request(entry: str, filters: list[Any], fields: dict[str, Any], held: Held) -> Request:
    known = (*COMMON, *ACCEPTED, *(VARIANT_FIELDS if entry == "g_variants" else ()))
    _only(fields, known, f"a request for {entry}")
    for name, value in fields.items():
        if len(json.dumps(value)) > MOST_TEXT:
            raise Refused(400, f"{name} is longer than {MOST_TEXT} characters.")
    if str(fields.get("testMode", "false")).lower() != "false":
        raise Refused(400, "testMode is not offered: every answer is about the data.")
    if fields.get("includeResultsetResponses", "HIT") not in ("HIT", "ALL", "MISS", "NONE"):
        raise Refused(400, "includeResultsetResponses is one of HIT, ALL, MISS, NONE.")
    granularity = fields.get("requestedGranularity", "boolean")
    if granularity not in GRANULARITIES:
        raise Refused(400, f"requestedGranularity is one of {', '.join(GRANULARITIES)}.")
    purpose = str(fields.get("purpose", ""))
    studied = _studied(fields.get("studied", ""))
    received = {"filters": filters, "requestParameters": fields, "requestedGranularity": granularity}
    if entry == "g_variants":
        if filters:
            raise Refused(400, "g_variants takes no filters here; ask individuals.")
        return Request(_carriers(fields, purpose, studied), granularity, received)
    return Request(cohort(filters, held, purpose, studied), granularity, received)


def cohort(filters: Sequence[Any], held: Held, purpose: str = "", studied: tuple[str, ...] = ()) -> Cohort:
    """The question of some filters in its one form: live ids, one class a disease, implied terms left out, all sorted."""
    _known_purpose(purpose, studied)
    if len(filters) > MOST_FILTERS:
        raise Refused(400, f"A request has at most {MOST_FILTERS} filters.")
    terms: dict[str, bool] = {}
    diseases: dict[str, bool] = {}
    sexes, ages = set(SEXES), (0, OLDEST)
    for item in filters:
        name, operator, value, descendants = _filter(item)
        if name == "sex":
            sexes &= {_sex(operator, value)}
        elif name == "age":
            least, below = _ages(operator, value)
            ages = max(ages[0], least), min(ages[1], below)
        elif name in SEX_CODES:
            sexes &= {SEX_CODES[name]}
        elif prefix_of(curie(name)) in ("MONDO", "OMIM", "ORPHA"):
            disease = _listed_disease(name, held)
            below = descendants or disease not in held.classes_of_diseases
            diseases[disease] = diseases.get(disease, True) and below
        else:
            term = _listed_term(name, held)
            terms[term] = terms.get(term, True) and descendants
    asked = _not_implied(diseases, held)
    return Cohort(
        tuple(sorted(_not_implied(terms, held).items())),
        tuple(sorted(name for name, below in asked.items() if below)),
        tuple(name for name in SEXES if name in sexes),
        None if ages == (0, OLDEST) else ages,
        purpose,
        studied,
        tuple(sorted(name for name, below in asked.items() if not below)),
    )


def _known_purpose(purpose: str, studied: tuple[str, ...]) -> None:
    if purpose not in ALLOWED or (purpose == "disease") != bool(studied):
        named = ", ".join(name for name in ALLOWED if name)
        raise Refused(
            400, f"purpose is one of {named}; studied names MONDO classes with purpose disease, and only then."
        )


def _filter(item: Any) -> tuple[str, str, str, bool]:
    """(id, operator, value, whether descendants count) of a filter."""
    if isinstance(item, str):
        found = _COMPARISON.fullmatch(item)
        return (found[1], found[2], found[3], True) if found else (item, "", "", True)
    item = _object(item, "a filter")
    _only(item, ("id", "operator", "value", "includeDescendantTerms", "similarity", "scope"), "a filter")
    if item.get("similarity", "exact") != "exact":
        raise Refused(400, "Filters by similarity are not offered.")
    if item.get("scope", "individual") not in ("individual", "individuals"):
        raise Refused(400, "A filter's scope is individual.")
    name, descendants = item.get("id"), item.get("includeDescendantTerms", True)
    if not isinstance(name, str) or not isinstance(descendants, bool) or len(name) > MOST_TEXT:
        raise Refused(400, "A filter has a text id; includeDescendantTerms is true or false.")
    value = str(item.get("value", ""))
    if name not in ("age", "sex") and (value or item.get("operator")):
        raise Refused(400, f"{_shown(name)} takes no operator and no value; age and sex do.")
    return name, str(item.get("operator", "")), value, descendants


def _sex(operator: str, value: str) -> str:
    found = SEX_CODES.get(value, value.lower())
    if operator != "=" or found not in SEXES:
        raise Refused(400, f"sex is compared as sex=X with X one of {', '.join(SEXES)}.")
    return found


def _ages(operator: str, value: str) -> tuple[int, int]:
    """[least, below) in months."""
    years = _YEARS.fullmatch(value.strip())
    if years is None or operator not in ("<", "<=", "=", ">=", ">"):
        raise Refused(400, "age is compared with whole years, such as age>=5 or P5Y.")
    at, after = min(12 * int(years[1]), OLDEST), min(12 * (int(years[1]) + 1), OLDEST)
    return {"<": (0, at), "<=": (0, after), "=": (at, after), ">=": (at, OLDEST), ">": (after, OLDEST)}[operator]


def _listed_term(name: str, held: Held) -> str:
    live = held.live(name)
    if live in held.listed and live is not None:
        return live
    near = held.nearest_listed(live) if live else None
    told = f" The nearest listed term is {near} ({held.names[near]})." if near else ""
    raise Refused(400, f"{_shown(name)} is no filtering term here; /api/filtering_terms lists them.{told}")


def _listed_disease(name: str, held: Held) -> str:
    """The MONDO class where there is one, else the identifier."""
    classes = held.classes(name)
    found = classes[0] if len(classes) == 1 else curie(name)
    if found in held.listed:
        return found
    near = held.nearest_listed(found) if found in held.classes_of_diseases else None
    told = f" The nearest listed disease is {near} ({held.named(near)})." if near else ""
    raise Refused(400, f"{_shown(name)} is no filtering term here; /api/filtering_terms lists them.{told}")


def _not_implied(terms: dict[str, bool], held: Held) -> dict[str, bool]:
    """Without terms or diseases that another one implies, being below them."""
    above = {name: held.ancestors(name) - {name} for name in terms}
    implied = {
        name for name, descendants in terms.items() if descendants and any(name in above[other] for other in terms)
    }
    return {name: descendants for name, descendants in terms.items() if name not in implied}


def _carriers(fields: Mapping[str, Any], purpose: str, studied: tuple[str, ...]) -> Carriers:
    _known_purpose(purpose, studied)
    builds = {"grch38": "GRCh38", "hg38": "GRCh38", "grch37": "GRCh37", "hg19": "GRCh37", "": ""}
    build = builds.get(str(fields.get("assemblyId", "")).lower().partition(".")[0])
    if build is None:
        raise Refused(400, "assemblyId is GRCh38 or GRCh37.")
    chrom = str(fields.get("referenceName", "")).removeprefix("chr")
    start, end = _places(fields, "start"), _places(fields, "end")
    ref, alt = (str(fields.get(name, "")).upper() for name in ("referenceBases", "alternateBases"))
    kind = {"SNV": "SNP", "DELINS": "INDEL"}.get(str(fields.get("variantType", "")).upper()) or str(
        fields.get("variantType", "")
    ).upper()
    gene = str(fields.get("geneId", ""))
    for name, text in (("referenceBases", ref), ("alternateBases", alt)):
        if text and not _BASES.fullmatch(text):
            raise Refused(400, f"{name} is of A, C, G, T, N.")
    if kind and kind not in KINDS:
        raise Refused(400, f"variantType is one of {', '.join(KINDS)}.")
    if (start or end or ref or alt) and not (chrom and build):
        raise Refused(400, "A place needs assemblyId and referenceName.")
    if len(start) == 2 and len(end) != 2:
        raise Refused(400, "A bracket has two values of start and two of end.")
    if end and not start:
        raise Refused(400, "end needs start.")
    if len(end) == 2 and len(start) != 2:
        raise Refused(400, "A bracket has two values of start and two of end.")
    if start and end and end[-1] <= start[0]:
        raise Refused(400, "start lies before end; places are 0-based and half-open.")
    if not (gene or start):
        raise Refused(400, "A request for g_variants names geneId, or start.")
    if len(start) == 1 and not end and not alt:
        raise Refused(400, "start alone needs alternateBases; a range needs end.")
    return Carriers(build, chrom, start, end, ref, alt, kind, gene, purpose, studied)


def _places(fields: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """One or two positions, 0-based, rising."""
    given = fields.get(name, [])
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else [given]
    if len(parts) > 2 or not all(re.fullmatch("[0-9]{1,10}", str(part).strip()) for part in parts if part != ""):
        raise Refused(400, f"{name} is one or two positions from 0.")
    found = tuple(int(part) for part in parts if part != "")
    if list(found) != sorted(found):
        raise Refused(400, f"{name} rises.")
    return found


def _studied(given: Any) -> tuple[str, ...]:
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else [""]
    names = sorted({curie(str(part)) for part in parts if str(part).strip()})
    if any(prefix_of(name) != "MONDO" for name in names):
        raise Refused(400, "studied names MONDO classes.")
    return tuple(names)


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(400, f"{name} is a JSON object.")
    return value


def _only(given: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    lost = sorted(set(given) - set(known))
    if lost:
        raise Refused(400, f"{_shown(lost[0])} is no part of {where} here; known are {', '.join(sorted(known))}.")


def _shown(text: str) -> str:
    """A text of the request in an answer: short, printable."""
    kept = "".join(character for character in text[:60] if character.isprintable())
    return f"{kept!r}"
