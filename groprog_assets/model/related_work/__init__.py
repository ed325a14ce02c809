"""Forms of published survival models, to be compared with on the study's own folds: one module a form.

Reproductions of the form, not of the authors' code, with one fixed setting each. A module fits on the views of training patients
and gives a function that scores any patients; a patient's score never depends on other new patients.
"""
