"""Assets from read files to the reads that count: alignment and filtering."""
