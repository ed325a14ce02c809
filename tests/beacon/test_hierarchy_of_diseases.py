"""A study with MONDO's hierarchy and mutations: a disease counts those below it, a carrier counts by record or assay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from tests.beacon.asking import asked
from tests.beacon.conftest import Served, served_copy
from tests.omics_files import omics_study, packet
from tests.trained_study import run

LIMB, SHORT, HEART = 60, 50, 40
MAF = (
    "Hugo_Symbol\tEntrez_Gene_Id\tNCBI_Build\tChromosome\tStart_Position"
    "\tEnd_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
)
CARRIERS = 45


def interpreted(gene: str) -> dict[str, Any]:
    place = {"genomeAssembly": "hg38", "chrom": "chr7", "pos": 100, "ref": "A", "alt": "T"}
    descriptor = {"geneContext": {"valueId": "HGNC:1", "symbol": gene}, "vcfRecord": place}
    read = {"acmgPathogenicityClassification": "PATHOGENIC", "variationDescriptor": descriptor}
    part = {"subjectOrBiosampleId": "x", "interpretationStatus": "CAUSATIVE", "variantInterpretation": read}
    disease = {"id": "OMIM:100001", "label": "x"}
    return {"id": "i", "progressStatus": "SOLVED", "diagnosis": {"disease": disease, "genomicInterpretations": [part]}}


@pytest.fixture(scope="module")
def made_hierarchy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yaml of 150 subjects; 30 limb cases have a variant by their record, 45 by the assay, 15 of them by both."""
    folder = tmp_path_factory.mktemp("hierarchy") / "study"
    study = omics_study(folder)
    diseases = ["OMIM:100001"] * LIMB + ["ORPHA:900"] * SHORT + ["OMIM:100002"] * HEART
    packets, consents = [], ["subject\tversion\tgranted\tpermission\tdiseases"]
    for k, disease in enumerate(diseases):
        more = {"interpretations": [interpreted("LIMB1")]} if k < 30 else {}
        packets.append(packet(f"case-{k}", ["HP:0000011"], disease, **more))
        named = "DUO:0000042\t" if k % 5 else "DUO:0000007\tMONDO:0000009"
        consents.append(f"case-{k}\t1\t2024-01-01\t{named}")
    (folder / "packets.jsonl").write_text("".join(json.dumps(item) + "\n" for item in packets))
    (folder / "consents.tsv").write_text("\n".join(consents) + "\n")
    rows = [f"LIMB1\t11\tGRCh38\tchr7\t100\t100\tA\tT\ttumour-{k}\n" for k in range(15, 15 + CARRIERS)]
    (folder / "calls.maf").write_text(MAF + "".join(rows))
    tumours = [f"tumour-{k}\tcase-{k}\n" for k in range(15, 15 + CARRIERS)]
    (folder / "samples.tsv").write_text("sample\tsubject\n" + "".join(tumours))
    document = yaml.safe_load(study.read_text())
    maf = {"name": "calls", "omics": "genome", "format": "maf", "path": "calls.maf", "genome_build": "GRCh38"}
    studied = {"purpose": "disease", "diseases": ["MONDO:0000003"]}
    document["omics"] |= {"mondo": "mondo.obo", "samples": "samples.tsv", "assays": [maf]}
    document["omics"]["consents"] = {"table": "consents.tsv", **studied}
    document["parameters"] = {
        "disclosure": {"epsilon": 5, "listing_epsilon": 5, "actor_budget": 1000, "total_budget": 9000}
    }
    study.write_text(yaml.safe_dump(document))
    run(study, "+omics_catalog")
    return study


@pytest.fixture
def hierarchy(made_hierarchy: Path, tmp_path: Path) -> Iterator[Served]:
    yield from served_copy(made_hierarchy, tmp_path / "study")


OF_STUDY = "purpose=disease&studied=MONDO:0000003"


def counted(served: Served, address: str) -> int:
    found = asked(served.application, f"{address}&requestedGranularity=count")
    assert found.status == 200, found.text
    return found.document["responseSummary"].get("numTotalResults", 0)


