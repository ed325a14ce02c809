"""The Beacon's handler at 10,580 subjects, and the catalogue's cohort query beside its recursive form.

`python -m benchmarks.portal DATA` with DATA the folder of phenopackets, hpo and mondo tables. Subjects are drawn with replacement
from the real packets under names of their own; the ontology is the real one. CPU time of one thread, over the whole application:
guard, request, budget, question, noise, a line of the log on disk, envelope.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.beacon.actors import Actors, Pace
from groprog_assets.beacon.application import Answering, application
from groprog_assets.beacon.desk import Desk, Held
from groprog_assets.beacon.reference_rows import ReferenceRows
from groprog_assets.methods.omics import subjects
from groprog_assets.methods.omics.consents import consent_tables
from groprog_assets.methods.omics.disclosure import Budgets, Secret
from groprog_assets.methods.omics.disease_annotations import read_annotations, read_genes
from groprog_assets.methods.omics.disease_mappings import read_mappings
from groprog_assets.methods.omics.ontologies import read_ontology, resolver
from groprog_assets.omics_catalog import writing
from groprog_assets.omics_catalog.catalog import Catalog
from groprog_assets.store.artifacts import Store
from groprog_assets.store.query_log import QueryLog
from groprog_assets.store.wire_format import Stored
from groprog_assets.study.omics_parameters import DisclosureParameters
from groprog_assets.study.omics_study import Consents, ConsentToAll, PhenopacketSource
from groprog_assets.tables import conform
from groprog_assets.web.own_pages import OwnPages

SUBJECTS, FINDINGS = 10_580, 227_861
RECURSIVE = (
    "WITH RECURSIVE below(term) AS (SELECT ? UNION SELECT child FROM edges, below WHERE parent = term)"
    " SELECT count(DISTINCT subject_id) FROM phenotypes WHERE NOT excluded AND term_id IN (SELECT term FROM below)"
)
DIRECT = "SELECT count(*) FROM subject_terms WHERE term_id = ?"


class FixedDesk(Desk):
    """A desk over one catalogue, without a study."""

    def __init__(self, held: Held, log: QueryLog):
        self.log = log
        self.parameters = held.parameters
        self.budgets = Budgets(held.parameters)
        self.workspace: Any = SimpleNamespace(study=SimpleNamespace(title="", name="benchmark", omics=None))
        self._key = held.secret.key
        self._lock = threading.Lock()
        self._fixed = held

    def held(self) -> Held:
        return self._fixed


def tables(data: Path) -> dict[str, pd.DataFrame]:
    """The catalogue's tables of 10,580 subjects with about as many findings as the real collection has."""
    random = np.random.default_rng(20251129)
    terms = read_ontology(data / "hpo", "2025-01-16")
    source = PhenopacketSource(source="s", site="", path=data / "phenopackets" / "phenopackets.jsonl")
    real = sorted(subjects.sourced_packets([source]), key=lambda item: len(item.packet.features))[40:]
    chosen = [real[int(k)] for k in random.integers(0, len(real), SUBJECTS)]
    packets = [item._replace(packet=item.packet._replace(id=f"subject {k}")) for k, item in enumerate(chosen)]
    ids = {item.packet.id: f"p-{k:016x}" for k, item in enumerate(packets)}
    given = Consents(
        table=None,
        purpose="",
        as_of=None,
        every_subject=ConsentToAll(permission="DUO:0000042", granted=pd.Timestamp("2024-01-01").date(), reason="b"),
    )
    consents = consent_tables(given, ids, pd.Timestamp("2026-01-01").date())
    made = subjects.subject_tables(packets, ids, consents.permitted["subject_id"])
    found = subjects.findings(packets, ids, made.table["subject_id"].tolist(), terms)
    files = [data / "mondo" / f"exactmatch_{name}.parquet" for name in ("omim", "orphanet")]
    xrefs = read_mappings(files, "2026-08-04").table
    known = read_annotations(
        data / "hpo" / "phenotype_hpoa.parquet", resolver(terms.terms, terms.aliases), "2025-01-16"
    )
    return {
        "consents": consents.table,
        "subjects": made.table,
        "subject_variants": made.variants,
        "phenotypes": found.table,
        "subject_terms": found.subject_terms,
        "diagnoses": subjects.diagnosis_table(packets, ids, made.table["subject_id"].tolist(), xrefs),
        "terms": terms.terms,
        "term_synonyms": terms.synonyms,
        "term_aliases": terms.aliases,
        "edges": terms.edges,
        "closure": terms.closure,
        "xrefs": xrefs,
        "diseases": known.diseases,
        "disease_terms": known.disease_terms,
        "gene_disease": read_genes(data / "hpo" / "gene_disease.parquet", "2025-01-16")[0],
    }


