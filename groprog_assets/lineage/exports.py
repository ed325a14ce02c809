"""The ledger in standard formats: OpenLineage events, W3C PROV-JSON, RO-Crate 1.1. Documents out; nothing is written.

Names follow each specification; what none of them has (code version, environment, parameters) stands under `groprog`.
DuckDB and the standard library only.
"""

from __future__ import annotations

import json
from mimetypes import guess_type
from urllib.parse import quote

import duckdb

from groprog_assets.store.artifacts import digest_bytes
from groprog_assets.tables.values import Document

PRODUCER = "urn:groprog"
RUN_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
CUSTOM_FACET = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunFacet"
VERSION_FACET = (
    "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
)
PARENT_FACET = "https://openlineage.io/spec/facets/1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet"
CRATE_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}]
CRATE_PROFILE = "https://w3id.org/ro/crate/1.1"
RUN_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
PROGRAM = "urn:groprog"
MEDIA_TYPES = {
    "tsv": "text/tab-separated-values",
    "bed": "text/plain",
    "md": "text/markdown",
    "parquet": "application/vnd.apache.parquet",
}
STATES = {"SUCCESS": "COMPLETE", "FAILURE": "FAIL", "CANCELED": "ABORT"}


def openlineage(connection: duckdb.DuckDBPyConnection, namespace: str) -> list[Document]:
    """One RunEvent a materialization, two a run (its start and its end): what was read, what was made, under which run.

    A materialization that reused a value says so in its facet. A run that never started has its end alone. Source:
    OpenLineage 2-0-2, RunEvent.
    """
    events = []
    rows = connection.execute(
        "SELECT m.happened, m.run_id, m.asset, m.partition, m.derivation, m.reused, r.actor, d.body, r.job"
        " FROM materializations m JOIN runs r USING (run_id)"
        " LEFT JOIN derivations d ON d.derivation = m.derivation ORDER BY m.happened, m.storage_id"
    ).fetchall()
    for happened, run_id, asset, partition, derivation, reused, actor, body, parent in rows:
        record = json.loads(body) if body else None
        job = f"{asset}.{partition}" if partition else asset
        facet = {"derivation": derivation, "reused": reused, "actor": actor}
        if record:
            facet |= {name: record[name] for name in ("code_version", "environment", "kernels", "seed", "parameters")}
        step = {
            "runId": _uuid(f"{run_id}/{job}"),
            "facets": {"groprog": _facet(facet), "parent": _parent(run_id, parent, namespace)},
        }
        events.append(
            {
                "eventTime": f"{happened.isoformat()}Z",
                "eventType": "COMPLETE",
                "producer": PRODUCER,
                "schemaURL": RUN_EVENT,
                "run": step,
                "job": {"namespace": namespace, "name": job},
                "inputs": _inputs(record, namespace),
                "outputs": [_dataset(namespace, job, record["output"]["sha256"])] if record else [],
            }
        )
    runs = connection.execute(
        "SELECT run_id, job, status, started, ended, actor FROM runs ORDER BY ended, run_id"
    ).fetchall()
    for run_id, job, status, started, ended, actor in runs:
        for moment, state in ((started, "START"), (ended, STATES.get(status, "OTHER"))):
            if moment is None:
                continue
            facets = {"groprog": _facet({"run_id": run_id, "actor": actor})}
            events.append(
                {
                    "eventTime": f"{moment.isoformat()}Z",
                    "eventType": state,
                    "producer": PRODUCER,
                    "schemaURL": RUN_EVENT,
                    "run": {"runId": _uuid(run_id), "facets": facets},
                    "job": {"namespace": namespace, "name": job},
                    "inputs": [],
                    "outputs": [],
                }
            )
    return events


