"""A small ontology with real GO ids, and annotations in which the planted genes are enriched."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.simulation.world import World

NAMESPACES = {"BP": "biological_process", "MF": "molecular_function", "CC": "cellular_component"}
ASPECTS = {"BP": "P", "MF": "F", "CC": "C"}


class Term(NamedTuple):
    id: str
    name: str
    branch: str
    parents: tuple[str, ...]
    enriched: str = ""


TERMS = (
    Term("GO:0008150", "biological_process", "BP", ()),
    Term("GO:0003674", "molecular_function", "MF", ()),
    Term("GO:0005575", "cellular_component", "CC", ()),
    Term("GO:0009987", "cellular process", "BP", ("GO:0008150",)),
    Term("GO:0065007", "biological regulation", "BP", ("GO:0008150",)),
    Term("GO:0050789", "regulation of biological process", "BP", ("GO:0065007",)),
    Term("GO:0042981", "regulation of apoptotic process", "BP", ("GO:0050789",)),
    Term("GO:0043065", "positive regulation of apoptotic process", "BP", ("GO:0042981",), "up"),
    Term("GO:0043066", "negative regulation of apoptotic process", "BP", ("GO:0042981",), "up"),
    Term("GO:0097194", "execution phase of apoptosis", "BP", ("GO:0009987",)),
    Term("GO:0110165", "cellular anatomical entity", "CC", ("GO:0005575",)),
    Term("GO:0030054", "cell junction", "CC", ("GO:0110165",)),
    Term("GO:0005911", "cell-cell junction", "CC", ("GO:0030054",), "down"),
    Term("GO:0034329", "cell junction assembly", "BP", ("GO:0009987",), "down"),
    Term("GO:0098772", "molecular function regulator activity", "MF", ("GO:0003674",)),
    Term("GO:0030547", "signaling receptor inhibitor activity", "MF", ("GO:0098772",)),
    Term("GO:0048019", "receptor antagonist activity", "MF", ("GO:0030547",), "up"),
    Term("GO:0006412", "translation", "BP", ("GO:0009987",)),
    Term("GO:0006629", "lipid metabolic process", "BP", ("GO:0008150",)),
    Term("GO:0007049", "cell cycle", "BP", ("GO:0009987",)),
    Term("GO:0006281", "DNA repair", "BP", ("GO:0009987",)),
    Term("GO:0008283", "cell population proliferation", "BP", ("GO:0009987",)),
    Term("GO:0006955", "immune response", "BP", ("GO:0008150",)),
    Term("GO:0006810", "transport", "BP", ("GO:0008150",)),
    Term("GO:0016477", "cell migration", "BP", ("GO:0009987",)),
    Term("GO:0030154", "cell differentiation", "BP", ("GO:0009987",)),
    Term("GO:0001525", "angiogenesis", "BP", ("GO:0008150",)),
    Term("GO:0006914", "autophagy", "BP", ("GO:0009987",)),
    Term("GO:0005634", "nucleus", "CC", ("GO:0110165",)),
    Term("GO:0005737", "cytoplasm", "CC", ("GO:0110165",)),
    Term("GO:0005739", "mitochondrion", "CC", ("GO:0005737",)),
    Term("GO:0016020", "membrane", "CC", ("GO:0110165",)),
    Term("GO:0005886", "plasma membrane", "CC", ("GO:0016020",)),
    Term("GO:0005576", "extracellular region", "CC", ("GO:0110165",)),
    Term("GO:0003677", "DNA binding", "MF", ("GO:0003674",)),
    Term("GO:0016301", "kinase activity", "MF", ("GO:0003674",)),
    Term("GO:0016787", "hydrolase activity", "MF", ("GO:0003674",)),
    Term("GO:0005515", "protein binding", "MF", ("GO:0003674",)),
)


def annotate(world: World, seed: int) -> pd.DataFrame:
    """Direct annotations (gene, term). An enriched term takes half of its planted genes and 4 % of the others; every other
    leaf takes 12 % of all genes; each gene stands at least under one term of each branch."""
    rng = np.random.default_rng([seed, 6])
    genes = world.genes
    parents = {parent for term in TERMS for parent in term.parents}
    rows = []
    for term in TERMS:
        if (term.id in parents and term.id != "GO:0030054") or not term.parents:
            continue
        if term.enriched:
            planted = genes["log2_fold_change"] * (1 if term.enriched == "up" else -1) > 0
            chance = np.where(planted, 0.5, 0.04)
        else:
            chance = np.full(len(genes), 0.12)
        rows += [(gene, term.id) for gene in genes["gene"][rng.random(len(genes)) < chance]]
    for gene in genes["gene"]:
        rows += [(gene, "GO:0009987"), (gene, "GO:0110165"), (gene, "GO:0005515")]
    return (
        pd.DataFrame(rows, columns=["gene", "term"]).drop_duplicates().sort_values(["gene", "term"], ignore_index=True)
    )


def write_ontology(annotations: pd.DataFrame, obo: Path, gaf: Path) -> None:
    """OBO 1.2 of TERMS and a GAF 2.2 of the annotations."""
    lines = ["format-version: 1.2", "data-version: releases/simulated", "ontology: go", ""]
    for term in TERMS:
        lines += ["[Term]", f"id: {term.id}", f"name: {term.name}", f"namespace: {NAMESPACES[term.branch]}"]
        names = {other.id: other.name for other in TERMS}
        lines += [f"is_a: {parent} ! {names[parent]}" for parent in term.parents] + [""]
    obo.write_text("\n".join(lines))
    branch = {term.id: term.branch for term in TERMS}
    relation = {"BP": "involved_in", "MF": "enables", "CC": "located_in"}
    rows = ["!gaf-version: 2.2", "!source: GroProg simulation"]
    for gene, term in annotations.itertuples(index=False):
        kind = branch[term]
        fields = [
            "GroProg",
            gene,
            gene,
            relation[kind],
            term,
            "GroProg:1",
            "IEA",
            "",
            ASPECTS[kind],
            f"simulated {gene}",
        ]
        rows.append("\t".join([*fields, "", "protein", "taxon:9606", "20260101", "GroProg", "", ""]))
    gaf.write_text("\n".join(rows) + "\n")
