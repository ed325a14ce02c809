"""The written pages say what the code says: generated pages are current, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from groprog_assets.documentation.pages import PAGES
from tests.architecture.sources import ROOT

WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_pages_are_current(name: str):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in WRITTEN])
def test_links_lead_somewhere(path: Path):
    targets = [target for target, _ in LINK.findall(path.read_text(encoding="utf-8")) if "://" not in target]
    broken = [target for target in targets if not (path.parent / target).exists()]
    assert not broken


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in WRITTEN])
def test_files_and_commands_named_in_the_pages_exist(path: Path):
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:groprog_assets|groprog_kernels|tests|docs|studies|benchmarks)/[\w/.-]+)`", text))
    gone = sorted(name for name in named if "<" not in name and not (ROOT / name).exists())
    assert not gone, f"{path.name} names files that are not there: {gone}"
    targets = set(re.findall(r"`make ([a-z-]+)", text))
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert targets <= known, f"{path.name} names make targets that are not there: {sorted(targets - known)}"


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in WRITTEN])
def test_groprog_commands_in_the_pages_exist(path: Path):
    cli = pytest.importorskip("groprog_assets.cli.main")
    known = _commands(cli.main)
    used = set(re.findall(r"\bgroprog ((?:[a-z-]+ ?){1,2})", path.read_text(encoding="utf-8")))
    gone = sorted(name for name in used if not any(name.strip() == k or name.startswith(f"{k} ") for k in known if k))
    assert not gone, f"{path.name} names commands that are not there: {gone}"


def _commands(command: object, prefix: str = "") -> set[str]:
    """Every leaf of a click command line, as its words."""
    children = getattr(command, "commands", None)
    if not children:
        return {prefix.strip()}
    return set().union(*(_commands(child, f"{prefix} {name}") for name, child in children.items()))


def test_the_makefile_has_the_promised_targets():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("install", "run", "test", "test-slow", "dev", "real", "lint", "docs", "clean"):
        assert re.search(rf"^{target}:", text, re.M), f"make {target}"


def test_constraints_pin_every_dependency_exactly():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", pin) for pin in pins), (
        "exact versions without local tags"
    )
    pinned = {pin.split("==")[0].lower().replace("_", "-") for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    wanted += project["project"]["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=!~\[ ]", requirement)[0].lower().replace("_", "-") for requirement in wanted}
    assert names <= pinned


ROW_ID = re.compile(r"\b(A\d{1,2}|F\d{1,2}|S[12][AB]?-[A-Z]?\d{2})\b")
EXPLAINED = re.compile(rf"docs/methods\.md, {ROW_ID.pattern}|[Ii]ds \"?\s*\"?such as A32")


def test_ids_of_readings_stand_where_they_are_explained():
    """docs/methods.md explains them; a parameter's source names that page; no other reader meets one."""
    texts = [*(ROOT / "groprog_assets").rglob("*.py"), *(ROOT / "groprog_kernels").glob("*.py*"), *WRITTEN]
    texts += (ROOT / "groprog_assets").rglob("*.html")
    met = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in texts
        if path.name not in ("methods.md", "parameters.md", "generated.py")
        and (found := {match[0] for match in ROW_ID.finditer(EXPLAINED.sub("", path.read_text(encoding="utf-8")))})
    }
    assert not met, "say what is meant, or name docs/methods.md"
