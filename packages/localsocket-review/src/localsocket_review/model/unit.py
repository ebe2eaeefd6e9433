"""One file as its reader understood it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath

from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.place import Place
from localsocket_review.model.source_text import c_code, python_code

ADDRESS = "localsocket:"  # how a comment begins that speaks to the reviewer


class Language(StrEnum):
    PYTHON = "python"
    CPP = "c++"  # C is read by the same grammar


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment's text without its marks. `stands_alone`: there is no code on its line."""

    place: Place
    text: str
    stands_alone: bool


@dataclass(frozen=True, slots=True)
class Macro:
    """A preprocessor definition; the value is its text as written."""

    name: str
    value: str
    place: Place
    has_parameters: bool


@dataclass(slots=True, eq=False)
class Unit:
    """A file: what it defines, what it imports, and what could not be read of it.

    `imports` maps a local name to the dotted name it stands for; `star_imports` are the modules and namespaces whose
    names are all visible. `comments` are only read of a file that speaks to the reviewer. `identifiers` counts every
    word of the code, those in connect strings included; `declared` is how many of them declare or import the name and
    use nothing. `import_places` tells where a local name is made.
    """

    path: str
    language: Language
    source: str = ""
    module_name: str = ""
    body: FunctionInfo | None = None
    functions: list[FunctionInfo] = field(default_factory=list)
    classes: list[ClassInfo] = field(default_factory=list)
    imports: dict[str, str] = field(default_factory=dict)
    import_places: dict[str, Place] = field(default_factory=dict)
    star_imports: list[str] = field(default_factory=list)
    type_names: dict[str, str] = field(default_factory=dict)  # other names: `typedef struct job job_t`
    includes: list[tuple[str, Place]] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    identifiers: Counter[str] = field(default_factory=Counter)
    declared: Counter[str] = field(default_factory=Counter)
    parse_errors: int = 0
    masked_macros: Counter[str] = field(default_factory=Counter)
    is_in_unknown_encoding: bool = False  # some of its characters are not known
    half_read: str = ""  # why too much of it was not understood for it to count as read
    unread: str = ""  # why nothing of it could be read
    trace: str = ""  # where in the reader, if it failed
    folder: tuple[str, ...] = field(init=False)
    _starts: list[int] | None = None
    _code: str | None = None
    _bare_code: str | None = None

    def __post_init__(self) -> None:
        self.folder = PurePath(self.path).parent.parts

    def line(self, number: int) -> str:
        """Return a line of the text, counted from 1, or nothing where there is none. Only a line feed ends a line."""
        return self.source[self.span(number, number)]

    def span(self, first: int, last: int) -> slice:
        """Return which part of `source`, and of the two kinds of code, the lines from `first` to `last` are."""
        if self._starts is None:
            self._starts = [0, *(found.end() for found in re.finditer("\n", self.source)), len(self.source) + 1]
        line_after = min(max(last, 0), len(self._starts) - 1)
        return slice(self._starts[min(max(first - 1, 0), line_after)], max(self._starts[line_after] - 1, 0))

    @property
    def code(self) -> str:
        """The text with its comments blanked, so that every line and column stays; Python's docstrings are comments."""
        if self._code is None:
            self._code = self._without_comments(strings=True)
        return self._code

    @property
    def bare_code(self) -> str:
        """The code with its strings blanked as well, except Python's f-strings, which hold code."""
        if self._bare_code is None:
            self._bare_code = self._without_comments(strings=False)
        return self._bare_code

    def _without_comments(self, *, strings: bool) -> str:
        strip = python_code if self.language is Language.PYTHON else c_code
        return strip(self.source, strings=strings)

    @property
    def assigning_declares(self) -> bool:
        """Say whether a name is a function's own because the function assigns it, as in Python."""
        return self.language is Language.PYTHON

    def every_function(self) -> Iterator[FunctionInfo]:
        """Yield each function that has a body: methods, nested ones, lambdas and the file's own statements too."""
        roots = [self.body] if self.body is not None else []
        waiting = [*roots, *self.functions]
        while waiting:
            function = waiting.pop(0)
            if function.body is not None:
                yield function
            waiting.extend(function.nested)
