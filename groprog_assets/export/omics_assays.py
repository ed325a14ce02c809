"""Assays as files of other programs: a cBioPortal study folder, and h5mu. Tables and stored matrices in, files out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import ComputeError, Problem
from groprog_assets.methods.assays.maf import SO
from groprog_assets.methods.measurements.layout import Measurements
from groprog_assets.store.artifacts import write_atomically
from groprog_assets.study.child_process import command
from groprog_assets.study.text_tables import count_of

STUDY = "groprog"
CLASS = {term: name for name, term in reversed(SO.items())}
"""Term of the Sequence Ontology -> a class of MAF."""
MAF_COLUMNS = (
    *("Hugo_Symbol", "Entrez_Gene_Id", "NCBI_Build", "Chromosome", "Start_Position", "End_Position", "Strand"),
    *("Variant_Classification", "Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2", "Tumor_Sample_Barcode"),
    *("HGVSc", "HGVSp_Short", "Transcript_ID", "t_depth", "t_alt_count", "FILTER"),
)
PLAIN = ("snv", "mnv", "ins", "del", "delins")
GENOMES = {"GRCh37": "hg19", "GRCh38": "hg38"}
CALLS = (-2.0, -1.5, -1.0, 0.0, 1.0, 2.0)
"""What cBioPortal takes as discrete copy number; losses tell it from mutated or not."""
ARRAYS = {"epic": "methylation_epic", "450": "methylation_hm450", "27": "methylation_hm27"}
"""Part of a platform's name -> the stable id that cBioPortal has for it."""


class Held(NamedTuple):
    """What is exported: the tables of `assay_raw`, the matrices of its assays, and `samples` (sample_id, subject_id)."""

    assays: pd.DataFrame
    assay_samples: pd.DataFrame
    features: pd.DataFrame
    variants: pd.DataFrame
    genotypes: pd.DataFrame
    consequences: pd.DataFrame
    intervals: pd.DataFrame
    matrices: Mapping[str, Path]
    samples: pd.DataFrame

    def matrix(self, assay: str) -> tuple[pd.DataFrame, list[str], NDArray[np.floating]]:
        """Features, samples and values (features, samples) of a dense assay."""
        rows = self.features[self.features["assay_id"] == assay].sort_values("feature_ix")
        columns = self.assay_samples[self.assay_samples["assay_id"] == assay].sort_values("position")
        with Measurements(self.matrices[assay]) as held:
            return rows, columns["sample_id"].tolist(), held.matrix()[:, columns["position"].to_numpy()]

    def of(self, subjects: Collection[str]) -> Held:
        """The same of some subjects alone; an assay of which no sample is left has no matrix."""
        samples = self.samples[self.samples["subject_id"].isin(list(subjects))]
        kept = set(samples["sample_id"])
        own = {
            name: table[table["sample_id"].isin(kept)].reset_index(drop=True)
            for name, table in (
                ("assay_samples", self.assay_samples),
                ("genotypes", self.genotypes),
                ("intervals", self.intervals),
            )
        }
        there = set(own["assay_samples"]["assay_id"])
        matrices = {assay: path for assay, path in self.matrices.items() if assay in there}
        return self._replace(samples=samples.reset_index(drop=True), matrices=matrices, **own)


class ProfileKind(NamedTuple):
    """What cBioPortal calls a matrix. stable_id: of the few that its importer takes for a kind; a generic assay has its own."""

    alteration: str
    datatype: str
    stable_id: str
    in_analysis_tab: bool = False


class Written(NamedTuple):
    """files: what was written; left_out: what could not be, in words."""

    files: list[Path]
    left_out: list[str]


