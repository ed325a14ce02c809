"""Reader of GA4GH phenopackets 2: JSON files of packets, families and cohorts to packets in plain values.

Fields that the protocol does not describe are reported by path and not read. Names, dates of birth, free text and a subject's own
identifier are never kept; a packet is known by its `id`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

from groprog_assets.errors import CohortError, Problem
from groprog_assets.methods.omics.ages import OLDEST_MONTHS, Months, time_months
from groprog_assets.methods.omics.curies import curie
from groprog_assets.methods.omics.phenopacket_fields import Message, message

SEXES = {"FEMALE": "female", "MALE": "male", "OTHER_SEX": "other", "UNKNOWN_SEX": "unknown"}
VITAL = {"ALIVE": "alive", "DECEASED": "deceased", "UNKNOWN_STATUS": "unknown"}
PROGRESS = {"SOLVED": "confirmed", "UNSOLVED": "suspected", "IN_PROGRESS": "suspected", "COMPLETED": "suspected"}
SUFFIXES = (".json", ".jsonl")
MOST_PROBLEMS = 20
_PACKET, _FEATURE = (message(name) for name in ("Phenopacket", "PhenotypicFeature"))
_CONTAINERS = frozenset({dict, list})


class Feature(NamedTuple):
    """A phenotypic feature: its term, whether it is excluded, its onset, severity and modifiers."""

    term: str
    excluded: bool
    onset: Months
    severity: str
    modifiers: tuple[str, ...]


class Diagnosis(NamedTuple):
    """A disease of the packet: its id, confirmed, suspected or excluded, its onset."""

    disease: str
    status: str
    onset: Months


class Variant(NamedTuple):
    """An interpreted variant: its gene, its VCF record where there is one, else only its HGVS text."""

    gene: str
    symbol: str
    build: str
    chrom: str
    start: int | None
    ref: str
    alt: str
    hgvs: str
    allelic_state: str
    classification: str
    status: str


class Packet(NamedTuple):
    """A packet in plain values; `unknown`: paths of the fields that are not part of the protocol."""

    id: str
    sex: str
    age_months: int | None
    vital_status: str
    features: list[Feature]
    diagnoses: list[Diagnosis]
    variants: list[Variant]
    publications: list[str]
    unknown: list[str]


def read_phenopackets(path: Path) -> list[Packet]:
    """The packets of a JSON file (a packet, family or cohort), a JSON Lines file, or every such file of a folder, in order.

    Raises CohortError with every problem, at most twenty: file and line, path of the field, value, rule, remedy; also a file of
    the folder that is none of these, and an id that stands twice.
    """
    files = _files(path)
    packets, problems = [], []
    for file in files:
        status = file.stat()
        found, wrong = _parsed(file, status.st_size, status.st_mtime_ns)
        packets += found
        problems += wrong
    for name, count in Counter(packet.id for packet in packets).items():
        if count > 1:
            rule, remedy = "A packet is known by its id.", "Give each packet an id of its own."
            problems.append(Problem(str(path), f"id {name!r} stands {count} times", rule, remedy))
    if problems:
        raise CohortError(problems[:MOST_PROBLEMS])
    return packets


def walk_packet(packet: dict[str, Any], where: str = "packet") -> tuple[Packet | None, list[Problem]]:
    """(the packet in plain values, its problems); None when its structure, id or version is not that of a phenopacket 2.

    packet: parsed JSON; where: file and line, for the problems.
    """
    unknown: list[str] = []
    wrong: list[str] = []
    _structure(packet, _PACKET, "", unknown, wrong)
    problems = [Problem(where, text, _STRUCTURE, "Correct the packet, or ask its sender.") for text in wrong]
    name = packet.get("id", "")
    if not isinstance(name, str) or not name:
        rule, remedy = "A packet has an id of its own.", "Add `id` to the packet; subject.id does not take its place."
        problems.append(Problem(where, f"id {name!r}", rule, remedy))
    problems += _version(packet, where) if not wrong else []
    if problems:
        return None, problems
    where = f"{where}, packet {name}"
    subject = packet.get("subject", {})
    birth = str(subject.get("dateOfBirth", ""))
    age = time_months(subject.get("timeAtLastEncounter"), birth)
    if age.wrong:
        problems += _bad_time(age, where, "subject.timeAtLastEncounter")
    vital = subject.get("vitalStatus", {}).get("status", "UNKNOWN_STATUS")
    sex = subject.get("sex", "UNKNOWN_SEX")
    if sex not in SEXES or vital not in VITAL:
        problems += _not_of(sex, SEXES, where, "subject.sex")
        problems += _not_of(vital, VITAL, where, "subject.vitalStatus.status")
    features, more = _features(packet, birth, where)
    problems += more
    diagnoses, more = _diagnoses(packet, birth, where)
    problems += more
    publications = [
        curie(item["id"]) for item in packet.get("metaData", {}).get("externalReferences", ()) if item.get("id")
    ]
    months = age.least if age.least is None else max(min(age.least, OLDEST_MONTHS), -10)
    made = Packet(
        name,
        SEXES.get(sex, "unknown"),
        months,
        VITAL.get(vital, "unknown"),
        features,
        diagnoses,
        _variants(packet, where, problems),
        list(dict.fromkeys(publications)),
        unknown,
    )
    return made, problems


_CERTAINTY = {"confirmed": 0, "suspected": 1, "excluded": 2}
_STRUCTURE = "A phenopacket 2 has objects, lists and values where its documentation puts them."
_NO_TIME = Months()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    inside = sorted(item for item in path.iterdir() if item.is_file() and not item.name.startswith("."))
    strange = [item for item in inside if item.suffix not in SUFFIXES]
    rule, remedy = "A folder of phenopackets holds .json and .jsonl files.", "Move it elsewhere, or name the files."
    if strange:
        raise CohortError([Problem(str(item), "not understood", rule, remedy) for item in strange[:MOST_PROBLEMS]])
    if not inside:
        raise CohortError(Problem(str(path), "no files", rule, "Is it the right folder?"))
    return inside


@lru_cache(maxsize=4096)
def _parsed(path: Path, size: int, changed: int) -> tuple[list[Packet], list[Problem]]:
    """A file is read once per process, for the check before a run and for each asset. Size and time identify its version."""
    packets: list[Packet] = []
    problems: list[Problem] = []
    for where, document in _documents(path, problems):
        for place, packet in _members(document, where):
            made, wrong = walk_packet(packet, place)
            problems += wrong
            if made is not None:
                packets.append(made)
        if len(problems) >= MOST_PROBLEMS:
            break
    return packets, problems


def _documents(path: Path, problems: list[Problem]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, document) of each document of the file."""
    rule, remedy = "A file of phenopackets is JSON, or one JSON document a line (.jsonl).", "Was it copied whole?"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), str(error), rule, remedy))
        return
    by_line = path.suffix == ".jsonl"
    parts = enumerate(text.split("\n"), 1) if by_line else [(1, text)]
    for number, part in parts:
        if by_line and not part.strip():
            continue
        try:
            document = json.loads(part)
            if not part.isascii() or "\\u" in part:
                document = json.loads(normalize("NFC", json.dumps(document, ensure_ascii=False)))
        except (ValueError, RecursionError) as error:
            at = number if by_line else getattr(error, "lineno", 1)
            problems.append(Problem(f"{path}:{at}", f"no JSON: {error}", rule, remedy))
            continue
        if isinstance(document, dict):
            yield (f"{path}:{number}" if by_line else str(path)), document
        else:
            problems.append(
                Problem(f"{path}:{number}", type(document).__name__, "A phenopacket is a JSON object.", remedy)
            )


