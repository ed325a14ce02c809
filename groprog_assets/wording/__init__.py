"""Words of which every room makes its sentences: counted nouns, settings, commands that a reader pastes into a shell.

Belongs here: what agrees with a number, what a shell reads as it is meant. Not here: how a number is rounded
(`figures.numbers`). Standard library only.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def count_of(count: int, noun: str, plural: str = "") -> str:
    """`1 cell`, `2 cells`; `plural` where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def shell_command(*words: object) -> str:
    """The words as one line for a POSIX shell; a word with spaces or other characters that mean something to it is quoted."""
    return shlex.join(str(word) for word in words)


def shell_word(word: object) -> str:
    """One word as a POSIX shell reads it back, as after `>`."""
    return shlex.quote(str(word))


def setting(value: object) -> str:
    """A setting in words, with every digit: yes and no, "not set" for None, the items of a list or mapping one after another."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(setting, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {setting(item)}" for key, item in value.items()) or "none"
    return str(value)
