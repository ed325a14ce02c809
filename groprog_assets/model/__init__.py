"""The risk model. torch lives here and nowhere else."""
