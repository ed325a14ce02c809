"""Who may import whom: the table of the design, one rule a layer, the first that fits a module decides."""

from __future__ import annotations

import re
from typing import NamedTuple

DATA = (
    "citation",
    "errors",
    "experiment_parameters",
    "model_parameters",
    "parameters",
    "study",
    "study_check",
    "study_files",
    "study_rules",
    "tables",
)
NUMPY = ("numpy",)
TABLES = (
    *NUMPY,
    "pandas",
    "scipy",
    "pyarrow",
    "bioframe",
    "pysam",
    "pyBigWig",
    "fastobo",
    "pydeseq2",
    "lifelines",
    "xgboost",
    "threadpoolctl",
)
EVERYTHING = ("",)


class Layer(NamedTuple):
    """Modules whose name matches `pattern` may import, besides the standard library, these packages and own modules."""

    name: str
    pattern: str
    outside: tuple[str, ...]
    own: tuple[str, ...]


def _assets(*names: str) -> tuple[str, ...]:
    return tuple(f"groprog_assets.{name}" for name in names)


KERNELS = ("groprog_kernels",)

LAYERS = (
    Layer("compile decorator", r"groprog_kernels\._compile", ("numba",), ()),
    Layer("compiled loop", r"groprog_kernels\.\w+_numba", ("numpy", "numba"), KERNELS),
    Layer("reference", r"groprog_kernels\.\w+_reference", NUMPY, ()),
    Layer("kernel", r"groprog_kernels(\.\w+)?", (*NUMPY, "pysam", "deflate"), KERNELS),
    Layer("data", rf"groprog_assets\.({'|'.join(DATA)})(\.\w+)*", ("pydantic", "yaml"), _assets(*DATA)),
    Layer("methods", r"groprog_assets\.methods(\.\w+)*", TABLES, (*_assets("methods", *DATA), *KERNELS)),
    Layer(
        "figures",
        r"groprog_assets\.figures(\.\w+)*",
        (*NUMPY, "pandas", "scipy", "matplotlib", "jinja2", "markupsafe"),
        (*_assets("figures", "methods", *DATA), *KERNELS),
    ),
    Layer(
        "model",
        r"groprog_assets\.model(\.\w+)*",
        (*NUMPY, "torch", "safetensors", "captum", "optuna", "threadpoolctl"),
        (*_assets("model", "errors", "model_parameters", "parameters", "tables"), *KERNELS),
    ),
    Layer(
        "simulation",
        r"groprog_assets\.simulation(\.\w+)*",
        (*NUMPY, "pandas", "scipy", "pysam", "pyBigWig", "yaml"),
        _assets("simulation", *DATA),
    ),
    Layer(
        "ledger",
        r"groprog_assets\.lineage\.(ledger|questions|exports?|seals?|derivations|inbox)\w*",
        ("duckdb", "rocrate", "prov", "openlineage"),
        _assets("lineage", "artifacts", "code_version", *DATA),
    ),
    Layer(
        "artifacts",
        r"groprog_assets\.(artifacts|results|code_version)",
        (*NUMPY, "pandas", "pyarrow", "matplotlib"),
        _assets("artifacts", "figures", *DATA),
    ),
    Layer(
        "storage and workers",
        r"groprog_assets\.(object_storage|parcels|compute_pool|shards(\.\w+)*)",
        (*NUMPY, "pandas", "pyarrow", "pydantic", "threadpoolctl", "upath", "dask", "distributed"),
        (
            *_assets("object_storage", "parcels", "compute_pool", "shards", "artifacts", "code_version", "workspace"),
            *_assets("methods", "model", "model_columns", "fold_stability", *DATA),
            *KERNELS,
        ),
    ),
    Layer("top", r"groprog_assets\.(definitions|documentation|cli\w*|__main__)", EVERYTHING, EVERYTHING),
    Layer("package", r"groprog_assets", (), ()),
    Layer("instance storage", r"groprog_assets\.instance_storage", ("sqlalchemy",), _assets(*DATA)),
    Layer(
        "orchestration",
        r"groprog_assets(\.\w+)+",
        (*TABLES, "dagster", "duckdb", "pydantic", "matplotlib", "yaml"),
        EVERYTHING,
    ),
)
"""`orchestration` comes last: assets, checks, resources, io_managers, jobs, sensors, lineage.collect and what they share."""

NOT_FROM_BELOW = r"groprog_assets\.(definitions|cli)(\.|$)"
"""Only what is started by hand imports these when it is loaded."""


def layer_of(module: str) -> Layer:
    """The layer of a module of the project."""
    return next(layer for layer in LAYERS if re.fullmatch(layer.pattern, module))


def may_import(module: str, imported: str, own: bool) -> bool:
    """Whether the layer of `module` lets it import `imported`; `own` says that it is the project's."""
    layer = layer_of(module)
    allowed = layer.own if own else layer.outside
    return any(name == "" or imported == name or imported.startswith(f"{name}.") for name in allowed)