def cpu(work: Any, times: int) -> float:
    """Median CPU seconds of a call."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


async def _requests(app: Any, addresses: list[str]) -> tuple[list[float], int]:
    """CPU seconds of each request, and how many were answered with a count."""
    taken, answered = [], 0
    for address in addresses:
        path, _, query = address.partition("?")
        scope = {
            **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"},
            **{"path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": ""},
            **{"headers": [(b"host", b"127.0.0.1:3080")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 3080)},
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any, into: list[Any] = sent) -> None:
            into.append(message)

        began = time.process_time()
        await app(scope, receive, send)
        taken.append(time.process_time() - began)
        answered += sent[0]["status"] == 200
    return taken, answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="groprog-") as place:
        folder = Path(place)
        store = Store(folder / "store")
        held_tables = tables(given.data)
        stored = [Stored(store, store.put(conform(frame, name), name), name) for name, frame in held_tables.items()]
        snapshot = writing.snapshot_of(stored)
        began = time.process_time()
        path = writing.write_catalog(folder, store, snapshot)
        written = time.process_time() - began
        everybody = held_tables["subjects"]["subject_id"].tolist()
        catalog = Catalog(path, lambda purpose, studied: everybody)
        counts = len(held_tables["phenotypes"]), len(held_tables["subject_terms"])
        size = path.stat().st_size / 1e6
        print(
            f"catalogue: {len(everybody):,} subjects, {counts[0]:,} findings, {counts[1]:,} subject_terms; {size:.0f} MB,"
            f" written in {written:.1f} s CPU"
        )
        for term in ("HP:0000118", "HP:0000707", "HP:0001250"):
            assert catalog.number(RECURSIVE, term) == catalog.number(DIRECT, term), "both count the same"
            slow = cpu(lambda name=term: catalog.number(RECURSIVE, name), 15)
            fast = cpu(lambda name=term: catalog.number(DIRECT, name), 15)
            print(
                f"cohort query {term}: recursive {slow * 1e3:.1f} ms, subject_terms {fast * 1e3:.2f} ms, {fast / slow:.3f} of it"
            )
        parameters = DisclosureParameters(actor_budget=1000, total_budget=1000)
        secrets = {name: Secret(b"k" * 32, name) for name in ("data", "samples", "carriers")}
        reference = ReferenceRows(catalog)
        held = Held(
            *("snapshot", secrets["data"], parameters, catalog, ("", "")),
            *(secrets["samples"], secrets["carriers"], reference),
        )
        began = time.process_time()
        listed = held.listed
        seconds = time.process_time() - began
        print(f"published counts: {len(listed):,} terms and diseases, drawn in {seconds:.2f} s CPU, once a start")
        began = time.process_time()
        reference.read()
        print(f"reference tables: read into memory in {time.process_time() - began:.2f} s CPU, once a snapshot")
        desk = FixedDesk(held, QueryLog(folder / "queries" / "log.jsonl"))
        answering = Answering(desk, Actors(folder), OwnPages("127.0.0.1", 3080), Pace(1_000_000))
        app = application(answering)
        names = sorted(name for name in listed if name.startswith("HP:"))
        random = np.random.default_rng(1)
        kinds = {
            "a term": [f"filters={name}" for name in random.choice(names, 100, replace=False)],
            "two terms, sex and age": [
                f"filters={a},{b},sex=female,age<{k % 30 + 1}"
                for k, (a, b) in enumerate(random.choice(names, (100, 2)))
            ],
        }
        asyncio.run(_requests(app, ["/api/info"] * 3))
        for kind, queries in kinds.items():
            addresses = [f"/api/individuals?{query}&requestedGranularity=count" for query in queries]
            taken, answered = asyncio.run(_requests(app, addresses))
            assert answered == len(addresses)
            median, late = statistics.median(taken) * 1e3, sorted(taken)[94] * 1e3
            print(f"individuals by {kind}: median {median:.2f} ms CPU, 95th of a hundred {late:.2f} ms")
        genes = held_tables["subject_variants"]["symbol"].value_counts().index.tolist()[:100]
        ranges = [f"referenceName={c}&start={k}000000&end={k + 1}000000" for c in "27" for k in range(50)]
        asked = {
            "gene": [f"geneId={gene}" for gene in genes],
            "place": [f"assemblyId=GRCh38&{place}" for place in ranges],
        }
        for kind, which in asked.items():
            addresses = [f"/api/g_variants?{query}&requestedGranularity=count" for query in which]
            taken, answered = asyncio.run(_requests(app, addresses))
            assert answered == len(addresses)
            print(f"g_variants by {kind}: median {statistics.median(taken) * 1e3:.2f} ms CPU")
        diseases = held_tables["diagnoses"]["omim_id"].value_counts().index.tolist()[:100]
        pages = {
            "finding": [f"/phenotype/{name}" for name in random.choice(names, 100, replace=False)],
            "disease": [f"/disease/{name}" for name in diseases],
            "gene": [f"/gene/{gene}" for gene in genes],
            "search": [f"/?q={word}" for word in ("short+stature", "seizure", "limb", "duchenne", "LMNA") * 20],
            "start": ["/"] * 100,
            "count": [f"/count?filters={name}" for name in random.choice(names, 100, replace=False)],
        }
        for kind, addresses in pages.items():
            medians = []
            for _ in range(2):
                taken, answered = asyncio.run(_requests(app, addresses))
                assert answered == len(addresses)
                medians.append(statistics.median(taken) * 1e3)
            print(f"page {kind}: median {medians[0]:.2f} ms CPU, the same pages again {medians[1]:.2f} ms")
        desk.log.close()


if __name__ == "__main__":
    main()
