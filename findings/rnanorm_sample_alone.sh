#!/usr/bin/env bash
# The fitted upper-quartile normaliser of rnanorm 2.2.0 gives a patient other values alone than beside other patients.
#
# `UQ().fit(cohort)` keeps the mean factor of the cohort, but `transform` takes the quartile over those genes that have a read in the
# samples it is handed: beside others nearly all genes, alone only the patient's own. Here a patient of the very cohort it was fitted
# on comes back at about half when alone, so a risk score depends on who is in the same batch. `CUF` shares the factors. No warning;
# the estimators follow scikit-learn's interface, where a fitted transformer treats each row by itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  rnanorm==2.2.0 scikit-learn==1.9.1 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from rnanorm import CPM, UQ

random = np.random.default_rng(0)
genes = 4000
expected = random.lognormal(1.0, 2.5, genes)
counts = random.negative_binomial(2, 2 / (2 + expected), size=(20, genes)).astype(float)
with_reads = (counts > 0).mean(axis=1)


def patient_alone(normaliser, patient):
    together = normaliser.transform(counts)[patient]
    alone = normaliser.transform(counts[[patient]])[0]
    seen = together > 0
    return alone[seen] / together[seen]


print(f"rnanorm {version('rnanorm')}, 20 patients, {genes} genes, a patient has reads in {with_reads.min():.0%} to {with_reads.max():.0%}")
print("values of a patient alone, divided by those of the same patient beside the others, one fitted normaliser:")
shares = {}
for name, normaliser in (("CPM", CPM()), ("UQ", UQ())):
    ratios = [patient_alone(normaliser.fit(counts), patient) for patient in range(20)]
    shares[name] = [float(ratio.mean()) for ratio in ratios]
    print(f"{name:3}  {min(shares[name]):.3f} to {max(shares[name]):.3f}")
if max(abs(share - 1) for share in shares["CPM"]) > 1e-9:
    sys.exit("CHANGED: counts per million are no longer those of the patient alone.")
if max(shares["UQ"]) > 0.9:
    sys.exit("CHANGED: upper-quartile values of a patient alone are now within a tenth of those beside the others.")
print("As stated: UQ depends on the samples in the same call.")
PY