def prov(connection: duckdb.DuckDBPyConnection) -> Document:
    """Derivations as W3C PROV-JSON: entities (values, files), activities (derivations), agents, and how they belong."""
    document: Document = {
        "prefix": {"groprog": "urn:groprog:"},
        "entity": {},
        "activity": {},
        "agent": {},
        "used": {},
        "wasGeneratedBy": {},
        "wasAssociatedWith": {},
    }
    for digest, body in connection.execute("SELECT derivation, body FROM derivations ORDER BY 1").fetchall():
        record = json.loads(body)
        activity, output = f"groprog:derivation/{digest}", f"groprog:sha256/{record['output']['sha256']}"
        document["activity"][activity] = {
            "prov:label": _name(record),
            "groprog:code_version": record["code_version"],
            "groprog:environment": record["environment"],
        }
        document["entity"][output] = {"prov:label": _name(record)}
        document["wasGeneratedBy"][f"_:g{digest}"] = {"prov:entity": output, "prov:activity": activity}
        used = [(item["sha256"], item["path"]) for item in record["files"]]
        used += [(item["sha256"], item["asset"]) for item in record["inputs"]]
        for place, (sha256, label) in enumerate(used):
            entity = f"groprog:sha256/{sha256}"
            document["entity"].setdefault(entity, {"prov:label": label})
            document["used"][f"_:u{digest}.{place}"] = {"prov:activity": activity, "prov:entity": entity}
    rows = connection.execute(
        "SELECT DISTINCT m.derivation, r.actor FROM materializations m JOIN runs r USING (run_id) WHERE r.actor <> ''"
        " AND NOT m.reused ORDER BY ALL"
    ).fetchall()
    for digest, actor in rows:
        agent = f"groprog:agent/{actor}"
        document["agent"][agent] = {"prov:label": actor}
        document["wasAssociatedWith"][f"_:a{digest}.{actor}"] = {
            "prov:activity": f"groprog:derivation/{digest}",
            "prov:agent": agent,
        }
    return document


