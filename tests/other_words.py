"""What the documents show of the words of other packages, which change with their versions."""

from __future__ import annotations

import re

# msgspec's reason why a value does not fit. What follows a semicolon is ours again.
OTHER_WORDS = re.compile(r"(?:Expected `|Object missing )[^;\n]*")
ANY_WORDS = r"[^;\n]+"


def escaped(shown: str) -> str:
    """Return a pattern of what is shown, with any words in place of the other packages'."""
    return ANY_WORDS.join(re.escape(part) for part in OTHER_WORDS.split(shown))
