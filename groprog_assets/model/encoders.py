"""Encoders fitted on a training fold: inputs in, fitted constants and arrays out. They never see outcomes.

Every constant is a number, a string or a list, so that a fitted encoder is a JSON document; the one matrix (expression
loadings) is stored beside it as an array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, NotRequired, TypedDict

import numpy as np

from groprog_assets.errors import ModelError, Problem
from groprog_assets.fitting.clinical_encoder import Z_LIMIT, ClinicalEncoder, FieldDocument, FieldEncoding
from groprog_assets.fitting.harmonization import Harmonization, fit_harmonization, harmonize_known
from groprog_assets.model.assay_encoder import ASSAYS, AssayDocument, AssayEncoder
from groprog_assets.model.cox_columns import CoxColumns, CoxColumnsDocument
from groprog_assets.model.expression_encoder import (
    ROWS_AT_ONCE,
    EncodedExpression,
    ExpressionDocument,
    ExpressionEncoder,
)
from groprog_assets.model.inputs import BLOCKS, ModelInputs
from groprog_assets.model.matrix_encoder import MatrixDocument, MatrixEncoder, fit_matrices, restore_matrix
from groprog_assets.model.signature import COORDINATION, SEQUENCE, TRACK, SignatureDocument, SignatureEncoder
from groprog_assets.model.source_columns import SourceColumns, SourceColumnsDocument
from groprog_assets.study.parameters import Parameters

# Which map of eq. 1 a descriptor goes through; descriptors not named here use the last source of their block.
SOURCES = {
    "density": ("tss", "upstream", "tracks", "body"),
    "pausing": ("pausing",),
    "differential": ("function", "differential"),
}
SOURCE_OF = {
    "tss_density": "tss",
    "upstream_density": "upstream",
    "apoptosis_regulation": "function",
    "cell_junction": "function",
    "receptor_inhibition": "function",
    "key_locus": "function",
    "key_locus_activity": "function",
    "key_locus_response": "function",
}
# Between gene and feature in the name of a library's column; no name holds it.
SEPARATOR = "\t"
BATCH_ARRAYS = ("mean", "spread", "shift", "factor")


class DescriptorDocument(TypedDict):
    """The constants of a DescriptorEncoder as JSON."""

    names: Sequence[str]
    mean: Sequence[float]
    scale: Sequence[float]
    sources: Mapping[str, Sequence[int]]


class BatchDocument(TypedDict):
    """Genes and batches of BatchConstants; their matrices are arrays of their own."""

    genes: list[str]
    batch: list[str]


class EncodersDocument(TypedDict):
    """The constants of all encoders as JSON. Matrices are in `Encoders.arrays`."""

    mode: str
    fields: list[FieldDocument]
    expression: ExpressionDocument | None
    libraries: ExpressionDocument | None
    descriptor: DescriptorDocument
    harmonization: BatchDocument | None
    signature: SignatureDocument | None
    matrices: list[MatrixDocument | AssayDocument]
    sources: SourceColumnsDocument | None
    clinical_cox: NotRequired[CoxColumnsDocument]


@dataclass(frozen=True)
class DescriptorEncoder:
    """Standardised gene descriptors: names, mean and scale over the described genes, source and block of each."""

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    sources: dict[str, tuple[int, ...]]

    def block_of(self, name: str) -> str:
        """The Table 5 block of a descriptor; "density" for one that is not among the sources."""
        column = self.names.index(name) if name in self.names else -1
        for block, sources in SOURCES.items():
            if any(column in self.sources.get(source, ()) for source in sources):
                return block
        return "density"

    def document(self) -> DescriptorDocument:
        """The fitted constants."""
        return {"names": self.names, "mean": self.mean, "scale": self.scale, "sources": self.sources}

    @classmethod
    def fit(cls, inputs: ModelInputs, separate_upstream: bool = False) -> DescriptorEncoder:
        """Constants over genes (and patients in matched mode); constant descriptors are left out of every source.

        separate_upstream: the upstream background is a source of its own; otherwise it shares the map of the TSS.
        """
        if inputs.descriptors is None or not inputs.descriptor_names:
            return cls((), (), (), {})
        flat = np.asarray(inputs.descriptors, dtype=np.float64).reshape(-1, len(inputs.descriptor_names))
        finite = np.isfinite(flat)
        count = np.maximum(finite.sum(axis=0), 1)
        mean = np.where(finite, flat, 0.0).sum(axis=0) / count
        scale = np.sqrt(np.where(finite, (flat - mean) ** 2, 0.0).sum(axis=0) / count)
        block_of = {name: block for block, names in inputs.blocks.items() for name in names}
        sources: dict[str, list[int]] = {source: [] for block in BLOCKS for source in SOURCES[block]}
        for column, name in enumerate(inputs.descriptor_names):
            if scale[column] > 1e-8:
                allowed = SOURCES[block_of.get(name, "density")]
                source = "tracks" if name.startswith(TRACK) else SOURCE_OF.get(name, allowed[-1])
                source = "function" if name.startswith(SEQUENCE) else source
                if source == "upstream" and not separate_upstream:
                    source = "tss"
                sources[source if source in allowed else allowed[-1]].append(column)
        scale = np.where(scale > 1e-8, scale, 1.0)
        return cls(
            inputs.descriptor_names,
            tuple(map(float, mean)),
            tuple(map(float, scale)),
            {source: tuple(columns) for source, columns in sources.items()},
        )

    def transform(self, descriptors: np.ndarray) -> np.ndarray:
        """(..., K, J) -> (..., K, J + 1) float32: z-scored with 0 where missing, last column 1 where the gene is described."""
        array = np.asarray(descriptors, dtype=np.float64)
        finite = np.isfinite(array)
        z = np.where(finite, (array - np.array(self.mean)) / np.array(self.scale), 0.0)
        described = finite.any(axis=-1, keepdims=True)
        return np.concatenate([np.clip(z, -Z_LIMIT, Z_LIMIT), described], axis=-1).astype(np.float32)


def gene_prior(inputs: ModelInputs, strength: float) -> np.ndarray | None:
    """(K,): factor of each gene's standardised expression before its directions are taken.

    Its square is the prior variance of the gene's weight: exp(strength x coordination of its nascent signal with the marks),
    1 for a gene without it.

    None for a strength of 0 and where no gene has that descriptor. The idea is co-data ridge, doi:10.1002/sim.9162; source of the
    prior: paper 4.6.
    """
    if strength == 0 or inputs.descriptors is None or COORDINATION not in inputs.descriptor_names:
        return None
    held = np.nan_to_num(inputs.descriptors[:, inputs.descriptor_names.index(COORDINATION)].astype(np.float64))
    return np.asarray(np.exp(strength / 2 * held))


@dataclass(frozen=True)
class BatchConstants:
    """Batch effects of the genes (K) seen in training: names and constants over them."""

    genes: tuple[str, ...]
    constants: Harmonization

    @classmethod
    def fit(cls, inputs: ModelInputs) -> BatchConstants:
        """Fit on the training patients whose batch is declared. Raises CohortError for a batch of fewer than three of them."""
        assert inputs.expression is not None
        assert inputs.batch is not None
        known = inputs.batch != ""
        return cls(inputs.genes, fit_harmonization(inputs.expression[known], inputs.batch[known]))

    def transform(self, inputs: ModelInputs) -> ModelInputs:
        """The same patients, with batch effects removed where the batch was seen in training."""
        if inputs.batch is None or not np.isin(inputs.batch, self.constants.batch).any():
            return inputs
        held = inputs.with_genes(self.genes)
        assert held.expression is not None
        values = harmonize_known(held.expression, inputs.batch, self.constants)
        return replace(inputs, genes=self.genes, expression=values, descriptors=held.descriptors)


@dataclass(frozen=True)
class Encoders:
    """All encoders of one training fold, with the gene descriptors of the vocabulary (K, J + 1) frozen beside them.

    harmonization: batch effects of every gene in training, removed from the expression before it is encoded; None without.
    libraries: in matched mode, one column for each feature of each gene, standardised over the training patients who have a
    library, with the leading directions; None in other modes. signature: the columns of the signature branch; None without
    descriptors. matrices: further omics, a branch each; those without a usable gene in training are not among them. sources: what
    other cohorts say; None without any. clinical_cox: columns at the end of the design, where a fit with few events falls back
    to clinical Cox; else None.
    """

    mode: str
    clinical: ClinicalEncoder
    expression: ExpressionEncoder | None
    descriptor: DescriptorEncoder
    gene_descriptors: np.ndarray | None
    harmonization: BatchConstants | None = None
    libraries: ExpressionEncoder | None = None
    signature: SignatureEncoder | None = None
    matrices: tuple[MatrixEncoder | AssayEncoder, ...] = ()
    sources: SourceColumns | None = None
    clinical_cox: CoxColumns | None = None

    @classmethod
    def fit(cls, inputs: ModelInputs, parameters: Parameters) -> Encoders:
        """Fit on the training fold alone. Raises ModelError when no covariate and no gene can be used."""
        clinical = ClinicalEncoder.fit(inputs, parameters.cohort.maximum_missing_flag, parameters.cohort.landmark_days)
        mode = inputs.mode if parameters.representation.mode != "clinical" else "clinical"
        expression, descriptors, harmonization, libraries, signature = None, None, None, None, None
        descriptor = DescriptorEncoder.fit(inputs, parameters.representation.separate_upstream)
        asked, names = parameters.signature, inputs.descriptor_names
        representation, row_limit = parameters.representation, parameters.training.full_batch_limit
        if mode == "matched":
            with_library = np.isfinite(np.asarray(inputs.descriptors)).any(axis=(1, 2))
            if with_library.any():
                held = inputs.take(np.flatnonzero(with_library))
                libraries = ExpressionEncoder.fit(_library_columns(held), representation.components, row_limit)
                if asked.enabled and held.descriptors is not None:
                    signature = SignatureEncoder.fit_matched(held.descriptors[:row_limit], names, asked)
        if mode == "signature":
            if representation.harmonization == "combat" and inputs.batch is not None:
                harmonization = BatchConstants.fit(inputs)
                inputs = harmonization.transform(inputs)
            prior = gene_prior(inputs, representation.coordination_prior)
            expression = ExpressionEncoder.fit(inputs, representation.components, row_limit, prior)
            if not expression.genes:
                mode, expression = "clinical", None
            elif descriptor.names:
                at = {gene: row for row, gene in enumerate(inputs.genes)}
                assert inputs.descriptors is not None
                own = inputs.descriptors[[at[gene] for gene in expression.genes]]
                descriptors = descriptor.transform(own)
                if asked.enabled:
                    signature = SignatureEncoder.fit(own, names, expression.standardised(inputs, row_limit), asked)
        matrices = fit_matrices(inputs, parameters.matrices, row_limit)
        if mode == "clinical" and not matrices:
            _require_a_covariate(clinical)
        sources = None
        if inputs.sources is not None:
            sources, expression = SourceColumns.fit(inputs.sources, clinical, expression)
        fitted = (mode, clinical, expression, descriptor, descriptors, harmonization, libraries, signature)
        return cls(*fitted, matrices, sources)

    def clinical_only(self) -> Encoders:
        """The encoders that a fit to the same patients without omics gives. Raises ModelError when no covariate can be used."""
        _require_a_covariate(self.clinical)
        sources = None if self.sources is None else self.sources.of_fields()
        nothing = DescriptorEncoder((), (), (), {})
        return Encoders("clinical", self.clinical, None, nothing, None, sources=sources)

    def left_out(self, inputs: ModelInputs) -> dict[str, str]:
        """{assay, or kind of covariate: why the training patients, of `inputs`, do not have it}; nothing without assays."""
        held = [encoder for encoder in self.matrices if isinstance(encoder, AssayEncoder)]
        if not held and any(matrix.kind == ASSAYS for matrix in inputs.matrices):
            return {ASSAYS: "no covariate of theirs varies between the training patients"}
        return {name: why for encoder in held for name, why in encoder.fitted["left_out"].items()}

    def transform(self, inputs: ModelInputs, genes: bool = True) -> Encoded:
        """Everything the network reads, for any patients.

        genes: with the standardised genes z; without, z has no columns and expression is encoded some patients at a time, so that
        no second matrix of its size is held.
        """
        clinical = self.clinical.transform(inputs)
        if self.clinical_cox is not None:
            clinical = clinical._replace(design=np.hstack([clinical.design, self.clinical_cox.transform(inputs)]))
        n = len(inputs)
        z = np.zeros((n, 0), np.float32)
        components, count = np.zeros((n, 0), np.float32), np.ones(n, np.float32)
        signature = np.zeros((n, 0 if self.signature is None else len(self.signature.names)), np.float32)
        has_omics = np.zeros(n, bool)
        genes_used = np.zeros(n, np.int32)
        matched = None
        if self.mode == "signature" and self.expression is not None:
            if inputs.mode == "signature":
                z, count, components, signature, genes_used = self._expression_parts(inputs, genes)
            else:
                z = np.zeros((n, int(self.described.sum())), np.float32)
                components = np.zeros((n, self.expression.loadings.shape[1]), np.float32)
            has_omics = genes_used > 0
        elif self.mode == "matched":
            components = np.zeros((n, 0 if self.libraries is None else self.libraries.loadings.shape[1]), np.float32)
            matched = np.zeros((n, 1, len(self.descriptor.names) + 1), np.float32)
            if inputs.mode == "matched" and inputs.descriptors is not None:
                matched = self.descriptor.transform(inputs.descriptors)
                genes_used = (matched[:, :, -1] > 0).sum(axis=1).astype(np.int32)
                if self.libraries is not None:
                    components = self.encoded_libraries(inputs).components
                if self.signature is not None:
                    signature = self.signature_parts(inputs).sum(axis=1).astype(np.float32)
            has_omics = genes_used > 0
        held = {matrix.name: matrix for matrix in inputs.matrices}
        parts = [encoder.columns(held.get(encoder.name), n) for encoder in self.matrices]
        further = np.hstack([np.zeros((n, 0), np.float32), *parts])
        return Encoded(*clinical, z, count, components, has_omics, genes_used, matched, signature, further)

    def _expression_parts(self, inputs: ModelInputs, genes: bool) -> tuple[np.ndarray, ...]:
        # z, described genes that are present, components, signature columns, genes present; of each patient.
        if not genes and len(inputs) > ROWS_AT_ONCE:
            starts = range(0, len(inputs), ROWS_AT_ONCE)
            rows = (np.arange(start, min(start + ROWS_AT_ONCE, len(inputs))) for start in starts)
            parts = [self._expression_parts(inputs.take(index), genes) for index in rows]
            return tuple(np.concatenate(part) for part in zip(*parts, strict=True))
        encoded, described = self.encoded_expression(inputs), self.described
        signature = np.zeros((len(inputs), 0), np.float32)
        if self.signature is not None:
            signature = self.signature.columns(encoded.z)
        z = encoded.z if described.all() else np.ascontiguousarray(encoded.z[:, described])
        count = np.maximum(encoded.present[:, described].sum(axis=1), 1).astype(np.float32)
        used = encoded.present.sum(axis=1).astype(np.int32)
        return z if genes else z[:, :0].copy(), count, encoded.components, signature, used

    def signature_parts(self, inputs: ModelInputs) -> np.ndarray:
        """(n, K, J): the part of each gene in the signature columns of patients with own libraries. Matched mode only."""
        assert self.signature is not None
        assert inputs.descriptors is not None
        return self.signature.matched_parts(inputs.descriptors, inputs.descriptor_names)

    def encoded_expression(self, inputs: ModelInputs) -> EncodedExpression:
        """Expression without the effects of known batches, standardised over the vocabulary. Signature mode only."""
        assert self.expression is not None
        return self.expression.transform(inputs if self.harmonization is None else self.harmonization.transform(inputs))

    def encoded_libraries(self, inputs: ModelInputs) -> EncodedExpression:
        """The patients' own libraries, standardised over the columns of `library_genes`. Matched mode only."""
        assert self.libraries is not None
        return self.libraries.transform(_library_columns(inputs))

    @property
    def design_fields(self) -> list[str]:
        """The field each column of `Encoded.design` belongs to."""
        return self.clinical.design_fields() + ([] if self.clinical_cox is None else self.clinical_cox.coding.fields)

    @property
    def further(self) -> dict[str, int]:
        """{name: number of columns} of the further matrices, in the order of `Encoded.further`."""
        return {encoder.name: encoder.loadings.shape[1] for encoder in self.matrices}

    @property
    def library_genes(self) -> list[str]:
        """The gene of each column that `encoded_libraries` gives."""
        return [] if self.libraries is None else [column.split(SEPARATOR)[0] for column in self.libraries.genes]

    @property
    def described(self) -> np.ndarray:
        """(K,) bool: genes of the vocabulary that have a descriptor."""
        size = 0 if self.expression is None else len(self.expression.genes)
        if self.gene_descriptors is None:
            return np.zeros(size, bool)
        return self.gene_descriptors[:, -1] > 0

    def document(self) -> EncodersDocument:
        """The fitted constants as a JSON-able document; matrices are in `arrays`."""
        document: EncodersDocument = {
            "mode": self.mode,
            "fields": [encoding.document() for encoding in self.clinical.fields],
            "expression": None if self.expression is None else self.expression.document(),
            "libraries": None if self.libraries is None else self.libraries.document(),
            "descriptor": self.descriptor.document(),
            "harmonization": None
            if self.harmonization is None
            else {"genes": list(self.harmonization.genes), "batch": self.harmonization.constants.batch.tolist()},
            "signature": None if self.signature is None else self.signature.document(),
            "matrices": [encoder.document() for encoder in self.matrices],
            "sources": None if self.sources is None else self.sources.document(),
        }
        if self.clinical_cox is not None:
            document["clinical_cox"] = self.clinical_cox.document()
        return document

    def arrays(self) -> dict[str, np.ndarray]:
        """The fitted matrices: loadings (K, r), library_loadings, gene_descriptors (K, J + 1), batch_* of the harmonisation."""
        arrays = {}
        if self.expression is not None:
            arrays["loadings"] = self.expression.loadings
        if self.libraries is not None:
            arrays["library_loadings"] = self.libraries.loadings
        if self.gene_descriptors is not None:
            arrays["gene_descriptors"] = self.gene_descriptors
        if self.signature is not None:
            arrays |= self.signature.arrays()
        for encoder in self.matrices:
            arrays |= encoder.arrays()
        if self.sources is not None:
            arrays |= self.sources.arrays()
        if self.harmonization is not None:
            held = self.harmonization.constants._asdict()
            arrays |= {f"batch_{name}": held[name] for name in BATCH_ARRAYS}
        return arrays

    @classmethod
    def restore(cls, document: EncodersDocument, arrays: dict[str, np.ndarray]) -> Encoders:
        """The encoders that `document()` and `arrays()` describe."""
        expression = ExpressionEncoder.restore(document["expression"], arrays.get("loadings"))
        libraries = ExpressionEncoder.restore(document["libraries"], arrays.get("library_loadings"))
        held = document["descriptor"]
        descriptor = DescriptorEncoder(
            tuple(held["names"]),
            tuple(held["mean"]),
            tuple(held["scale"]),
            {source: tuple(columns) for source, columns in held["sources"].items()},
        )
        batches, harmonization = document["harmonization"], None
        if batches is not None:
            constants = Harmonization(np.array(batches["batch"]), *(arrays[f"batch_{name}"] for name in BATCH_ARRAYS))
            harmonization = BatchConstants(tuple(batches["genes"]), constants)
        clinical, descriptors = (
            ClinicalEncoder(tuple(map(FieldEncoding.restore, document["fields"]))),
            arrays.get("gene_descriptors"),
        )
        signature = SignatureEncoder.restore(document["signature"], arrays)
        matrices = tuple(restore_matrix(held, arrays) for held in document.get("matrices") or [])
        fitted = (clinical, expression, descriptor, descriptors, harmonization, libraries, signature)
        sources = SourceColumns.restore(document.get("sources"), arrays)
        cox = CoxColumns.restore(document.get("clinical_cox"), clinical)
        return cls(document["mode"], *fitted, matrices, sources, cox)


