"""The one exception that is meant for a person's eyes."""

from __future__ import annotations


class FerError(Exception):
    """Something the user can mend: a wrong name, missing data, a full disk.

    The message says what is wrong, where, and what to do. The command line prints it without
    a traceback and leaves with ``exit_code``: 2 when the request itself was wrong (a mistyped
    parameter, an unknown data set), 1 when the request was fine but the world was not (a
    corrupt image, a full disk, a cell that failed).
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(harmless(message))
        self.exit_code = exit_code


class UsageError(FerError):
    """The request itself was wrong; the command line leaves with 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=2)


def harmless(text: str, kept: str = "\n\t") -> str:
    """``text`` with everything that a terminal would obey instead of print written out, such as ``\\x1b``.

    File names come from strangers: an escape sequence in one could hide a line or rename the window. Bytes of a name
    that are no UTF-8, which could not be printed at all, are written out too; the characters in ``kept`` stay.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in kept else char.encode("unicode_escape").decode("ascii") for char in text
    )


def did_you_mean(word: str, known: list[str] | tuple[str, ...]) -> str:
    """``" Did you mean 'x'?"`` for the closest of ``known``, or an empty string."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def check_choice(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise a :class:`UsageError` that lists what is allowed, unless ``value`` is among it."""
    if value not in allowed:
        raise UsageError(f"{what} must be one of {', '.join(allowed)}, not {value!r}.{did_you_mean(value, allowed)}")
