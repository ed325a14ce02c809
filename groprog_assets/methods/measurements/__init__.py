"""Values of dense assays: the file layout, normalisation, missing values, batches. Formats: `methods/assays`."""
