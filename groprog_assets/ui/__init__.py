"""The Dagster UI of a study as programs.

Belongs here: the code server, the web server and the daemon behind `groprog dev`, how they start and end. Not here: what they may
be asked (`web`), the command (`cli.dev`), what runs (`running`).
"""
