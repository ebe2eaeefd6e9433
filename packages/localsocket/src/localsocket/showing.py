"""How errors and log lines show what somebody else wrote: quoted, on one line, and cut."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 200  # characters of a peer's text that are shown


def shown(value: object, limit: int = LONGEST) -> str:
    """Return the repr of what a peer sent: no control character is left in it, and of a long one only the beginning."""
    if isinstance(value, (str, bytes)):
        rest = len(value) - limit
        return repr(value) if rest <= 0 else f"{value[:limit]!r} and {rest} more"
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def one_line(text: str, limit: int = 1000) -> str:
    """Return a sentence in which a peer may have had a hand: on one line, with control characters escaped.

    A long one is cut in the middle, for at its end it says what to do.
    """
    rest = len(text) - limit
    if rest > 0:
        text = f"{text[: limit // 2]} ... {rest} more ... {text[-(limit // 2) :]}"
    return text if text.isprintable() else "".join(map(_visible, text))


def did_you_mean(similar: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(map(repr, similar))}?" if similar else ""


def _visible(letter: str) -> str:
    return letter if letter.isprintable() else ascii(letter)[1:-1]
