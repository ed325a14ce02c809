"""Imports follow the layer table, read from the sources; heavy packages wait until they are needed."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.architecture.layers import LAYERS, layer_of, may_import
from tests.architecture.sources import ROOT, imports, is_own, is_standard, module_name, python_files, tree

HEAVY = ("torch", "pydeseq2", "matplotlib", "captum", "lifelines", "xgboost")
FILES = [pytest.param(path, id=module_name(path)) for path in python_files()]


@pytest.mark.parametrize("path", FILES)
def test_imports_follow_the_layer_table(path: Path):
    module = module_name(path)
    wrong = [
        f"line {found.line}: {found.module}"
        for found in imports(path)
        if not is_standard(found.module) and not may_import(module, found.module, is_own(found.module))
    ]
    assert not wrong, f"{module} is of the layer '{layer_of(module).name}' and may not import {', '.join(wrong)}"


def test_every_arrow_runs_down():
    floors = {layer.name: layer.floor for layer in LAYERS}
    upward = [f"{layer.name} -> {name}" for layer in LAYERS for name in layer.own if floors[name] >= layer.floor]
    assert not upward, "a room imports rooms on lower floors only"


def test_no_row_allows_what_nobody_imports():
    """A row that names a room or package that none of its modules imports would let the next arrow in unseen."""
    used: dict[str, set[str]] = {layer.name: set() for layer in LAYERS}
    for path in python_files():
        for found in imports(path):
            name = layer_of(found.module).name if is_own(found.module) else found.module.split(".")[0]
            used[layer_of(module_name(path)).name].add(name)
    unused = {layer.name: rest for layer in LAYERS if (rest := {*layer.own, *layer.outside} - used[layer.name])}
    assert not unused, "take these out of the table"


def test_every_room_has_a_row_and_says_what_belongs_there():
    rooms = sorted(path for path in (ROOT / "groprog_assets").iterdir() if (path / "__init__.py").is_file())
    assert {path.name for path in rooms} <= {layer.name for layer in LAYERS}
    for room in rooms:
        text = ast.get_docstring(tree(room / "__init__.py")) or ""
        missing = [part for part in ("Belongs here:", "Not here:") if part not in text]
        assert not missing, f"{room.name}/__init__.py does not say: {missing}"


def test_nothing_lies_loose_at_the_root():
    loose = {path.stem for path in (ROOT / "groprog_assets").glob("*.py")}
    assert loose == {"__init__", "definitions", "errors"}


@pytest.mark.parametrize("path", FILES)
def test_heavy_packages_are_imported_inside_functions(path: Path):
    module = module_name(path)
    allowed = {"model": {"torch"}}.get(layer_of(module).name, set())
    top = {found.module.split(".")[0] for found in imports(path) if found.top}
    assert not top & set(HEAVY) - allowed


def test_loading_the_definitions_loads_nothing_heavy(tmp_path: Path):
    if not (ROOT / "groprog_assets" / "definitions.py").is_file():
        pytest.skip("no definitions yet")
    code = (
        "import json, sys\n"
        "import groprog_assets.definitions\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"DAGSTER_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == []


def declared() -> set[str]:
    """Run-time dependencies of the project by distribution name, lower case with dashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[<>=!~\[; ]", line)[0].lower().replace("_", "-") for line in project["dependencies"]}


def test_nothing_gpl_at_run_time():
    for name in sorted(declared()):
        about = metadata.metadata(name)
        texts = [about.get("License-Expression") or "", *(about.get_all("Classifier") or [])]
        copyleft = [
            text for text in texts if re.search(r"\bA?GPL|GNU (Affero )?General Public", text) and "LGPL" not in text
        ]
        assert not copyleft, f"{name}: {copyleft}"


def test_every_imported_package_is_a_declared_dependency():
    providers = metadata.packages_distributions()
    extras = {"rocrate", "prov", "openlineage", "distributed", "dask", "anndata", "mudata"}
    missing = {}
    for path in python_files():
        for found in imports(path):
            top = found.module.split(".")[0]
            if is_standard(found.module) or is_own(found.module) or top in extras:
                continue
            names = {name.lower().replace("_", "-") for name in providers.get(top, [top])}
            if not names & declared():
                missing.setdefault(top, []).append(f"{module_name(path)}:{found.line}")
    assert not missing, "imported but not in pyproject.toml's dependencies"


def test_the_layer_table_would_notice():
    assert not may_import("groprog_assets.methods.features.pausing", "dagster", own=False)
    assert not may_import("groprog_assets.methods.features.pausing", "groprog_assets.model.network", own=True)
    assert not may_import("groprog_kernels.hmm_reference", "groprog_kernels.hmm", own=True)
    assert not may_import("groprog_assets.lineage.ledger", "dagster", own=False)
    assert not may_import("groprog_assets.model.training", "pandas", own=False)
    assert may_import("groprog_assets.graph.asset_definition", "dagster", own=False)
    assert not may_import("groprog_assets.store.workspace", "groprog_assets.graph.specification", own=True)
    assert may_import("groprog_assets.methods.features.pausing", "groprog_kernels.hmm", own=True)
