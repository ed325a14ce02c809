"""The risk model: encoders, network, losses, training, prediction, explanation.

Belongs here: everything that needs torch. Not here: DataFrames (`prognosis` turns tables into the model's columns), Dagster.
"""
