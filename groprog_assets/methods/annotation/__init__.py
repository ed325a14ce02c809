"""Gene models, consensus genes, dominant TSSs, masks and ontology terms: annotation files in, tables out."""
