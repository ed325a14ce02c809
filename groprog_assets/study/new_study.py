"""A new study file: the commented template, with libraries and contrast where a samplesheet or a pipeline's folder names them.

Used by `groprog study init`. Libraries in, a file out. Standard library and PyYAML.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from groprog_assets.errors import Problem, StudyError

TEMPLATE = Path(__file__).parent / "templates" / "study.yaml"
CONTROLS = re.compile(
    r"(^|[._-])(control|ctrl|ctl|con|dmso|vehicle|veh|untreated|unt|mock|wt|wildtype|wild_type|scr|scramble|shscr|sictrl|0h|0m)([._-]|$)",
    re.IGNORECASE,
)
"""Names that the field gives to controls."""
TO_FILL_IN = "FILL_IN"
TWO_CONDITIONS = (
    "A study compares two conditions; of one alone nothing is computed.",
    "Add the libraries of the other condition, or name the condition of each library where its name does not show it.",
)
"""Rule and remedy where all libraries are of one condition."""
EXAMPLES = ("loci:", "ontology:", "cohort:")
"""Sections of the template that are examples; they are comments in a file whose libraries are known."""
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]")


NAMED = 5
"""Names that a line tells before it counts the others."""


class Contrast(NamedTuple):
    """The two conditions compared; "" where it cannot be told which they are."""

    treatment: str
    control: str


def init_study(folder: Path | str, text: str = "") -> Path:
    """Write a study file (`text`, else the commented template) into `folder`, made if absent, and return its path.

    The study is named after the folder. StudyError when a study.yaml already stands there; nothing is overwritten.
    """
    folder = Path(folder)
    target = folder / "study.yaml"
    if folder.exists() and not folder.is_dir():
        raise StudyError(Problem(str(folder), "a file", "A study lives in a folder of its own.", "Name a folder."))
    if target.exists():
        raise StudyError(
            Problem(
                str(target), "exists already", "A study file is never overwritten.", "Name another folder, or edit it."
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    text = text or TEMPLATE.read_text(encoding="utf-8")
    name = NOT_IN_A_NAME.sub("_", folder.resolve().name).lstrip("_.-")[:64] or "my-study"
    target.write_text(text.replace("\nname: my-study\n", f"\n{_line('name', name)}", 1), encoding="utf-8")
    return target


def told_contrast(conditions: Sequence[str], treatment: str = "", control: str = "") -> Contrast:
    """Treatment and control as given, else by the names that controls have."""
    conditions = list(dict.fromkeys(conditions))
    controls = [name for name in conditions if CONTROLS.search(name)]
    others = [name for name in conditions if name not in controls]
    if not control and treatment and len(conditions) == 2:
        control = next((name for name in conditions if name != treatment), "")
    if not control and len(controls) == 1:
        (control,) = controls
    if not treatment and control and len(conditions) == 2:
        treatment = next((name for name in conditions if name != control), "")
    if not treatment and len(others) == 1:
        (treatment,) = others
    return Contrast(treatment, control) if treatment != control else Contrast("", "")


def contrast_problems(conditions: Sequence[str], treatment: str, control: str) -> list[Problem]:
    """What is wrong with the conditions, and with those that were asked for by --treatment and --control."""
    rule = f"The conditions are {', '.join(dict.fromkeys(conditions))}."
    problems = []
    if len(set(conditions)) == 1:
        problems.append(Problem("condition", f"all libraries are of {conditions[0]!r}", *TWO_CONDITIONS))
    if treatment and treatment == control:
        seen = f"both are {treatment!r}"
        problems.append(Problem("--treatment and --control", seen, "A contrast compares two conditions.", rule))
    return problems + [
        Problem(f"--{side}", repr(name), rule, "Choose one of them.")
        for side, name in (("treatment", treatment), ("control", control))
        if name and name not in conditions
    ]


def filled_template(
    libraries: Sequence[Mapping[str, Any]],
    contrast: Contrast,
    roots: Sequence[str],
    source: str = "",
    assumed: Sequence[str] = (),
) -> str:
    """The template with libraries (as a study file has them), contrast and the folders that their paths reach; its examples of
    loci, ontology and patients become comments. `source` says where the libraries are from;
    `assumed`, a line each, what was assumed of them."""
    listed = yaml.safe_dump([dict(item) for item in libraries], sort_keys=False, allow_unicode=True, width=1000)
    head = f"  # From {source}; `groprog study init FOLDER` alone explains every field.\n" if source else ""
    head += "".join(f"  # {line}\n" for line in assumed)
    sides = "".join(f"  {_line(side, name or TO_FILL_IN)}" for side, name in contrast._asdict().items())
    unknown = "" if all(contrast) else "# Which of the conditions above are compared could not be told.\n"
    text = TEMPLATE.read_text(encoding="utf-8")
    text = _replaced(text, "libraries:", f"libraries:\n{head}" + "".join(f"  {line}\n" for line in listed.splitlines()))
    text = _replaced(text, "contrast:", f"{unknown}contrast:\n{sides}")
    for section in EXAMPLES:
        text = _commented(text, section)
    if roots:
        reached = yaml.safe_dump(list(roots), default_flow_style=True, allow_unicode=True, width=1000)
        text = text.replace("# data_roots: [/data/sequencing, ../shared]\n", f"data_roots: {reached}")
    if any("reads" in item and "alignments" not in item for item in libraries):
        text = text.replace("  # bowtie2_index: genome", "  bowtie2_index: genome")
    return text


def decisions(libraries: Sequence[Mapping[str, Any]], contrast: Contrast, given: bool) -> list[str]:
    """What was written and what is left to decide, a line each; `given`: the contrast was asked for, not guessed."""
    counts = Counter(str(item["condition"]) for item in libraries)
    of = ", ".join(f"{name} ({count})" for name, count in counts.items())
    told = [f"libraries: {len(libraries)}, by condition: {of}"]
    if not all(contrast):
        names = ", ".join(counts)
        told.append(f"contrast: left to fill in. Which of {names} are compared? --treatment and --control say it too.")
    elif given:
        told.append(f"contrast: {contrast.treatment} over {contrast.control}")
    else:
        told.append(
            f"contrast: {contrast.treatment} over {contrast.control}, guessed from the names; correct it if wrong"
        )
    index = any("reads" in item and "alignments" not in item for item in libraries)
    told.append(
        f"genome: left to fill in: name, chrom_sizes, annotation{', bowtie2_index' if index else ''} (docs/where_to_get.md)"
    )
    return told


def renamed(names: Mapping[str, str], what: str) -> list[str]:
    """One line that tells which of {name as given: name in the study file} were changed; none where all are as given."""
    changed = [f"{given!r} to {name}" for given, name in names.items() if given != name]
    if not changed:
        return []
    shown = ", ".join(changed[:NAMED]) + (f" and {len(changed) - NAMED} more" if len(changed) > NAMED else "")
    return [f"{what} changed to letters, digits, '_', '.', '-': {shown}"]


def _line(key: str, value: str) -> str:
    """`key: value` as YAML writes it: a name such as NO or 1 in quotes."""
    return str(yaml.safe_dump({key: value}, allow_unicode=True, width=1000))


def _section(text: str, head: str) -> tuple[int, int]:
    """Where a top-level section begins and ends: its head and the indented or commented lines up to the next blank line."""
    start = text.index(f"\n{head}\n") + 1
    end = text.find("\n\n", start)
    return start, len(text) if end < 0 else end + 1


def _replaced(text: str, head: str, section: str) -> str:
    start, end = _section(text, head)
    return text[:start] + section + text[end:]


def _commented(text: str, head: str) -> str:
    start, end = _section(text, head)
    lines = text[start:end].splitlines(keepends=True)
    return text[:start] + "".join(line if line.startswith("#") else f"# {line}" for line in lines) + text[end:]
