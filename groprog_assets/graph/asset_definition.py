"""The decorator `@study_asset`: it declares a Dagster asset with the rules that all assets of this project share.

`@study_asset` takes a function of upstream values (named by its parameters) and of the study's view (`study`, or `library` for
the partition's library). It computes the circumstances first: code version, declared study sections and parameters, digests of
source files and of inputs. When those are recorded and the value verifies, the value is used again; else the inputs are
read, the function runs, the value is stored, the derivation written. Nothing an asset does can read what it did not declare.
"""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Iterable
from traceback import format_exc
from typing import Any

import dagster as dg

from groprog_assets.checks.meanings import meaning_of
from groprog_assets.errors import GroProgError, StudyError
from groprog_assets.graph.column_sources import COLUMN_SOURCES
from groprog_assets.graph.derive import derive
from groprog_assets.graph.freed_memory import give_back
from groprog_assets.graph.partitions import LIBRARY
from groprog_assets.graph.patient_names import unnamed, unnamed_value
from groprog_assets.graph.resources import ACTOR_TAG, made_in_parallel
from groprog_assets.graph.specification import ADDRESS_VARIABLE, GATHERED, SPECIFICATIONS, Specification, main_member
from groprog_assets.store.derivations import Record
from groprog_assets.store.plots import plot_address
from groprog_assets.store.readings import EARLIER, Reading
from groprog_assets.store.workspace import Workspace
from groprog_assets.tables import TABLES
from groprog_assets.tables.values import Document

OWNERS = ["team:groprog"]
Metadata = dg.MetadataValue[Any] | dg.TableColumnLineage | dg.TableSchema | str | float | bool
RESERVED = ("study", "library", "workspace", "progress", "scratch", "pool", EARLIER, GATHERED)