def write_study_folder(folder: Path, held: Held) -> Written:
    """A cBioPortal study folder of the assays, samples and subjects under their pseudonyms, as its importer takes it.

    Expression, methylation, calls and log-ratios of copy number become profiles of these kinds where every feature has a symbol
    of its own; a second of a kind, and any other matrix, becomes a generic assay, whose entities are the features as read.
    Variants with bases become data_mutations.txt, segments a SEG file a assay. Variants that a MAF cannot say are counted in
    `left_out`.
    """
    mutations, left_out = _mutations(folder, held)
    builds = held.assays.set_index("assay_id")["genome_build"]
    genomes = sorted({GENOMES[build] for build in builds.dropna() if build in GENOMES})
    about = {"type_of_cancer": "mixed", "name": STUDY, "description": "export of a study"}
    about |= {"reference_genome": genomes[0]} if len(genomes) == 1 else {}
    files = [
        _text(folder / "meta_study.txt", _meta(**about, add_global_case_list="true")),
        *_clinical(folder, held),
    ]
    given: dict[str, str] = {}
    for assay in held.assays[held.assays["kind"] == "dense"].to_dict("records"):
        if assay["assay_id"] in held.matrices:
            made, told = _profile(folder, held, {str(name): value for name, value in assay.items()}, given)
            files += made
            left_out += told
    files += mutations
    for name, rows in held.intervals.groupby("assay_id"):
        files += _segments(folder, str(name), rows, str(builds[name]))
    return Written(files, left_out)


def _meta(**fields: str) -> str:
    return "".join(f"{key}: {value}\n" for key, value in {"cancer_study_identifier": STUDY, **fields}.items())


def _text(place: Path, content: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place, content.encode())
    return place


def _tsv(place: Path, table: pd.DataFrame, before: str = "") -> Path:
    return _text(place, before + table.to_csv(sep="\t", index=False, na_rep="NA"))


def _clinical(folder: Path, held: Held) -> list[Path]:
    table = held.samples[["subject_id", "sample_id"]].set_axis(["PATIENT_ID", "SAMPLE_ID"], axis=1)
    head = "#Patient\tSample\n#Pseudonym\tPseudonym\n#STRING\tSTRING\n#1\t1\n"
    fields = {"genetic_alteration_type": "CLINICAL", "datatype": "SAMPLE_ATTRIBUTES"}
    return [
        _text(folder / "meta_clinical_sample.txt", _meta(**fields, data_filename="data_clinical_sample.txt")),
        _tsv(folder / "data_clinical_sample.txt", table, head),
    ]


def _kind(assay: Mapping[str, object], features: pd.DataFrame, values: NDArray[np.floating]) -> ProfileKind:
    """What a matrix is in cBioPortal."""
    name = str(assay["assay_id"])
    what, known = (str(assay["omics"]), str(assay["scale"])), set(np.unique(values[np.isfinite(values)]).tolist())
    if what == ("genome", "ordinal") and known <= {0.0, 1.0}:
        return ProfileKind("GENERIC_ASSAY", "BINARY", name, True)  # mutated or not: no copy number
    kind = ProfileKind("GENERIC_ASSAY", "LIMIT-VALUE", name, True)
    if not (features["symbol"].notna().all() and features["symbol"].is_unique):
        return kind
    if what == ("genome", "ordinal") and known <= set(CALLS):
        return ProfileKind("COPY_NUMBER_ALTERATION", "DISCRETE", "cna", True)
    if what == ("genome", "log2"):
        return ProfileKind("COPY_NUMBER_ALTERATION", "LOG2-VALUE", "log2CNA")
    if what == ("epigenome", "beta"):
        platform = _known(assay["platform"]).lower()
        array = next((stable for part, stable in ARRAYS.items() if part in platform), "")
        return ProfileKind("METHYLATION", "CONTINUOUS", array) if array else kind
    if what[0] == "transcriptome":
        zscores = what[1] == "zscore"
        stable = "mrna_median_Zscores" if zscores else "mrna"
        return ProfileKind("MRNA_EXPRESSION", "Z-SCORE" if zscores else "CONTINUOUS", stable)
    return kind


