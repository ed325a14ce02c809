"""Which requests a server of this project answers.

Belongs here: the names a server answers to, who may ask for a change, the headers of every answer. Not here: the pages themselves
(`lineage`, Dagster), the programs that serve them (`ui`). Standard library only.
"""
