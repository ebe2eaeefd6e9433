"""Which files are read: those named, and in the trees named those that look like source."""

from __future__ import annotations

import os
import tokenize
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from localsocket.review.model.unit import Language, Unit
from localsocket.review.reading.cpp_reader import read_cpp
from localsocket.review.reading.python_reader import read_python

PYTHON_SUFFIXES = frozenset({".py", ".pyw", ".pyi"})
CPP_SUFFIXES = frozenset({".c", ".cc", ".cpp", ".cxx", ".c++", ".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp"})
_IGNORED_DIRECTORIES = frozenset(
    {"__pycache__", "node_modules", "build", "dist", "site-packages", "venv", "third_party", "3rdparty"}
)
MAX_FILE_BYTES = 4 * 1024 * 1024


class NothingToRead(Exception):
    """A path that was named does not exist, or holds no source."""


def collect(paths: Iterable[Path]) -> list[Path]:
    """Return the source files named, and those in the trees named, each once and in a fixed order.

    Hidden directories and those that hold what others wrote are left out of trees. Raises NothingToRead.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(_below(path)))
        elif path.exists():
            found[path] = None
        else:
            raise NothingToRead(f"{path} does not exist")
    return list(found)


def _below(directory: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(directory):
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and name not in _IGNORED_DIRECTORIES and not name.endswith(".egg-info")
        )
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix.lower() in PYTHON_SUFFIXES | CPP_SUFFIXES and path.is_file():
                yield path


def read_file(path: Path, seconds: float = 10.0) -> Unit:
    """Return the model of a file. What cannot be read says why in `unread`; nothing is raised for what a file holds."""
    language = Language.PYTHON if path.suffix.lower() in PYTHON_SUFFIXES else Language.CPP
    unread = Unit(str(path), language)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            unread.unread = f"larger than {MAX_FILE_BYTES // 1024 // 1024} MiB"
            return unread
        data = path.read_bytes()
    except OSError as error:
        unread.unread = error.strerror or str(error)
        return unread
    if b"\0" in data[:8192]:
        unread.unread = "not text"
        return unread
    try:
        if language is Language.PYTHON:
            return read_python(str(path), _decode_python(data))
        return read_cpp(str(path), data.removeprefix(b"\xef\xbb\xbf"), seconds)
    except (RecursionError, MemoryError):
        unread.unread = "nested too deeply"
        return unread


def _decode_python(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return data.decode("utf-8", "replace")
