"""Subjects as phenopackets, and ranked diseases as PhEval reads them; everybody under their pseudonym. Tables in, files out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from groprog_assets.store.artifacts import write_atomically

SEXES = {"female": "FEMALE", "male": "MALE", "other": "OTHER_SEX", "unknown": "UNKNOWN_SEX"}
VITAL = {"alive": "ALIVE", "deceased": "DECEASED", "unknown": "UNKNOWN_STATUS"}
STATES = {"heterozygous": "GENO:0000135", "homozygous": "GENO:0000136", "hemizygous": "GENO:0000134"}
RESULT = "pheval_disease_results/{}-pheval_disease_result.tsv"
"""Where PhEval looks for the diseases of a packet."""


def write_phenopackets(
    folder: Path,
    subjects: pd.DataFrame,
    phenotypes: pd.DataFrame,
    diagnoses: pd.DataFrame,
    names: Mapping[str, str],
    release: str,
) -> list[Path]:
    """One phenopacket 2 a subject, `<pseudonym>.json`: sex, age, vital status, findings and diagnoses as the tables hold them.

    phenotypes: findings under their live term, else the identifier as read. names {term: label}; release: of the HPO. Names,
    dates, publications and variants of subjects are not written: they could tell who somebody is.
    """
    found = dict(iter(phenotypes.groupby("subject_id")))
    named = dict(iter(diagnoses.groupby("subject_id")))
    written = []
    for row in subjects.to_dict("records"):
        who = str(row["subject_id"])
        packet: dict[str, Any] = {"id": who, "subject": {"id": who, "sex": SEXES[row["sex"]]}}
        if not pd.isna(row["age_months"]):
            packet["subject"]["timeAtLastEncounter"] = _age(int(row["age_months"]))
        if row["vital_status"] != "unknown":
            packet["subject"]["vitalStatus"] = {"status": VITAL[row["vital_status"]]}
        packet["phenotypicFeatures"] = [_feature(one, names) for one in _rows(found.get(who))]
        packet["diseases"] = [_disease(one) for one in _rows(named.get(who))]
        packet["metaData"] = _metadata(release)
        place = folder / f"{who}.json"
        write_atomically(place, json.dumps(packet, indent=1, ensure_ascii=False).encode())
        written.append(place)
    return written


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    return [] if table is None else [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _age(months: int) -> dict[str, Any]:
    """An age as an ISO 8601 duration. Its last unit is months, also where they are 0: P4Y is any age from 48 to 59 months."""
    years, rest = divmod(months, 12)
    return {"age": {"iso8601duration": f"P{years}Y{rest}M" if years else f"P{rest}M"}}


def _feature(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    term = row["source_term"] if pd.isna(row["term_id"]) else row["term_id"]
    feature: dict[str, Any] = {"type": {"id": term, "label": names.get(term, "")}}
    if row["excluded"]:
        feature["excluded"] = True
    if not pd.isna(row["onset_term"]):
        feature["onset"] = {"ontologyClass": {"id": row["onset_term"], "label": names.get(row["onset_term"], "")}}
    elif not pd.isna(row["onset_months_min"]) and row["onset_months_min"] >= 0:
        feature["onset"] = _onset(row)
    if not pd.isna(row["severity"]):
        feature["severity"] = {"id": row["severity"], "label": names.get(row["severity"], "")}
    if len(row["modifiers"]):
        feature["modifiers"] = [{"id": one, "label": names.get(one, "")} for one in row["modifiers"]]
    return feature


def _onset(row: Mapping[str, Any]) -> dict[str, Any]:
    first, last = int(row["onset_months_min"]), row["onset_months_max"]
    if pd.isna(last) or int(last) == first:
        return _age(first)
    ends = (_age(months)["age"] for months in (first, int(last)))
    return {"ageRange": dict(zip(("start", "end"), ends, strict=True))}


def _disease(row: Mapping[str, Any]) -> dict[str, Any]:
    disease: dict[str, Any] = {"term": {"id": row["source_id"], "label": ""}}
    if row["status"] == "excluded":
        disease["excluded"] = True
    if not pd.isna(row["onset_months_min"]) and row["onset_months_min"] >= 0:
        disease["onset"] = _onset(row)
    return disease


def _metadata(release: str) -> dict[str, Any]:
    resource = {
        "id": "hp",
        "name": "human phenotype ontology",
        "url": "http://purl.obolibrary.org/obo/hp.owl",
        "version": release,
        "namespacePrefix": "HP",
        "iriPrefix": "http://purl.obolibrary.org/obo/HP_",
    }
    made = {"created": "1970-01-01T00:00:00Z", "createdBy": "groprog"}
    return {**made, "resources": [resource], "phenopacketSchemaVersion": "2.0"}


def write_pheval(folder: Path, ranks: pd.DataFrame) -> list[Path]:
    """One table of diseases a subject, as PhEval's runners write them: rank, score, disease_identifier, disease_name.

    ranks: `disease_ranks`. Equal scores share a rank, the lowest of theirs.
    """
    written = []
    for who, rows in ranks.groupby("subject_id"):
        ordered = rows.sort_values(["rank", "disease_id"], kind="stable")
        table = pd.DataFrame(
            {
                "rank": ordered["score"].rank(ascending=False, method="min").astype(int),
                "score": ordered["score"],
                "disease_identifier": ordered["disease_id"],
                "disease_name": ordered["name"],
            }
        )
        place = folder / RESULT.format(who)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, table.to_csv(sep="\t", index=False).encode())
        written.append(place)
    return written
