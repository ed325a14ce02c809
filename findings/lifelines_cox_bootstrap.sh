#!/usr/bin/env bash
# On a bootstrap sample whose row labels repeat, lifelines 0.30.3 reports a Cox concordance that has nothing to do with the fit.
#
# The fit gives no warning. Coefficients are those of the same rows with fresh labels, and so is the concordance computed from the
# predictions; only `concordance_index_`, which the summary prints, is near or below one half.
# `DataFrame.sample(replace=True)` makes such labels, so bootstrap intervals and optimism corrections of the concordance meet it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  lifelines==0.30.3 pandas==2.3.3 numpy==2.4.6 scipy==1.17.1 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.utils import concordance_index

random = np.random.default_rng(0)
marker = random.normal(size=200)
patients = pd.DataFrame(
    {"months": np.ceil(10 * random.exponential(np.exp(-marker))), "died": random.random(200) < 0.6, "marker": marker}
)
print(f"lifelines {version('lifelines')}, pandas {version('pandas')}")
gaps = []
for seed in range(5):
    drawn = patients.sample(len(patients), replace=True, random_state=seed)
    fresh = drawn.reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        repeated, relabelled = CoxPHFitter().fit(drawn, "months", "died"), CoxPHFitter().fit(fresh, "months", "died")
    direct = concordance_index(fresh["months"], -repeated.predict_partial_hazard(fresh), fresh["died"])
    print(
        f"sample {seed}: coefficient {repeated.params_['marker']:.6f} and {relabelled.params_['marker']:.6f};"
        f" concordance_index_ with repeated labels {repeated.concordance_index_:.3f},"
        f" with fresh labels {relabelled.concordance_index_:.3f}, from its predictions {direct:.3f}"
    )
    if abs(repeated.params_["marker"] - relabelled.params_["marker"]) > 1e-9 or abs(direct - relabelled.concordance_index_) > 1e-9:
        sys.exit("CHANGED: the fits differ, or the predictions no longer give the concordance of the relabelled rows.")
    gaps.append(relabelled.concordance_index_ - repeated.concordance_index_)
if min(gaps) < 0.1:
    sys.exit("CHANGED: with repeated labels concordance_index_ is no longer far from that of the same rows relabelled.")
print(f"As stated: the same fit, a concordance too low by {min(gaps):.2f} to {max(gaps):.2f}.")
PY
