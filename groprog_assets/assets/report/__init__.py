"""Assets a person opens: figures, locus pages, the report."""
