#!/usr/bin/env bash
# With `normalize=True` scikit-survival 0.28.0's elastic-net Cox model has the same coefficients and predicts another survival.
#
# The penalty is next to nothing here, so scaling the columns changes nothing: coefficients and the order of the patients agree
# with `normalize=False` and with the unpenalised Cox model. Survival does not: it is not what Breslow's estimate gives for the
# returned coefficients, and its mean over the patients is off by several points. The concordance cannot show it, a Brier score does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  scikit-survival==0.28.0 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis
from sksurv.util import Surv

random = np.random.default_rng(0)
covariates = random.normal(size=(150, 3)) * [1.0, 10.0, 0.1] + [5.0, -3.0, 2.0]
years = 10 * random.exponential(np.exp(-(covariates[:, 0] - 5) - 0.1 * (covariates[:, 1] + 3)))
died = random.random(150) < 0.6
outcome = Surv.from_arrays(died, years)


def breslow_survival(coefficients, at):
    weight = np.exp(covariates @ coefficients)
    hazard = sum(1 / weight[years >= time].sum() for time in years[died & (years <= at)])
    return np.exp(-hazard * weight)


def survival(model, at):
    return np.array([step(at) for step in model.predict_survival_function(covariates)])


print(f"scikit-survival {version('scikit-survival')}; survival at 5 years of 150 patients")
reference = CoxPHSurvivalAnalysis().fit(covariates, outcome)
off = {}
for name, normalize in (("normalize=False", False), ("normalize=True", True)):
    model = CoxnetSurvivalAnalysis(
        alphas=[1e-6], l1_ratio=0.5, normalize=normalize, fit_baseline_model=True, tol=1e-12, max_iter=1_000_000
    ).fit(covariates, outcome)
    coefficients = model.coef_[:, 0]
    predicted, expected = survival(model, 5.0), breslow_survival(coefficients, 5.0)
    off[name] = np.abs(predicted - expected).max()
    print(f"{name}: coefficients {np.round(coefficients, 3)}, mean survival {predicted.mean():.4f}, by Breslow {expected.mean():.4f}")
    print(f"  largest difference for one patient {off[name]:.4f}")
    if not np.allclose(coefficients, reference.coef_, rtol=0.01):
        sys.exit("CHANGED: the coefficients are no longer those of the unpenalised model.")
print(f"unpenalised: coefficients {np.round(reference.coef_, 3)}, mean survival {survival(reference, 5.0).mean():.4f}")
if off["normalize=False"] > 1e-6 or off["normalize=True"] < 0.02:
    sys.exit("CHANGED: survival under normalize=True now follows from the coefficients, or under False it no longer does.")
print("As stated: the same coefficients, another survival.")
PY
