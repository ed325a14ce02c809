"""The project's own sources as syntax trees: what the architecture tests look at."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("groprog_kernels", "groprog_assets")


class Import(NamedTuple):
    """One imported module; `top` is True when it runs as soon as the file is imported."""

    module: str
    line: int
    top: bool


@cache
def python_files() -> tuple[Path, ...]:
    """Every Python file of the two packages."""
    return tuple(sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def module_name(path: Path) -> str:
    """`groprog_assets.methods.features.pausing` for its file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path) -> tuple[Import, ...]:
    """Every import of a file at run time; those under `if TYPE_CHECKING:` are for annotations and left out."""
    found: list[Import] = []

    def visit(node: ast.AST, top: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module_name(path).split(".")[: -node.level]
                base = ".".join([*package, base]).rstrip(".")
            own = base.split(".")[0] in PACKAGES
            modules = [alias.name for alias in node.names if own and is_module(f"{base}.{alias.name}")]
            found.extend(Import(f"{base}.{name}", node.lineno, top) for name in modules)
            if len(modules) < len(node.names):
                found.append(Import(base, node.lineno, top))
        inside = top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(tree(path), True)
    return tuple(found)


def is_module(name: str) -> bool:
    """Whether a dotted name is a file or package of the project, rather than a name inside one."""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file() or path.with_suffix(".pyx").is_file()


def is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names


def is_own(module: str) -> bool:
    return module.split(".")[0] in PACKAGES


def import_graph() -> dict[str, set[str]]:
    """Each module of the project with the modules of the project it imports, at the top or inside a function."""
    names = {module_name(path): path for path in python_files()}
    return {
        name: {found.module for found in imports(path) if found.module in names and found.module != name}
        for name, path in names.items()
    }


def circles(graph: dict[str, set[str]]) -> list[tuple[str, ...]]:
    """The strongly connected components of more than one module, each sorted: every member reaches every other."""
    reached = {name: _reachable(graph, name) for name in graph}
    found = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return sorted(found)


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph[name] - seen)
    return seen
