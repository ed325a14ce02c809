"""What a reader may rely on in every file: size, names, safety, docstrings, kernels with their neighbours."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest

from tests.architecture.layers import layer_of
from tests.architecture.sources import ROOT, imports, module_name, python_files, tree

FILES = [pytest.param(path, id=module_name(path)) for path in python_files()]
KERNELS = ROOT / "groprog_kernels"
SOURCES = sorted(
    [*python_files(), *KERNELS.glob("*.pyx"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
)
NOUNS = sorted(path.stem for path in KERNELS.glob("*.py") if not re.search(r"^_|_(numba|cython|reference)$", path.stem))
AXES = re.compile(r"\(\s*[\w+*\- ]+\s*,[^()]*\)|\b(as|of) `\w+")
"""`(n,)`, `(k, 2)`, or a reference to the function that says it."""
ARRAYS = re.compile(r"ndarray|NDArray|ArrayLike|Floats|Integers|Bools")
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in SOURCES])
def test_no_file_is_a_drawer(path: Path):
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "core", "misc", "tools"}
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 500, "a file of more than 500 lines hides a second noun"
    unfinished = re.findall(r"\b(TODO|FIXME|XXX|HACK)\b", text) if path.name != Path(__file__).name else []
    assert not unfinished


@pytest.mark.parametrize("path", FILES)
def test_nothing_runs_what_a_file_says(path: Path):
    found = {name.module.split(".")[0] for name in imports(path)} & UNSAFE_MODULES
    assert not found, f"{found} can run code from a file"
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        where = f"line {node.lineno}: {called}"
        assert called not in {
            "eval",
            "exec",
            "__import__",
            "os.system",
            "os.popen",
            "yaml.unsafe_load",
            "yaml.full_load",
        }, where
        assert given.get("allow_pickle") != "True", where
        assert given.get("shell") != "True", where
        if called == "torch.load":
            assert given.get("weights_only") == "True", where
        if called == "yaml.load":
            loader = given.get("Loader") or (ast.unparse(node.args[1]) if len(node.args) > 1 else "")
            assert _is_safe_loader(path, loader), where


def _is_safe_loader(path: Path, loader: str) -> bool:
    if "SafeLoader" in loader:
        return True
    bases = [
        ast.unparse(base)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and node.name == loader
        for base in node.bases
    ]
    return any("SafeLoader" in base for base in bases)


@pytest.mark.parametrize("path", FILES)
def test_every_module_opens_with_what_it_is(path: Path):
    """Loops carry no prose: their public neighbour speaks for them."""
    if path.stem.endswith("_numba") or not path.read_text(encoding="utf-8").strip():
        return
    assert len((ast.get_docstring(tree(path)) or "").split()) >= 2, "the first line of a module says what it holds"


def public_functions(path: Path) -> list[ast.FunctionDef]:
    """Module-level functions without a leading underscore, `main` and the loops aside."""
    return [node for node in tree(path).body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem) for path in python_files() if path.parent == KERNELS and path.stem in NOUNS],
)
def test_kernel_docstrings_give_shapes_and_edges(path: Path):
    for function in public_functions(path):
        text = ast.get_docstring(function) or ""
        where = f"{function.name} (line {function.lineno})"
        assert len(text.split()) >= 8, (
            f"{where}: say what goes in, what comes out, in which unit, and what happens at the edge"
        )
        takes_arrays = any(
            ARRAYS.search(ast.unparse(a.annotation)) for a in function.args.args if a.annotation is not None
        )
        assert not takes_arrays or AXES.search(text), f"{where}: name the axes, such as (n,), or the function that does"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, id=module_name(p))
        for p in python_files()
        if layer_of(module_name(p)).name in ("methods", "figures", "model")
    ],
)
def test_public_functions_say_what_goes_in_and_out(path: Path):
    short = [
        f"{function.name} (line {function.lineno})"
        for function in public_functions(path)
        if len((ast.get_docstring(function) or "").split()) < _words_owed(function)
    ]
    assert not short, f"say what goes in, what comes out, in which unit: {', '.join(short)}"


def _words_owed(function: ast.FunctionDef) -> int:
    """A function with arguments owes a sentence; a two-line one may speak by its name."""
    return 7 if function.args.args and (function.end_lineno or 0) - function.lineno > 6 else 0


@pytest.mark.parametrize("noun", NOUNS)
def test_every_kernel_has_its_neighbours(noun: str):
    reference = (KERNELS / f"{noun}_reference.py").is_file()
    compiled = any((KERNELS / f"{noun}_{kind}").is_file() for kind in ("numba.py", "cython.pyx"))
    others = {found.module.split(".")[-1] for found in imports(KERNELS / f"{noun}.py")} & set(NOUNS)
    assert reference or (others and not compiled), "the definition comes first"
    assert compiled or others, "a kernel is compiled, or made of kernels that are"
    assert (ROOT / "tests" / "kernels" / f"test_{noun}.py").is_file(), "a kernel is compared with its reference"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem)
        for path in sorted(KERNELS.glob("*"))
        if re.search(r"_(numba|cython|reference)\.(py|pyx)$", path.name)
    ],
)
def test_no_neighbour_stands_alone(path: Path):
    noun = re.sub(r"_(numba|cython|reference)$", "", path.stem)
    assert noun in NOUNS, f"{path.name} has no public {noun}.py"


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in sorted(KERNELS.glob("*_reference.py"))])
def test_a_reference_does_not_import_its_kernel(path: Path):
    assert not [found.module for found in imports(path) if found.module.startswith("groprog")]


def test_every_method_is_reached_by_a_test():
    """A test imports it, or imports a method that calls it."""
    methods = {module_name(path): path for path in (ROOT / "groprog_assets" / "methods").rglob("*.py")}
    methods = {name: path for name, path in methods.items() if path.stem != "__init__"}
    assert len(methods) > 50
    tested = {found.module for path in (ROOT / "tests").rglob("*.py") for found in imports(path)} & set(methods)
    called = {found.module for name in tested for found in imports(methods[name])}
    alone = sorted(set(methods) - tested - called)
    assert not alone, "no test reaches these"


def test_tests_lie_in_folders_named_as_what_they_test():
    """Each in the folder of its room, of the kernels or of the benchmarks; tests that span rooms lie at the root."""
    outside = ("architecture", "benchmarks", "fuzz", "kernels", "oracles", "parameters")
    strangers = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        parts = path.relative_to(ROOT / "tests").parts[:-1]
        if parts and parts[0] not in outside and not ROOT.joinpath("groprog_assets", *parts).is_dir():
            strangers.append(str(path.relative_to(ROOT)))
    assert not strangers, "name the folder as the room whose modules these tests test"


def test_the_folders_of_assets_are_the_groups_of_dagster():
    """A module is named as its asset and lies in the folder of its asset's group."""
    from groprog_assets.definitions import defs
    from groprog_assets.graph.specification import SPECIFICATIONS

    assert defs
    folder = ROOT / "groprog_assets" / "assets"
    found = {(path.parent.name, path.stem) for path in folder.glob("*/*.py") if path.stem != "__init__"}
    assert found == {(given.group, name) for name, given in SPECIFICATIONS.items()}


def test_a_study_lacks_the_groups_it_has_no_section_for():
    from groprog_assets.definitions import defs
    from groprog_assets.graph.specification import SPECIFICATIONS
    from groprog_assets.store.workspace import COHORT_ASSETS, SEQUENCE_ASSETS

    assert defs
    assert set(SEQUENCE_ASSETS) == {name for name, given in SPECIFICATIONS.items() if given.group == "sequence"}
    assert set(COHORT_ASSETS) == {name for name, given in SPECIFICATIONS.items() if given.group in ("cohort", "model")}


def test_assets_read_as_a_sentence():
    """One call of a method and one `materialized`: what takes more lines is a method, a shard or a decision in another room."""
    bodies = {
        node.name: node.end_lineno - node.body[bool(ast.get_docstring(node))].lineno + 1
        for path in (ROOT / "groprog_assets" / "assets").rglob("*.py")
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and any("study_asset" in ast.unparse(item) for item in node.decorator_list)
    }
    assert statistics.median(bodies.values()) <= 8
    assert max(bodies.values()) <= 25, f"the longest: {max(bodies, key=lambda name: bodies[name])}"
