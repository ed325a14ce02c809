"""Signature columns read in blocks equal those of the whole matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from groprog_assets.errors import CohortError, ModelError
from groprog_assets.methods.cohort.expression_blocks import parquet_blocks
from groprog_assets.model import streamed_signature as under_test
from groprog_assets.model.encoders import Encoders
from groprog_assets.model.streamed_signature import streamed_signature
from tests.model.cohorts import cohort, parameters


def large():
    """A cohort whose genes include one without values and one that does not vary; as inputs and settings."""
    inputs, _ = cohort(130, genes=23, seed=2)
    inputs.expression[:, 4] = np.nan
    inputs.expression[:, 9] = 1.5
    inputs.expression[3, 2] = 5000.0
    inputs.expression[:, 11] += 1e4
    return inputs, parameters(training={"full_batch_limit": 60})


@pytest.mark.parametrize("rows", [1, 7, 50, 130])
@pytest.mark.parametrize("at_once", [3, 512])
def test_blocks_give_the_columns_of_the_whole_matrix(rows, at_once, monkeypatch):
    inputs, settings = large()
    monkeypatch.setattr(under_test, "GENES_AT_ONCE", at_once)
    monkeypatch.setattr(under_test, "PATIENTS_AT_ONCE", 11)
    reads = []

    def blocks():
        reads.append(1)
        return (inputs.expression[start : start + rows] for start in range(0, len(inputs), rows))

    found = streamed_signature(blocks, len(inputs), inputs.descriptors, inputs.descriptor_names, settings.signature, 60)
    encoders = Encoders.fit(inputs, settings)
    expected = encoders.transform(inputs).signature
    assert found.names == encoders.signature.names
    assert np.flatnonzero(~found.kept).tolist() == [4, 9]
    np.testing.assert_allclose(found.columns, expected, rtol=2e-5, atol=2e-5)
    assert expected.std(axis=0).min() > 0.1
    assert len(reads) == 2


def test_a_parquet_file_of_patients_is_read_in_blocks(tmp_path):
    inputs, settings = large()
    columns = {gene: inputs.expression[:, place] for place, gene in enumerate(inputs.genes)}
    columns["G2"] = pa.array(inputs.expression[:, 2], from_pandas=True)  # NaN as null
    table = pa.table({"patient_id": inputs.patient_id, **dict(reversed(columns.items()))})
    parquet.write_table(table, tmp_path / "expression.parquet", row_group_size=40)
    blocks = parquet_blocks(tmp_path / "expression.parquet", inputs.genes, rows=32)
    found = streamed_signature(blocks, len(inputs), inputs.descriptors, inputs.descriptor_names, settings.signature, 60)
    expected = Encoders.fit(inputs, settings).transform(inputs).signature
    np.testing.assert_allclose(found.columns, expected, rtol=2e-5, atol=2e-5)
    with pytest.raises(CohortError, match="2 of 3 genes are no column, first X"):
        parquet_blocks(tmp_path / "expression.parquet", ("G0", "Y", "X"))


@pytest.mark.parametrize("infinite", [-np.inf, np.inf])
def test_infinite_values_count_as_missing_in_blocks_too(infinite):
    inputs, settings = large()
    raw = inputs.expression.copy()
    raw[np.random.default_rng(5).random(raw.shape) < 0.05] = infinite  # log2 of a count of 0
    found = streamed_signature(
        lambda: (raw[start : start + 50] for start in (0, 50, 100)),
        len(inputs),
        inputs.descriptors,
        inputs.descriptor_names,
        settings.signature,
        60,
    )
    whole = replace(inputs, expression=raw)
    expected = Encoders.fit(whole, settings).transform(whole).signature
    np.testing.assert_allclose(found.columns, expected, rtol=2e-5, atol=2e-5)
    assert np.isinf(raw).any()


@pytest.mark.parametrize(("patients", "said"), [(131, "130 patients"), (129, "after 100 patients")])
def test_another_number_of_patients_is_refused(patients, said):
    inputs, settings = large()
    with pytest.raises(ModelError, match=said):
        streamed_signature(
            lambda: (inputs.expression[start : start + 50] for start in (0, 50, 100)),
            patients,
            inputs.descriptors,
            inputs.descriptor_names,
            settings.signature,
            60,
        )


def test_descriptors_of_other_genes_are_refused():
    inputs, settings = large()
    nothing = np.full_like(inputs.descriptors, np.nan)
    with pytest.raises(ModelError, match="0 functions of 21 usable genes"):
        streamed_signature(
            lambda: [inputs.expression], len(inputs), nothing, inputs.descriptor_names, settings.signature, 60
        )
