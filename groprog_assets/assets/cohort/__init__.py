"""Assets of the patients: clinical records, expression, the sample index."""
