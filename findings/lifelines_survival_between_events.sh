#!/usr/bin/env bash
# A Cox model of lifelines 0.30.3 predicts a survival below 1 at time 0, and a fall before an event where its own steps fall at it.
#
# A Cox model's baseline is a step function: 1 until the first event, then constant between events. `predict_survival_function`
# without `times` gives the steps at the observed times; with `times` it joins them by straight lines of cumulative hazard and
# carries the first one back to 0, so the same model answers differently for a time in between. lifelines' own Kaplan-Meier
# estimate is a step function, and 1 at time 0. A Brier score or a calibration at five years rests on such a time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  lifelines==0.30.3 pandas==2.3.3 numpy==2.4.6 scipy==1.17.1 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter

months, died = [12.0, 24.0, 36.0, 48.0, 60.0, 72.0], [1, 0, 1, 1, 0, 1]
patients = pd.DataFrame({"months": months, "died": died, "arm": [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]})
times = [0.0, 6.0, 12.0, 30.0, 35.9, 36.0]
model = CoxPHFitter().fit(patients, "months", "died")
control = pd.DataFrame({"arm": [0.0]})
steps = model.predict_survival_function(control)[0]
at_times = model.predict_survival_function(control, times=times)[0]
by_definition = np.array([steps[steps.index <= time].iloc[-1] if time >= steps.index[0] else 1.0 for time in times])
kaplan_meier = KaplanMeierFitter().fit(months, died).survival_function_at_times(times)
print(f"lifelines {version('lifelines')}; deaths at 12, 36, 48 and 72 months; survival of the control arm")
print("month   predicted   the model's own step function   Kaplan-Meier of all")
for time, predicted, expected, estimate in zip(times, at_times, by_definition, kaplan_meier):
    print(f"{time:5.1f}   {predicted:9.4f}   {expected:29.4f}   {estimate:19.4f}")
agree = np.isclose(at_times, by_definition)
if list(agree) != [False, False, True, False, False, True] or kaplan_meier.iloc[0] != 1.0:
    sys.exit("CHANGED: predictions at times without an observation no longer leave the model's step function.")
print(f"As stated: survival {at_times.iloc[0]:.3f} at time 0, and {at_times.iloc[4]:.3f} where the steps say {by_definition[4]:.3f}.")
PY
