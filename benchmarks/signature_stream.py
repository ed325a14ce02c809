"""Signature columns of a cohort larger than memory, its expression read twice in blocks: CPU seconds, peak of resident memory.

python -m benchmarks.signature_stream [--patients 1000000] [--genes 20000] [--at-once 256] [--limit 1.0]

The matrix is made block by block, the same each time it is read, and never held or written: noise of a fixed table, shifted
along the genes, and one programme of each patient that the genes carry by their fold change. Compared first, at 3,000 patients x
1,500 genes, with the columns of the whole matrix in memory. Fails where these differ by more than rounding, where the column of
the response does not follow the programme, and where the peak (VmHWM) reaches --limit GB.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from groprog_assets.model.expression_encoder import ExpressionEncoder
from groprog_assets.model.inputs import ModelInputs
from groprog_assets.model.signature import SignatureEncoder
from groprog_assets.model.streamed_signature import StreamedSignature, streamed_signature
from groprog_assets.study.parameters import Parameters

NAMES = ("body_density", "log2_fold_change", "significance", "pausing_index_rank", "cell_junction")
LOADING = 0.3


class Simulated:
    """A matrix patients x genes that exists one block at a time; descriptors (genes, 5) and the patients' programme."""

    def __init__(self, patients: int, genes: int, at_once: int):
        generator = np.random.default_rng(0)
        self.patients, self.at_once = patients, at_once
        self.noise = generator.standard_normal((at_once, genes), dtype=np.float32)
        self.programme = generator.standard_normal(patients, dtype=np.float32)
        self.descriptors = generator.normal(size=(genes, len(NAMES)))
        self.descriptors[:, 1] = np.clip(self.descriptors[:, 1], -1, 1) * (generator.random(genes) < 0.1)
        self.descriptors[:, 3] = generator.random(genes)
        self.descriptors[:, 4] = generator.random(genes) < 0.05

    def blocks(self) -> Iterator[np.ndarray]:
        """Consecutive patients, the same each time."""
        response = (LOADING * self.descriptors[:, 1]).astype(np.float32)
        for start in range(0, self.patients, self.at_once):
            block = np.roll(self.noise, start // self.at_once * 7919, axis=1)[: self.patients - start]
            block += self.programme[start : start + self.at_once, None] * response
            yield block


def streamed(made: Simulated, parameters: Parameters) -> StreamedSignature:
    """The columns of the simulated matrix."""
    limit = parameters.training.full_batch_limit
    return streamed_signature(made.blocks, made.patients, made.descriptors, NAMES, parameters.signature, limit)


def whole(made: Simulated, parameters: Parameters) -> np.ndarray:
    """The same with the matrix in memory, by the encoders of a training fold."""
    values = np.concatenate(list(made.blocks()))
    names = tuple(f"G{gene}" for gene in range(values.shape[1]))
    inputs = ModelInputs(np.arange(made.patients).astype(str), (), {}, values, names, made.descriptors, NAMES, {})
    limit = parameters.training.full_batch_limit
    encoder = ExpressionEncoder.fit(inputs, 2, limit)
    z = encoder.standardised(inputs, limit)
    signature = SignatureEncoder.fit(made.descriptors, NAMES, z, parameters.signature)
    assert signature is not None
    return signature.columns(encoder.transform(inputs).z)


def peak() -> float:
    """VmHWM of this process, GB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--at-once", type=int, default=256, help="patients in a block")
    parser.add_argument("--limit", type=float, default=1.0, help="GB of resident memory")
    options = parser.parse_args()
    parameters = Parameters()
    small = Simulated(3000, 1500, 250)
    apart = np.abs(streamed(small, parameters).columns - whole(small, parameters)).max()
    print(f"3000 x 1500 in memory and in blocks: largest difference {apart:.1e} of columns with SD 1", flush=True)
    made = Simulated(options.patients, options.genes, options.at_once)
    started, elapsed = time.process_time(), time.perf_counter()
    found = streamed(made, parameters)
    spent, elapsed = time.process_time() - started, time.perf_counter() - elapsed
    response = found.columns[:, found.names.index("response")]
    follows = float(np.corrcoef(response, made.programme)[0, 1])
    size = options.patients * options.genes * 4 / 1e9
    print(
        f"{options.patients} x {options.genes} ({size:.0f} GB as float32), {len(found.names)} columns: {', '.join(found.names)}"
    )
    print(
        f"{spent:.0f} CPU s, {elapsed:.0f} s, {spent / options.patients * 1e6:.0f} CPU us a patient, making it twice included"
    )
    print(f"the column of the response follows the programme: r = {follows:.3f}")
    print(f"peak of resident memory (VmHWM): {peak():.2f} GB; limit {options.limit:g} GB")
    assert apart < 1e-3, apart
    assert follows > 0.8, follows
    assert peak() < options.limit, peak()


if __name__ == "__main__":
    main()
