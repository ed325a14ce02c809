"""What a server of this project answers, and what it refuses. Not here: the pages themselves, and the programs that serve them.

Standard library only.
"""
