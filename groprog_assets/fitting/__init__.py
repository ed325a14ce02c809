"""Fitting that the risk model and its baselines share, on training patients alone.

Belongs here: the encoding of clinical covariates, the removal of batch effects, the stratified folds, ridge Cox, labels of high
and low. Arrays in, arrays out; NumPy and SciPy.
Not here: the network (`model`), the comparison of finished models (`methods.evaluation`), loops over all patients or pairs
(`groprog_kernels`).
"""
