"""The sample table of five assays of adrenocortical carcinoma (TCGA-ACC), from miniACC's map of samples and clinical table; gene
sets from the HPO.

    python studies/rare_disease/prepare.py ../shared/data/omics

writes acc_samples.tsv and hpo_gene_sets.gmt beside this file. The batch of a sample is the place that gave the tissue, the second
part of its TCGA barcode; the places that gave a few patients each are one batch, since a batch effect is estimated from several
samples.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

ASSAYS = {
    "RNASeq2GeneNorm": "rna",
    "miRNASeqGene": "mirna",
    "RPPAArray": "protein",
    "gistict": "copy_number",
    "Mutations": "mutations",
}
LARGE_SITE = "OR"
"""University of Michigan: it gave nine of ten patients."""
ADRENAL_GLAND = "UBERON:0002369"
DAYS_IN_A_MONTH = 30.4375
NEOPLASM = "HP:0002664"
SMALLEST_SET, LARGEST_SET = 20, 400
"""Genes of a set: of fewer hardly any is measured here, and a larger one is most of what is measured."""


def sample_table(folder: Path) -> pd.DataFrame:
    """A row a sample of an assay: sample, subject, assay, tissue, specimen, batch, subtype (C1A or C1B; NA where unknown), months
    to death or the last follow-up, died (1 or 0)."""
    samples = pd.read_csv(folder / "sampleMap.tsv", sep="\t", dtype="str")
    clinical = pd.read_csv(folder / "clinical.tsv", sep="\t", dtype="str").set_index("patientID")
    days = clinical["days_to_death"].fillna(clinical["days_to_last_followup"]).astype(float)
    months = (days / DAYS_IN_A_MONTH).round(2)
    site = samples["colname"].str.split("-").str[1]
    return pd.DataFrame(
        {
            "sample": samples["colname"],
            "subject": samples["primary"],
            "assay": samples["assay"].map(ASSAYS),
            "tissue": ADRENAL_GLAND,
            "specimen": "tumour",
            "batch": site.where(site == LARGE_SITE, "other"),
            "subtype": samples["primary"].map(clinical["C1A.C1B"]).fillna("NA"),
            "months": samples["primary"].map(months),
            "died": samples["primary"].map(clinical["vital_status"]),
        }
    )


def gene_sets(folder: Path) -> str:
    """A GMT of the genes of diseases with a neoplasm: each term of the HPO below it with 20 to 400 genes, of terms with the same
    genes the first. A disease has a finding where its annotation names the term or one below it."""
    edges = pd.read_parquet(folder / "edges.parquet")
    terms = pd.read_parquet(folder / "terms.parquet").set_index("term_id")["name"]
    annotations = pd.read_parquet(folder / "phenotype_hpoa.parquet")
    genes = pd.read_parquet(folder / "gene_disease.parquet")
    own = annotations[(annotations["aspect"] == "P") & (annotations["qualifier"].fillna("") != "NOT")]
    children = edges.groupby("parent")["child"].apply(list)

    def at_or_below(term: str) -> set[str]:
        found, waiting = set(), [term]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += children.get(name, [])
        return found

    lines: dict[tuple[str, ...], str] = {}
    for term in sorted(at_or_below(NEOPLASM)):
        diseases = set(own.loc[own["hpo_id"].isin(at_or_below(term)), "database_id"])
        members = tuple(sorted(set(genes.loc[genes["disease_id"].isin(diseases), "gene_symbol"]) - {"-"}))
        if SMALLEST_SET <= len(members) <= LARGEST_SET:
            told = (f"{term} {terms[term]}", "genes of diseases with this finding, HPO 2025-01-16", *members)
            lines.setdefault(members, "\t".join(told))
    return "\n".join(lines.values()) + "\n"


if __name__ == "__main__":
    data = Path(sys.argv[1])
    sample_table(data / "miniacc").to_csv(Path(__file__).with_name("acc_samples.tsv"), sep="\t", index=False)
    Path(__file__).with_name("hpo_gene_sets.gmt").write_text(gene_sets(data / "hpo"), encoding="utf-8")
