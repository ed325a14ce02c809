"""Reading and checking a study file: all problems at once, each with file and line, value, rule and remedy.

`load_study` reads and resolves; `check_study` also looks at the files; `study_notices` says what will be done differently
from what one might expect. Nothing here changes a file; `new_study` writes one.
Standard library, pydantic, PyYAML.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import yaml
from pydantic import BaseModel, ValidationError

from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.files import open_regular
from groprog_assets.study.finding import Finding
from groprog_assets.study.instance_settings import SETTINGS, settings_problems
from groprog_assets.study.library_notices import library_notices
from groprog_assets.study.omics_rules import omics_notices
from groprog_assets.study.parameters import RETIRED
from groprog_assets.study.part import StudyPart
from groprog_assets.study.places import place_findings
from groprog_assets.study.rules import file_findings, rule_findings
from groprog_assets.study.schema import Study
from groprog_assets.wording import shell_command

LARGEST_FILE = 4_000_000
MOST_NODES = 200_000
COLLECTION_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
MERGE_TAG = "tag:yaml.org,2002:merge"

Location = tuple[str | int, ...]


class _Document(NamedTuple):
    """A parsed file: plain data, the line of every location, problems of the text itself."""

    data: Any
    lines: dict[Location, int]
    problems: list[Problem]


def load_study(path: Path | str) -> Study:
    """The study of a file, its paths absolute. A link is followed: paths are relative to the file that it leads to.

    Checks text, types, rules between fields and the reach of paths, not the files' content (`check_study` does).
    Raises StudyError with every problem found.
    """
    study, _, problems = _read(Path(os.path.realpath(path)))
    if study is None or problems:
        raise StudyError(problems)
    return study


def check_study(path: Path | str) -> list[Problem]:
    """Every problem of a study file and of the files it names; empty when it can run. Nothing is written."""
    path = Path(os.path.realpath(path))
    study, lines, problems = _read(path)
    if study is not None:
        problems += [_problem(path, lines, finding) for finding in file_findings(study)]
        folder = path.absolute().parent
        for settings in (folder / SETTINGS, folder / ".groprog" / "dagster" / SETTINGS):
            problems += settings_problems(settings, folder)
    return problems


def study_notices(study: Study) -> list[Problem]:
    """What is legal but worth knowing before a run: fields left out because they are known after baseline, missing replicates,
    absent masks, a read end or strand that is unusual for the assay. Not errors: a run goes on."""
    notices = [*omics_notices(study)]
    if not study.libraries:
        return notices
    notices += library_notices(study)

    def notice(where: str, value: str, rule: str, remedy: str) -> None:
        notices.append(Problem(where, value, rule, remedy))

    for field in study.cohort.fields if study.cohort is not None else ():
        if field.known_at_days > study.parameters.cohort.landmark_days:
            notice(
                f"cohort.fields, {field.name}",
                f"known {field.known_at_days:g} days after baseline",
                "A value from after the start of follow-up would let the model look ahead; the field is not used.",
                "Set parameters.cohort.landmark_months to a time by which it is known, or remove the field.",
            )
    for condition in (study.contrast.treatment, study.contrast.control):
        if sum(library.condition == condition for library in study.libraries) < 2:
            notice(
                f"libraries, condition {condition}",
                "one library",
                "Without replicates the variation between libraries is assumed, not measured; p-values are labelled exploratory.",
                "Add a replicate of each condition.",
            )
    if study.cohort is None:
        notice(
            "cohort",
            "not given",
            "Without patients the study ends with the nascent half: figures, tables and a report, no model.",
            "Add cohort, if there are patients.",
        )
    if study.genome.multi_copy is None and study.parameters.filtering.use_masks:
        notice(
            "genome.multi_copy",
            "not given",
            "Reads of rDNA and other multi-copy regions cannot be placed and inflate whatever lies there.",
            "Give a BED of these regions.",
        )
    return notices


def _read(path: Path) -> tuple[Study | None, dict[Location, int], list[Problem]]:
    """The study as far as it can be built; None when its types do not fit. Paths of a returned study are absolute."""
    document = _parse(path)
    if document.data is None:
        return None, {}, document.problems
    problems = list(document.problems)
    try:
        study = Study.model_validate(document.data)
    except ValidationError as error:
        problems += [_problem(path, document.lines, finding) for finding in _type_findings(error, document.data)]
        return None, document.lines, problems
    study, findings = _resolve(study, path)
    findings += [*rule_findings(study), *place_findings(study, path)]
    problems += [_problem(path, document.lines, finding) for finding in findings]
    return study, document.lines, problems


def _parse(path: Path) -> _Document:
    """The YAML text as plain data with the line of each field; duplicate keys, tags and syntax errors become problems."""

    def failed(where: str, value: str, rule: str, remedy: str) -> _Document:
        return _Document(None, {}, [Problem(where, value, rule, remedy)])

    try:
        if path.is_dir():
            return failed(str(path), "a folder", "A study is one YAML file.", f"Try {path / 'study.yaml'}.")
        with open_regular(path) as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        return _Document(None, {}, [absent_study(path, error)])
    if len(raw) > LARGEST_FILE:
        return failed(
            str(path),
            f"over {LARGEST_FILE:,} bytes",
            "A study file is text of a few kilobytes.",
            "Name the study's file or folder; is it the right file?",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return failed(f"{path}:{line}", "not UTF-8", "A study file is UTF-8 text.", "Save it as UTF-8.")
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return failed(
                f"{path}:1", "empty", "The file must describe a study.", "groprog study init writes a template."
            )
        lines: dict[Location, int] = {}
        problems: list[Problem] = []
        data = _plain(loader, node, (), lines, problems, path)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else text[: getattr(error, "position", 0)].count("\n") + 1
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
        return failed(
            f"{path}:{line}",
            f"not valid YAML: {what}",
            "Indentation is by spaces; text with ': ' or '#' in it needs quotes.",
            "Mend this line or the one before it.",
        )
    except (ValueError, RecursionError) as error:
        return failed(f"{path}:1", str(error)[:200], "A study file is a plain tree of values.", "Write the values out.")
    if not isinstance(data, dict):
        return failed(
            f"{path}:1",
            KINDS.get(type(data), "one value"),
            "A study file is a mapping of fields.",
            "Name the study's file or folder. groprog study init FOLDER writes a template.",
        )
    return _Document(data, lines, problems)


KINDS = {str: "text", list: "a list", int: "a number", float: "a number"}
"""What a YAML document is that is no mapping."""


def absent_study(path: Path, error: OSError) -> Problem:
    """The problem of a study file that cannot be opened, with the study that may be meant, or the way to a new one."""
    folder = path.parent if path.suffix in (".yaml", ".yml") else path
    seen = (error.strerror or "cannot be read").lower()
    rule = "The study file must exist and be readable."
    above = [place / "study.yaml" for place in path.absolute().parents if (place / "study.yaml").is_file()]
    if blocking := next((place for place in path.parents if place.is_file()), None):
        rule, remedy = f"{blocking} is a file, and a study is a file in a folder.", "Name the study's file or folder."
    elif above:
        remedy = f"Is {above[0]} meant? Name the study's file or folder."
    elif isinstance(error, PermissionError):
        remedy = "Mend the rights of the file and of the folders above it."
    else:
        command = shell_command("groprog", "study", "init", folder)
        remedy = f"Name the study's file or folder, or write one with: {command}"
    return Problem(str(path), seen, rule, remedy)


def _plain(
    loader: yaml.SafeLoader,
    node: yaml.Node,
    at: Location,
    lines: dict[Location, int],
    problems: list[Problem],
    path: Path,
) -> Any:
    """Plain data of a node; notes its line, and each repeated or non-text key as a problem."""
    if len(lines) > MOST_NODES:
        raise ValueError("too many values; do anchors repeat each other?")
    lines.setdefault(at, node.start_mark.line + 1)
    if not isinstance(node, yaml.ScalarNode) and node.tag not in COLLECTION_TAGS:
        raise yaml.constructor.ConstructorError(None, None, f"the tag {node.tag!r} is not allowed", node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, child, (*at, k), lines, problems, path) for k, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        value = loader.construct_object(node, deep=True)
        return _whole_text(value, node, path, problems, at) if isinstance(value, str) else value
    if any(key.tag == MERGE_TAG for key, _ in node.value):
        if _merged(node, {}) > MOST_NODES:
            raise ValueError("too many values; do merge keys repeat each other?")
        loader.flatten_mapping(node)
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        key = key if isinstance(key, str) else str(getattr(key_node, "value", key))
        key = _whole_text(key, key_node, path, problems, at)
        if key in mapping:
            problems.append(
                Problem(
                    f"{path}:{line}, {_dotted((*at, key))}",
                    "stands twice",
                    f"A field is given once; the first is in line {lines[(*at, key)]}.",
                    "Keep one of them.",
                )
            )
            continue
        lines[(*at, key)] = line
        mapping[key] = _plain(loader, value_node, (*at, key), lines, problems, path)
    return mapping


def _whole_text(text: str, node: yaml.Node, path: Path, problems: list[Problem], at: Location) -> str:
    """The text, with a problem where it holds half of a surrogate pair, which no file or page can show."""
    shown = text.encode(errors="backslashreplace").decode()
    if shown != text:
        where = f"{path}:{node.start_mark.line + 1}, {_dotted(at)}"
        rule = "An escape such as \\ud83d is half of a character, which has no form in UTF-8."
        problems.append(Problem(where, shown[:80], rule, "Write the character itself, or \\U and its eight digits."))
    return shown


def _merged(node: yaml.Node, counted: dict[int, int]) -> int:
    """Number of fields that a mapping has once its merge keys are written out, those that repeat included.

    `counted` holds the numbers of nodes met before; one that is being counted merges itself.
    """
    if isinstance(node, yaml.SequenceNode):
        return sum(_merged(item, counted) for item in node.value)
    if not isinstance(node, yaml.MappingNode):
        return 1
    if id(node) not in counted:
        counted[id(node)] = MOST_NODES + 1
        counted[id(node)] = sum(_merged(item, counted) if key.tag == MERGE_TAG else 1 for key, item in node.value)
    return counted[id(node)]


def _problem(path: Path, lines: dict[Location, int], finding: Finding) -> Problem:
    """A finding with file and line; a location without a line of its own takes that of the nearest part above it."""
    at = finding.at
    while at and at not in lines:
        at = at[:-1]
    field = _dotted(finding.at)
    where = f"{path}:{lines.get(at, 1)}" + (f", {field}" if field else "")
    return Problem(where, finding.value, finding.rule, finding.remedy)


def _dotted(at: Location) -> str:
    """("libraries", 2, "id") -> "libraries[2].id"."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _type_findings(error: ValidationError, data: Any) -> Iterator[Finding]:
    """pydantic's errors in the project's words."""
    for item in error.errors(include_url=False, include_context=True):
        at: Location = tuple(item["loc"])
        name = str(at[-1]) if at else "study"
        shown = f"{item['input']!r}"
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        if item["type"] == "extra_forbidden":
            retired = RETIRED.get(_dotted(at[1:])) if at[0] == "parameters" else None
            if retired is not None:
                remedy = f"Remove it, and `{at[-2]}` with it where that is then empty: the results stay the same."
                yield Finding(at, shown, retired, remedy)
                continue
            known = _fields_at(at[:-1])
            close = difflib.get_close_matches(name, known, 1, 0.6)
            remedy = f"Did you mean {close[0]!r}?" if close else f"Known are: {', '.join(known)}."
            yield Finding(at, f"unknown field {name!r}", "Only fields of the study schema may stand here.", remedy)
        elif item["type"] == "missing":
            yield Finding(at, "missing", f"The field {name!r} is required.", _describe(at) or f"Add {name!r}.")
        elif item["type"] == "string_pattern_mismatch":
            yield Finding(
                at,
                shown,
                "Names become file and partition names: letters, digits, '_', '.', '-', at most 64, first a letter or digit.",
                "Choose such a name.",
            )
        elif item["type"] in ("string_type", "path_type"):
            remedy = "Put it in quotes." if isinstance(item["input"], int | float | bool) else "Write text."
            yield Finding(at, shown, "Text is expected here (YAML reads yes, no and numbers as other types).", remedy)
        elif item["type"] == "literal_error":
            expected = str(item.get("ctx", {}).get("expected", ""))
            close = difflib.get_close_matches(str(item["input"]), re.findall(r"'([^']*)'", expected), 1, 0.5)
            remedy = f"Did you mean {close[0]!r}?" if close else _describe(at) or "Change the value."
            yield Finding(at, shown, f"It is {expected}.", remedy)
        else:
            said = item["msg"].removeprefix("Value error, ")
            rule = said[0].upper() + said[1:].rstrip(".") + "."
            yield Finding(at, shown, rule, _describe(at) or "Change the value.")