def crate(
    connection: duckdb.DuckDBPyConnection, files: dict[str, bytes], title: str, moment: str, version: str
) -> Document:
    """`ro-crate-metadata.json` of a folder of result files, with the derivations as CreateActions.

    files: {path in the crate: bytes}. A result whose bytes are a recorded value is linked to the action that made it; source
    files stand as identifiers by digest, since a crate need not carry the reads. Who made a value is the actor of the run that
    computed it. Source: RO-Crate 1.1, Process Run Crate 0.5.
    """
    made_by = {
        digest: (actor, f"{happened.isoformat(timespec='seconds')}Z")
        for digest, actor, happened in connection.execute(
            "SELECT m.derivation, arg_min(r.actor, m.happened), min(m.happened) FROM materializations m JOIN runs r"
            " USING (run_id) WHERE NOT m.reused GROUP BY m.derivation"
        ).fetchall()
    }
    graph: list[Document] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": CRATE_PROFILE},
        }
    ]
    actions: list[Document] = []
    entities: dict[str, Document] = {}
    held = {digest_bytes(content): name for name, content in files.items()}
    for digest, body in connection.execute("SELECT derivation, body FROM derivations ORDER BY 1").fetchall():
        record = json.loads(body)
        used = [(item["sha256"], item["path"]) for item in record["files"]]
        used += [(item["sha256"], item["asset"]) for item in record["inputs"]]
        made = record["output"]["sha256"]
        for sha256, label in [*used, (made, _name(record))]:
            entities.setdefault(_value(sha256, held), {"@type": "CreativeWork", "name": label, "sha256": sha256})
        actor, ended = made_by.get(digest, ("", ""))
        actions.append(
            {
                "@id": f"#derivation-{digest}",
                "@type": "CreateAction",
                "name": _name(record),
                "instrument": {"@id": PROGRAM},
                **_links("object", [_value(sha256, held) for sha256, _ in used]),
                "result": {"@id": _value(made, held)},
                **({"endTime": ended} if ended else {}),
                **({"agent": {"@id": _agent(actor)}} if actor else {}),
                "description": f"code version {record['code_version'][:16]}, environment {record['environment'][:16]}",
            }
        )
    for name, content in files.items():
        known = entities.pop(name, {})
        graph.append(
            {
                **known,
                "@id": name,
                "@type": "File",
                "name": known.get("name", name),
                "contentSize": str(len(content)),
                "encodingFormat": _media_type(name),
                "sha256": digest_bytes(content),
            }
        )
    actors = sorted({actor for actor, _ in made_by.values() if actor})
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": f"Results of the GroProg study {title}, with the derivation of every value.",
        "datePublished": moment,
        "license": {"@id": "#licence"},
        "conformsTo": {"@id": RUN_PROFILE},
        **_links("author", [_agent(actor) for actor in actors]),
        "hasPart": [{"@id": name} for name in sorted(files)],
        "mentions": [{"@id": action["@id"]} for action in actions],
    }
    licence = {"@id": "#licence", "@type": "CreativeWork", "name": "As the owner of the study decides"}
    program = {"@id": PROGRAM, "@type": "SoftwareApplication", "name": "GroProg", "softwareVersion": version}
    profile = {"@id": RUN_PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    agents = [{"@id": _agent(actor), "@type": "Person", "name": actor} for actor in actors]
    shown = [{"@id": name, **item} for name, item in sorted(entities.items())]
    return {"@context": CRATE_CONTEXT, "@graph": [*graph, root, licence, program, profile, *agents, *shown, *actions]}


def crate_problems(document: Document, files: set[str]) -> list[str]:
    """What RO-Crate 1.1 requires and `document` lacks: descriptor, root with its properties, every reference resolved."""
    problems = []
    if document.get("@context") != CRATE_CONTEXT:
        problems.append("@context is not RO-Crate 1.1")
    graph = document.get("@graph", [])
    names = [item.get("@id") for item in graph]
    problems += [f"{name} stands twice" for name in sorted({name for name in names if names.count(name) > 1})]
    by_id = {item.get("@id"): item for item in graph}
    descriptor = by_id.get("ro-crate-metadata.json", {})
    if descriptor.get("about") != {"@id": "./"} or descriptor.get("conformsTo") != {"@id": CRATE_PROFILE}:
        problems.append("the metadata descriptor must be about ./ and conform to RO-Crate 1.1")
    root = by_id.get("./", {})
    problems += [
        f"the root lacks {key}" for key in ("name", "description", "datePublished", "license") if key not in root
    ]
    if root.get("@type") != "Dataset":
        problems.append("the root must be a Dataset")
    for item in graph:
        if "@id" not in item or "@type" not in item:
            problems.append(f"{item} lacks @id or @type")
        for value in item.values():
            for link in value if isinstance(value, list) else [value]:
                known = not isinstance(link, dict) or link["@id"] in by_id or link["@id"] == CRATE_PROFILE
                if not known:
                    problems.append(f"{item['@id']} refers to {link['@id']}, which is not in the graph")
    parts = {link["@id"] for link in root.get("hasPart", [])}
    problems += [f"{name} is not part of the root" for name in sorted(files - parts)]
    problems += [f"{name} is named and not there" for name in sorted(parts - files)]
    return problems


def _inputs(record: Document | None, namespace: str) -> list[Document]:
    if record is None:
        return []
    values = [
        _dataset(
            namespace, f"{item['asset']}.{item['partition']}" if item["partition"] else item["asset"], item["sha256"]
        )
        for item in record["inputs"]
    ]
    return values + [_dataset("file", item["path"], item["sha256"]) for item in record["files"]]


def _dataset(namespace: str, name: str, sha256: str) -> Document:
    version = {"_producer": PRODUCER, "_schemaURL": VERSION_FACET, "datasetVersion": sha256}
    return {"namespace": namespace, "name": name, "facets": {"version": version}}


def _facet(content: Document) -> Document:
    return {"_producer": PRODUCER, "_schemaURL": CUSTOM_FACET, **content}


def _parent(run_id: str, job: str, namespace: str) -> Document:
    content = {"run": {"runId": _uuid(run_id)}, "job": {"namespace": namespace, "name": job}}
    return {"_producer": PRODUCER, "_schemaURL": PARENT_FACET, **content}


def _uuid(text: str) -> str:
    if len(text) == 36 and text.count("-") == 4:
        return text
    digits = digest_bytes(text.encode())
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _media_type(name: str) -> str:
    suffix = name.rpartition(".")[2]
    return MEDIA_TYPES.get(suffix) or guess_type(name)[0] or "application/octet-stream"


def _agent(actor: str) -> str:
    return f"#agent-{quote(actor, safe='')}"


def _links(name: str, targets: list[str]) -> Document:
    """A property that links to each of `targets` once; one target stands without a list, none leaves the property out."""
    links = [{"@id": target} for target in dict.fromkeys(targets)]
    return {name: links[0] if len(links) == 1 else links} if links else {}


def _value(sha256: str, held: dict[str, str]) -> str:
    return held.get(sha256, f"urn:sha256:{sha256}")


def _name(record: Document) -> str:
    return f"{record['asset']}[{record['partition']}]" if record["partition"] else record["asset"]