def _profile(
    folder: Path, held: Held, assay: Mapping[str, object], given: dict[str, str]
) -> tuple[list[Path], list[str]]:
    """The files of a matrix, and what is to be said of it; given: {stable id that is taken: assay}, which grows."""
    name, told = str(assay["assay_id"]), []
    features, samples, values = held.matrix(name)
    kind = _kind(assay, features, values)
    if kind.stable_id in given:
        told.append(f"{name}: as a generic assay, for {given[kind.stable_id]} is the profile {kind.stable_id}")
        kind = ProfileKind("GENERIC_ASSAY", "LIMIT-VALUE", name, True)
    given[kind.stable_id] = name
    wide = pd.DataFrame(values, columns=pd.Index(samples))
    if kind.datatype == "BINARY":
        wide = wide.replace({0.0: "false", 1.0: "true"})
    elif kind.datatype == "DISCRETE":
        wide = wide.map(lambda value: "NA" if np.isnan(value) else f"{value:g}")
    fields = {"genetic_alteration_type": kind.alteration, "datatype": kind.datatype, "stable_id": kind.stable_id}
    fields |= {"show_profile_in_analysis_tab": "true" if kind.in_analysis_tab else "false"}
    if kind.alteration == "GENERIC_ASSAY":
        ids = {
            "ENTITY_STABLE_ID": features["source_id"].to_numpy(),
            "NAME": features["symbol"].fillna("").to_numpy(),
            "DESCRIPTION": features["feature_id"].to_numpy(),
        }
        fields |= {"generic_assay_type": str(assay["omics"]).upper()}
        fields |= {"generic_entity_meta_properties": "NAME,DESCRIPTION"}
    else:
        ids = {"Hugo_Symbol": features["symbol"].to_numpy()}
    table = pd.concat([pd.DataFrame(ids), wide], axis=1)
    described = ", ".join(filter(None, (_known(assay[key]) for key in ("omics", "scale", "unit"))))
    fields |= {"profile_name": name, "profile_description": described}
    return [
        _text(folder / f"meta_{name}.txt", _meta(**fields, data_filename=f"data_{name}.txt")),
        _tsv(folder / f"data_{name}.txt", table),
    ], told


def _mutations(folder: Path, held: Held) -> tuple[list[Path], list[str]]:
    """data_mutations.txt of the genotypes that have a variant with bases."""
    rows = held.genotypes.merge(held.variants, on="variant_ix", validate="many_to_one")
    if not len(rows):
        return [], []
    said = held.consequences.drop_duplicates("variant_ix")
    rows = rows.merge(said, on="variant_ix", how="left", validate="many_to_one")
    has = rows["alleles"].map(lambda alleles: 1 in [one for one in alleles if one is not None and not pd.isna(one)])
    plain = rows["kind"].isin(PLAIN)
    builds = sorted(rows.loc[has & plain, "genome_build"].unique())
    left_out = []
    if (has & ~plain).any():
        left_out.append(
            f"{count_of(int((has & ~plain).sum()), 'genotype')} of symbolic variants and breakends: a MAF has bases"
        )
    if (~has).any():
        left_out.append(
            f"{count_of(int((~has).sum()), 'genotype')} whose allele is not known: a MAF has no word for them"
        )
    if len(builds) > 1:
        left_out.append(f"variants of {', '.join(builds[1:])}: a MAF is of one build, {builds[0]}")
    kept = rows[has & plain & (rows["genome_build"] == builds[0])] if builds else rows[:0]
    if not len(kept):
        return [], left_out
    table = pd.DataFrame([_maf_row({str(k): v for k, v in row.items()}) for row in kept.to_dict("records")])
    called = held.assays.loc[(held.assays["kind"] == "sparse") & (held.assays["omics"] == "genome"), "assay_id"]
    looked = held.assay_samples[held.assay_samples["assay_id"].isin(called)]["sample_id"].drop_duplicates()
    fields = {"genetic_alteration_type": "MUTATION_EXTENDED", "datatype": "MAF", "stable_id": "mutations"}
    fields |= {"show_profile_in_analysis_tab": "true", "profile_name": "Mutations"}
    fields |= {"profile_description": f"variants of {builds[0]}"}
    listed = {"stable_id": f"{STUDY}_sequenced", "case_list_name": "Sequenced", "case_list_description": "Sequenced"}
    return [
        _text(folder / "meta_mutations.txt", _meta(**fields, data_filename="data_mutations.txt")),
        _tsv(folder / "data_mutations.txt", table[list(MAF_COLUMNS)].fillna("")),
        _text(folder / "case_lists" / "cases_sequenced.txt", _meta(**listed, case_list_ids="\t".join(looked))),
    ], left_out


