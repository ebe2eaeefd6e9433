"""Text of others made fit for one line of a log or a terminal: no character commands anything, or ends the line."""

from __future__ import annotations

import unicodedata

LONGEST_LINE = 2000

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, format, surrogate, line and paragraph separators


def visible(text: str) -> str:
    """Return the text with every character that is not seen written as its escape: `\\x1b`, `\\u202e`; tabs stay."""
    if text.isprintable():
        return text
    return "".join(_escaped(letter) if unicodedata.category(letter) in _HIDDEN else letter for letter in text)


def one_line(text: str, limit: int = LONGEST_LINE) -> str:
    """Return the text as one line, with escapes for what is not seen, cut off where it goes on too long."""
    if len(text) > limit:
        text = f"{text[:limit]}…"
    return visible(text).replace("\t", "\\t")


def lines(text: str) -> list[str]:
    """Return the lines of a longer text, each fit to be shown; only line feeds and CR LF end one."""
    return [visible(line) for line in text.replace("\r\n", "\n").split("\n")]


def _escaped(letter: str) -> str:
    return letter if letter == "\t" else letter.encode("unicode_escape", "surrogatepass").decode("ascii")
