"""eqs. 1 and 3 and Table 5: shapes, masks, linearity in expression, and the guard against equal patients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from groprog_assets.errors import ModelError
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.representation import Batch, ClinicalBranch, DescriptorMaps, GenomicBranch, block_widths
from tests.model.cohorts import FIELDS, cohort, matched, parameters


def branch(inputs: ModelInputs, **changes) -> tuple[GenomicBranch, Batch, Encoders]:
    settings = parameters(**changes)
    encoders = Encoders.fit(inputs, settings)
    torch.manual_seed(0)
    genomic = GenomicBranch(encoders, settings.representation).double()
    return genomic, Batch.of(encoders.transform(inputs), dtype=torch.float64), encoders


def test_equation_1_maps_every_source_to_its_part():
    sources = {"tss": (0,), "body": (1,), "pausing": (2,), "function": (4,), "differential": (3,)}
    maps = DescriptorMaps(sources, block_widths(parameters().representation), 5).double()
    table = torch.randn(7, 6, dtype=torch.float64)
    u = maps(table)
    assert u.shape == (7, 128)
    changed = table.clone()
    changed[:, 2] += 1.0
    moved = (maps(changed) - u).abs().sum(dim=0) > 0
    assert moved[64:80].all()
    assert not moved[:64].any()
    assert not moved[80:].any()


@pytest.mark.parametrize("separate", [False, True])
def test_the_upstream_background_has_a_map_of_its_own_only_where_asked(separate: bool):
    inputs, _ = cohort(20, genes=6)
    genomic, _, encoders = branch(inputs, representation={"separate_upstream": separate})
    upstream = encoders.descriptor.names.index("upstream_density")
    assert encoders.descriptor.sources["tss"] == ((0,) if separate else (0, upstream))
    assert encoders.descriptor.sources["upstream"] == ((upstream,) if separate else ())
    changed = genomic.gene_descriptors.clone()
    changed[:, upstream] += 1.0
    moved = (genomic.maps(changed) - genomic.maps(genomic.gene_descriptors)).abs().sum(dim=0) > 0
    # 64 dimensions: the map of the TSS, then that of upstream, then that of the body.
    assert moved.nonzero()[:, 0].tolist() == (list(range(22, 43)) if separate else list(range(32)))


def test_signature_mode_pools_expression_over_described_genes():
    inputs, _ = cohort(20, genes=6)
    genomic, batch, encoders = branch(inputs, representation={"gene_deviation": False})
    weights = genomic.maps(genomic.gene_descriptors)
    expected = torch.zeros(20, 128, dtype=torch.float64)
    encoded = encoders.expression.transform(inputs)
    for patient in range(20):
        present = encoded.present[patient]
        for gene in np.flatnonzero(present):
            expected[patient] += float(encoded.z[patient, gene]) * weights[gene] / present.sum() ** 0.5
    torch.testing.assert_close(genomic(batch), expected, rtol=1e-6, atol=1e-6)


def test_genes_without_a_descriptor_act_through_the_deviation():
    inputs, _ = cohort(40, genes=6)
    inputs.descriptors[3:] = np.nan
    changed = inputs.take(np.arange(40))
    changed.expression[:, 5] += 1.0
    for deviation, moves in ((True, True), (False, False)):
        genomic, batch, encoders = branch(inputs, representation={"gene_deviation": deviation})
        other = Batch.of(encoders.transform(changed), dtype=torch.float64)
        assert bool((genomic(other) != genomic(batch)).any()) is moves


def test_gene_weights_rebuild_g():
    inputs, _ = cohort(30, genes=8)
    inputs.descriptors[5:] = np.nan
    genomic, batch, encoders = branch(inputs)
    loadings, described = torch.from_numpy(encoders.expression.loadings), torch.from_numpy(encoders.described)
    deviation, mapped = genomic.gene_weights(loadings, described)
    z = torch.from_numpy(encoders.expression.transform(inputs).z).double()
    rebuilt = z @ deviation + z @ mapped / batch.genes_present.sqrt()[:, None]
    torch.testing.assert_close(rebuilt, genomic(batch), rtol=1e-5, atol=1e-5)


def test_patients_without_omics_have_no_g():
    inputs, _ = cohort(20)
    inputs.expression[4] = np.nan
    genomic, batch, _ = branch(inputs)
    assert not batch.has_omics[4]
    assert (genomic(batch)[4] == 0).all()


def test_matched_mode_averages_over_described_genes():
    inputs, _ = matched(15, genes=5)
    inputs.descriptors[0, 2:] = np.nan
    genomic, batch, encoders = branch(inputs)
    table = torch.from_numpy(encoders.descriptor.transform(inputs.descriptors[0, :2])).double()
    torch.testing.assert_close(genomic(batch)[0], genomic.maps(table).mean(dim=0))


def test_equal_patients_are_refused():
    inputs, _ = cohort(20, genes=4)
    genomic, batch, _ = branch(inputs)
    same = batch._replace(z=batch.z * 0, components=batch.components * 0)
    with pytest.raises(ModelError, match="must differ between patients"):
        genomic.settle(same)
    genomic.settle(batch)
    assert float(genomic(batch).detach().var(dim=0, unbiased=False).mean()) == pytest.approx(1.0)


def test_equation_3_holds_no_label_and_keeps_its_three_parts():
    inputs, _ = cohort(30)
    settings = parameters()
    encoders = Encoders.fit(inputs, settings)
    encoded = encoders.transform(inputs)
    clinical = ClinicalBranch(encoders, settings.representation, (encoded.state.shape[1], encoded.treatment.shape[1]))
    batch = Batch.of(encoded)
    c = clinical(batch)
    assert c.shape == (30, 48)
    moved = (clinical(batch._replace(treatment=batch.treatment + 1)) != c).any(dim=0)
    assert moved[32:].any()
    assert not moved[:32].any()
    other = (clinical(batch._replace(state_codes=torch.zeros_like(batch.state_codes))) != c).any(dim=0)
    assert other[16:32].any()
    assert not other[:16].any()
    assert all((table.weight[0] == 0).all() for table in clinical.state_levels)


def test_descriptors_absent_altogether_leave_the_deviation():
    inputs, _ = cohort(20, genes=5)
    bare = ModelInputs(inputs.patient_id, FIELDS, inputs.covariates, inputs.expression, inputs.genes)
    genomic, batch, _ = branch(bare)
    assert genomic.maps is None
    assert genomic(batch).abs().sum() > 0
