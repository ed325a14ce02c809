"""A small world of phenotypes as files: an ontology, annotations, genes, mappings, packets, and a study of them alone.

Two limb terms, two heart terms and one that both kinds share; three diseases, one of them annotated under ORPHA alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

OBO = """format-version: 1.2
data-version: hp/releases/2025-01-16
ontology: hp

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0000118
name: Phenotypic abnormality
is_a: HP:0000001 ! All

[Term]
id: HP:0000010
name: Abnormality of limbs
alt_id: HP:0000910
synonym: "Limb anomaly" EXACT []
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0000011
name: Short limbs
is_a: HP:0000010 ! Abnormality of limbs

[Term]
id: HP:0000012
name: Very short limbs
is_a: HP:0000011 ! Short limbs

[Term]
id: HP:0000020
name: Abnormality of the heart
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0000021
name: Arrhythmia
is_a: HP:0000020 ! Abnormality of the heart

[Term]
id: HP:0000800
name: obsolete Dwarfed limbs
is_obsolete: true
replaced_by: HP:0000011

[Term]
id: HP:0000801
name: obsolete Limbs or heart
is_obsolete: true
replaced_by: HP:0000010
replaced_by: HP:0000020

[Term]
id: HP:0000802
name: obsolete Palpitation
is_obsolete: true
consider: HP:0000021
"""
HPOA_HEADER = "\t".join(
    (
        *("database_id", "disease_name", "qualifier", "hpo_id", "reference", "evidence", "onset", "frequency", "sex"),
        *("modifier", "aspect", "biocuration"),
    )
)
HPOA_ROWS = (
    ("OMIM:100001", "Limb disease", "", "HP:0000011", "PMID:1", "PCS", "", "9/10", "", "", "P", ""),
    ("OMIM:100001", "Limb disease", "", "HP:0000011", "PMID:2", "PCS", "", "1/10", "", "", "P", ""),
    ("OMIM:100001", "Limb disease", "", "HP:0000021", "PMID:2", "PCS", "", "0/8", "", "", "P", ""),
    ("OMIM:100002", "Heart disease", "", "HP:0000021", "PMID:3", "PCS", "", "HP:0040281", "", "HP:0012828", "P", ""),
    ("OMIM:100002", "Heart disease", "NOT", "HP:0000011", "OMIM:100002", "TAS", "", "", "", "", "P", ""),
    ("OMIM:100002", "Heart disease", "", "HP:0000118", "PMID:3", "PCS", "", "", "", "", "I", ""),
    ("ORPHA:900", "Short limb syndrome", "", "HP:0000012", "ORPHA:900", "TAS", "", "40%", "MALE", "", "P", ""),
    ("ORPHA:900", "Short limb syndrome", "", "HP:0000021", "ORPHA:900", "TAS", "", "HP:0040285", "", "", "P", ""),
)
SSSOM = """#curie_map:
#  MONDO: http://purl.obolibrary.org/obo/MONDO_
#mapping_set_id: http://purl.obolibrary.org/obo/mondo.sssom
#mapping_set_version: 2026-08-04
subject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\tmapping_justification
MONDO:0000001\tlimb disease\tskos:exactMatch\tOMIM:100001\tlimb\tsemapv:ManualMappingCuration
MONDO:0000002\theart disease\tskos:exactMatch\tMIM:100002\theart\tsemapv:ManualMappingCuration
MONDO:0000003\tshort limbs\tskos:exactMatch\tOMIM:100003\tshort\tsemapv:ManualMappingCuration
MONDO:0000003\tshort limbs\tskos:exactMatch\tOrphanet:900\tshort\tsemapv:ManualMappingCuration
MONDO:0000004\tobsolete limb disease\tskos:exactMatch\tOrphanet:900\tshort\tsemapv:ManualMappingCuration
MONDO:0000001\tlimb disease\tskos:exactMatch\tOMIMPS:100001\tlimb series\tsemapv:ManualMappingCuration
MONDO:0000002\theart disease\toboInOwl:hasDbXref\tOrphanet:900\tshort\tsemapv:ManualMappingCuration
"""
MONDO = """format-version: 1.2
data-version: releases/2026-08-04
ontology: mondo

