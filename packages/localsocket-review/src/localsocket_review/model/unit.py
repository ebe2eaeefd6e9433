"""One file as its reader understood it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath

from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.place import Place

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
    includes: list[tuple[str, Place]] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    identifiers: Counter[str] = field(default_factory=Counter)
    declared: Counter[str] = field(default_factory=Counter)
    parse_errors: int = 0
    masked_macros: Counter[str] = field(default_factory=Counter)
    unread: str = ""  # why nothing of it could be read
    folder: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.folder = PurePath(self.path).parent.parts

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
