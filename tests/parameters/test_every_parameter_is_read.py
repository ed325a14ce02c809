"""A number that a user may set is read by some module; one that nothing reads is a promise that is not kept."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from groprog_assets.study.parameters import Parameters
from tests.architecture.sources import module_name, python_files, tree

MODULES = [tree(path) for path in python_files() if not module_name(path).startswith("groprog_assets.study.")]


def unread(groups: Mapping[str, type[BaseModel]], modules: Iterable[ast.Module]) -> list[str]:
    """Fields `group.field` that no module reads.

    A field is read where a module has `.field` and names its group: as `.group`, or by the class in an annotation or import.
    """
    wanted = {(name, field): kind.__name__ for name, kind in groups.items() for field in kind.model_fields}
    for module in modules:
        attributes, names = set(), set()
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute):
                attributes.add(node.attr)
            elif isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.alias):
                names.add(node.name)
        for group, field in list(wanted):
            if field in attributes and (group in attributes or wanted[group, field] in names):
                del wanted[group, field]
    return [f"{group}.{field}" for group, field in wanted]


GROUPS = {name: type(getattr(Parameters(), name)) for name in Parameters.model_fields}


def test_every_parameter_is_read():
    assert not unread(GROUPS, MODULES), "read it, or remove it and name it in RETIRED"


def test_a_parameter_that_nothing_reads_is_found():
    class Quality(BaseModel):
        floor: float = 30.0
        ceiling: float = 40.0

    reads = ast.parse("def judge(quality: Quality):\n    return quality.floor")
    elsewhere = ast.parse("def other(room):\n    return room.ceiling")
    assert unread({"quality": Quality}, [reads, elsewhere]) == ["quality.ceiling"]
