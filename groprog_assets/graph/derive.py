"""Computing the value of an asset, or using the value that equal circumstances gave before.

Circumstances are the code version, declared study sections and parameters, digests of source files and of inputs. No Dagster.
"""

from __future__ import annotations

import contextlib
import shutil

from groprog_assets.checks.verdict import Verdict
from groprog_assets.compute.compute_pool import Pool, linear_algebra_in_one_thread
from groprog_assets.errors import GroProgError, UnreachableError
from groprog_assets.graph.materialized import Materialized, png
from groprog_assets.graph.patient_names import known_patients, unnamed_value
from groprog_assets.graph.specification import GATHERED, Specification, main_member
from groprog_assets.lineage.ledger import sealed_derivations
from groprog_assets.store import derivations
from groprog_assets.store.artifacts import Blob, Bundle, Reference, plain
from groprog_assets.store.claims import recording
from groprog_assets.store.code_version import kernel_digest
from groprog_assets.store.derivations import Edge, Record
from groprog_assets.store.pseudonyms import owner_mark, pseudonym, study_key
from groprog_assets.store.readings import EARLIER, Earlier, Reading, reading
from groprog_assets.store.workspace import StudyView, Workspace
from groprog_assets.study.schema import Library
from groprog_assets.tables.values import Document, Progress, Value, Values

OWNERS = "nascent_libraries"
"""The field of the cohort that says which library is whose."""
CASES = "omics.cases"
"""The section whose parts each name a packet."""
Readings = dict[str, Reading | dict[str, Reading] | None]
"""By input: one value, one a library, or None for what the study does not have."""


def derive(
    workspace: Workspace,
    specification: Specification,
    partition: str,
    readings: Readings,
    progress: Progress,
    pool: Pool | None = None,
) -> tuple[str, Record, bool]:
    """(digest, derivation, whether an earlier value was used): the value of an asset under its present circumstances.

    pool: where its shards are computed; without one, here, one after another.
    """
    record, view = circumstances(workspace, specification, partition, readings)
    earlier = recalled(workspace, record)
    if earlier is not None:
        return workspace.derivations.write(earlier), earlier, True
    key = derivations.memo_key(record)
    scratch = workspace.state / "scratch" / key
    context = {"study": view, "workspace": workspace, "progress": progress, "scratch": scratch, "pool": pool or Pool()}
    if EARLIER in specification.arguments:
        context[EARLIER] = _earlier(workspace, record)
    arguments = {name: _argument(name, specification, readings, context) for name in specification.arguments}
    with linear_algebra_in_one_thread() if specification.may_run_in_parallel else contextlib.nullcontext():
        made: Materialized = specification.function(**arguments)
    with recording(workspace.state):
        reference = workspace.store.put(made.value, specification.tables)
        record["output"] = reference.as_json()
        verdicts = [*made.verdicts, *_schema_verdict(workspace, specification, reference)]
        judged = sorted((plain(verdict.as_json()) for verdict in verdicts), key=lambda item: item["name"])
        record["verdicts"] = unnamed_value(workspace, judged)
        record["headline"] = unnamed_value(workspace, plain({**_size_of(made.value, specification), **made.headline}))
        record["plots"] = _draw(workspace, made, progress)
        digest = workspace.derivations.write(record)
    workspace.derivations.remember(key, digest)
    workspace.unsealed.add(key, digest)
    shutil.rmtree(scratch, ignore_errors=True)
    return digest, record, False


def recalled(workspace: Workspace, record: Record) -> Record | None:
    """The derivation that equal circumstances gave earlier, with the inputs of `record`; None when it must be computed.

    It is used only if the ledger sealed it, or a process of this study signed that it made it and its run waits for the seal; if
    its circumstances are these; and if every byte of its value is as recorded.
    """
    key = derivations.memo_key(record)
    known = workspace.derivations.recall(key)
    if known is None or derivations.memo_key(known[1]) != key:
        return None
    if not _is_signed(workspace, key, known[0]):
        return None
    if not workspace.store.verifies(derivations.output(known[1])):
        return None
    return {**known[1], "inputs": record["inputs"]}


def _is_signed(workspace: Workspace, key: str, digest: str) -> bool:
    """Whether the ledger sealed the derivation, or a process of this study signed that it made it of the circumstances `key`."""
    return digest in sealed_derivations(workspace.ledger_path) or workspace.unsealed.holds(key, digest)


def _earlier(workspace: Workspace, record: Record) -> Earlier | None:
    """The current value when it differs from what `record` is about in nothing but its inputs, such as who has consented.

    None where there is no such value, nobody signed it, or its bytes, or those of its inputs, are not as recorded.
    """
    digest = workspace.derivations.current(record["asset"], record["partition"])
    known = workspace.derivations.current_record(record["asset"], record["partition"])
    if digest is None or known is None or not _is_signed(workspace, derivations.memo_key(known), digest):
        return None
    if derivations.memo_key({**known, "inputs": []}) != derivations.memo_key({**record, "inputs": []}):
        return None
    try:
        own = reading(workspace, record["asset"], record["partition"], digest).value()
        inputs = {
            item["name"]: reading(workspace, item["asset"], item["partition"], item["derivation"]).value()
            for item in known["inputs"]
        }
        return Earlier(own, inputs)
    except UnreachableError:
        raise
    except GroProgError:
        return None


