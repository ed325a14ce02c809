"""Phenopackets: what is read and what never is, ages, and what is refused with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from groprog_assets.errors import CohortError
from groprog_assets.methods.omics.ages import duration_months, time_months
from groprog_assets.methods.omics.phenopacket_fields import message
from groprog_assets.methods.omics.phenopackets import read_phenopackets, walk_packet
from tests.omics_files import packet


@pytest.mark.parametrize(
    ("text", "months"),
    [("P4Y", (48, 59)), ("P4Y6M", (54, 54)), ("P6M", (6, 6)), ("P20D", (0, 0)), ("P1Y40D", (13, 13)), ("P3W", (0, 0))],
)
def test_a_duration_is_as_wide_as_its_last_unit(text: str, months: tuple[int, int]):
    assert duration_months(text) == months


@pytest.mark.parametrize("text", ["four years", "P", "4Y", "P-4Y", "P4.5Y", "PT4H", "P6M4Y", ""])
def test_other_text_is_no_duration(text: str):
    assert duration_months(text) is None


def test_times_become_months():
    assert time_months({"ageRange": {"start": {"iso8601duration": "P2Y"}, "end": {"iso8601duration": "P4Y"}}})[:2] == (
        24,
        59,
    )
    assert time_months({"gestationalAge": {"weeks": 20}})[:2] == (-5, -5)
    assert time_months({"gestationalAge": {"weeks": 40, "days": 3}})[:2] == (0, 0)
    assert time_months({"ontologyClass": {"id": "HP:0011463"}}) == (12, 59, "HP:0011463", "")
    assert time_months({"timestamp": "2020-03-14T00:00:00Z"}, "2016-03-15T00:00:00Z")[:2] == (47, 47)
    assert time_months({"timestamp": "2020-03-14T00:00:00Z"})[:2] == (None, None), "no age without a date of birth"
    assert time_months({"ageRange": {"start": {"iso8601duration": "P9Y"}, "end": {"iso8601duration": "P4Y"}}}).wrong


def test_nothing_that_names_a_person_is_kept():
    given = packet("case", ["HP:1"], "OMIM:1")
    given["subject"] |= {"id": "Jane Doe", "dateOfBirth": "2016-03-15T00:00:00Z", "alternateIds": ["MRN 7"]}
    given["subject"]["timeAtLastEncounter"] = {"timestamp": "2020-03-16T00:00:00Z"}
    given["phenotypicFeatures"][0]["description"] = "told by her mother"
    made, problems = walk_packet(given)
    assert not problems
    assert made is not None
    assert made.age_months == 48
    for text in ("Jane", "MRN", "2016", "mother"):
        assert text not in repr(made)


def test_ages_above_89_years_are_89():
    given = packet("case", ["HP:1"])
    given["subject"]["timeAtLastEncounter"] = {"age": {"iso8601duration": "P97Y"}}
    made, _ = walk_packet(given)
    assert made is not None
    assert made.age_months == 89 * 12


def test_a_diagnosis_stands_once_and_the_surest_word_counts():
    interpretation = {
        "id": "i",
        "progressStatus": "IN_PROGRESS",
        "diagnosis": {"disease": {"id": "OMIM:1", "label": "x"}},
    }
    made, _ = walk_packet(packet("case", ["HP:1"], "OMIM:1", interpretations=[interpretation]))
    assert made is not None
    assert [(item.disease, item.status) for item in made.diagnoses] == [("OMIM:1", "confirmed")]
    diseases = [{"term": {"id": "OMIM:2", "label": "x"}, "excluded": True}]
    made, _ = walk_packet(packet("case", ["HP:1"], diseases=diseases, interpretations=[interpretation]))
    assert made is not None
    assert {item.disease: item.status for item in made.diagnoses} == {"OMIM:2": "excluded", "OMIM:1": "suspected"}


def test_a_vcf_record_is_read_0_based_and_text_is_kept_without_one():
    descriptor = {
        "geneContext": {"valueId": "HGNC:2928", "symbol": "DMD"},
        "expressions": [{"syntax": "hgvs.c", "value": "NM_1:c.1A>G"}],
        "vcfRecord": {"genomeAssembly": "hg38", "chrom": "chrX", "pos": "100", "ref": "A", "alt": "G"},
    }
    variants = [descriptor, {"label": "deletion of exon 1"}]
    parts = [{"variantInterpretation": {"variationDescriptor": item}} for item in variants]
    interpretation = {"id": "i", "progressStatus": "SOLVED", "diagnosis": {"genomicInterpretations": parts}}
    made, problems = walk_packet(packet("case", ["HP:1"], interpretations=[interpretation]))
    assert not problems
    assert made is not None
    assert [(item.symbol, item.start, item.hgvs) for item in made.variants] == [
        ("DMD", 99, "NM_1:c.1A>G"),
        ("", None, "deletion of exon 1"),
    ]


def test_unknown_fields_are_named_by_path_and_not_refused():
    given = packet("case", ["HP:1"], colour="red")
    given["phenotypicFeatures"][0]["negated"] = True
    made, problems = walk_packet(given)
    assert not problems
    assert made is not None
    assert made.unknown == ["phenotypicFeatures.negated", "colour"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metaData": {"phenopacketSchemaVersion": "1.0.0"}}, "1.0.0"),
        ({"metaData": {}}, "''"),
        ({"id": ""}, "id ''"),
        ({"phenotypicFeatures": {"type": {}}}, "a list is expected"),
        ({"subject": "Jane"}, "an object is expected"),
        ({"subject": {"sex": "WOMAN"}}, "WOMAN"),
        ({"subject": {"timeAtLastEncounter": {"age": {"iso8601duration": "four years"}}}}, "four years"),
        ({"phenotypicFeatures": [{"type": {"label": "x"}}]}, "phenotypicFeatures[0].type.id"),
        ({"diseases": [{"term": {"label": "x"}}]}, "diseases[0].term.id"),
    ],
)
def test_what_is_no_phenopacket_2_is_refused(change: dict, said: str):
    _, problems = walk_packet({**packet("case", ["HP:1"]), **change}, "file.json")
    assert len(problems) == 1
    assert said in problems[0].value
    assert problems[0].where.startswith("file.json")
    assert problems[0].rule
    assert problems[0].remedy


def test_families_cohorts_and_lines_are_packets(tmp_path: Path):
    one, two, three = (packet(name, ["HP:1"]) for name in ("a", "b", "c"))
    (tmp_path / "family.json").write_text(json.dumps({"id": "f", "proband": one, "relatives": [two]}))
    (tmp_path / "lines.jsonl").write_text(json.dumps(three) + "\n\n")
    assert [item.id for item in read_phenopackets(tmp_path)] == ["a", "b", "c"]
    (tmp_path / "cohort.json").write_text(json.dumps({"id": "c", "members": [one]}))
    with pytest.raises(CohortError, match="'a' stands 2 times"):
        read_phenopackets(tmp_path)


def test_a_file_that_is_not_understood_is_named(tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps(packet("a", ["HP:1"])))
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(CohortError, match=r"notes\.txt: not understood"):
        read_phenopackets(tmp_path)


def test_a_broken_line_is_named_by_its_number(tmp_path: Path):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(packet("a", ["HP:1"])) + "\n{\n[]\n")
    with pytest.raises(CohortError) as raised:
        read_phenopackets(path)
    assert [problem.where for problem in raised.value.problems] == [f"{path}:2", f"{path}:3"]


def test_the_described_fields_are_those_of_the_protocol():
    assert message("Phenopacket").fields["phenotypicFeatures"].repeated
    assert message("Phenopacket").fields["subject"].below is message("Individual")
    assert message("OntologyClass").leaves == {"id", "label"}


def test_the_real_packets_are_read_whole(shared: Path):
    packets = read_phenopackets(shared / "data" / "omics" / "phenopackets" / "phenopackets.jsonl")
    assert len(packets) == 400
    assert sum(len(item.features) for item in packets) == 8826
    assert sum(feature.excluded for item in packets for feature in item.features) == 5112
    assert not [path for item in packets for path in item.unknown]
    assert sum(bool(item.variants) for item in packets) == 400
