"""Who may import whom: every module belongs to one room, every room stands on one floor, and imports go down only.

A room may import its own modules, the lower rooms that its row names, and the outside packages of its row. Rooms on the same
floor do not import each other. Imports inside functions count as those at the top do.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Layer(NamedTuple):
    """Modules whose whole name matches `pattern`: their floor, the own rooms and the outside packages they may import."""

    name: str
    pattern: str
    floor: int
    own: tuple[str, ...]
    outside: tuple[str, ...]


def _kernels(floor: int, name: str, pattern: str, own: str = "", outside: str = "") -> Layer:
    return Layer(name, rf"groprog_kernels{pattern}", floor, tuple(own.split()), tuple(outside.split()))


def _room(floor: int, name: str, own: str = "", outside: str = "") -> Layer:
    return Layer(name, rf"groprog_assets\.{name}(\.\w+)*", floor, tuple(own.split()), tuple(outside.split()))


LEDGER = (
    r"groprog_assets\.lineage\.(ledger|closures|derivation_rows|questions|exports|membership|signed_heads|ledger_pages"
    r"|check_points|command_runs|logged_questions|verification|present|verify_study)"
)
"""The part of `lineage` that knows DuckDB and not Dagster."""
LAYERS = (
    _kernels(-4, "compile", r"\._compile", outside="numba"),
    _kernels(-3, "loops", r"\.\w+_numba", "compile", "numpy"),
    _kernels(-3, "references", r"\.\w+_reference", outside="numpy"),
    _kernels(-2, "kernels", r"(\.\w+)?", "loops", "deflate numpy"),
    Layer("package", r"groprog_assets", 0, (), ()),
    _room(1, "errors"),
    Layer("values", r"groprog_assets\.tables\.values", 1, (), ()),
    _room(1, "web"),
    _room(1, "wording"),
    _room(1, "simulation", outside="numpy pandas pyBigWig pysam yaml"),
    _room(2, "study", "errors wording", "pydantic yaml"),
    _room(2, "tables", "errors wording"),
    _room(2, "figures", "values wording kernels", "PIL jinja2 markupsafe matplotlib numpy pandas"),
    _room(2, "fitting", "errors wording kernels", "numpy scipy"),
    _room(
        3,
        "methods",
        "kernels errors values wording study tables fitting",
        "deflate fastobo h5py numpy pandas pyarrow pyBigWig pydeseq2 pysam safetensors scipy threadpoolctl xgboost",
    ),
    _room(3, "model", "kernels errors wording study fitting", "numpy optuna safetensors threadpoolctl torch"),
    _room(3, "store", "errors values wording study tables", "numpy pandas pyarrow pydantic upath"),
    _room(3, "checks", "values wording study", "numpy"),
    _room(
        4,
        "prognosis",
        "kernels errors values study tables figures fitting methods model store checks",
        "numpy pandas pydantic",
    ),
    _room(4, "omics_catalog", "errors values methods store", "duckdb"),
    _room(4, "estimators", "kernels errors study fitting model", "numpy pandas sklearn"),
    Layer("ledger", LEDGER, 4, ("errors", "values", "wording", "store"), ("duckdb",)),
    _room(
        5,
        "compute",
        "kernels errors values study methods model store prognosis",
        "dask distributed numpy pandas pydantic threadpoolctl",
    ),
    _room(
        6,
        "graph",
        "errors values study tables figures store ledger checks prognosis compute",
        "PIL dagster pydantic sqlalchemy",
    ),
    _room(
        7,
        "lineage",
        "errors values wording web study tables figures methods model store prognosis ledger graph",
        "dagster numpy pandas",
    ),
    _room(
        7,
        "report",
        "values wording study figures methods model store prognosis graph",
        "jinja2 markupsafe matplotlib numpy pandas",
    ),
    _room(8, "intake", "errors values wording study methods store prognosis ledger graph lineage", "dagster pydantic"),
    _room(
        9,
        "assets",
        "values study figures methods model store checks prognosis omics_catalog compute graph report intake",
    ),
    _room(
        9,
        "beacon",
        "errors values wording web study tables figures methods store omics_catalog ledger report intake",
        "anyio jinja2 numpy pandas starlette uvicorn",
    ),
    _room(
        10,
        "export",
        "kernels errors values study methods store prognosis ledger report intake",
        "anndata mudata numpy pandas",
    ),
    _room(11, "ui", "errors web store", "PIL dagster dagster_webserver uvicorn yaml"),
    _room(11, "running", "errors values study store ledger compute graph lineage intake export", "dagster"),
    Layer(
        "root",
        r"groprog_assets\.definitions",
        12,
        ("errors", "study", "store", "graph", "assets", "running"),
        ("dagster",),
    ),
    _room(
        13,
        "cli",
        "errors values wording simulation web study figures store prognosis ledger compute graph lineage intake beacon export"
        " running ui root",
        "click rich",
    ),
    _room(
        14,
        "documentation",
        "study tables figures report root cli",
        "PIL click markdown_it pydantic",
    ),
)
"""The first pattern that fits a module decides. Every module has a row of its own room; no row allows everything."""


def layer_of(module: str) -> Layer:
    """The layer of a module of the project."""
    return next(layer for layer in LAYERS if re.fullmatch(layer.pattern, module))


def may_import(module: str, imported: str, own: bool) -> bool:
    """Whether the layer of `module` lets it import `imported`; `own` says that it is the project's."""
    layer = layer_of(module)
    if own:
        return layer_of(imported).name in (layer.name, *layer.own)
    return any(imported == name or imported.startswith(f"{name}.") for name in layer.outside)