def circumstances(
    workspace: Workspace,
    specification: Specification,
    partition: str,
    readings: Readings,
) -> tuple[Record, StudyView]:
    """(the derivation without its outcome, the view): everything that decides an asset's value."""
    libraries: list[Library] | None = None
    left_out: list[dict[str, str]] = []
    if specification.gated:
        libraries, left_out = workspace.eligible_libraries(specification.library_gates, specification.library_inputs)
    values = {name: workspace.section(name, partition, libraries) for name in specification.sections}
    edges: list[Edge] = []
    for name in specification.inputs:
        reading = readings[name]
        items = reading.values() if isinstance(reading, dict) else [reading] if reading is not None else []
        edges += [{"name": name, **item.edge} for item in items]
    parameters = {name: workspace.describe(value) for name, value in values.items() if name.startswith("parameters.")}
    changed = workspace.study.parameters.overrides()
    record: Record = {
        "version": derivations.VERSION,
        "asset": specification.name,
        "partition": partition,
        "inputs": edges,
        "files": workspace.source_files(specification.files, partition),
        "study": {
            name: _described(workspace, name, value)
            for name, value in values.items()
            if not name.startswith("parameters.")
        },
        "parameters": parameters,
        "overrides": {
            name: change for name, change in changed.items() if f"parameters.{name.partition('.')[0]}" in parameters
        },
        "left_out": left_out,
        "extra": plain(specification.extra_inputs(workspace)) if specification.extra_inputs else {},
        "code_version": specification.code_version,
        "environment": workspace.environment(),
        "kernels": kernel_digest(),
        "seed": workspace.study.parameters.training.seed if "parameters.training" in values else None,
    }
    return plain(record), StudyView(values, specification.name)


def _described(workspace: Workspace, name: str, value: Value) -> Value:
    """A section for the record, which names nobody: whose each library or case study is stands there by marks."""
    described = workspace.describe(value)
    if name == CASES and described:
        own = study_key(workspace.state)
        return [{**case, "packet": owner_mark(pseudonym(case["packet"], own), own)} for case in described]
    if name == "cohort" and described:
        return {**described, OWNERS: _described(workspace, f"cohort.{OWNERS}", described[OWNERS])}
    if name != f"cohort.{OWNERS}" or not described:
        return described
    key = study_key(workspace.state)
    return {owner_mark(pseudonym(patient, key), key): library for patient, library in described.items()}


def named_owners(workspace: Workspace, cohort: Document | None) -> Document | None:
    """The cohort section of a record with the patients of today in the place of their marks, or pseudonyms in earlier records."""
    if not cohort or not cohort[OWNERS]:
        return cohort
    key = study_key(workspace.state)
    known: dict[str, str] = {}
    for patient in known_patients(workspace):
        name = pseudonym(patient, key)
        known |= {name: patient, owner_mark(name, key): patient}
    return {**cohort, OWNERS: {known.get(owner, owner): library for owner, library in cohort[OWNERS].items()}}


def _argument(name: str, specification: Specification, readings: Readings, context: Values) -> Value:
    if name == "library":
        return context["study"].library
    if name in context:
        return context[name]
    if name == GATHERED:
        return Bundle({item: _argument(item, specification, readings, context) for item in specification.gathered})
    reading = readings[name]
    if reading is None:
        return None
    items = reading if isinstance(reading, dict) else {"": reading}
    unread = name in specification.unread
    given = {partition: item.stored if unread else item.value() for partition, item in items.items()}
    return given if isinstance(reading, dict) else given[""]


def _schema_verdict(workspace: Workspace, specification: Specification, reference: Reference) -> list[Verdict]:
    """What was stored is read back: its digest and every declared column must hold."""
    if not specification.tables:
        return []
    workspace.store.read_back(reference, specification.name)
    names = specification.tables if isinstance(specification.tables, str) else ", ".join(specification.tables.values())
    return [Verdict("schema", True, f"stored bytes read back as the declared {names}", blocking=True)]


def _draw(workspace: Workspace, made: Materialized, progress: Progress) -> dict[str, str]:
    """{name: sha256 of the PNG}; a value is not lost because its picture could not be drawn, the log says why."""
    from groprog_assets.figures.style import DRAWING

    drawn = {}
    for name, draw in made.plots.items():
        try:
            with DRAWING:
                picture = png(draw())
        except Exception as error:
            progress(f"the plot {name} could not be drawn: {type(error).__name__}: {error}")
            continue
        if picture:
            drawn[name] = workspace.store.put_bytes(picture)
    return drawn


def _size_of(value: Value, specification: Specification) -> dict[str, int]:
    if isinstance(value, Blob):
        return {"bytes": len(value.content)}
    if isinstance(value, Bundle) or hasattr(value, "_asdict"):
        members = value if isinstance(value, Bundle) else value._asdict()
        found = {f"{name}_rows": len(item) for name, item in members.items() if hasattr(item, "columns")}
        main = main_member(specification) if isinstance(specification.tables, dict) else ""
        return {**({"dagster/row_count": len(members[main])} if main in members else {}), **found}
    return {"dagster/row_count": len(value)} if hasattr(value, "columns") else {}
