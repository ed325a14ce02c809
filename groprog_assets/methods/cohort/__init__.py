"""Patients: clinical tables, expression, the sample index, folds. Only this room reads identifiers and outcomes."""
