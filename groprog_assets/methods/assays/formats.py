"""The reader of each format of assay files, and what its values must be under the declared scale."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from groprog_assets.errors import AssayError, Problem
from groprog_assets.methods.assays.annotated_matrices import read_h5ad, read_h5mu
from groprog_assets.methods.assays.assay_table import AssayTable, SparseAssay
from groprog_assets.methods.assays.cbioportal import read_cbioportal
from groprog_assets.methods.assays.diann import read_diann
from groprog_assets.methods.assays.hgnc import Hgnc, read_hgnc
from groprog_assets.methods.assays.identifiers import gene_ids, map_features
from groprog_assets.methods.assays.maf import read_maf_assay
from groprog_assets.methods.assays.matrix import place_of, read_matrix
from groprog_assets.methods.assays.maxquant import read_maxquant
from groprog_assets.methods.assays.methylation import read_beta
from groprog_assets.methods.assays.mztab import read_mztab
from groprog_assets.methods.assays.olink import read_olink
from groprog_assets.methods.assays.seg import read_seg
from groprog_assets.methods.assays.vcf import read_vcf
from groprog_assets.study.assay_parameters import DEFAULT_THRESHOLDS, AssayReadingParameters
from groprog_assets.study.assay_scales import FORMAT_SAYS, SCALE_RANGES
from groprog_assets.study.omics_assays import AssaySource
from groprog_assets.study.text_tables import count_of

Assay = AssayTable | SparseAssay
READERS: dict[str, Callable[[Path, AssaySource], Assay | Mapping[str, Assay]]] = {
    "matrix": read_matrix,
    "maf": read_maf_assay,
    "vcf": read_vcf,
    "seg": read_seg,
    "maxquant": read_maxquant,
    "olink": read_olink,
    "mztab": read_mztab,
    "cbioportal": read_cbioportal,
    "h5ad": read_h5ad,
    "h5mu": read_h5mu,
}
"""By format: the function that reads `path`. A folder or container of several assays gives them by name."""
WITH_THRESHOLDS: dict[str, Callable[[Path, AssaySource, AssayReadingParameters], Assay]] = {
    "diann": read_diann,
    "beta": read_beta,
}
"""Formats of which some values do not count, because they are not certain enough."""


class Aids(NamedTuple):
    """What the readers of a study's assays share: thresholds, and the genes by which identifiers are known, if any."""

    thresholds: AssayReadingParameters = DEFAULT_THRESHOLDS
    genes: Hgnc | None = None


def read_assay(source: AssaySource, aids: Aids = Aids()) -> dict[str, Assay]:  # noqa: B008 # it cannot be changed
    """{assay_id: what its file holds} of one source: its name, and where the file holds several assays `name.member`.

    Features get their canonical identifiers; how many were found and how is among the counts.

    Raises AssayError, or TextTableError, with every problem of the file; for a format that nobody reads; and for values that
    contradict the declared scale.
    """
    reader = READERS.get(source.format)
    certain = WITH_THRESHOLDS.get(source.format)
    if reader is None and certain is None:
        rule = f"Formats that are read: {', '.join(sorted([*READERS, *WITH_THRESHOLDS]))}."
        raise AssayError(Problem(f"omics.assays, {source.name}", source.format, rule, "Convert the file to a matrix."))
    found = certain(source.path, source, aids.thresholds) if certain else reader(source.path, source)  # type: ignore[misc]
    if isinstance(found, Mapping):
        held = {f"{source.name}.{member}" if len(found) > 1 else source.name: assay for member, assay in found.items()}
    else:
        held = {source.name: found}
    general = FORMAT_SAYS.get(source.format, {})
    held = {name: replace(assay, said=general | assay.said) for name, assay in held.items()}
    problems = [
        problem for assay in held.values() if isinstance(assay, AssayTable) for problem in value_problems(assay, source)
    ]
    if problems:
        raise AssayError(problems)
    return {name: _identified(assay, source, aids.genes) for name, assay in held.items()}


def _identified(assay: Assay, source: AssaySource, genes: Hgnc | None) -> Assay:
    """The assay with the canonical identifiers of its features, or of the genes of its effects."""
    if not isinstance(assay, AssayTable):
        effects = assay.effects
        return (
            assay
            if effects is None
            else replace(assay, effects=effects.assign(gene_id=gene_ids(effects["gene_id"], genes)))
        )
    system = assay.said.get("id_system") or source.id_system
    found = map_features(assay.features, system, genes, str(source.path))
    counts = assay.counts | {f"features_{name}": count for name, count in found.counts.items()}
    return replace(assay, features=found.features, counts=counts, notices=(*assay.notices, *found.notices))


def value_problems(assay: AssayTable, source: AssaySource) -> Iterator[Problem]:
    """Values that the declared scale cannot have, the first of each kind with its feature and sample."""
    values = assay.values
    scale = assay.said.get("scale") or source.scale
    if scale in SCALE_RANGES:
        least, most = SCALE_RANGES[scale]
        within = f"not below {least:g}" if np.isinf(most) else f"in [{least:g}, {most:g}]"
        yield from _named(assay, source, (values < least) | (values > most), f"A {scale} value is {within}.")
    if scale in ("count", "ordinal"):
        # Calls of copy number in cBioPortal are whole, but for -1.5.
        steps = 2 if source.format == "cbioportal" and assay.said.get("omics") == "genome" else 1
        whole = np.isnan(values) | (values * steps == np.round(values * steps))
        what = "A count" if scale == "count" else "An ordinal value"
        yield from _named(assay, source, ~whole, f"{what} is a whole number{', or a half' if steps == 2 else ''}.")
    yield from _named(assay, source, np.isinf(values), "A value is finite or missing.")


def _named(assay: AssayTable, source: AssaySource, wrong: np.ndarray, rule: str) -> Iterator[Problem]:
    if not wrong.any():
        return
    row, at = np.argwhere(wrong)[0]
    feature, sample = assay.features["source_id"].iloc[row], assay.samples[at]
    place = place_of(source.path, source, feature, sample) if source.format == "matrix" else ""
    where = f"{source.path}{place}" if place else f"{source.path}, feature {feature}, sample {sample}"
    value = f"{assay.values[row, at]:.10g}, one of {count_of(int(wrong.sum()), 'value')}"
    yield Problem(
        where,
        value,
        f"{rule} The declared scale is {assay.said.get('scale') or source.scale}.",
        "Correct the values, or the scale.",
    )


def source_digest(path: Path) -> str:
    """sha256 of a file's bytes; of a folder, of the names and digests of the files in it."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(item for item in path.iterdir() if item.is_file()):
            digest.update(f"{file.name}\0{source_digest(file)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def reading_aids(thresholds: AssayReadingParameters, genes: Path | None) -> Aids:
    """The aids of a study: its thresholds, and its HGNC table where it names one."""
    return Aids(thresholds, read_hgnc(genes) if genes is not None else None)
