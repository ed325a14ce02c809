"""eqs. 8-9 and the member that holds them."""

from __future__ import annotations

import torch

from groprog_assets.model.encoders import Encoders
from groprog_assets.model.network import RiskHead, RiskNetwork, Trunk, input_widths
from groprog_assets.model.representation import Batch
from tests.model.cohorts import cohort, parameters


def network(**changes) -> tuple[RiskNetwork, Batch]:
    inputs, _ = cohort(25)
    settings = parameters(**changes)
    encoders = Encoders.fit(inputs, settings)
    encoded = encoders.transform(inputs)
    torch.manual_seed(0)
    return RiskNetwork(encoders, settings, input_widths(encoded)).double().eval(), Batch.of(
        encoded, "cpu", torch.float64
    )


def test_equation_8_is_two_layers_gelu_norm_and_projected_residual():
    torch.manual_seed(0)
    trunk = Trunk(128, 128, 64, 0.3).eval()
    h = torch.randn(9, 128)
    inner = torch.nn.functional.gelu(h @ trunk.first.weight.T + trunk.first.bias) @ trunk.second.weight.T
    expected = inner + trunk.second.bias + h @ trunk.shortcut.weight.T
    expected = (expected - expected.mean(dim=1, keepdim=True)) / (
        expected.var(dim=1, unbiased=False)[:, None] + 1e-5
    ).sqrt()
    torch.testing.assert_close(trunk(h), expected, atol=1e-5, rtol=1e-5)
    assert trunk(h).shape == (9, 64)


def test_equation_9_has_one_scale():
    torch.manual_seed(0)
    head, s = RiskHead(64), torch.randn(9, 64)
    before = head(s)
    expected = s @ (head.direction / head.direction.norm()) / head.log_temperature.exp()
    torch.testing.assert_close(before, expected)
    with torch.no_grad():
        head.direction.mul_(7.0)
    torch.testing.assert_close(head(s), before)
    with torch.no_grad():
        head.log_temperature.add_(torch.log(torch.tensor(2.0)))
    torch.testing.assert_close(head(s), before / 2)


def test_risk_mixes_the_linear_path_and_the_network():
    net, batch = network()
    net.linear.normal_()
    net.mixture.copy_(torch.tensor([0.7, 0.2]))
    output = net(batch)
    columns = torch.cat([batch.design, batch.components, batch.signature], dim=1)
    torch.testing.assert_close(output.linear, columns @ net.linear)
    torch.testing.assert_close(output.risk, 0.7 * output.linear + 0.2 * output.network)


def test_a_patient_without_omics_is_read_from_the_clinical_branch_alone():
    net, batch = network()
    without = batch._replace(has_omics=torch.zeros_like(batch.has_omics))
    changed = without._replace(z=without.z + 3, components=without.components - 2, signature=without.signature + 1)
    torch.testing.assert_close(net(without).risk, net(changed).risk)
    assert (net(without).eta == 0).all()


def test_table_5_widths():
    net, batch = network()
    assert {name: len(part) for name, part in net.block_columns().items()} == {
        "density": 64,
        "pausing": 16,
        "differential": 48,
    }
    assert net.g(batch).shape[1] == 128
    assert net.clinical(batch).shape[1] == 48
    named = {id(p) for p in net.parameters()}
    parts = [*net.genomic_parameters(), *net.clinical_parameters(), *net.shared_parameters()]
    assert {id(p) for p in parts} == named
    assert len(parts) == len(named)
