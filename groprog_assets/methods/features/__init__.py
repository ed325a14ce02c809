"""What is measured on genes, units and loci: profiles, pausing, differential transcription, enrichment, descriptors."""
