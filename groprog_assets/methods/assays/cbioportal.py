"""The assays of a cBioPortal study folder: one a profile, each read as its kind demands.

Source: docs.cbioportal.org, File Formats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.assay_table import AssayTable, SparseAssay
from groprog_assets.methods.assays.columns import (
    Cells,
    Header,
    as_number,
    collector,
    read_cells,
    read_header,
    require_columns,
)
from groprog_assets.methods.assays.dense import dense_assay, feature_rows, trimmed_notice
from groprog_assets.methods.assays.maf import read_maf_assay
from groprog_assets.methods.assays.seg import read_seg
from groprog_assets.methods.assays.structural_variants import read_structural_variants
from groprog_assets.methods.assays.study_folder import (
    Profile,
    StudyFolder,
    chosen_profiles,
    read_study_folder,
    sequenced,
)
from groprog_assets.methods.assays.variant_rows import genome_build, require_build
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

SYMBOL, ENTREZ = "Hugo_Symbol", "Entrez_Gene_Id"
ANTIBODY = "Composite.Element.REF"
ENTITY = "ENTITY_STABLE_ID"
IDS = (SYMBOL, ENTREZ, ANTIBODY, "geneset_id", ENTITY)
BESIDE = ("Cytoband", "Gene Symbol", "Locus ID", "Gene ID", "NAME", "DESCRIPTION", "URL")
"""Columns of a matrix that are no sample."""
BINARY = {"true": 1.0, "yes": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "0": 0.0}
CELLS = "[Not Available]"


def read_cbioportal(path: Path, source: AssaySource) -> Mapping[str, AssayTable | SparseAssay]:
    """{stable id: its assay} of the profiles of the folder; of `source.member` alone where it is given.

    Z-scores and outliers are read only where the folder holds no values of their kind. A sample or gene that the panel of its
    profile does not cover is missing, not unaltered. Of Hugo_Symbol and Entrez_Gene_Id the second counts. Raises AssayError as
    `read_study_folder` and the readers of the single files do. What the folder holds beside assays is said with the first.
    """
    folder = read_study_folder(path)
    profiles, derived = chosen_profiles(folder, source.member)
    found: dict[str, AssayTable | SparseAssay] = {}
    problems: list[Problem] = []
    for name, profile in profiles.items():
        try:
            assay = _read(folder, profile, source)
        except AssayError as error:
            problems += error.problems
            continue
        found[name] = replace(assay, said=profile.kind.said | assay.said)
    if problems:
        raise AssayError(problems)
    first = next(iter(found))
    found[first] = replace(found[first], notices=(*folder.notices, *derived, *found[first].notices))
    return found


def _read(folder: StudyFolder, profile: Profile, source: AssaySource) -> AssayTable | SparseAssay:
    form = profile.kind.form
    told = genome_build(profile.fields.get("reference_genome_id", ""))
    built = require_build(source.genome_build, told, str(profile.meta)) if told else source.genome_build or folder.build
    given = source.model_copy(update={"scale": profile.kind.said.get("scale") or source.scale, "genome_build": built})
    if form in ("maf", "seg", "sv"):
        reader = {"maf": read_maf_assay, "seg": read_seg, "sv": read_structural_variants}[form]
        return _looked_at(folder, profile, reader(profile.data, given))
    header = read_header(profile.data)
    if form == "long":
        return _long(folder, profile, given, header)
    if form == "fusion":
        return _fusions(folder, profile, given, header)
    if form == "generic":
        return _generic(profile, given, header)
    return _matrix(folder, profile, given, header)


def _looked_at(folder: StudyFolder, profile: Profile, found: SparseAssay) -> SparseAssay:
    """The assay with the samples that the panel matrix, the case list or a row says were looked at, and their genes."""
    listed = list(dict.fromkeys([*sequenced(folder, profile), *found.profiled]))
    covered = folder.covered(profile, listed)
    called = set(found.genotypes["sample"]) if found.genotypes is not None else set()
    strangers = sorted(called - set(covered))
    if strangers:
        rule = "A sample with a call was looked at; the panel matrix says it was not."
        value = f"{count_of(len(strangers), 'sample')} with calls and without a panel, such as {strangers[0]}"
        raise AssayError(Problem(str(profile.data), value, rule, "Correct the panel matrix, or remove the rows."))
    genes = {sample: held for sample, held in covered.items() if held is not None}
    counts = found.counts | {"samples_with_panel": len(genes)}
    return replace(found, profiled=tuple(covered), covered_genes=genes, counts=counts)


def _ids(header: Header, profile: Profile) -> list[str]:
    """The columns of identifiers that the header has; AssayError for none."""
    held = [name for name in IDS if name in header.columns]
    if not held:
        rule = f"The rows of a profile are named by {' or '.join(IDS)}."
        raise AssayError(Problem(header.where, f"columns {', '.join(header.columns[:4])}", rule, "Name the column so."))
    return held


def _genes(text: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Features of rows with a symbol, an Entrez id or both, and whose identifiers their source_id are; the Entrez id counts."""
    symbols = text[SYMBOL].tolist() if SYMBOL in text else [""] * len(text)
    if ENTREZ not in text:
        return feature_rows(symbols, symbol=symbols), "symbol"
    numbers = [cell if cell.isdecimal() and int(cell) else "" for cell in text[ENTREZ]]
    ids = [number or symbol for number, symbol in zip(numbers, symbols, strict=True)]
    curies = [f"NCBIGene:{number}" if number else "" for number in numbers]
    return feature_rows(ids, feature_id=curies, symbol=symbols), "entrez"