class Encoded(NamedTuple):
    """What the network reads for n patients.

    state, treatment (n, .) numbers; *_codes (n, .) level indices; design (n, p) of the linear path; z (n, Kd) standardised
    expression of the described genes; genes_present (n,) of them; components (n, r); has_omics (n,) bool;
    genes_used (n,); matched (n, K, J + 1) or None; signature (n, S) columns of the signature branch; further (n, F) those of
    the further matrices, side by side.
    """

    state: np.ndarray
    state_codes: np.ndarray
    treatment: np.ndarray
    treatment_codes: np.ndarray
    design: np.ndarray
    z: np.ndarray
    genes_present: np.ndarray
    components: np.ndarray
    has_omics: np.ndarray
    genes_used: np.ndarray
    matched: np.ndarray | None
    signature: np.ndarray
    further: np.ndarray

    def take(self, index: np.ndarray) -> Encoded:
        """The patients at `index`."""
        return Encoded._make(None if array is None else array[index] for array in self)

    def clinical_only(self) -> Encoded:
        """The same patients without omics."""
        n = len(self.design)
        nothing, nobody = np.zeros((n, 0), np.float32), np.zeros(n, bool)
        return self._replace(
            z=nothing,
            genes_present=np.ones(n, np.float32),
            components=nothing,
            has_omics=nobody,
            genes_used=np.zeros(n, np.int32),
            matched=None,
            signature=nothing,
            further=nothing,
        )


def _require_a_covariate(clinical: ClinicalEncoder) -> None:
    """Raise ModelError when every covariate was dropped."""
    if all(encoding.dropped for encoding in clinical.fields):
        reasons = (
            "; ".join(f"{encoding.name} {encoding.dropped}" for encoding in clinical.fields) or "no field declared"
        )
        raise ModelError(
            Problem(
                "inputs",
                f"no usable covariate ({reasons}) and no usable gene",
                "A model needs one of them.",
                "Name fields that vary between patients, or give expression.",
            )
        )


def _library_columns(inputs: ModelInputs) -> ModelInputs:
    # Descriptors (n, K, J) as an expression matrix (n, K J), so that what encodes expression encodes libraries.
    assert inputs.descriptors is not None
    names = tuple(f"{gene}{SEPARATOR}{feature}" for gene in inputs.genes for feature in inputs.descriptor_names)
    values = inputs.descriptors.reshape(len(inputs), len(names))
    return replace(inputs, expression=values, genes=names, descriptors=None, descriptor_names=(), blocks={})
