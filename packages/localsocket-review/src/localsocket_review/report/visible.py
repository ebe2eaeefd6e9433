"""What a file holds or is called, made fit to be shown: it must not command a terminal or turn words around."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, format, surrogate, line and paragraph separators


def visible(text: str) -> str:
    """Return the text with every character that is not seen written as its escape: `\\x1b`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(_escaped(letter) if unicodedata.category(letter) in _HIDDEN else letter for letter in text)


def _escaped(letter: str) -> str:
    return letter if letter == "\t" else letter.encode("unicode_escape", "surrogatepass").decode("ascii")
