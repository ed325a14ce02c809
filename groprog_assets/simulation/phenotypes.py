"""Simulated rare diseases: a made ontology of findings, annotated diseases, and a few patients whose records are phenopackets.

Terms and diseases are invented (CC0) and have identifiers that no release of the HPO, OMIM, Orphanet or MONDO has; only the two
roots are the HPO's. Patients in, tables and documents out, except `write_phenotypes`, which writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.simulation.world import World

RELEASE = "2026-01-01"
ROOTS = (("HP:0000001", "All", ""), ("HP:0000118", "Phenotypic abnormality", "HP:0000001"))
ORGANS = ("liver", "heart", "limb", "eye", "skin", "blood")
SIGNS = 3
DISEASES = 24
TERMS_OF_A_DISEASE = 6
WITH_ORPHA = 6
"""The first diseases, which are also annotated under an ORPHA identifier of the same MONDO class."""
CASES = 8
ANNOTATION_COLUMNS = (
    *("database_id", "disease_name", "qualifier", "hpo_id", "reference", "evidence", "onset", "frequency", "sex"),
    *("modifier", "aspect", "biocuration"),
)


class SimulatedPhenotypes(NamedTuple):
    """terms: (id, name, parent) of each; annotations: rows of phenotype.hpoa; genes: disease_id, gene; packets: phenopackets 2;
    truth: patient_id, disease_id, diagnosed (yes where the packet states it)."""

    terms: list[tuple[str, str, str]]
    annotations: pd.DataFrame
    genes: pd.DataFrame
    packets: list[dict[str, Any]]
    truth: pd.DataFrame


def build_phenotypes(world: World, clinical: pd.DataFrame, seed: int) -> SimulatedPhenotypes:
    """Diseases and at most `CASES` of the patients of `clinical` (index: patient; AGE, SEX), each with a disease of its own.

    A patient has each term of the disease with its frequency, a fifth of them as the less precise parent, four at least, and a
    finding of no meaning. The first patient's record states no diagnosis: the disease to find. Two diseases share that gene.
    """
    rng = np.random.default_rng([seed, 19])
    terms, parents = _terms()
    usable = sorted(parents)
    rows, known = [], {}
    for k in range(DISEASES):
        chosen = rng.choice(usable, TERMS_OF_A_DISEASE, replace=False).tolist()
        seen = rng.integers(12, 20, TERMS_OF_A_DISEASE)
        known[k] = [(term, int(n), 20) for term, n in zip(chosen, seen, strict=True)]
        for term, n, m in known[k]:
            rows.append((f"OMIM:{_number(k)}", f"Simulated disease {k + 1}", term, f"{n}/{m}"))
        if k < WITH_ORPHA:
            rows.append((f"ORPHA:{_number(k)}", f"Simulated disease {k + 1}", str(rng.choice(usable)), "HP:0040282"))
    annotations = pd.DataFrame(rows, columns=["database_id", "disease_name", "hpo_id", "frequency"])
    annotations = annotations.assign(reference=annotations["database_id"], evidence="TAS", aspect="P")
    annotations = annotations.assign(biocuration="GroProg:simulation[2026-01-01]").reindex(
        columns=ANNOTATION_COLUMNS, fill_value=""
    )
    order = rng.permutation(DISEASES)
    genes = rng.choice(world.genes["gene"].to_numpy(), DISEASES, replace=False)
    genes[order[1]] = genes[order[0]]
    patients = rng.choice(clinical.index.to_numpy(), min(CASES, len(clinical)), replace=False)
    packets, truth = [], []
    for place, patient in enumerate(patients.tolist()):
        disease = int(order[0] if place == 0 else order[place + 1])
        findings = _findings(known[disease], parents, usable, rng)
        diagnosed = place > 0
        packets.append(_packet(patient, clinical.loc[patient], findings, disease if diagnosed else None))
        truth.append((patient, f"OMIM:{_number(disease)}", "yes" if diagnosed else "no"))
    named = pd.DataFrame({"disease_id": [f"OMIM:{_number(k)}" for k in range(DISEASES)], "gene": genes})
    columns = ["patient_id", "disease_id", "diagnosed"]
    return SimulatedPhenotypes(terms, annotations, named, packets, pd.DataFrame(truth, columns=columns))


def write_phenotypes(made: SimulatedPhenotypes, folder: Path) -> dict[str, Any]:
    """hp.obo, phenotype.hpoa, genes, mappings and packets, and the fields of `omics` that name them under `folder`'s name."""
    lines = ["format-version: 1.2", f"data-version: hp/releases/{RELEASE}", "ontology: hp"]
    lines += ["remark: simulated by GroProg, CC0 1.0; not the Human Phenotype Ontology", ""]
    names = {term: name for term, name, _ in made.terms}
    for term, name, parent in made.terms:
        lines += ["[Term]", f"id: {term}", f"name: {name}"]
        lines += [f"is_a: {parent} ! {names[parent]}"] if parent else []
        lines.append("")
    (folder / "findings.obo").write_text("\n".join(lines))
    header = "#description: simulated by GroProg, CC0 1.0\n"
    header += f"#version: {RELEASE}\n#hpo-version: simulated/hp/releases/{RELEASE}/hp.json\n"
    body = made.annotations.to_csv(sep="\t", index=False, lineterminator="\n")
    (folder / "diseases.hpoa").write_text(header + body)
    found = made.annotations.merge(made.genes, left_on="database_id", right_on="disease_id")
    number = {gene: 99_000_001 + k for k, gene in enumerate(sorted(made.genes["gene"].unique()))}
    genes = pd.DataFrame(
        {
            "ncbi_gene_id": found["gene"].map(number),
            "gene_symbol": found["gene"],
            "hpo_id": found["hpo_id"],
            "hpo_name": found["hpo_id"].map(names),
            "frequency": found["frequency"],
            "disease_id": found["disease_id"],
        }
    )
    genes.to_csv(folder / "genes_to_findings.txt", sep="\t", index=False, lineterminator="\n")
    (folder / "diseases.sssom.tsv").write_text(_mappings())
    (folder / "packets.jsonl").write_text("".join(json.dumps(packet) + "\n" for packet in made.packets))
    first, names_of = made.truth.iloc[0], made.genes.set_index("disease_id")["gene"]
    gene = str(names_of[first["disease_id"]])
    compared = sorted(names_of.index[names_of == gene])
    case = {
        "name": "undiagnosed",
        "title": "A simulated patient without a diagnosis",
        "packet": str(first["patient_id"]),
        "gene": gene,
        "compare": compared,
        "origin": "Simulated: the patient, the findings, the terms and the diseases.",
    }
    path = folder.name
    return {
        "phenopackets": [{"source": "simulated_clinic", "path": f"{path}/packets.jsonl"}],
        "ontologies": {
            "hpo": f"{path}/findings.obo",
            "annotations": f"{path}/diseases.hpoa",
            "genes": f"{path}/genes_to_findings.txt",
            "mappings": [f"{path}/diseases.sssom.tsv"],
        },
        "cases": [case],
    }


