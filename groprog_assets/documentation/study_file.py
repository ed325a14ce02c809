"""Every field of a study file, from the schema that reads it."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from groprog_assets.documentation.generated import GENERATED, escaped, shown
from groprog_assets.study.schema import Study

WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}
ELSEWHERE = {"parameters": "[parameters.md](parameters.md)"}
"""Fields that have a page of their own."""


def study_file_page() -> str:
    """A section a part of the study file, a row a field: type, default, meaning."""
    lines = [
        "# The study file",
        "",
        GENERATED,
        "",
        "From `groprog_assets/study/schema.py`. One YAML file; paths are relative to it. `groprog study init FOLDER` writes a "
        "commented template,",
        "`groprog study check STUDY` names every problem at once. **Bold** fields are required.",
    ]
    for name, model in _parts(Study, ""):
        text = (inspect.getdoc(model) or "").partition("\n\n")[0].replace("\n", " ")
        told = text if model.__doc__ and not text.startswith("!!!") else ""
        lines += ["", f"## {name or 'the file'}", "", *([told, ""] if told else [])]
        lines += ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
        for field, given in model.model_fields.items():
            lines.append(_row(name, field, given))
    return "\n".join([*lines, ""])


def _row(part: str, name: str, field: FieldInfo) -> str:
    required = field.is_required()
    meaning = field.description or ""
    if not part and name in ELSEWHERE:
        meaning = f"overrides of published values: {ELSEWHERE[name]}"
    elif _model_in(field.annotation) is not None:
        path = f"{part}.{name}" if part else name
        link = f"see [{path}](#{path.replace('.', '').lower()})"
        meaning = f"{meaning}; {link}" if meaning else link
    default = "" if required else _default(field)
    title = f"**`{name}`**" if required else f"`{name}`"
    return f"| {title} | {escaped(_kind(field.annotation))} | {escaped(default)} | {escaped(meaning)} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value == "" or value == [] or value == {} or isinstance(value, BaseModel):
        return ""
    return f"`{shown(value)}`"


def _parts(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, model
    for name, field in model.model_fields.items():
        nested = _model_in(field.annotation)
        if nested is not None and (path or name not in ELSEWHERE):
            yield from _parts(nested, f"{path}.{name}" if path else name)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The part of the file that a field holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _kind(annotation: Any) -> str:
    """A type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in parts if part is not type(None))
    if origin is list:
        return f"list of {_kind(parts[0])}"
    if origin is tuple:
        return f"[{', '.join(_kind(part) for part in parts)}]"
    if origin is dict:
        return f"{_kind(parts[0])}: {_kind(parts[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "fields"
    return WORDS.get(annotation, "any value" if annotation is Any else getattr(annotation, "__name__", str(annotation)))
