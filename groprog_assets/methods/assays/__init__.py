"""Readers of assay files of five omics: one file format a module, each gives an `AssayTable` or the tables of a sparse assay."""
