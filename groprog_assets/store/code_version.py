"""The version of an asset's code: a digest over what its module imports from this project, found without importing it.

Python files count by their syntax tree without docstrings, so a comment or a reformatted line rebuilds nothing; Cython files
count by their bytes. The platform around the science (storage, wiring, lineage) does not change a value and is left out;
parameters and tables are part of a derivation by themselves. Standard library only.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("groprog_assets", "groprog_kernels")
SCIENCE_IN_PLATFORM_ROOMS = (
    "groprog_assets.compute.shards",
    "groprog_assets.intake.omics_subjects",
    "groprog_assets.intake.promotion",
    "groprog_assets.study.annotation_files",
    "groprog_assets.study.assays",
    "groprog_assets.study.assemblies",
    "groprog_assets.study.chrom_sizes",
    "groprog_assets.study.files",
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


def _files(module: str) -> list[Path]:
    stem = ROOT / module.replace(".", "/")
    if (stem / "__init__.py").is_file():
        return [stem / "__init__.py"]
    return [path for suffix in (".py", ".pyx", ".pxd", ".h") if (path := stem.with_suffix(suffix)).is_file()]


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below `node` but those that only a type checker reads (`if TYPE_CHECKING:`), which change no value."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _executed(child)


@cache
def _imports(path: Path, module: str) -> tuple[str, ...]:
    found: set[str] = set()
    if path.suffix == ".py":
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for node in _executed(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    above = package.split(".")[: len(package.split(".")) - node.level + 1]
                    base = ".".join([*above, base] if base else above)
                found.add(base)
                found.update(f"{base}.{alias.name}" for alias in node.names)
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
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
