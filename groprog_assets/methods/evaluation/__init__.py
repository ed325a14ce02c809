"""What a risk score is worth: metrics with intervals, baselines, calibration, comparison between models."""
