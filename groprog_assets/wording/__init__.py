"""Words of which every room makes its sentences: counted nouns, and commands that a reader pastes into a shell.

Belongs here: what agrees with a number, what a shell reads as it is meant. Not here: how a number is rounded
(`figures.numbers`). Standard library only.
"""

from __future__ import annotations

import shlex


def count_of(count: int, noun: str, plural: str = "") -> str:
    """`1 cell`, `2 cells`; `plural` where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def shell_command(*words: object) -> str:
    """The words as one line for a POSIX shell; a word with spaces or other characters that mean something to it is quoted."""
    return shlex.join(str(word) for word in words)


def shell_word(word: object) -> str:
    """One word as a POSIX shell reads it back, as after `>`."""
    return shlex.quote(str(word))
