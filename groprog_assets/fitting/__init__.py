"""What the model and the models it is compared with fit in the same way, on training patients alone.

Belongs here: the encoding of clinical covariates, the stratified folds, ridge Cox. Arrays in, arrays out; NumPy and SciPy.
Not here: the network (`model`), the comparison of finished models (`methods.evaluation`), loops over all patients or pairs
(`groprog_kernels`).
"""
