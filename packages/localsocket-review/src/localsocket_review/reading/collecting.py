"""Which files are read: those named, and those in the trees named that are written in a language we know."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from localsocket_review.reading.files import MAX_FILE_BYTES as MAX_FILE_BYTES
from localsocket_review.reading.files import Unreadable, first_bytes
from localsocket_review.reading.files import read_file as read_file
from localsocket_review.reading.languages import (
    PYTHON_OF_ANOTHER_FORM,
    language_by_first_line,
    language_by_suffix,
)
from localsocket_review.reading.patterns import GitIgnore, Patterns

_NOT_OF_THE_PROJECT = frozenset({"__pycache__", "node_modules", "site-packages"})
_MARKS = {"pyvenv.cfg": "virtual environment", "conda-meta": "virtual environment", "CACHEDIR.TAG": "cache"}
_SOME = 3


class NothingToRead(Exception):
    """A path that was named does not exist."""


class Why(StrEnum):
    """Why something in a tree is left out; one and several."""

    EXCLUDED = "excluded path"
    IGNORED = "path that .gitignore names"
    HIDDEN = "hidden folder"
    INSTALLED = "folder of installed packages or caches"
    LINK = "link to a folder, which is not followed"
    NO_FILE = "path that is no regular file"
    OTHER_PYTHON = "file of Python in another form"
    OTHER_LANGUAGE = "file in no language that is reviewed"


_SEVERAL = {
    Why.EXCLUDED: "excluded paths",
    Why.IGNORED: "paths that .gitignore names",
    Why.HIDDEN: "hidden folders",
    Why.INSTALLED: "folders of installed packages or caches",
    Why.LINK: "links to folders, which are not followed",
    Why.NO_FILE: "paths that are no regular files",
    Why.OTHER_PYTHON: "files of Python in another form",
    Why.OTHER_LANGUAGE: "files in no language that is reviewed",
}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Patterns of what is left out, as somebody wrote them in or for a folder."""

    patterns: tuple[str, ...]
    folder: Path


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What trees hold and is not read, for one reason."""

    why: Why
    paths: tuple[str, ...]

    def __str__(self) -> str:
        number = len(self.paths)
        return f"{number:,} {self.why if number == 1 else _SEVERAL[self.why]}: {self._examples()}"

    def _examples(self) -> str:
        match self.why:
            case Why.OTHER_PYTHON:
                kinds = Counter(PYTHON_OF_ANOTHER_FORM[Path(path).suffix.lower()] for path in self.paths)
                return ", ".join(f"{kind} ({count:,})" for kind, count in kinds.most_common())
            case Why.OTHER_LANGUAGE:
                suffixes = Counter(Path(path).suffix.lower() or "without a suffix" for path in self.paths)
                named = [f"{count:,} {suffix}" for suffix, count in suffixes.most_common(2 * _SOME)]
                return ", ".join(named) + (", and others" if len(suffixes) > len(named) else "")
        more = f" and {len(self.paths) - _SOME:,} more" if len(self.paths) > _SOME else ""
        return ", ".join(self.paths[:_SOME]) + more


@dataclass(frozen=True, slots=True)
class Collected:
    """The files to read, each once and in a fixed order, those of them that were named, and what is left out."""

    files: tuple[Path, ...]
    named: frozenset[Path]
    left_out: tuple[LeftOut, ...]


def collect(paths: Iterable[Path]) -> list[Path]:
    """Return the files to read, as `survey` finds them."""
    return list(survey(paths).files)


def survey(paths: Iterable[Path], exclude: Sequence[str | Exclusion] = ()) -> Collected:
    """Find the source files named, and those in the trees named.

    A tree is left out where a pattern of `exclude` or a `.gitignore` says so, or where a folder is hidden or holds what
    was installed. A file that is named is never left out but by `exclude`, whose bare patterns are about the current
    directory. Raises NothingToRead.
    """
    bare = Exclusion(tuple(one for one in exclude if isinstance(one, str)), Path.cwd())
    found = _Survey([bare, *(one for one in exclude if isinstance(one, Exclusion))])
    for path in paths:
        found.add(path)
    return found.result()


class _Survey:
    def __init__(self, exclude: Sequence[Exclusion]) -> None:
        self._exclude = [(Patterns(one.patterns), f"{one.folder}/") for one in exclude if one.patterns]
        self._files: dict[Path, None] = {}
        self._named: set[Path] = set()
        self._left_out: dict[Why, dict[str, None]] = {}

    def result(self) -> Collected:
        left_out = (LeftOut(why, tuple(self._left_out[why])) for why in Why if why in self._left_out)
        return Collected(tuple(self._files), frozenset(self._named), tuple(left_out))

    def add(self, path: Path) -> None:
        if path.is_dir():
            self._add_tree(path)
        elif not os.path.lexists(path):
            raise NothingToRead(f"{path} does not exist")
        elif self._is_excluded(path, Path(path.name), is_folder=False):
            self._leave_out(Why.EXCLUDED, path)
        else:
            self._files[path] = None
            self._named.add(path)

    def _leave_out(self, why: Why, path: Path) -> None:
        self._left_out.setdefault(why, {})[str(path)] = None

    def _add_tree(self, tree: Path) -> None:
        closed: list[OSError] = []
        ignored = GitIgnore(tree)
        for folder, subfolders, names in os.walk(tree, onerror=closed.append):
            subfolders[:] = [name for name in sorted(subfolders) if self._enters(tree, Path(folder, name), ignored)]
            for name in sorted(names):
                self._add_file_of(tree, Path(folder, name), ignored)
        for error in closed:
            self._files[Path(error.filename)] = None  # to be told, when it is read

    def _enters(self, tree: Path, folder: Path, ignored: GitIgnore) -> bool:
        why = self._why_not_entered(tree, folder, ignored)
        if why is not None:
            self._leave_out(why, folder)
        return why is None

    def _why_not_entered(self, tree: Path, folder: Path, ignored: GitIgnore) -> Why | None:
        if self._is_excluded(folder, folder.relative_to(tree), is_folder=True):
            return Why.EXCLUDED
        if folder.is_symlink():
            return Why.LINK
        if folder.name.startswith("."):
            return Why.HIDDEN
        if folder.name in _NOT_OF_THE_PROJECT or folder.name.endswith(".egg-info") or _says_so_itself(folder):
            return Why.INSTALLED
        return Why.IGNORED if ignored.ignores(folder, is_folder=True) else None

    def _add_file_of(self, tree: Path, path: Path, ignored: GitIgnore) -> None:
        why = self._why_not_read(tree, path, ignored)
        if why is None:
            self._files[path] = None
        else:
            self._leave_out(why, path)

    def _why_not_read(self, tree: Path, path: Path, ignored: GitIgnore) -> Why | None:
        if self._is_excluded(path, path.relative_to(tree), is_folder=False):
            return Why.EXCLUDED
        if ignored.ignores(path, is_folder=False):
            return Why.IGNORED
        try:
            is_file = stat.S_ISREG(path.stat().st_mode)
        except OSError:  # a link that leads nowhere, or what has just vanished: to be told, when it is read
            return None if language_by_suffix(path) else Why.NO_FILE
        if not is_file:
            return Why.NO_FILE
        if language_by_suffix(path) is None and not _is_script(path):
            return Why.OTHER_PYTHON if path.suffix.lower() in PYTHON_OF_ANOTHER_FORM else Why.OTHER_LANGUAGE
        return None

    def _is_excluded(self, path: Path, below: Path, is_folder: bool) -> bool:
        """Say whether a path is excluded, as it is below the tree, in the folder of the patterns, or from the root."""
        if not self._exclude:
            return False
        whole = os.path.abspath(path)
        ways = {below.as_posix(), path.as_posix(), whole.lstrip("/")}
        for patterns, around in self._exclude:
            inside = {whole[len(around) :]} if whole.startswith(around) else set()
            if any(patterns.decide(way, is_folder) for way in ways | inside):
                return True
        return False


def _says_so_itself(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in _MARKS)


def _is_script(path: Path) -> bool:
    try:
        return language_by_first_line(first_bytes(path)) is not None
    except Unreadable:
        return False