def test_a_disease_counts_those_below_it(hierarchy: Served):
    def count(*filters: Any) -> int:
        body = {"query": {"filters": list(filters), "requestedGranularity": "count",
                          "requestParameters": {"purpose": "disease", "studied": "MONDO:0000003"}}}  # fmt: skip
        found = asked(
            hierarchy.application,
            "/api/individuals",
            "POST",
            json.dumps(body).encode(),
            content_type="application/json",
        )
        assert found.status == 200, found.text
        assert found.document["info"]["diseases"] == "With those below them in MONDO 2026-08-04."
        return found.document["responseSummary"].get("numTotalResults", 0)

    assert abs(count("MONDO:0000009") - (LIMB + SHORT)) <= 5, "a group that nobody's record names"
    assert abs(count("MONDO:0000001") - (LIMB + SHORT)) <= 5
    assert count("MONDO:0000004") == count("MONDO:0000001"), "a replaced class is read as its replacement"
    assert abs(count({"id": "MONDO:0000001", "includeDescendantTerms": False}) - LIMB) <= 5
    assert abs(count("MONDO:0000003") - SHORT) <= 5
    assert abs(count("ORPHA:900") - SHORT) <= 5
    assert abs(count("MONDO:0000002") - HEART) <= 5
    assert count("MONDO:0000009", "MONDO:0000003") == count("MONDO:0000003"), "the narrower implies the broader"
    canonical = [json.loads(line["canonical"]) for line in hierarchy.lines()[-2:]]
    assert [row["diseases"] for row in canonical] == [["MONDO:0000003"]] * 2


def test_a_rare_class_is_told_its_nearest_listed_one(hierarchy: Served):
    answer = asked(hierarchy.application, "/api/individuals?filters=MONDO:0000022")
    assert answer.status == 400
    assert "nearest listed disease is MONDO:0000003 (Short limb syndrome)" not in answer.text
    assert "The nearest listed disease is MONDO:0000003 (short limbs)." in answer.document["error"]["errorMessage"]
    listed = asked(hierarchy.application, "/api/filtering_terms").document["response"]["filteringTerms"]
    assert {row["id"]: row["label"] for row in listed}["MONDO:0000009"] == "disorder of limbs"


def test_a_consent_to_a_group_allows_what_lies_below_it(hierarchy: Served):
    """A fifth of the subjects consented to disorders of limbs alone."""
    everybody = LIMB + SHORT + HEART
    held = hierarchy.answering.desk.held()
    assert abs(held.everybody("disease", ("MONDO:0000003",)) - everybody) <= 4
    assert abs(held.everybody("disease", ("MONDO:0000002",)) - everybody * 4 // 5) <= 4
    assert abs(held.everybody() - everybody * 4 // 5) <= 4


def test_the_page_of_a_disease_has_what_is_above_and_below_it(hierarchy: Served):
    page = asked(hierarchy.application, "/disease/MONDO:0000001").text
    assert 'href="/disease/MONDO:0000009"' in page
    assert 'href="/disease/MONDO:0000003"' in page
    assert "Neighbours in MONDO 2026-08-04" in page
    group = asked(hierarchy.application, "/disease/MONDO:0000009")
    assert group.status == 200
    assert "disorder of limbs" in group.text
    assert "about 90" in group.text or "about 85" in group.text, "subjects of all the diseases below, for no purpose"
    assert asked(hierarchy.application, "/disease/MONDO:7777777").status == 404
    found = asked(hierarchy.application, "/?q=disorder+limbs").text
    assert 'href="/disease/MONDO:0000009"' in found
    assert "MONDO:0000001" not in asked(hierarchy.application, "/?q=limb+disease").text, (
        "under its annotated identifier alone"
    )


def test_carriers_count_by_record_or_by_assay_and_once(hierarchy: Served):
    place = f"assemblyId=GRCh38&referenceName=7&start=99&referenceBases=A&alternateBases=T&{OF_STUDY}"
    assert abs(counted(hierarchy, f"/api/g_variants?{place}") - 60) <= 5
    assert abs(counted(hierarchy, f"/api/g_variants?geneId=LIMB1&{OF_STUDY}") - 60) <= 5
    assert abs(counted(hierarchy, "/api/g_variants?geneId=LIMB1") - 48) <= 5, (
        "without a purpose: a fifth do not allow it"
    )
    assert counted(hierarchy, f"/api/g_variants?geneId=LIMB1&variantType=DEL&{OF_STUDY}") == 0
    log = hierarchy.lines()
    assert len({line["data"] for line in log}) == 1
    assert log[0]["data"] != hierarchy.answering.desk.held().secret.data, "of the tables that decide who is a carrier"


def test_the_command_line_asks_a_group(hierarchy: Served):
    hierarchy.answering.desk.log.close()
    ask = ["omics", "query", str(hierarchy.workspace.path), "--purpose", "disease", "--studied", "MONDO:0000003"]
    done = CliRunner().invoke(main, [*ask, "--filter", "MONDO:0000009"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("about 11") or done.output.startswith("about 105"), done.output
