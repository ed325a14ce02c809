"""Damage of formats that are no plain tables: YAML, JSON, OBO, SAM, FASTQ."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

from tests.fuzz.operators import ODD, Mutant

Place = tuple[Any, Any]
"""A container, and the key or index in it."""


def _places(value: Any) -> Iterator[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from _places(item)


VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**30, 0.5, float("inf"), float("-inf"), float("nan"), 1e300, -1e300, "", " ", "x" * 9000),
    *([], {}, [[]], {"a": {"b": {}}}, ["x"] * 3, "\U0001f9ec", "../../../etc", "/dev/zero", "/dev/null", "~", "."),
)


# YAML: the study file.


def yaml_value(content: bytes, random: Random) -> Mutant:
    """Any value replaced by another of any type."""
    document = yaml.safe_load(content)
    holder, key = random.choice(list(_places(document)))
    holder[key] = copy.deepcopy(random.choice(VALUES))
    return Mutant(yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode(), "value")


def yaml_type(content: bytes, random: Random) -> Mutant:
    """A mapping or list where text is expected, text where a mapping is."""
    document = yaml.safe_load(content)
    places = [place for place in _places(document) if "metadata" not in place[0] and not isinstance(place[0], list)]
    places = [place for place in places if not _within_metadata(document, place[0])]
    holder, key = random.choice(places)
    holder[key] = "text" if isinstance(holder[key], dict) else {"unlike": 1}
    return Mutant(
        yaml.safe_dump(document, sort_keys=False).encode(), "type", "a value of another type than the field's"
    )


def _within_metadata(document: Any, holder: Any) -> bool:
    return any(holder is item.get("metadata") for item in document["libraries"])


def yaml_unknown(content: bytes, random: Random) -> Mutant:
    document = yaml.safe_load(content)
    holders = [document, *(document[name] for name in ("genome", "cohort", "contrast", "parameters"))]
    random.choice(holders)["no_such_field"] = random.choice(VALUES)
    return Mutant(
        yaml.safe_dump(document, sort_keys=False).encode(), "unknown field", "a field that the schema has not"
    )


def yaml_lost(content: bytes, random: Random) -> Mutant:
    document = yaml.safe_load(content)
    needed: list[Place] = [(document, name) for name in ("name", "genome", "libraries", "contrast")]
    needed += [(document["genome"], name) for name in ("name", "chrom_sizes", "annotation")]
    needed += [(document["cohort"], name) for name in ("clinical", "endpoint", "fields")]
    needed += [(item, name) for item in document["libraries"] for name in ("id", "condition")]
    holder, name = random.choice(needed)
    del holder[name]
    return Mutant(yaml.safe_dump(document, sort_keys=False).encode(), "field lost", "a required field is missing")


def yaml_twice(content: bytes, random: Random) -> Mutant:
    line = random.choice([line for line in content.split(b"\n") if line and line[:1].isalpha() and b":" in line])
    key = line.split(b":")[0]
    return Mutant(content + b"\n" + key + b": 1\n", "field twice", "a field that stands twice")


def yaml_number(content: bytes, random: Random) -> Mutant:
    """A parameter that no run can have."""
    document = yaml.safe_load(content)
    values = (float("inf"), float("nan"), -5, 0, 1e300, 10**25, "many", [1], 1e-300)
    group, name = random.choice(
        (
            ("training", "joint_epochs"),
            ("evaluation", "folds"),
            ("evaluation", "bootstrap_samples"),
            ("annotation", "minimum_width"),
            ("annotation", "maximum_intron"),
            ("training", "learning_rate"),
            ("cohort", "landmark_months"),
            ("filtering", "minimum_mapq"),
            ("enrichment", "minimum_term_size"),
            ("chromatin", "promoter_flank"),
            ("quality", "minimum_mean_quality"),
        )
    )
    value = random.choice(values)
    document.setdefault("parameters", {}).setdefault(group, {})[name] = value
    never = value in ("many", [1], -5) or value != value or value in (float("inf"), 1e300)
    why = "a parameter that is no number, not finite or below zero" if never else ""
    return Mutant(yaml.safe_dump(document, sort_keys=False).encode(), "parameter", why)


def yaml_anchors(content: bytes, random: Random) -> Mutant:
    """A few anchors that repeat each other, in lists or by merge keys: a little."""
    lists = "".join(f"    a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 3) if k else 'x'}]\n" for k in range(4))
    merged = "".join(f"    m{k}: &m{k} {{<<: {f'[*m{k - 1}]' if k else '{}'}, k{k}: 1}}\n" for k in range(4))
    text = content.decode().replace("metadata:\n", "metadata:\n" + random.choice((lists, merged)), 1)
    return Mutant(text.encode(), "anchors")


def yaml_cron(content: bytes, random: Random) -> Mutant:
    cron = random.choice(
        ("99 2 * * 1", "* * * *", "0 2 31 2 *", "0 0 30 2 *", "61 * * * *", "0 25 * * *", "0 2 * * 8", "0 2 0 1 *")
    )
    text = content.decode() + f'\nretrain_cron: "{cron}"\n'
    return Mutant(text.encode(), "cron", "a time that never comes")


def yaml_path(content: bytes, random: Random) -> Mutant:
    """A file of the study replaced by a path that is no file of it."""
    document = yaml.safe_load(content)
    places = [(document["genome"], "annotation"), (document["genome"], "chrom_sizes"), (document["cohort"], "clinical")]
    holder, name = random.choice(places)
    holder[name] = random.choice(("/dev/zero", "/dev/stdin", "/proc/self/mem", "../elsewhere", "absent", ".", "genome"))
    return Mutant(yaml.safe_dump(document, sort_keys=False).encode(), "path", "a path that is no file of the study")


# JSON: fixed folds.


def json_value(content: bytes, random: Random) -> Mutant:
    document = json.loads(content)
    holder, key = random.choice(list(_places(document)))
    holder[key] = copy.deepcopy(random.choice(VALUES))
    return Mutant(json.dumps(document).encode(), "value")


def json_cut(content: bytes, random: Random) -> Mutant:
    return Mutant(content[: random.randrange(1, len(content) - 1)], "json cut", "JSON that is cut off")


def json_patient(content: bytes, random: Random) -> Mutant:
    """A patient in two folds of a repeat, in none, or one that is not listed."""
    document = json.loads(content)
    fold = random.choice(document["splits"])["test"]
    damage = random.choice(("twice", "unknown", "word"))
    if damage == "twice":
        fold.append(next(k for k in range(len(document["ids"])) if k not in fold))
    elif damage == "unknown":
        fold.append(random.choice((len(document["ids"]), -len(document["ids"]) - 5, 10**12)))
    else:
        fold[0] = "first"
    return Mutant(json.dumps(document).encode(), "fold", "folds that do not divide the patients")


def json_deep(content: bytes, random: Random) -> Mutant:
    depth = random.choice((50, 100_000))
    return Mutant(b"[" * depth + b"]" * depth, "nested", "folds that name no patients")


# OBO.


def obo_line(content: bytes, random: Random) -> Mutant:
    """A line of a term that is no clause."""
    lines = content.decode().split("\n")
    at = random.choice([k for k, line in enumerate(lines) if ": " in line and k > 4])
    lines[at] = lines[at].replace(": ", " ", 1)
    return Mutant("\n".join(lines).encode(), "clause without colon", "a line that is no clause of OBO")


def obo_cycle(content: bytes, random: Random) -> Mutant:
    lines = content.decode().split("\n")
    at = random.choice([k for k, line in enumerate(lines) if line.startswith("id: ")])
    lines.insert(at + 1, f"is_a: {lines[at][4:]}")
    return Mutant("\n".join(lines).encode(), "term above itself")


def obo_quote(content: bytes, random: Random) -> Mutant:
    """Quotes, brackets, escapes and modifiers where the grammar has other things."""
    lines = content.decode().split("\n")
    at = random.choice([k for k, line in enumerate(lines) if line])
    lines[at] += random.choice(('"', " {", " [", "\\", ' "x" EXACT [', " ! ", "{a=1}", ' RELATED "'))
    return Mutant("\n".join(lines).encode(), "odd end")


# SAM.


def _sam_row(content: bytes, random: Random) -> tuple[list[str], int]:
    lines = content.decode().split("\n")
    return lines, random.choice([k for k, line in enumerate(lines) if line and not line.startswith("@")])


def sam_field(content: bytes, random: Random) -> Mutant:
    """A mandatory field that breaks its pattern (SAM 1.6, 1.4)."""
    lines, at = _sam_row(content, random)
    cells = lines[at].split("\t")
    place, value = random.choice(
        ((1, "x"), (3, "far"), (4, "high"), (5, "10Q"), (5, "M10"), (7, "?"), (8, "-"), (1, "99999999999"))
    )
    cells[place] = value
    lines[at] = "\t".join(cells)
    return Mutant("\n".join(lines).encode(), "sam field", "a field that breaks its pattern")


def sam_lost(content: bytes, random: Random) -> Mutant:
    lines, at = _sam_row(content, random)
    lines[at] = "\t".join(lines[at].split("\t")[: random.randrange(1, 10)])
    return Mutant("\n".join(lines).encode(), "sam fields lost", "a line with fewer than eleven fields")


def sam_unequal(content: bytes, random: Random) -> Mutant:
    lines, at = _sam_row(content, random)
    cells = lines[at].split("\t")
    cells[10] += "II"
    lines[at] = "\t".join(cells)
    return Mutant("\n".join(lines).encode(), "sam lengths", "a sequence and qualities of different lengths")


def sam_contig(content: bytes, random: Random) -> Mutant:
    return Mutant(
        content.replace(b"LN:", b"LN:9", 1), "sam contig length", "a contig of another length than the study's"
    )


# FASTQ.


def _fastq(content: bytes, random: Random) -> tuple[list[bytes], int]:
    lines = content.split(b"\n")
    return lines, 4 * random.randrange(len(lines) // 4)


def fastq_line_lost(content: bytes, random: Random) -> Mutant:
    lines, at = _fastq(content, random)
    del lines[at + random.randrange(4)]
    return Mutant(b"\n".join(lines), "line lost", "a record of three lines")


def fastq_unequal(content: bytes, random: Random) -> Mutant:
    lines, at = _fastq(content, random)
    lines[at + random.choice((1, 3))] += b"A"
    return Mutant(b"\n".join(lines), "unequal", "a sequence and qualities of different lengths")


def fastq_mark(content: bytes, random: Random) -> Mutant:
    lines, at = _fastq(content, random)
    place = at + random.choice((0, 2))
    lines[place] = b"x" + lines[place][1:]
    return Mutant(b"\n".join(lines), "mark", "a record without its @ or +")


def fastq_quality(content: bytes, random: Random) -> Mutant:
    lines, at = _fastq(content, random)
    changed = bytearray(lines[at + 3])
    changed[random.randrange(len(changed))] = random.choice((10 + 1, 31, 32, 127, 200))
    lines[at + 3] = bytes(changed)
    return Mutant(b"\n".join(lines), "quality", "a quality outside '!'..'~'")


def odd_names(content: bytes, random: Random) -> Mutant:
    """A name of the YAML replaced by an odd text."""
    document = yaml.safe_load(content)
    holder, key = random.choice([place for place in _places(document) if isinstance(place[0][place[1]], str)])
    holder[key] = random.choice(ODD)
    return Mutant(yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode(), "odd text")
