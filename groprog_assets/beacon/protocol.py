"""Answers in the envelopes of Beacon v2: what the server is, what may be asked, counts, errors. Documents in, documents out."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from groprog_assets.beacon.desk import Held, Told
from groprog_assets.beacon.questions import Request
from groprog_assets.methods.omics.curies import prefix_of
from groprog_assets.methods.omics.disclosure import nearest, shown
from groprog_assets.study.schema import Study

API_VERSION = "v2.0.0"
ENTRIES = {
    "individuals": ("individual", "Individual", "ga4gh-beacon-individual-v2.0.0"),
    "g_variants": ("genomicVariant", "Genomic variant", "ga4gh-beacon-variant-v2.0.0"),
}
"""Entries that are counted: (entry type, its name, its schema)."""
COLLECTIONS = {
    "datasets": ("dataset", "Dataset", "ga4gh-beacon-dataset-v2.0.0"),
    "cohorts": ("cohort", "Cohort", "ga4gh-beacon-cohort-v2.0.0"),
}
UNSTATED: dict[str, Any] = {
    "apiVersion": API_VERSION,
    "requestedSchemas": [],
    "includeResultsetResponses": "NONE",
    "pagination": {},
    "testMode": False,
}
"""What a request asks for that states none of it."""
ONTOLOGY_TERMS = {
    "individual": "NCIT:C25190",
    "genomicVariant": "ENSGLOSSARY:0000092",
    "dataset": "NCIT:C47824",
    "cohort": "NCIT:C61512",
}
SCHEMAS = "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main"
RESEARCH = "Research use only; no medical advice."
RESOURCES = {
    "HP": ("Human Phenotype Ontology", "http://purl.obolibrary.org/obo/hp.obo", "http://purl.obolibrary.org/obo/HP_"),
    "MONDO": ("Mondo", "http://purl.obolibrary.org/obo/mondo.obo", "http://purl.obolibrary.org/obo/MONDO_"),
    "OMIM": ("OMIM", "https://omim.org", "https://omim.org/entry/"),
    "ORPHA": ("Orphanet", "https://www.orpha.net", "http://www.orpha.net/ORDO/Orphanet_"),
    "NCIT": ("NCI Thesaurus", "http://purl.obolibrary.org/obo/ncit.owl", "http://purl.obolibrary.org/obo/NCIT_"),
}


class Envelopes:
    """The envelopes of one study's server."""

    def __init__(self, study: Study):
        self.name = study.title or study.name
        self.identifier = f"groprog.{study.name}"

    def meta(
        self,
        snapshot: str,
        granularity: str = "",
        schemas: tuple[str, str, str] | None = None,
        received: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The `meta` of an answer. granularity: of one about the data, or an error, whose request is summed up; "" of one about
        the server. received: what of the request was stated."""
        returned = [{"entityType": schemas[0], "schema": schemas[2]}] if schemas else []
        about: dict[str, Any] = {"beaconId": self.identifier, "apiVersion": API_VERSION, "returnedSchemas": returned}
        if granularity:
            summed = {**UNSTATED, "requestedGranularity": granularity, **(received or {})}
            about |= {"returnedGranularity": granularity, "receivedRequestSummary": summed}
        return {**about, "snapshot": snapshot}

    def counted(self, entry: str, asked: Request, told: Told, held: Held) -> dict[str, Any]:
        """The answer to a question for a count; a record is answered by a count."""
        parameters, hierarchy = held.parameters, held.releases.get("MONDO")
        granularity = "boolean" if asked.granularity == "boolean" else "count"
        summary: dict[str, Any] = {"exists": told.shown.exists}
        if granularity == "count" and told.shown.number is not None:
            summary["numTotalResults"] = told.shown.number
        information = {
            "subjects": told.shown.words if granularity == "count" else "yes" if told.shown.exists else "no, or few",
            "protection": f"Noise of scale {1 / parameters.epsilon:g}, the same for the same question; rounded to"
            f" {parameters.rounding}; fewer than {parameters.fewest} are not told.",
            "epsilonSpent": told.epsilon,
            "epsilonLeft": round(told.left, 6),
            "diseases": f"With those below them in MONDO {hierarchy}."
            if hierarchy
            else "By exact identifiers: no hierarchy of diseases is read.",
            "use": RESEARCH,
        }
        meta = self.meta(told.snapshot, granularity, ENTRIES[entry], asked.received)
        return {"meta": meta, "responseSummary": summary, "info": information}

    def error(self, status: int, text: str, snapshot: str) -> dict[str, Any]:
        return {"meta": self.meta(snapshot, "boolean"), "error": {"errorCode": status, "errorMessage": text}}

    def info(self, held: Held) -> dict[str, Any]:
        response = {
            "id": self.identifier,
            "name": self.name,
            "apiVersion": API_VERSION,
            "environment": "dev",
            "organization": {"id": "groprog", "name": "who serves this study", "welcomeUrl": "", "contactUrl": ""},
            "description": f"Counts of subjects by findings, diseases and variants. {RESEARCH}",
            "version": metadata.version("groprog"),
            "info": {"releases": held.releases},
        }
        return {"meta": self.meta(held.snapshot), "response": response}

    def service_info(self) -> dict[str, Any]:
        return {
            "id": self.identifier,
            "name": self.name,
            "type": {"group": "org.ga4gh", "artifact": "beacon", "version": API_VERSION},
            "organization": {"name": "who serves this study", "url": ""},
            "description": RESEARCH,
            "version": metadata.version("groprog"),
        }

    def configuration(self, held: Held) -> dict[str, Any]:
        response = {
            "$schema": f"{SCHEMAS}/framework/json/configuration/beaconConfigurationSchema.json",
            "maturityAttributes": {"productionStatus": "DEV"},
            "securityAttributes": {"defaultGranularity": "boolean", "securityLevels": ["PUBLIC", "REGISTERED"]},
            "entryTypes": _entry_types(),
        }
        return {"meta": self.meta(held.snapshot), "response": response}

    def entry_types(self, held: Held) -> dict[str, Any]:
        return {"meta": self.meta(held.snapshot), "response": {"entryTypes": _entry_types()}}

    def map(self, held: Held, base: str) -> dict[str, Any]:
        places = {
            kind: {"entryType": kind, "rootUrl": f"{base}/{path}", "filteringTermsUrl": f"{base}/filtering_terms"}
            for path, (kind, _, _) in {**ENTRIES, **COLLECTIONS}.items()
        }
        schema = f"{SCHEMAS}/framework/json/configuration/beaconMapSchema.json"
        return {"meta": self.meta(held.snapshot), "response": {"$schema": schema, "endpointSets": places}}

    def filtering_terms(self, held: Held, skip: int, limit: int) -> dict[str, Any]:
        """What may be asked by, with the counts that were drawn once for these data."""
        parameters = held.parameters
        named = {**held.classes_of_diseases, **held.diseases, **held.names}
        terms: list[dict[str, Any]] = [
            {
                "id": name,
                "label": named.get(name, name),
                "type": "ontology",
                "scopes": ["individual"],
                "info": {"subjects": nearest(count, parameters.rounding)},
            }
            for name, count in sorted(held.listed.items())
        ]
        terms += [
            {"id": "NCIT:C16576", "label": "female", "type": "ontology", "scopes": ["individual"]},
            {"id": "NCIT:C20197", "label": "male", "type": "ontology", "scopes": ["individual"]},
            {"id": "sex", "label": "sex", "type": "alphanumeric", "scopes": ["individual"]},
            {"id": "age", "label": "age in whole years", "type": "alphanumeric", "scopes": ["individual"]},
        ]
        used = {prefix_of(item["id"]) for item in terms} - {""}
        resources = [
            {"id": prefix.lower(), "name": name, "url": url, "namespacePrefix": prefix, "iriPrefix": iri}
            for prefix, (name, url, iri) in RESOURCES.items()
            if prefix in used
        ]
        shown = terms[skip : skip + limit] if limit else terms[skip:]
        rule = (
            f"Listed is what at least {parameters.listing_fewest} subjects have by a count with noise of scale"
            f" {1 / parameters.listing_epsilon:g}, drawn once for these data. Anything else is answered as unknown."
        )
        response = {"filteringTerms": shown, "resources": resources}
        return {"meta": self.meta(held.snapshot), "response": response, "info": {"rule": rule, "all": len(terms)}}

    def collection(self, which: str, held: Held) -> dict[str, Any]:
        everybody = held.everybody()
        size = shown(everybody, everybody + held.parameters.fewest, held.parameters)
        about = {"subjects": size.words, "use": RESEARCH}
        one: dict[str, Any] = {"id": self.identifier, "name": self.name, "info": about}
        if which == "cohorts":
            one |= {"cohortType": "study-defined", **({"cohortSize": size.number} if size.exists else {})}
        meta = self.meta(held.snapshot, "record", COLLECTIONS[which])
        summary = {"exists": True, "numTotalResults": 1}
        return {"meta": meta, "responseSummary": summary, "response": {"collections": [one]}}


def _entry_types() -> dict[str, Any]:
    return {
        kind: {
            "id": kind,
            "name": name,
            "ontologyTermForThisType": {"id": ONTOLOGY_TERMS[kind]},
            "partOfSpecification": f"Beacon {API_VERSION}",
            "defaultSchema": {
                "id": schema,
                "name": f"Default schema of {name.lower()}",
                "referenceToSchemaDefinition": f"{SCHEMAS}/models/json/beacon-v2-default-model/{path}/defaultSchema.json",
                "schemaVersion": API_VERSION,
            },
        }
        for path, (kind, name, schema) in {
            "individuals": ENTRIES["individuals"],
            "genomicVariations": ENTRIES["g_variants"],
            **COLLECTIONS,
        }.items()
    }