def study_asset(
    *,
    group: str,
    kinds: Iterable[str],
    table: str = "",
    tables: dict[str, str] | None = None,
    sections: Iterable[str] = (),
    files: Iterable[str] = (),
    code_files: Iterable[str] = (),
    checks: Iterable[str] = (),
    blocking: Iterable[str] = (),
    extra_inputs: Callable[[Workspace], Document] | None = None,
    partitioned: bool = False,
    of_champion: Iterable[str] = (),
    unread: Iterable[str] = (),
    of_patients: bool = False,
    with_controls: bool = False,
    gathered: Iterable[str] = (),
    tags: dict[str, str] | None = None,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Make an asset of a function. Beside upstream values it may ask for `study` (the view), `library`, `workspace` (paths
    only), `progress` (call it with a line of text), `scratch` (a folder that outlives a killed run under equal circumstances),
    `pool` (where shards are computed) and `earlier` (the current value when only its inputs have changed, else None: what was not
    affected need not be read again; the value must be the same without it).

    table / tables: the declared table of the value, or of each member of a bundle. sections: what of the study it may read.
    files: dotted names of the source files it reads. checks, blocking: names of the verdicts it returns. extra_inputs: further
    circumstances that decide the value. partitioned: one value a library. of_champion: inputs that are those behind the model
    in use, not the newest; such an asset comes after `champion`.
    unread: inputs handed over as `Stored`, for shards to read where they run.
    of_patients: it sees the patients' own libraries, and no other. with_controls: it sees -TAP and input controls too.
    gathered: upstream values handed over in one Bundle by name, as the argument `values`; for assets that tell of many.
    """

    def define(function: Callable[..., Any]) -> dg.AssetsDefinition:
        name = function.__name__
        arguments = tuple(inspect.signature(function).parameters)
        inputs = (*(argument for argument in arguments if argument not in RESERVED), *gathered)
        specification = Specification(
            name=name,
            function=function,
            module=function.__module__,
            group=group,
            tables=tables if tables is not None else table,
            sections=tuple(sections),
            files=tuple(files),
            code_files=tuple(code_files),
            extra_inputs=extra_inputs,
            partitioned=partitioned,
            inputs=inputs,
            arguments=arguments,
            of_champion=tuple(of_champion),
            unread=tuple(unread),
            of_patients=of_patients,
            with_controls=with_controls,
            gathered=tuple(gathered),
        )
        SPECIFICATIONS[name] = specification
        soft, hard = tuple(checks), (*blocking, *(("schema",) if specification.tables else ()))

        @dg.asset(
            name=name,
            group_name=group,
            kinds=set(kinds),
            owners=OWNERS,
            tags=tags or {},
            description=inspect.getdoc(function),
            code_version=specification.code_version[:16],
            ins={item: _input(specification, item) for item in inputs},
            deps=[item for item in specification.follows if item not in inputs],
            partitions_def=LIBRARY if partitioned else None,
            required_resource_keys={"study", "pool"},
            io_manager_key="artifacts",
            metadata=_definition_metadata(specification),
            check_specs=[
                *(dg.AssetCheckSpec(check, asset=name, description=meaning_of(check)) for check in soft),
                *(dg.AssetCheckSpec(check, asset=name, description=meaning_of(check), blocking=True) for check in hard),
            ],
        )
        def step(context, **readings: Reading | dict[str, Reading] | None):  # type: ignore[no-untyped-def] # Dagster reads it
            partition = context.partition_key if partitioned else ""
            resource = context.resources.study
            _sign(context, resource)
            resource.announce("started", asset=name, partition=partition)
            made = made_in_parallel(resource.workspace, name, partition)
            for line in made.told if made is not None else ():
                context.log.info(unnamed_value(resource.workspace, line))
            began = time.perf_counter()
            try:
                digest, record, reused = derive(
                    resource.workspace,
                    specification,
                    partition,
                    readings,
                    _teller(context, resource, name, partition),
                    context.resources.pool.opened if "pool" in specification.arguments else None,
                )
            except GroProgError as error:
                resource.announce(
                    "failed", asset=name, partition=partition, text=str(error), trace=format_exc(), error=error
                )
                raise dg.Failure(description=unnamed(resource.workspace, str(error)), allow_retries=False) from None
            except Exception as error:
                told = f"{type(error).__name__}: {error}"
                resource.announce("failed", asset=name, partition=partition, text=told, trace=format_exc(), error=error)
                raise dg.Failure(description=unnamed(resource.workspace, format_exc()), allow_retries=False) from None
            seconds = time.perf_counter() - began
            if made is not None and made.digest == digest:
                reused, seconds = made.reused, made.seconds
            else:
                give_back()
            resource.announce(
                "finished", asset=name, partition=partition, seconds=seconds, headline=record["headline"], reused=reused
            )
            return _result(name, digest, record, reused, hard)

        return step

    return define


def _sign(context: Any, resource: Any) -> None:
    """A run launched in the UI is signed with who serves it, as a command's run is by the command.

    dg.Failure when nobody is known: the ledger takes no value whose maker it cannot name.
    """
    if context.run.tags.get(ACTOR_TAG, "").strip():
        return
    try:
        context.instance.add_run_tags(context.run_id, {ACTOR_TAG: resource.actor})
    except StudyError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None


def _teller(context: Any, resource: Any, name: str, partition: str) -> Callable[[str], None]:
    def tell(text: str) -> None:
        context.log.info(unnamed_value(resource.workspace, text))
        resource.announce("progress", asset=name, partition=partition, text=text)

    return tell


def _input(specification: Specification, item: str) -> dg.AssetIn:
    gates = specification.gates(item)
    if gates:
        return dg.AssetIn(metadata={"gates": " ".join(gates)}, partition_mapping=dg.AllPartitionMapping())
    return dg.AssetIn(metadata={"of_champion": item in specification.of_champion})


def _definition_metadata(specification: Specification) -> dict[str, Metadata]:
    """Columns of the table (of a bundle: of its main one, the others beside it), the ledger's page where one is served, and the
    questions to ask it."""
    where = " --partition LIBRARY" if specification.partitioned else ""
    found: dict[str, Metadata] = {
        "lineage": dg.MetadataValue.md(
            f"`groprog lineage trace {specification.name}{where}` · `why` · `history` · `reproduce`"
        )
    }
    if address := os.environ.get(ADDRESS_VARIABLE):
        found["ledger"] = dg.MetadataValue.url(f"{address}/{specification.name}.html")
    tables = specification.tables
    if isinstance(tables, str):
        return {**found, **({"dagster/column_schema": _column_schema(tables)} if tables else {})}
    main = main_member(specification)
    for member, table in tables.items():
        key = "dagster/column_schema" if member == main else f"columns of {member}"
        found[key] = _column_schema(table) if member == main else dg.MetadataValue.table_schema(_column_schema(table))
    return found


def _column_schema(table: str) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.dtype,
                description=f"{column.meaning} ({column.unit})",
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in TABLES[table].columns
        ]
    )


def column_lineage(name: str) -> dg.TableColumnLineage | None:
    """From which columns of what it reads each column of an asset's main table comes; None when nothing is declared."""
    sources = COLUMN_SOURCES.get(name, {})
    deps = {
        column: [
            dg.TableColumnDep(dg.AssetKey(asset), source)
            for asset, source in (text.split(".") for text in given.split())
        ]
        for column, given in sources.items()
    }
    return dg.TableColumnLineage(deps) if deps else None


def _result(name: str, digest: str, record: Record, reused: bool, hard: tuple[str, ...]) -> dg.MaterializeResult[str]:
    metadata: dict[str, Metadata] = {}
    for key, value in record["headline"].items():
        if isinstance(value, bool):
            metadata[key] = dg.MetadataValue.bool(value)
        elif isinstance(value, dict | list):
            metadata[key] = dg.MetadataValue.json(value)
        elif value is not None:
            metadata[key] = value
    if record["left_out"]:
        metadata["left_out"] = dg.MetadataValue.json(record["left_out"])
    for title in record.get("plots", {}):
        key = f"plot_{title}" if title else "plot"
        metadata[key] = dg.MetadataValue.md(f"![{key}, shown by groprog dev]({plot_address(digest, title)})")
    if lineage := column_lineage(name):
        metadata["dagster/column_lineage"] = lineage
    metadata |= {
        "groprog/derivation": digest,
        "groprog/sha256": record["output"]["sha256"],
        "groprog/bytes": record["output"].get("bytes", 0),
        "groprog/reused": dg.MetadataValue.bool(reused),
        "groprog/code_version": record["code_version"],
    }
    return dg.MaterializeResult(
        value=digest,
        data_version=dg.DataVersion(record["output"]["sha256"]),
        metadata=metadata,
        check_results=[
            dg.AssetCheckResult(
                asset_key=name,
                check_name=verdict["name"],
                passed=verdict["passed"],
                description=verdict["description"],
                severity=dg.AssetCheckSeverity.ERROR if verdict["name"] in hard else dg.AssetCheckSeverity.WARN,
                metadata={key: value for key, value in verdict["values"].items() if value is not None},
            )
            for verdict in record["verdicts"]
        ],
    )
