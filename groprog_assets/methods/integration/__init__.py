"""Several assays of the same samples together: factors, fused networks, strata, group tests, biomarkers, gene sets, drugs.

Belongs here: what joins the finished matrices of assays (features x samples, missing = NaN). What is fitted has a `fit_<noun>`
that sees the samples it is given, and a function that applies the result to others: it may become a covariate of the risk model.
Not here: reading and normalising assays (`methods.assays`, `methods.measurements`), Dagster, DuckDB, torch.
"""