[Term]
id: MONDO:0700096
name: human disease

[Term]
id: MONDO:0000009
name: disorder of limbs
is_a: MONDO:0700096 ! human disease

[Term]
id: MONDO:0000001
name: limb disease
is_a: MONDO:0000009 ! disorder of limbs

[Term]
id: MONDO:0000003
name: short limbs
is_a: MONDO:0000001 ! limb disease
is_a: MONDO:0000009 {source="a"} ! disorder of limbs

[Term]
id: MONDO:0000022
name: very short limbs
is_a: MONDO:0000003 ! short limbs

[Term]
id: MONDO:0000002
name: heart disease
is_a: MONDO:0700096 ! human disease
relationship: disease_has_location UBERON:0000948 ! heart

[Term]
id: MONDO:0000004
name: obsolete limb disease
is_obsolete: true
replaced_by: MONDO:0000001

[Typedef]
id: disease_has_location
name: disease has location
"""
GENES = """ncbi_gene_id\tgene_symbol\thpo_id\thpo_name\tfrequency\tdisease_id
11\tLIMB1\tHP:0000011\tShort limbs\t-\tOMIM:100001
11\tLIMB1\tHP:0000021\tArrhythmia\t-\tOMIM:100001
12\tNA\tHP:0000021\tArrhythmia\t-\tOMIM:100002
13\t-\tHP:0000021\tArrhythmia\t-\tORPHA:900
"""


def packet(
    name: str, present: list[str], disease: str = "", excluded: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    """A phenopacket 2 of these findings; `more` are further fields."""
    features = [{"type": {"id": term, "label": "x"}} for term in present]
    features += [{"type": {"id": term, "label": "x"}, "excluded": True} for term in excluded]
    made: dict[str, Any] = {
        "id": name,
        "subject": {"id": "Patient 1", "sex": "FEMALE", "timeAtLastEncounter": {"age": {"iso8601duration": "P4Y6M"}}},
        "phenotypicFeatures": features,
        "metaData": {"phenopacketSchemaVersion": "2.0", "externalReferences": [{"id": "PMID:1"}]},
    }
    if disease:
        made["diseases"] = [{"term": {"id": disease, "label": "x"}}]
    return {**made, **more}


PACKETS = (
    packet("case-1", ["HP:0000011"], "OMIM:100001"),
    packet("case-2", ["HP:0000021", "HP:0000800"], "OMIM:100002", excluded=("HP:0000012",)),
    packet("case-3", ["HP:0000012", "HP:9999999"], "ORPHA:900"),
)


def omics_study(folder: Path, **changes: Any) -> Path:
    """study.yaml of a study of omics alone, its files beside it; `changes` replace fields of `omics`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hp.obo").write_text(OBO)
    rows = ["\t".join(row) for row in HPOA_ROWS]
    header = "#description: test\n#version: 2025-01-16\n#hpo-version: http://x/hp/releases/2025-01-16/hp.json\n"
    (folder / "phenotype.hpoa").write_text(header + "\n".join([HPOA_HEADER, *rows]) + "\n")
    (folder / "genes.txt").write_text(GENES)
    (folder / "mondo.sssom.tsv").write_text(SSSOM)
    (folder / "mondo.obo").write_text(MONDO)
    (folder / "packets.jsonl").write_text("".join(json.dumps(item) + "\n" for item in PACKETS))
    omics = {
        "phenopackets": [{"source": "cases", "path": "packets.jsonl"}],
        "ontologies": {
            "hpo": "hp.obo",
            "annotations": "phenotype.hpoa",
            "genes": "genes.txt",
            "mappings": ["mondo.sssom.tsv"],
        },
        "consents": {"every_subject": {"permission": "DUO:0000042", "granted": "2024-01-01", "reason": "published"}},
        **changes,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({"name": "rare", "omics": omics}))
    return path
