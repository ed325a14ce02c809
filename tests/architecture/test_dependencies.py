"""What pyproject.toml declares is used, and constraints.txt pins what is needed and nothing else."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from tests.architecture.sources import ROOT, imports, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

USED_WITHOUT_IMPORT = {
    "dagster-postgres": "dagster.yaml of a study on PostgreSQL names its storage classes",
    "psycopg2-binary": "SQLAlchemy loads it for postgresql:// addresses",
    "s3fs": "universal-pathlib loads it for s3:// addresses",
}
"""Runtime dependencies that another package, or a configuration, loads by name."""

TOOLS = {
    "mypy": "checks types: land and pre-commit run it",
    "pandas-stubs": "types of pandas for mypy",
    "types-pyyaml": "types of PyYAML for mypy",
    "pre-commit": "runs the checks before a commit",
    "pytest-xdist": "`make test` runs the tests in several processes",
    "ruff": "checks and formats the sources",
}
"""Development dependencies that are run and not imported."""

ORACLES = ("scikit-survival",)
"""Pinned so that the tests that compare with them, where they are installed, meet the version they were written for."""


def name_of(requirement: str) -> str:
    return canonical(Requirement(requirement).name)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_by(paths: list) -> set[str]:
    """Distributions whose packages are imported, or asked for with `pytest.importorskip`, in some of the files."""
    tops = {found.module.split(".")[0] for path in paths for found in imports(path)}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            asks = isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip"
            if asks and isinstance(node.args[0], ast.Constant):
                tops.add(str(node.args[0].value).split(".")[0])
    providers = metadata.packages_distributions()
    return {canonical(name) for top in tops for name in providers.get(top, [top])}


def unused(declared: set[str], imported: set[str], without_import: dict[str, str]) -> list[str]:
    """The declared distributions that nothing imports and that no entry explains."""
    return sorted(declared - imported - set(without_import))


def test_every_runtime_dependency_is_used():
    extras = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name != "dev"}
    declared = {name_of(line) for lines in (PROJECT["dependencies"], *extras.values()) for line in lines}
    imported = imported_by(list(python_files()))
    assert not unused(declared, imported, USED_WITHOUT_IMPORT), "declared in pyproject.toml and imported by nothing"
    assert set(USED_WITHOUT_IMPORT) <= declared - imported, "an entry that is imported, or declared no more, goes"


def test_every_development_dependency_is_used():
    declared = {name_of(line) for line in PROJECT["optional-dependencies"]["dev"]}
    folders = [ROOT / name for name in ("groprog_assets", "groprog_kernels", "tests", "benchmarks")]
    imported = imported_by([path for folder in folders for path in folder.rglob("*.py")])
    assert not unused(declared, imported, TOOLS)
    assert set(TOOLS) <= declared - imported


def test_an_unused_dependency_is_found():
    assert unused({"captum", "numpy", "ruff"}, {"numpy"}, {"ruff": "a tool"}) == ["captum"]


def test_constraints_pin_what_is_needed_and_nothing_else():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonical(line.split("==")[0]) for line in lines if line and not line.startswith("#")}
    declared = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    declared += [*PROJECT["dependencies"], "cython", "setuptools", *ORACLES]
    needed, missing = closure(declared)
    if missing - {"s3fs", *ORACLES}:
        pytest.skip(f"not installed, so that what they need is unknown: {sorted(missing)}")
    if not missing & set(ORACLES):
        assert not sorted(pinned - needed), "pinned and needed by nothing"
    assert not sorted(needed - pinned), "needed and not pinned"


def closure(declared: list[str]) -> tuple[set[str], set[str]]:
    """All distributions that the declared ones need on this machine, and those of them that are not installed."""
    waiting = [Requirement(line) for line in declared]
    needed, missing, done = set(), set(), set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonical(requirement.name), frozenset(requirement.extras)
        if (name, extras) in done:
            continue
        done.add((name, extras))
        needed.add(name)
        try:
            lines = metadata.requires(requirement.name) or []
        except metadata.PackageNotFoundError:
            missing.add(name)
            continue
        for line in lines:
            found = Requirement(line)
            if found.marker is None or any(found.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append(found)
    return needed, missing