def _number(disease: int) -> str:
    return f"99{disease + 1:05d}"


def _terms() -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """(id, name, parent) of every term, and the parent of each sign: organs, their signs, each mild or severe."""
    terms, parents = list(ROOTS), {}
    for k, organ in enumerate(ORGANS):
        top = f"HP:99{k + 1}0000"
        terms.append((top, f"Simulated abnormality of the {organ}", "HP:0000118"))
        for sign in range(1, SIGNS + 1):
            own = f"HP:99{k + 1}0{sign}00"
            terms.append((own, f"Simulated {organ} sign {sign}", top))
            parents[own] = top
            for grade, name in enumerate(("mild", "severe"), 1):
                terms.append((f"{own[:-2]}0{grade}", f"Simulated {organ} sign {sign}, {name}", own))
                parents[f"{own[:-2]}0{grade}"] = own
    return terms, parents


def _findings(
    known: list[tuple[str, int, int]], parents: dict[str, str], usable: list[str], rng: np.random.Generator
) -> list[str]:
    """What a patient with these terms (term, n, m) shows."""
    chance = np.array([n / m for _, n, m in known])
    shown = rng.random(len(known)) < chance
    shown[np.argsort(-chance)[:4]] = True
    found = [parents[term] if rng.random() < 0.2 else term for (term, _, _), has in zip(known, shown) if has]
    return list(dict.fromkeys([*found, str(rng.choice(usable))]))


def _packet(patient: str, row: pd.Series, findings: list[str], disease: int | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": patient,
        "subject": {
            "id": patient,
            "sex": str(row["SEX"]).upper(),
            "timeAtLastEncounter": {"age": {"iso8601duration": f"P{int(row['AGE'])}Y"}},
        },
        "phenotypicFeatures": [{"type": {"id": term, "label": "simulated"}} for term in findings],
        "metaData": {"created": f"{RELEASE}T00:00:00Z", "createdBy": "GroProg", "phenopacketSchemaVersion": "2.0"},
    }
    if disease is not None:
        made["diseases"] = [{"term": {"id": f"OMIM:{_number(disease)}", "label": "simulated"}}]
    return made


def _mappings() -> str:
    """SSSOM: each disease's MONDO class, which is that of its ORPHA identifier too."""
    lines = [
        "#curie_map:",
        "#  MONDO: http://purl.obolibrary.org/obo/MONDO_",
        "#mapping_set_id: simulated by GroProg, CC0 1.0",
        f"#mapping_set_version: {RELEASE}",
        "subject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\tmapping_justification",
    ]
    for k in range(DISEASES):
        named = f"MONDO:{_number(k)}\tsimulated disease {k + 1}\tskos:exactMatch"
        others = [f"OMIM:{_number(k)}", *([f"Orphanet:{_number(k)}"] if k < WITH_ORPHA else [])]
        lines += [f"{named}\t{other}\tsimulated disease {k + 1}\tsemapv:ManualMappingCuration" for other in others]
    return "\n".join(lines) + "\n"
