"""Assets of signal along the genome: coverage and chromatin marks."""
