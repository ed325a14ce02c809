"""The study: one typed object from one YAML file, its rules, its checks, and every published number it may override.

Belongs here: fields, parameters, rules between fields, and the readers that `study check` and the run share: text tables, lines
of annotation files, chromosome sizes. Not here: what the files mean (`methods`), the comparison of files with each other
(`intake`). Standard library, pydantic and PyYAML only.
"""
