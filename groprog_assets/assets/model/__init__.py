"""Assets of the risk model: tensors, training, scores, baselines, evaluation, the model in use."""
