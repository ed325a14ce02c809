"""Assets of the annotation: gene models, genes, ontology."""
