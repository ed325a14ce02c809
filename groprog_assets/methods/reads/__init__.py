"""From read files to positions and stranded coverage: files and position tables in, tables and arrays out."""
