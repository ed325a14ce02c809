"""Between tables and the model: columns for the model, its runs under ablation and disturbance, external cohorts,
the model in use, the scores of new patients.

Belongs here: what needs both the tables of `methods` and the network of `model`. Not here: Dagster's assets, torch itself.
"""
