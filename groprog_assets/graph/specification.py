"""What each asset declares: its inputs, study sections, files, tables and code. No Dagster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from groprog_assets.store.artifacts import digest_value
from groprog_assets.store.code_version import code_version
from groprog_assets.store.workspace import OF_PATIENTS, WITH_CONTROLS, Workspace
from groprog_assets.study.schema import SINGLE_FILES
from groprog_assets.tables import TABLES
from groprog_assets.tables.values import Document

LIBRARY_ASSETS = ("raw_reads", "read_quality", "alignments", "filtered_alignments", "coverage")
LIBRARY_FILES = tuple(f"library.{name}" for name in ("reads", *SINGLE_FILES))
IN_PARALLEL = ("annotation", "signal", "transcription", "features", "report")
"""The groups of a study's assets that may be made in parallel."""
GATHERED = "values"
"""The argument that holds the inputs an asset takes in one Bundle."""
ADDRESS_VARIABLE = "GROPROG_LEDGER_PAGES"
"""Where the ledger's pages are served, for the links on the assets."""


@dataclass(frozen=True)
class Specification:
    """What this project knows of an asset beside what Dagster knows."""

    name: str
    function: Callable[..., Any]
    module: str
    group: str
    tables: Any
    sections: tuple[str, ...]
    files: tuple[str, ...]
    code_files: tuple[str, ...]
    extra_inputs: Callable[[Workspace], Document] | None
    partitioned: bool
    inputs: tuple[str, ...]
    arguments: tuple[str, ...]
    of_champion: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    of_patients: bool = False
    with_controls: bool = False
    gathered: tuple[str, ...] = ()

    def gates(self, item: str) -> tuple[str, ...]:
        """The assets in which a library must have passed its checks to be seen through the input `item`; empty for one value."""
        return self.library_gates if item in LIBRARY_ASSETS and not self.partitioned else ()

    @property
    def library_gates(self) -> tuple[str, ...]:
        """The gates of the libraries it may see: the experiment's, these and their controls, or the patients' own."""
        markers = (*((OF_PATIENTS,) if self.of_patients else ()), *((WITH_CONTROLS,) if self.with_controls else ()))
        return (*LIBRARY_ASSETS, *markers)

    @property
    def follows(self) -> tuple[str, ...]:
        """What comes before it: its inputs, and the decision that names those of the champion."""
        return (*self.inputs, *(("champion",) if self.of_champion and "champion" not in self.inputs else ()))

    @property
    def may_run_in_parallel(self) -> bool:
        """Whether its value may be made while others are: a library's, and of a study what has to do with reads. The others train
        models, which use the whole process, or hold tables of many patients and subjects, of which two need not fit into memory;
        and what reads the values of the model in use, or sees the workspace, waits for its step."""
        return self.partitioned or (
            self.group in IN_PARALLEL and not self.of_champion and "workspace" not in self.arguments
        )

    @property
    def library_inputs(self) -> tuple[str, ...]:
        return tuple(name for name in self.inputs if name in LIBRARY_ASSETS)

    @property
    def gated(self) -> bool:
        """Whether it sees several libraries, and so only those that passed their checks."""
        return not self.partitioned and ("libraries" in self.sections or bool(self.library_inputs))

    @property
    def code_version(self) -> str:
        """Of the method's code and of the tables it fills."""
        names = [self.tables] if isinstance(self.tables, str) else [*self.tables.values()]
        declared = [TABLES[name] for name in names if name]
        return digest_value([code_version(self.module, self.code_files), declared])


SPECIFICATIONS: dict[str, Specification] = {}


def main_member(specification: Specification) -> str:
    """The member of a bundle that people mean by the asset's name: `table`, else the first that is a declared table."""
    tables = specification.tables
    return "table" if "table" in tables else next(iter(tables), "")


def main_table(specification: Specification) -> str:
    """The declared table that people mean by the asset's name; empty when it is no table."""
    tables = specification.tables
    return tables if isinstance(tables, str) else tables.get(main_member(specification), "")
