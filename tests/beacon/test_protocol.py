"""Answers of the Beacon have what the schemas of its protocol require."""

from __future__ import annotations

import pytest

from tests.beacon.asking import asked
from tests.beacon.conftest import Served

META = {"beaconId", "apiVersion", "returnedSchemas"}
ANSWER_META = META | {"returnedGranularity", "receivedRequestSummary"}
RECEIVED = {"apiVersion", "requestedSchemas", "pagination", "requestedGranularity"}
ENTRY_TYPE = {"id", "name", "partOfSpecification", "defaultSchema"}
ENVELOPES = {
    "info": ({"meta", "response"}, {"id", "name", "apiVersion", "environment", "organization"}),
    "configuration": ({"meta", "response"}, {"$schema", "maturityAttributes", "entryTypes"}),
    "map": ({"meta", "response"}, {"$schema", "endpointSets"}),
    "entry_types": ({"meta", "response"}, {"entryTypes"}),
    "filtering_terms": ({"meta", "response"}, {"filteringTerms"}),
    "datasets": ({"meta", "responseSummary", "response"}, {"collections"}),
    "cohorts": ({"meta", "responseSummary", "response"}, {"collections"}),
    "individuals": ({"meta", "responseSummary"}, set()),
    "g_variants?geneId=LIMB1": ({"meta", "responseSummary"}, set()),
    "individuals?filters=HP:0777777": ({"meta", "error"}, set()),
    "nothing": ({"meta", "error"}, set()),
}
"""{request: what the schemas of the Beacon v2 framework (framework/json/responses) require of its answer and of its response}."""


@pytest.mark.parametrize("name", ENVELOPES)
def test_every_answer_has_what_the_schemas_of_the_protocol_require(portal: Served, name: str):
    answer = asked(portal.application, f"/api/{name}").document
    required, response = ENVELOPES[name]
    assert answer.keys() >= required
    assert answer.get("response", {}).keys() >= response
    counted = "responseSummary" in answer or "error" in answer  # else the answer is of the server, not of the data
    assert answer["meta"].keys() >= (ANSWER_META if counted else META)
    if counted:
        assert answer["meta"]["receivedRequestSummary"].keys() >= RECEIVED
        assert answer["meta"]["returnedGranularity"] in ("boolean", "count", "record")


def test_a_small_study_tells_no_small_number_of_its_subjects(portal: Served):
    held = portal.answering.desk.held()
    for few in (-4, 0, 3):
        held._everybody[("", ())] = few
        for name in ("datasets", "cohorts"):
            (one,) = asked(portal.application, f"/api/{name}").document["response"]["collections"]
            assert one["info"]["subjects"] == "fewer than 5"
            assert "cohortSize" not in one
    held._everybody[("", ())] = 141
    (one,) = asked(portal.application, "/api/cohorts").document["response"]["collections"]
    assert (one["cohortSize"], one["info"]["subjects"]) == (140, "about 140")


def test_every_entry_type_of_the_map_is_defined(portal: Served):
    named = asked(portal.application, "/api/map").document["response"]["endpointSets"]
    for address in ("entry_types", "configuration"):
        defined = asked(portal.application, f"/api/{address}").document["response"]["entryTypes"]
        assert {item["entryType"] for item in named.values()} == set(defined)
        assert all(item.keys() >= ENTRY_TYPE and item["id"] == kind for kind, item in defined.items())
