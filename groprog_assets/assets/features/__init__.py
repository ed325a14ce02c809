"""Assets measured on genes, units and loci, up to the descriptor of each gene."""
