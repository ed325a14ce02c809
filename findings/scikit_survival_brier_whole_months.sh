#!/usr/bin/env bash
# With follow-up in whole months scikit-survival 0.28.0's Brier score is too high by a tenth; the same data in finer time are right.
#
# Event and censoring times are drawn independently, so the Brier score of the uncensored patients is known. An event in month t is
# seen by those not censored before t, with probability G(t-); the score divides by G(t), which leaves out those censored in that
# month, and so counts each event too heavily. Moving every event by a millionth of a month before the censorings of its month, which
# changes no order and no fact, gives the known score. torchsurv 0.2.0 weighs in the same way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  scikit-survival==0.28.0 scikit-learn==1.9.1 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from sksurv.metrics import brier_score
from sksurv.util import Surv

random = np.random.default_rng(3)
patients, horizon = 50_000, 3.0
hazard = 1 - 0.85 ** np.exp(random.normal(size=patients))
event = random.geometric(hazard).astype(float)
censored = random.geometric(0.15, size=patients).astype(float)
survival = (1 - hazard) ** horizon
known = float(np.mean((survival - (event > horizon)) ** 2))
seen = event <= censored


def score(months):
    outcome = Surv.from_arrays(seen, months)
    return float(brier_score(outcome, outcome, survival, [horizon])[1][0])


months = np.minimum(event, censored)
whole, earlier = score(months), score(months - 1e-6 * seen)
print(f"scikit-survival {version('scikit-survival')}, {patients} patients, {seen.mean():.0%} events")
print(f"Brier score at month 3, true survival as prediction: without censoring {known:.4f}")
print(f"whole months {whole:.4f}; events a millionth of a month before the censorings of their month {earlier:.4f}")
if abs(earlier - known) > 0.003:
    sys.exit("CHANGED: the score of untied times is no longer the known one.")
if whole < 1.05 * known:
    sys.exit("CHANGED: whole months no longer raise the score.")
print("As stated: ties of events and censorings raise the Brier score, the same facts without ties give the known one.")
PY
