"""The sequence half: reference, windows, targets, splits, models, their evaluation."""