def _members(document: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The packets of a packet, family or cohort."""
    if "proband" in document or "relatives" in document:
        yield f"{where}, proband", _as_object(document.get("proband", {}))
        listed = document.get("relatives", [])
        kind = "relatives"
    elif "members" in document:
        listed, kind = document["members"], "members"
    else:
        yield where, document
        return
    for k, packet in enumerate(listed if isinstance(listed, list) else [{}]):
        yield f"{where}, {kind}[{k}]", _as_object(packet)


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _structure(value: dict[str, Any], known: Message, path: str, unknown: list[str], wrong: list[str]) -> None:
    """Collect the paths of unknown fields, and what is an object, list or value where another is expected."""
    if value.keys() <= known.leaves and _CONTAINERS.isdisjoint(map(type, value.values())):
        return
    for name, item in value.items():
        field = known.fields.get(name)
        if field is None:
            unknown.append(f"{path}{name}")
            continue
        below, repeated, anything = field
        if anything:
            continue
        kind = type(item)
        if repeated:
            if kind is not list:
                wrong.append(f"{path}{name}: a list is expected")
                continue
            if below is not None:
                for part in _unusual(item) if below is _FEATURE else item:
                    if type(part) is dict:
                        _structure(part, below, f"{path}{name}.", unknown, wrong)
                    else:
                        wrong.append(f"{path}{name}: a list of objects is expected")
        elif below is not None:
            if kind is dict:
                _structure(item, below, f"{path}{name}.", unknown, wrong)
            else:
                wrong.append(f"{path}{name}: an object is expected")
        elif kind is dict or kind is list:
            wrong.append(f"{path}{name}: a value is expected")


def _unusual(features: list[Any]) -> list[Any]:
    """The features that are more than a term with id and label, present or excluded, as nearly all are."""
    return [
        item
        for item in features
        if type(item) is not dict
        or len(item) > 2
        or (len(item) == 2 and item.get("excluded") is not True)
        or type(term := item.get("type")) is not dict
        or len(term) != 2
        or type(term.get("id")) is not str
        or type(term.get("label")) is not str
    ]


@lru_cache(maxsize=1 << 16)
def _plain(term: str, excluded: bool) -> Feature:
    return Feature(term, excluded, _NO_TIME, "", ())


def _features(packet: dict[str, Any], birth: str, where: str) -> tuple[list[Feature], list[Problem]]:
    features: list[Feature] = []
    problems: list[Problem] = []
    for k, item in enumerate(packet.get("phenotypicFeatures", ())):
        term = item["type"].get("id", "") if "type" in item else ""
        if term and (len(item) == 1 or (len(item) == 2 and "excluded" in item)):
            features.append(_plain(term, item.get("excluded", False) is True))
            continue
        onset = time_months(item.get("onset"), birth)
        problems += _bad_time(onset, where, f"phenotypicFeatures[{k}].onset")
        problems += _no_id(term, where, f"phenotypicFeatures[{k}].type.id")
        severity = item["severity"].get("id", "") if "severity" in item else ""
        modifiers = tuple(part.get("id", "") for part in item.get("modifiers", ()))
        features.append(Feature(term, item.get("excluded", False) is True, onset, severity, modifiers))
    return features, problems


def _version(packet: dict[str, Any], where: str) -> list[Problem]:
    stated = packet.get("metaData", {}).get("phenopacketSchemaVersion", "")
    if str(stated).partition(".")[0] == "2":
        return []
    rule = "Phenopackets of schema version 2 are read (metaData.phenopacketSchemaVersion)."
    return [
        Problem(where, f"schema version {stated!r}", rule, "Convert the packet to version 2, or state its version.")
    ]


def _bad_time(found: Months, where: str, field: str) -> list[Problem]:
    rule = "An age is an ISO 8601 duration P[nY][nM][nD], a range of them, a gestational age, an onset term or a date."
    return [Problem(where, f"{field}: {found.wrong}", rule, "Write it so, e.g. P4Y6M.")] if found.wrong else []


def _not_of(value: Any, known: dict[str, str], where: str, field: str) -> list[Problem]:
    rule, remedy = f"It is one of {', '.join(known)}.", "Correct the value."
    return [] if value in known else [Problem(where, f"{field}: {value!r}", rule, remedy)]


def _no_id(term: Any, where: str, field: str) -> list[Problem]:
    rule, remedy = "A term is named by its identifier.", "Add the id, such as HP:0001250."
    return [] if term else [Problem(where, f"{field}: {term!r}", rule, remedy)]


def _diagnoses(packet: dict[str, Any], birth: str, where: str) -> tuple[list[Diagnosis], list[Problem]]:
    """Diseases and the diagnoses of interpretations, each disease once: confirmed before suspected before excluded."""
    found: dict[str, Diagnosis] = {}
    problems: list[Problem] = []
    for k, item in enumerate(packet.get("diseases", ())):
        identifier = item.get("term", {}).get("id", "")
        onset = time_months(item.get("onset"), birth)
        if onset.wrong or not identifier:
            problems += _bad_time(onset, where, f"diseases[{k}].onset")
            problems += _no_id(identifier, where, f"diseases[{k}].term.id")
        status = "excluded" if item.get("excluded", False) is True else "confirmed"
        known = found.get(identifier)
        if known is None or _CERTAINTY[status] < _CERTAINTY[known.status]:
            found[identifier] = Diagnosis(identifier, status, onset)
    for item in packet.get("interpretations", ()):
        identifier = item.get("diagnosis", {}).get("disease", {}).get("id", "")
        status = PROGRESS.get(item.get("progressStatus", ""), "suspected")
        known = found.get(identifier)
        if identifier and (known is None or _CERTAINTY[status] < _CERTAINTY[known.status]):
            found[identifier] = Diagnosis(identifier, status, known.onset if known else Months())
    return list(found.values()), problems


def _variants(packet: dict[str, Any], where: str, problems: list[Problem]) -> list[Variant]:
    found = []
    for item in packet.get("interpretations", ()):
        for part in item.get("diagnosis", {}).get("genomicInterpretations", ()):
            status = part.get("interpretationStatus", "")
            read = part.get("variantInterpretation", {})
            descriptor = read.get("variationDescriptor", {})
            gene = descriptor.get("geneContext") or part.get("gene") or {}
            record = descriptor.get("vcfRecord", {})
            position = record.get("pos")
            try:
                start = None if position is None else int(position) - 1
            except (TypeError, ValueError):
                rule, remedy = "A position of a VCF record is a whole number, from 1.", "Correct it."
                problems.append(Problem(where, f"vcfRecord.pos: {position!r}", rule, remedy))
                start = None
            written = {one.get("syntax", ""): one.get("value", "") for one in descriptor.get("expressions", ())}
            text = written.get("hgvs.c") or written.get("hgvs.g") or descriptor.get("label") or descriptor.get("id", "")
            found.append(
                Variant(
                    gene.get("valueId", ""),
                    gene.get("symbol", ""),
                    record.get("genomeAssembly", ""),
                    record.get("chrom", ""),
                    start,
                    record.get("ref", ""),
                    record.get("alt", ""),
                    text,
                    descriptor.get("allelicState", {}).get("label", ""),
                    read.get("acmgPathogenicityClassification", ""),
                    status,
                )
            )
    return list(dict.fromkeys(found))
