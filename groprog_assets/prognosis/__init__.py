"""Between tables and the model: the model's columns, runs without parts of it, external cohorts, the model in use, scores of
new patients.

Belongs here: what needs both the tables of `methods` and the network of `model`. Not here: Dagster's assets, torch itself.
"""
