"""Evaluation of risk scores: metrics with intervals, baselines, calibration, comparison of models."""
