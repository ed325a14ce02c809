"""The version of an asset's code: a digest over what its module imports from this project, found without importing it.

Python files count by their syntax tree without docstrings, so a comment or a reformatted line rebuilds nothing; Cython files
count by their bytes. The platform around the science (storage, wiring, lineage) does not change a value and is left out;
parameters and tables are part of a derivation by themselves. Standard library only.

What was found in a file is kept by the file's sha256 in `__pycache__`, where Python keeps what it compiled of the same file.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("groprog_assets", "groprog_kernels")
SCIENCE_IN_PLATFORM_ROOMS = (
    "groprog_assets.compute.shards",
    "groprog_assets.intake.omics_subjects",
    "groprog_assets.intake.promotion",
    "groprog_assets.study.annotation_files",
    "groprog_assets.study.assay_scales",
    "groprog_assets.study.assays",
    "groprog_assets.study.assemblies",
    "groprog_assets.study.bed",
    "groprog_assets.study.chrom_sizes",
    "groprog_assets.study.files",
    "groprog_assets.study.intervals",
    "groprog_assets.study.outcome_names",
    "groprog_assets.study.plausible_ranges",
    "groprog_assets.study.text_files",
    "groprog_assets.study.text_tables",
)
"""Modules that decide values although their room does not: how a method's work divides, what a file's bytes say, what a name
stands for, whether a model is promoted."""
PLATFORM = tuple(
    f"groprog_assets.{name}"
    for name in (
        *(
            "cli",
            "compute",
            "definitions",
            "documentation",
            "errors",
            "export",
            "graph",
            "intake",
            "lineage",
            "running",
        ),
        *("simulation", "store", "study", "tables"),
        *("prognosis.scoring", "prognosis.standing_model", "report.plots"),
    )
)
"""Rooms and modules that move, store, show or tell of values and change none."""


SOURCES = (".py", ".pyx", ".pxd", ".h", ".sql", ".yaml")
KEPT = Path(__file__).parent / "__pycache__" / f"code_version.{sys.implementation.cache_tag}.json"


@cache
def is_platform(module: str) -> bool:
    """Whether a module (dotted name) changes no value, so that a change to it makes nothing again."""
    return _within(module, PLATFORM) and not _within(module, SCIENCE_IN_PLATFORM_ROOMS)


def _within(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


@cache
def code_version(module: str, extra: tuple[str, ...] = ()) -> str:
    """sha256 over the import closure of `module` and the `extra` files or folders, paths relative to the project."""
    digest = hashlib.sha256()
    paths = set(closure(module))
    for name in extra:
        place = ROOT / name
        paths |= {path for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file()}
    for path in sorted(path for path in paths if "__pycache__" not in path.parts):
        digest.update(f"{path.relative_to(ROOT)}\0{_source_digest(path)}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def kernel_digest() -> str:
    """sha256 over the sources of every kernel."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "groprog_kernels").iterdir()):
        if path.suffix in (".py", ".pyx", ".pxd", ".h"):
            digest.update(f"{path.name}\0{_source_digest(path)}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def project_digest() -> str:
    """sha256 over the bytes of every source file of this project."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in SOURCES and path.is_file():
                digest.update(f"{path.relative_to(ROOT)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def closure(module: str) -> list[Path]:
    """Files of this project that `module` reaches by import statements, at any depth of any function; itself included.

    Imports for annotations alone (`if TYPE_CHECKING:`) do not count.
    """
    seen: dict[str, list[Path]] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or is_platform(name):
            continue
        seen[name] = _files(name)
        for path in seen[name]:
            waiting.extend(_imports(path, name))
    return sorted({path for paths in seen.values() for path in paths})


@cache
def _files(module: str) -> list[Path]:
    stem = ROOT / module.replace(".", "/")
    if (stem / "__init__.py").is_file():
        return [stem / "__init__.py"]
    return [path for suffix in (".py", ".pyx", ".pxd", ".h") if (path := stem.with_suffix(suffix)).is_file()]


def _statements(node: ast.AST, executed: bool = False) -> Iterator[ast.stmt]:
    """The statements within `node`; `executed`: but those that only a type checker reads (`if TYPE_CHECKING:`), which change no
    value."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):  # holds no statement
            continue
        if (
            executed
            and isinstance(child, ast.If)
            and isinstance(child.test, ast.Name)
            and child.test.id == "TYPE_CHECKING"
        ):
            continue
        if isinstance(child, ast.stmt):
            yield child
        yield from _statements(child, executed)


@cache
def _imports(path: Path, module: str) -> tuple[str, ...]:
    found: set[str] = set()
    if path.suffix == ".py":
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for level, base, names in _kept(path)["imports"]:
            if level:
                above = package.split(".")[: len(package.split(".")) - level + 1]
                base = ".".join([*above, base] if base else above)
            found.add(base)
            found.update(f"{base}.{name}" for name in names)
    else:
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if len(words) > 1 and words[0] in ("from", "import", "cimport"):
                found.add(words[1].rstrip(","))
    return tuple(sorted(name for name in found if name.split(".")[0] in PACKAGES and _files(name)))


@cache
def _source_digest(path: Path) -> str:
    if path.suffix != ".py":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return str(_kept(path)["digest"])


def _kept(path: Path) -> dict[str, Any]:
    """{"digest": of a Python file without docstrings, "imports": [(level, base, names)]}, by the sha256 of its bytes."""
    content = path.read_bytes()
    kept, key = _read_kept(), hashlib.sha256(content).hexdigest()
    if key not in kept:
        kept[key] = _read_source(content)
        if not sys.dont_write_bytecode:
            atexit.unregister(_write_kept)
            atexit.register(_write_kept)
    return kept[key]


def _read_source(content: bytes) -> dict[str, Any]:
    tree = ast.parse(content)
    imports: list[tuple[int, str, list[str]]] = []
    for node in _statements(tree, executed=True):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.level, node.module or "", [alias.name for alias in node.names]))
    for scope in (tree, *_statements(tree)):
        if isinstance(scope, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            scope, clean=False
        ):
            scope.body = scope.body[1:] or [ast.Pass()]
    return {"digest": hashlib.sha256(ast.dump(tree).encode()).hexdigest(), "imports": imports}


@lru_cache(maxsize=1)
def _read_kept() -> dict[str, dict[str, Any]]:
    try:
        held = json.loads(KEPT.read_bytes())
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _write_kept() -> None:
    """Keep what was found; where the folder may not be written to, the next process finds it again."""
    beside = KEPT.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        beside.write_text(json.dumps(_read_kept()))
        os.replace(beside, KEPT)