def _features(found: Cells, ids: Sequence[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Features of a matrix, and what the file says of their identifiers."""
    if ANTIBODY in ids:
        names = found.text[ANTIBODY].tolist()
        parts = [name.partition("|") for name in names]
        genes = [part[0].split() for part in parts]
        curies = [f"antibody:{part[2] or part[0]}" for part in parts]
        symbols = [held[0] if len(held) == 1 and not held[0].isdecimal() else "" for held in genes]
        return feature_rows(names, feature_id=curies, symbol=symbols), {"id_system": "antibody"}
    if SYMBOL in ids or ENTREZ in ids:
        features, system = _genes(found.text)
        return features, {"id_system": system}
    return feature_rows(found.text[ids[0]].tolist()), {}


def _matrix(folder: StudyFolder, profile: Profile, source: AssaySource, header: Header) -> AssayTable:
    ids = _ids(header, profile)
    samples = [name for name in header.columns if name not in (*IDS, *BESIDE)]
    problems = collector(header.path)
    found = read_cells(header, ids, samples, problems, [*source.missing, CELLS])
    if source.scale == "beta":
        rule, remedy = "A beta value lies between 0 and 1.", "M-values or percent? Give beta values."
        found.mark(problems, (found.values < 0) | (found.values > 1), rule, remedy)
    problems.raise_any()
    features, said = _features(found, ids)
    values, counts, covered = found.values, {}, folder.covered(profile, samples)
    if profile.name in folder.matrix or "gene_panel" in profile.fields:
        outside = _outside(features, samples, covered)
        counts["outside_panel"] = int((outside & ~np.isnan(values)).sum())
        values = np.where(outside, np.nan, values)
    return dense_assay(
        header.path,
        source,
        features,
        samples,
        values,
        lines=found.lines,
        counts=counts,
        notices=trimmed_notice(found),
        said=said,
    )


def _outside(
    features: pd.DataFrame, samples: Sequence[str], covered: Mapping[str, frozenset[str] | None]
) -> NDArray[np.bool_]:
    """(features, samples): what nobody looked at."""
    symbols = features["symbol"].fillna(features["source_id"])
    outside = np.zeros((len(features), len(samples)), bool)
    for k, sample in enumerate(samples):
        genes = covered.get(sample)
        outside[:, k] = True if sample not in covered else False if genes is None else ~symbols.isin(genes)
    return outside


def _long(folder: StudyFolder, profile: Profile, source: AssaySource, header: Header) -> AssayTable:
    """A row a gene and sample, as a matrix; a pair without a row is missing."""
    require_columns(header, ["Sample_Id", "Value"], "A profile in long form", "Name its columns so.")
    ids = [name for name in (SYMBOL, ENTREZ) if name in header.columns] or _ids(header, profile)
    problems = collector(header.path)
    found = read_cells(header, [*ids, "Sample_Id"], ["Value"], problems, [*source.missing, CELLS])
    problems.raise_any()
    features, system = _genes(found.text)
    rows = pd.DataFrame({"gene": features["source_id"], "sample": found.text["Sample_Id"], "value": found.values[:, 0]})
    twice = rows.duplicated(["gene", "sample"])
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        value = f"{rows['gene'][row]} of sample {rows['sample'][row]} again"
        rule = "A gene and sample have one row."
        raise AssayError(Problem(f"{header.path}:{found.lines[row]}", value, rule, "Remove the second."))
    genes, samples = list(dict.fromkeys(rows["gene"])), list(dict.fromkeys(rows["sample"]))
    wide = rows.pivot(index="gene", columns="sample", values="value").reindex(index=genes, columns=samples)
    first = features[~features["source_id"].duplicated()].reset_index(drop=True)
    said = {"id_system": system}
    return dense_assay(
        header.path, source, first, samples, wide.to_numpy(np.float64), notices=trimmed_notice(found), said=said
    )


def _fusions(folder: StudyFolder, profile: Profile, source: AssaySource, header: Header) -> AssayTable:
    """1 where a sample has a fusion of the gene, 0 where it was looked at; the deprecated form has no coordinates."""
    sample = "Tumor_Sample_Barcode"
    require_columns(header, [SYMBOL, sample], "A file of fusions", "Write it as structural variants (SV).")
    problems = collector(header.path)
    ids = [name for name in (SYMBOL, ENTREZ) if name in header.columns]
    found = read_cells(header, [*ids, sample], [], problems)
    features, system = _genes(found.text)
    called = list(dict.fromkeys([*sequenced(folder, profile), *found.text[sample]]))
    covered = folder.covered(profile, called)
    samples = list(covered)
    genes = list(dict.fromkeys(features["source_id"]))
    first = features[~features["source_id"].duplicated()].reset_index(drop=True)
    values = np.zeros((len(genes), len(samples)))
    place, column = ({name: k for k, name in enumerate(names)} for names in (genes, samples))
    for gene, name in zip(features["source_id"], found.text[sample], strict=True):
        if name in column:
            values[place[gene], column[name]] = 1.0
    values = np.where(_outside(first, samples, covered), np.nan, values)
    rule = "FUSION is the old form, without coordinates: a gene is fused in a sample or not."
    notices = [Problem(str(profile.meta), "deprecated", rule, "Write it as STRUCTURAL_VARIANT, SV.")]
    return dense_assay(header.path, source, first, samples, values, notices=notices, said={"id_system": system})


def _generic(profile: Profile, source: AssaySource, header: Header) -> AssayTable:
    """Entities x samples; `>8` and `<0.1` are limits: the number is kept and flagged."""
    require_columns(header, [ENTITY], "A generic assay", "Name its first column so.")
    named = [name.strip() for name in profile.fields.get("generic_entity_meta_properties", "").split(",")]
    samples = [name for name in header.columns if name not in (ENTITY, *BESIDE, *named)]
    shown = [name for name in ("NAME",) if name in header.columns]
    problems = collector(header.path)
    found = read_cells(header, [ENTITY, *shown, *samples], [], problems)
    values = np.full((len(found.text), len(samples)), np.nan)
    flagged = np.zeros(values.shape, bool)
    binary = profile.what[1] == "BINARY"
    missing = {*source.missing, CELLS}
    for k, sample in enumerate(samples):
        for row, cell in enumerate(found.text[sample].tolist()):
            if cell in missing:
                continue
            limit = not binary and cell[:1] in "<>" and bool(cell)
            number = BINARY.get(cell.lower()) if binary else as_number(cell[1:] if limit else cell)
            if number is None:
                rule = "A value is true or false." if binary else "A value is a number, a limit such as >8, or missing."
                problems.add(f":{found.lines[row]}, column {sample}", repr(cell), rule, "Correct the cell.")
                continue
            values[row, k], flagged[row, k] = number, limit
    problems.raise_any()
    features = feature_rows(
        found.text[ENTITY].tolist(), symbol=found.text["NAME"].tolist() if shown else [""] * len(found.text)
    )
    kind = profile.fields.get("generic_assay_type", "")
    said = {"unit": kind} if kind else {}
    counts = {"at_a_limit": int(flagged.sum())}
    return dense_assay(
        header.path, source, features, samples, values, lines=found.lines, flagged=flagged, counts=counts, said=said
    )
