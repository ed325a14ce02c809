"""Simulated tables of subjects for catalogue and server: an ontology as a tree, findings, diagnoses, consents."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.store.artifacts import Store
from groprog_assets.store.wire_format import Stored
from groprog_assets.tables import TABLES, conform

KINDS = {
    "str": "VARCHAR",
    "bool": "BOOLEAN",
    "int16": "SMALLINT",
    "Int8": "TINYINT",
    "int32": "INTEGER",
    "Int32": "INTEGER",
    "int64": "BIGINT",
    "Int64": "BIGINT",
    "float64": "DOUBLE",
    "float32": "FLOAT",
    "datetime64[us]": "TIMESTAMP",
    "list[str]": "VARCHAR[]",
    "list[int8]": "TINYINT[]",
}
"""Type of a declared column -> type in DuckDB."""


def stored(store: Store, tables: dict[str, pd.DataFrame]) -> list[Stored]:
    """The tables in a store, each as a value of its own."""
    return [Stored(store, store.put(conform(frame, name), name), name) for name, frame in tables.items()]


def small_tables(subjects: int, seed: int, terms: int = 60, findings: int = 6) -> dict[str, pd.DataFrame]:
    """Tables of the catalogue by name: terms HP:0000000 (the root) and on, each below one before it."""
    random = np.random.default_rng(seed)
    ids = [f"p-{k:016x}" for k in range(subjects)]
    names = [f"HP:{k:07d}" for k in range(terms)]
    parent = [0, *(int(random.integers(0, k)) for k in range(1, terms))]
    above: list[list[int]] = [[0]]
    for k in range(1, terms):
        above.append([k, *above[parent[k]]])
    has = [sorted({int(t) for t in random.integers(1, terms, findings)}) for _ in ids]
    pairs = sorted({(names[a], k) for k, own in enumerate(has) for t in own for a in above[t]})
    rows = [(ids[k], names[t], bool(random.random() < 0.0)) for k, own in enumerate(has) for t in own]
    phenotypes = pd.DataFrame(rows, columns=["subject_id", "term_id", "excluded"])
    nothing: list[list[str]] = [[] for _ in rows]
    number = pd.Series([pd.NA] * len(phenotypes), dtype="Int32")
    phenotypes = phenotypes.assign(
        onset_months_min=number,
        onset_months_max=number,
        onset_term=None,
        severity=None,
        modifiers=pd.Series(nothing, dtype=object),
        source_term=phenotypes["term_id"],
        source="simulated",
    )
    disease = random.integers(1, 4, subjects)
    diagnoses = pd.DataFrame(
        {
            "subject_id": ids,
            "mondo_id": [f"MONDO:{d}" if d != 2 else "MONDO:2|MONDO:22" for d in disease],
            "omim_id": [f"OMIM:{d}" for d in disease],
            "orpha_id": None,
            "source_id": [f"OMIM:{d}" for d in disease],
            "status": random.choice(["confirmed", "excluded"], subjects, p=[0.9, 0.1]),
            "onset_months_min": pd.Series([pd.NA] * subjects, dtype="Int32"),
            "onset_months_max": pd.Series([pd.NA] * subjects, dtype="Int32"),
        }
    )
    listed: list[list[str]] = [[] for _ in range(terms)]
    made = {
        "subjects": pd.DataFrame(
            {
                "subject_id": ids,
                "sex": random.choice(["female", "male", "unknown"], subjects, p=[0.5, 0.45, 0.05]),
                "age_months": pd.Series(random.integers(0, 240, subjects), dtype="Int32"),
                "vital_status": "alive",
                "source": "simulated",
                "site": None,
            }
        ),
        "phenotypes": phenotypes,
        "subject_terms": pd.DataFrame(pairs, columns=["term_id", "subject_ix"]).astype({"subject_ix": "int32"}),
        "diagnoses": diagnoses,
        "consents": pd.DataFrame(
            {
                "subject_id": ids,
                "version": np.ones(subjects, dtype="int32"),
                "granted": pd.Timestamp("2024-01-01"),
                "withdrawn": pd.Series([pd.NaT] * subjects, dtype="datetime64[us]"),
                "permission": random.choice(["DUO:0000042", "DUO:0000006"], subjects, p=[0.7, 0.3]),
                "modifiers": [[] for _ in ids],
                "diseases": [[] for _ in ids],
                "until": pd.Series([pd.NaT] * subjects, dtype="datetime64[us]"),
            }
        ),
        "terms": pd.DataFrame(
            {
                "ontology": "HP",
                "term_id": names,
                "name": [f"Finding {k}" for k in range(terms)],
                "obsolete": False,
                "replaced_by": listed,
                "consider": listed,
                "version": "2025-01-16",
            }
        ),
        "edges": pd.DataFrame(
            {"ontology": "HP", "child": names[1:], "parent": [names[k] for k in parent[1:]]},
        ),
        "closure": pd.DataFrame(
            [(names[k], names[a]) for k in range(terms) for a in above[k]], columns=["term_id", "ancestor"]
        ),
    }
    return {name: frame[list(TABLES[name].column_names)] for name, frame in made.items()}
