"""Assets of the multi-omics store."""