def _maf_row(row: Mapping[str, object]) -> dict[str, object]:
    """A genotype as MAF writes it: 1-based, - for no bases, an insertion between its neighbours."""
    ref, alt, start, end = str(row["ref"]), str(row["alt"]), int(str(row["start"])), int(str(row["end"]))
    gene = _known(row["gene_id"])
    alleles = [None if one is None or pd.isna(one) else int(one) for one in row["alleles"]]  # type: ignore[attr-defined]
    others = [one for at, one in enumerate(alleles) if at != alleles.index(1)]
    other = alt if others and others[0] == 1 else ref
    consequence = _known(row["consequence"])
    depths = {name: str(row[name]) if str(row[name]).isdecimal() else "" for name in ("depth", "alt_depth")}
    return {
        "Hugo_Symbol": _known(row["symbol"]) or "Unknown",
        "Entrez_Gene_Id": gene.removeprefix("NCBIGene:") if gene.startswith("NCBIGene:") else "0",
        "NCBI_Build": row["genome_build"],
        "Chromosome": row["chrom"],
        "Start_Position": start if not ref else start + 1,
        "End_Position": end + 1 if not ref else end,
        "Strand": "+",
        "Variant_Classification": CLASS.get(consequence, consequence) or "Unknown",
        "Reference_Allele": ref or "-",
        "Tumor_Seq_Allele1": "" if others and others[0] is None else other or "-",
        "Tumor_Seq_Allele2": alt or "-",
        "Tumor_Sample_Barcode": row["sample_id"],
        "HGVSc": _known(row["hgvs_c"]),
        "HGVSp_Short": _known(row["hgvs_p"]),
        "Transcript_ID": _known(row["transcript"]),
        "t_depth": depths["depth"],
        "t_alt_count": depths["alt_depth"],
        "FILTER": ";".join(row["filter"]),  # type: ignore[arg-type]
    }


def _known(value: object) -> str:
    return value if isinstance(value, str) else ""


def _segments(folder: Path, name: str, rows: pd.DataFrame, build: str) -> list[Path]:
    table = pd.DataFrame(
        {
            "ID": rows["sample_id"],
            "chrom": rows["chrom"],
            "loc.start": rows["start"] + 1,
            "loc.end": rows["end"],
            "num.mark": 0,
            "seg.mean": rows["value"],
        }
    )
    fields = {"genetic_alteration_type": "COPY_NUMBER_ALTERATION", "datatype": "SEG"}
    described = {
        "reference_genome_id": GENOMES.get(build, build),
        "description": name,
        "data_filename": f"data_{name}.seg",
    }
    return [_text(folder / f"meta_{name}.txt", _meta(**fields, **described)), _tsv(folder / f"data_{name}.seg", table)]


def write_h5mu(place: Path, held: Held) -> Written:
    """The dense assays as modalities of an h5mu file, in a process of its own, which may change how pandas keeps text.

    Names of features begin with the assay, since MuData does not tell equal names of two modalities apart. Raises ComputeError
    where mudata is not installed, or did not write the file.
    """
    with TemporaryDirectory() as scratch:
        request: list[dict[str, object]] = []
        for assay in held.matrices:
            features, samples, values = held.matrix(assay)
            np.save(Path(scratch) / f"{len(request)}.npy", np.ascontiguousarray(values.T))
            var = {
                name: features[name].fillna("").tolist() for name in ("feature_id", "source_id", "symbol", "gene_id")
            }
            row = held.assays[held.assays["assay_id"] == assay].iloc[0]
            about = {name: _known(row[name]) for name in ("omics", "scale", "unit", "platform", "genome_build")}
            subjects = held.samples.set_index("sample_id")["subject_id"].reindex(samples).tolist()
            request.append({"assay": assay, "samples": samples, "subjects": subjects, "var": var, "about": about})
        (Path(scratch) / "request.json").write_text(json.dumps(request))
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f".{place.name}.part")
        program = command("groprog_assets.export.h5mu_process", scratch, str(partial))
        ended = subprocess.run(program, capture_output=True, text=True, check=False)
        if ended.returncode:
            partial.unlink(missing_ok=True)
            value = (ended.stderr.strip().splitlines() or ["it ended without a word"])[-1]
            rule, remedy = "An h5mu file is written by mudata.", "Install it: pip install 'groprog[export]'."
            raise ComputeError(Problem(str(place), value, rule, remedy))
        partial.replace(place)
    dense = held.assays[held.assays["kind"] == "dense"]["assay_id"]
    sparse = held.assays[held.assays["kind"] == "sparse"]["assay_id"]
    left_out = [f"{name}: variants and intervals are no matrix" for name in sparse]
    return Written(
        [place], left_out + [f"{name}: no sample may be used" for name in dense if name not in held.matrices]
    )
