"""Assets of the read files: their identity and their quality."""
