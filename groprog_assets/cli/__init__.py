"""The command `groprog`: one module a group of commands, each turning words into calls and answers into text.

Belongs here: options, questions to the terminal, what is printed. Not here: any decision about a study; the rooms below make
those. Only `main` imports the modules of commands.
"""
