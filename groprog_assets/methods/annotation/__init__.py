"""Genes, their models and dominant start sites, ontology terms: annotation files in, tables out."""
