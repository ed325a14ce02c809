"""The study: one typed object from one YAML file, its rules, its checks, and every published number it may override.

Belongs here: fields, parameters, rules between fields. Not here: reading the files it names beyond their first bytes
(`methods`, `intake`). Standard library, pydantic and PyYAML only.
"""
