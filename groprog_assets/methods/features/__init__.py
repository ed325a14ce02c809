"""Features of genes, units and loci: TSS profiles, pausing, differential transcription, enrichment, gene descriptors."""
