"""Patients: clinical tables, expression, the sample index, folds. Identifiers and outcomes are read here and nowhere else."""
