"""In which language a file is written: its first line says so, or its suffix, or nothing does."""

from __future__ import annotations

import re
from pathlib import PurePath

from localsocket_review.model.unit import Language

PYTHON_SUFFIXES = frozenset({".py", ".pyw", ".pyi"})
CPP_SUFFIXES = frozenset({".c", ".cc", ".cpp", ".cxx", ".c++", ".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp"})
# Python all the same, but not as a file of Python: said apart, since what is in it may well use sockets.
PYTHON_OF_ANOTHER_FORM = {".ipynb": "notebooks", ".pyx": "Cython", ".pxd": "Cython", ".pxi": "Cython"}
LONGEST_FIRST_LINE = 256

# The words of the first line up to a program of Python: `/usr/bin/python3.11 -E`, `env -S uv run --script`.
_PYTHON = re.compile(
    rb"#!\s*(?:\S*/)?(?:env(?:\s+-\S+|\s+\w+=\S*)*\s+(?:\S*/)?)?"
    rb"(?:(?:python|pypy)w?[\d.]*t?|uv\s+run\b.*|pipx\s+run|ipython[\d.]*)(?:\.exe)?(?:\s|$)"
)


def language_by_suffix(path: PurePath) -> Language | None:
    suffix = path.suffix.lower()
    if suffix in PYTHON_SUFFIXES:
        return Language.PYTHON
    return Language.CPP if suffix in CPP_SUFFIXES else None


def language_by_first_line(head: bytes) -> Language | None:
    """Return the language whose interpreter a script names in its first line."""
    first, _, _ = head[:LONGEST_FIRST_LINE].removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    return Language.PYTHON if _PYTHON.match(first.rstrip()) else None
