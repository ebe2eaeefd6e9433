"""Patterns of names, as `.gitignore` has them, which `--exclude` takes as well."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SPECIAL = re.compile(r"\\(.)|(/\*\*/)|(^\*\*/)|(/\*\*$)|(\*+)|(\?)|(\[[!^]?\]?[^\]]*\])|(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: `build/`, `*.o`, `/docs/**/*.py`, `!keep.py`."""

    expression: re.Pattern[str]
    of_folders_only: bool
    brings_back: bool

    def matches(self, path: str, is_folder: bool) -> bool:
        return (is_folder or not self.of_folders_only) and self.expression.fullmatch(path) is not None


def pattern_of(line: str) -> Pattern | None:
    """Return the pattern of a line, or none where the line has none."""
    text = re.sub(r"(?<!\\)[ \t\r]+$", "", line)
    if not text or text.startswith("#"):
        return None
    brings_back = text.startswith("!")
    text = text.removeprefix("!")
    of_folders_only = text.endswith("/")
    text = text.rstrip("/") if of_folders_only else text
    is_anchored = "/" in text
    text = text.removeprefix("/")
    if not text:
        return None
    beginning = "" if is_anchored else "(?:.*/)?"
    try:
        return Pattern(re.compile(beginning + _translated(text), re.DOTALL), of_folders_only, brings_back)
    except re.error:  # a range such as [z-a], which matches nothing
        return None


def _translated(text: str) -> str:
    return "".join(_piece(match) for match in _SPECIAL.finditer(text))


def _piece(match: re.Match[str]) -> str:
    escaped, between, before, below, stars, one, group, other = match.groups()
    if between or before:
        return f"{'/' if between else ''}(?:.*/)?"
    if below:
        return "/.+"
    if stars:
        return "[^/]*"
    if one:
        return "[^/]"
    if group:
        inside = group[1:-1]
        negated = inside[:1] in ("!", "^")
        inside = re.sub(r"([\[&~|])", r"\\\1", inside[1:] if negated else inside)
        inside = inside.replace("]", r"\]") if inside.startswith("]") else inside
        return f"(?!/)[{'^' if negated else ''}{inside}]"
    return re.escape(escaped or other)


class Patterns:
    """Patterns of which the last that matches decides, relative to one folder."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._patterns = [pattern for line in lines if (pattern := pattern_of(line)) is not None]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def decide(self, path: str, is_folder: bool) -> bool | None:
        """Say whether a path is meant: None where no pattern speaks of it."""
        for pattern in reversed(self._patterns):
            if pattern.matches(path, is_folder):
                return not pattern.brings_back
        return None


class GitIgnore:
    """What the `.gitignore` files of a repository leave out; git itself is not run, which a repository can misuse."""

    def __init__(self, tree: Path) -> None:
        self._known: dict[Path, Patterns] = {}
        self._outermost = _repository_of(tree.absolute())

    def ignores(self, path: Path, is_folder: bool) -> bool:
        """Say whether a path is ignored for its own sake, and not for that of a folder around it."""
        path = path.absolute()
        for folder in path.parents:
            patterns = self._of(folder)
            if patterns:
                decided = patterns.decide(path.relative_to(folder).as_posix(), is_folder)
                if decided is not None:
                    return decided
            if folder == self._outermost:
                break
        return False

    def _of(self, folder: Path) -> Patterns:
        if folder not in self._known:
            try:
                text = (folder / ".gitignore").read_text(encoding="utf-8", errors="surrogateescape")
            except OSError:
                text = ""
            self._known[folder] = Patterns(text.split("\n"))
        return self._known[folder]


def _repository_of(tree: Path) -> Path:
    """Return the root of the repository that a tree is in, or the tree where it is in none."""
    return next((folder for folder in (tree, *tree.parents) if (folder / ".git").exists()), tree)
