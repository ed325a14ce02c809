"""The factor model against mofapy2, similarity network fusion against snfpy: agreement, and CPU time of one thread.

`python -m benchmarks.integration ORACLE` with ORACLE the Python of an environment with `mofapy2==0.7.5` and `snfpy==0.2.2`; it
runs in a child process. snfpy calls `check_array` with an argument that scikit-learn has renamed; the child translates it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.phenotypes import fastest
from groprog_kernels.factor_model import fit_factor_model
from groprog_kernels.similarity_fusion import fuse
from tests.kernels.test_factor_model import centred, explained, planted
from tests.kernels.test_similarity_fusion import affinities

SEEDS = range(101, 109)
SAMPLES = (45, 200, 400)
MOFAPY2 = """
import contextlib, io, json, sys, time
import numpy as np
from mofapy2.run.entry_point import entry_point
given = np.load(sys.argv[1])
views = [given[f"view{k}"] for k in range(3)]
best = 1e9
for _ in range(2):
    with contextlib.redirect_stdout(io.StringIO()):
        model = entry_point()
        model.set_data_options(scale_views=False)
        model.set_data_matrix([[view.copy()] for view in views], likelihoods=["gaussian"] * 3)
        model.set_model_options(factors=10)
        model.set_train_options(iter=1000, convergence_mode="fast", dropR2=0.01, seed=1, quiet=True)
        began = time.process_time()
        model.build()
        model.run()
        best = min(best, time.process_time() - began)
    found = model.model.getExpectations()
scores = found["Z"]["E"] if isinstance(found["Z"], dict) else found["Z"]
np.savez(sys.argv[2], scores=scores, weights=found["W"][1]["E"])
print(json.dumps({"seconds": best}))
"""
SNFPY = """
import json, sys, time
import numpy as np
import snf.compute
old = snf.compute.check_array
snf.compute.check_array = lambda *a, force_all_finite=True, **k: old(*a, ensure_all_finite=force_all_finite, **k)
given = np.load(sys.argv[1])
networks = [given[f"network{k}"] for k in range(3)]
best = 1e9
for _ in range(3):
    began = time.process_time()
    found = snf.compute.snf(*[network.copy() for network in networks], K=20, t=20)
    best = min(best, time.process_time() - began)
np.savez(sys.argv[2], fused=found)
print(json.dumps({"seconds": best}))
"""


def peer(python: str, code: str, folder: Path, **arrays: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
    """CPU seconds and arrays of a script of the other environment."""
    np.savez(folder / "given.npz", **arrays)
    command = [python, "-c", code, str(folder / "given.npz"), str(folder / "found.npz")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    with np.load(folder / "found.npz") as found:
        return json.loads(done.stdout.splitlines()[-1])["seconds"], dict(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("oracle")
    python = parser.parse_args().oracle
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(
            "seed   R2 of factors: ours, mofapy2   R2 of the missing view: ours, mofapy2   CPU s: ours, mofapy2   ratio"
        )
        worst, ratios = 0.0, []
        for seed in SEEDS:
            scores, full, seen, lost = planted(seed)
            views, mean, held = centred(seen), np.nanmean(seen[1], axis=0), full[1][lost]
            own = fit_factor_model(views, 10)
            seconds = fastest(lambda v=views: fit_factor_model(v, 10))
            other, found = peer(python, MOFAPY2, folder, **{f"view{k}": view for k, view in enumerate(seen)})
            fits = [explained(scores, s) for s in (own.scores, found["scores"])]
            filled = [own.scores[lost] @ own.weights[1].T, found["scores"][lost] @ found["weights"].T]
            total = ((held - held.mean()) ** 2).sum()
            imputed = [1 - ((held - mean - made) ** 2).sum() / total for made in filled]
            worst = max(worst, abs(fits[0] - fits[1]), abs(imputed[0] - imputed[1]))
            ratios.append(other / seconds)
            told = " ".join(f"{value:.4f}" for value in (*fits, *imputed))
            print(f"{seed}    {told}   {seconds:.3f} {other:.3f}   x {ratios[-1]:.1f}")
        print(
            f"factor model: largest difference {worst:.4f} (limit .005), CPU x {min(ratios):.1f} to {max(ratios):.1f}"
        )
        assert worst <= 0.005, "as good as mofapy2"
        for n in SAMPLES:
            networks = affinities(1, n, 3)
            seconds = fastest(lambda w=networks: fuse(w))
            other, found = peer(python, SNFPY, folder, **{f"network{k}": given for k, given in enumerate(networks)})
            difference = float(np.abs(fuse(networks) - found["fused"]).max())
            assert difference < 1e-12, "equal to snfpy"
            print(
                f"fusion, {n} samples: {1e3 * seconds:.1f} ms, snfpy x {other / seconds:.1f}, difference {difference:.0e}"
            )


if __name__ == "__main__":
    main()