def _model_at(at: Location) -> type[BaseModel] | None:
    """The model whose fields stand at a location, if it is one."""
    model: type[BaseModel] | None = Study
    for part in at:
        if model is None or isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        model = next(iter(_models_in(field.annotation)), None) if field else None
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _fields_at(at: Location) -> list[str]:
    model = _model_at(at)
    return list(model.model_fields) if model else []


def _describe(at: Location) -> str:
    """What the schema says of a field."""
    model = _model_at(at[:-1]) if at else None
    field = model.model_fields.get(str(at[-1])) if model else None
    if field is None:
        return ""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    unit = f"Unit: {extra['unit']}; default {field.get_default(call_default_factory=True)}." if "unit" in extra else ""
    return unit or (f"It is: {field.description}." if field.description else "")


def _resolve(study: Study, path: Path) -> tuple[Study, list[Finding]]:
    """The study with absolute paths, and a finding for each path out of reach.

    Reach: the study's folder and its `data_roots`. Compared as written, links not followed: a link inside the folder is
    the user's own decision.
    """
    home = Path(os.path.abspath(path.parent))
    roots = [Path(os.path.normpath(home / root)) for root in study.data_roots]
    findings: list[Finding] = []

    def absolute(value: Path, at: Location) -> Path:
        try:
            full = Path(os.path.normpath(home / value.expanduser()))
        except RuntimeError as error:  # ~name of nobody
            findings.append(Finding(at, str(value), f"{error}.".replace("..", "."), "Write the path out."))
            return value
        if not any(full.is_relative_to(root) for root in (home, *roots)):
            findings.append(
                Finding(
                    at,
                    str(value),
                    "A path is relative to the study file and stays in its folder, or lies under a folder of data_roots.",
                    f"Move the file, or add {os.path.relpath(full.parent, home)!r} to data_roots.",
                )
            )
        return full

    def walk(value: Any, at: Location) -> Any:
        if isinstance(value, Path):
            return absolute(value, at)
        if isinstance(value, list):
            return [walk(item, (*at, k)) for k, item in enumerate(value)]
        if isinstance(value, StudyPart):
            updates = {
                name: walk(getattr(value, name), (*at, name))
                for name in type(value).model_fields
                if name != "data_roots"
            }
            return value.model_copy(update=updates)
        return value

    resolved = walk(study, ()).model_copy(update={"data_roots": roots})
    return resolved, findings
