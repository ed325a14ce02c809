"""Phenopackets against protobuf, a ranking query against pyhpo's enrichment, and `subject_terms` against a recursive query.

`python -m benchmarks.phenotypes DATA ORACLE` with DATA the folder of phenopackets, hpo and mondo tables, and ORACLE the Python of
an environment with `phenopackets==2.0.2.post5`, `pyhpo==4.0.0` and scipy. CPU time of one thread; the peers run in a child
process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

from groprog_assets.methods.omics import disease_ranking as ranking
from groprog_assets.methods.omics import subjects
from groprog_assets.methods.omics.disease_annotations import read_annotations
from groprog_assets.methods.omics.disease_mappings import read_mappings
from groprog_assets.methods.omics.ontologies import read_ontology, resolver
from groprog_assets.methods.omics.phenopackets import walk_packet
from groprog_assets.study.omics_parameters import RankingParameters
from groprog_assets.study.omics_study import PhenopacketSource

PROTOBUF = """
import json, sys, time
from google.protobuf import json_format
from phenopackets.schema.v2.phenopackets_pb2 import Phenopacket
packets = [json.loads(line) for line in open(sys.argv[1])]
best = 1e9
for _ in range(5):
    began = time.process_time()
    made = [json_format.ParseDict(packet, Phenopacket()) for packet in packets]
    best = min(best, time.process_time() - began)
counted = [[len(p.phenotypic_features), sum(f.excluded for f in p.phenotypic_features), len(p.diseases)] for p in made]
print(json.dumps({"seconds": best, "counted": counted}))
"""
PYHPO = """
import json, statistics, sys, time
from pyhpo import Ontology
from pyhpo.set import HPOSet
from pyhpo.stats import EnrichmentModel
Ontology()
model = EnrichmentModel("omim")
times = []
for terms in json.load(sys.stdin):
    known = HPOSet.from_queries(terms)
    began = time.process_time()
    model.enrichment(method="hypergeom", hposet=known)
    times.append(time.process_time() - began)
print(json.dumps({"seconds": statistics.median(times)}))
"""


def fastest(work: Callable[[], object], times: int = 5) -> float:
    """Least CPU seconds of `times` runs, after one that is not timed."""
    work()
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def child(python: str, code: str, *arguments: str, given: str = "") -> dict:
    """What a script of the other environment prints, as JSON."""
    done = subprocess.run([python, "-c", code, *arguments], input=given, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("oracle")
    given = parser.parse_args()
    path = given.data / "phenopackets" / "phenopackets.jsonl"
    documents = [json.loads(line) for line in path.read_text().splitlines()]
    made = [packet for packet, _ in map(walk_packet, documents) if packet is not None]
    peer = child(given.oracle, PROTOBUF, str(path))
    own = [[len(p.features), sum(f.excluded for f in p.features), len(p.diagnoses)] for p in made]
    assert own == peer["counted"], "both read the same"
    seconds = fastest(lambda: [walk_packet(document) for document in documents])
    print(
        f"phenopackets   {1e6 * seconds / len(documents):6.1f} µs a packet, protobuf x {peer['seconds'] / seconds:.1f}"
    )

    terms = read_ontology(given.data / "hpo", "2025-01-16")
    known = read_annotations(
        given.data / "hpo" / "phenotype_hpoa.parquet", resolver(terms.terms, terms.aliases), "2025-01-16"
    )
    files = [given.data / "mondo" / f"exactmatch_{name}.parquet" for name in ("omim", "orphanet")]
    xrefs = read_mappings(files, "2026-08-04").table
    parameters = RankingParameters()
    index = ranking.ranking_index(terms.terms, terms.edges, known.disease_terms, known.diseases, xrefs, parameters)
    ranker = ranking.ranker(index)
    packets = subjects.sourced_packets([PhenopacketSource(source="store", site="", path=path)])
    ids = {item.packet.id: item.packet.id for item in packets}
    found = subjects.findings(packets, ids, list(ids), terms)
    present = found.table[~found.table["excluded"] & found.table["term_id"].notna()]
    asked = [part.tolist() for _, part in present.groupby("subject_id")["term_id"]][:100]
    queries = [ranker.query(terms_of) for terms_of in asked]
    times = [fastest(lambda q=q: ranking.likelihood_scores(ranker, q, parameters), 3) for q in queries]
    enrichment = child(given.oracle, PYHPO, given=json.dumps(asked[:25]))["seconds"]
    own_time = statistics.median(times)
    print(f"ranking        {1e3 * own_time:6.2f} ms a query, pyhpo's enrichment x {enrichment / own_time:.0f}")
    _cohort_query(terms.edges, present, found.subject_terms)


def _cohort_query(edges: pd.DataFrame, present: pd.DataFrame, subject_terms: pd.DataFrame) -> None:
    """Subjects with a term or one below it, the cohort repeated to the size of a large one."""
    copies = 26
    rows = pd.concat([present.assign(subject_id=present["subject_id"] + f"-{k}") for k in range(copies)])
    count = int(subject_terms["subject_ix"].max()) + 1
    closed = pd.concat(
        [subject_terms.assign(subject_ix=subject_terms["subject_ix"] + k * count) for k in range(copies)]
    )
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    for name, frame in (("edges", edges), ("phenotypes", rows), ("subject_terms", closed.sort_values("term_id"))):
        connection.register("given", frame)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")
    recursive = (
        "WITH RECURSIVE below(term) AS (SELECT ? UNION SELECT child FROM edges, below WHERE parent = term) "
        "SELECT count(DISTINCT subject_id) FROM phenotypes WHERE term_id IN (SELECT term FROM below)"
    )
    direct = "SELECT count(*) FROM subject_terms WHERE term_id = ?"
    for term in ("HP:0000707", "HP:0001250"):
        slow, fast = (connection.execute(query, [term]).fetchone() for query in (recursive, direct))
        assert slow == fast, "both count the same"
        ratio = fastest(lambda t=term: connection.execute(recursive, [t]).fetchone()) / fastest(
            lambda t=term: connection.execute(direct, [t]).fetchone()
        )
        print(f"subject_terms  {term}: {slow[0]:,} subjects, recursive query x {ratio:.0f}")


if __name__ == "__main__":
    main()
