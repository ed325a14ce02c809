"""The `dagster.yaml` beside a study: settings of Dagster, and nothing that writes elsewhere or names code of its own.

Dagster creates what its settings name: classes of any module, folders anywhere. A study that came from another person brings its
settings along, so only Dagster's own classes and folders of the study are allowed. The address of a database comes from the
environment of whoever runs it. Standard library, PyYAML.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from groprog_assets.errors import Problem, StudyError
from groprog_assets.study.text_tables import count_of

SETTINGS = "dagster.yaml"
LARGEST_SETTINGS = 100_000
NUMBERS_AND_SWITCHES = (
    "auto_materialize",
    "backfills",
    "code_servers",
    "concurrency",
    "freshness",
    "nux",
    "retention",
    "run_monitoring",
    "run_queue",
    "run_retries",
    "schedules",
    "sensors",
    "telemetry",
)
"""Sections without paths and classes."""
CLASSES = (
    "compute_logs",
    "event_log_storage",
    "local_artifact_storage",
    "run_coordinator",
    "run_launcher",
    "run_storage",
    "schedule_storage",
    "scheduler",
)
"""Sections that name a class, its module and its configuration."""
PACKAGES = ("dagster", "dagster_postgres")
LOGGING = ("managed_python_loggers", "python_log_level")
DATABASE = "{postgres: {postgres_url: {env: GROPROG_POSTGRES}}}"


def require_safe_settings(path: Path, study: Path) -> None:
    """StudyError with every problem of the settings file `path` of the study in folder `study`; none when it is absent."""
    problems = settings_problems(path, study)
    if problems:
        raise StudyError(problems)


def settings_problems(path: Path, study: Path) -> list[Problem]:
    """What of the settings file `path` could write outside the folder `study`, or name code that is not Dagster's."""

    def problem(at: str, value: str, rule: str, remedy: str) -> Problem:
        return Problem(f"{path}, {at}" if at else str(path), value, rule, remedy)

    if not os.path.lexists(path):
        return []
    try:
        settings = _read(path)
    except (OSError, UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        told = " ".join(str(getattr(error, "problem", None) or getattr(error, "strerror", None) or error).split())
        rule = f"The settings of Dagster are a YAML file of up to {LARGEST_SETTINGS:,} bytes, without anchors and tags."
        return [problem("", told[:200], rule, "Mend it, or remove it: the packaged settings then apply.")]
    found = []
    for section, value in settings.items():
        if section in NUMBERS_AND_SWITCHES:
            found += [
                problem(at, shown, "No path, class or variable stands here.", "Remove it.")
                for at, shown in _odd(section, value)
            ]
        elif section in CLASSES:
            found += [problem(*told) for told in _class_problems(section, value, study)]
        elif section == "storage":
            found += [problem(*told) for told in _storage_problems(value, study)]
        elif section == "python_logs" and isinstance(value, dict) and set(value) <= set(LOGGING):
            continue
        else:
            known = ", ".join(sorted([*NUMBERS_AND_SWITCHES, *CLASSES, "storage", "python_logs"]))
            rule = "A study sets neither logging handlers, secrets nor classes of other packages."
            found.append(problem(str(section), "not allowed", rule, f"Remove it. Allowed are {known}."))
    return found


def _read(path: Path) -> dict[Any, Any]:
    if not path.is_file():
        raise ValueError("not a regular file")
    if path.stat().st_size > LARGEST_SETTINGS:
        raise ValueError(count_of(path.stat().st_size, "byte"))
    text = path.read_text(encoding="utf-8-sig")
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
            raise ValueError(f"an anchor or tag in line {token.start_mark.line + 1}")
    settings = yaml.safe_load(text)
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise ValueError("not a mapping")
    return settings


def _leaves(at: str, value: Any) -> Iterator[tuple[str, Any]]:
    """(dotted place, value) of everything below that is neither a mapping nor a list; keys `env` are named with their mapping."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(f"{at}.{key}", item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(at, item)
    else:
        yield at, value


def _odd(section: str, value: Any) -> Iterator[tuple[str, str]]:
    for at, leaf in _leaves(section, value):
        if at.endswith((".env", ".module", ".class")) or (isinstance(leaf, str) and _is_path(at, leaf)):
            yield at, str(leaf)


def _is_path(at: str, text: str) -> bool:
    return at.endswith(("dir", "path", "file", "filename", "directory")) or text.startswith(("/", "~", "."))


def _class_problems(section: str, value: Any, study: Path) -> Iterator[tuple[str, str, str, str]]:
    value = value if isinstance(value, dict) else {}
    module = str(value.get("module", ""))
    if module.partition(".")[0] not in PACKAGES:
        rule = "Only classes of Dagster run here."
        yield (
            f"{section}.module",
            module or "not given",
            rule,
            f"Name a module of {' or '.join(PACKAGES)}, or remove it.",
        )
    yield from _path_problems(f"{section}.config", value.get("config"), study, module.startswith("dagster_postgres"))


def _storage_problems(value: Any, study: Path) -> Iterator[tuple[str, str, str, str]]:
    value = value if isinstance(value, dict) else {}
    for kind, settings in value.items():
        if kind == "custom":
            yield from _class_problems("storage.custom", settings, study)
        elif kind in ("sqlite", "postgres"):
            yield from _path_problems(f"storage.{kind}", settings, study, kind == "postgres")
        else:
            rule = "A study keeps its runs and events in SQLite or PostgreSQL."
            yield f"storage.{kind}", "not allowed", rule, f"Remove it, or write storage: {DATABASE}."


def _path_problems(section: str, value: Any, study: Path, database: bool) -> Iterator[tuple[str, str, str, str]]:
    """A path in the configuration of a class is a folder of the study; a database is named by the variable with its address."""
    folder = Path(os.path.realpath(study))
    for at, leaf in _leaves(section, value):
        if not isinstance(leaf, str):
            continue
        if database:
            if not at.endswith(".postgres_url.env"):
                rule = "The address of a database comes from the environment of whoever runs the study."
                yield at, "not allowed", rule, f"Write storage: {DATABASE}."
        elif at.endswith(".env"):
            yield at, leaf, "What is written where stands in the file itself.", "Write the folder."
        elif _is_path(at, leaf) and not (os.path.isabs(leaf) and Path(os.path.realpath(leaf)).is_relative_to(folder)):
            rule = "Dagster writes inside the study's folder only."
            remedy = (
                f"Remove it: Dagster then writes below {study / '.groprog' / 'dagster'}. Or give a folder of the study."
            )
            yield at, leaf, rule, remedy
