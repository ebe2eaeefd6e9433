"""Source code with its comments blanked out: every line and column stays where it was."""

from __future__ import annotations

import re

_C_CODE = re.compile(
    r"""(?P<kept>'(?:\\[^\n]|[^'\\\n])')  # a character, be it a quotation mark
    | (?P<string>(?<!\w)(?:u8|[uUL])?R"(?P<end>[^\s()\\"]*)\(.*?\)(?P=end)" | "(?:\\.|[^"\\\n])*")
    | //[^\n]* | /\*.*?\*/""",
    re.DOTALL | re.VERBOSE,
)
_PYTHON_CODE = re.compile(
    r"""(?P<kept>\b(?:[fF][rR]?|[rR][fF])(?:\"{3}.*?\"{3} | '{3}.*?'{3} | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'))
    | \"{3}.*?\"{3} | '{3}.*?'{3}
    | (?P<string>"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*')
    | \#[^\n]*""",
    re.DOTALL | re.VERBOSE,
)


def c_code(source: str, *, strings: bool = True) -> str:
    """Return C or C++ with its comments blanked, and where `strings` is false its strings as well."""
    return _blanked(_C_CODE, source, strings)


def python_code(source: str, *, strings: bool = True) -> str:
    """Return Python with its comments and its plain triple-quoted strings blanked, most of which are docstrings.

    Where `strings` is false the other strings are blanked as well, except f-strings, which hold code.
    """
    return _blanked(_PYTHON_CODE, source, strings)


def _blanked(pattern: re.Pattern[str], source: str, strings: bool) -> str:
    def replacement(found: re.Match[str]) -> str:
        is_kept = found["kept"] is not None or (strings and found["string"] is not None)
        return found[0] if is_kept else "\n".join(" " * len(line) for line in found[0].split("\n"))

    return pattern.sub(replacement, source)
