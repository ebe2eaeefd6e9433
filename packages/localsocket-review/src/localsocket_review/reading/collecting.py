"""Which files are read: those named, and in the trees named those that look like source."""

from __future__ import annotations

import os
import stat
import tokenize
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from localsocket_review.breakdown import HOW_TO_REPORT, described, whole_trace
from localsocket_review.model.unit import Language, Unit
from localsocket_review.reading.clock import SECONDS_PER_FILE
from localsocket_review.reading.cpp_reader import read_cpp
from localsocket_review.reading.python_reader import read_python

PYTHON_SUFFIXES = frozenset({".py", ".pyw", ".pyi"})
CPP_SUFFIXES = frozenset({".c", ".cc", ".cpp", ".cxx", ".c++", ".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp"})
_IGNORED_DIRECTORIES = frozenset(
    {"__pycache__", "node_modules", "build", "dist", "site-packages", "venv", "third_party", "3rdparty"}
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_FILE_BYTES = 4 * 1024 * 1024


class Unreadable(Exception):
    """A file is no source, or cannot be opened."""


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
    closed: list[OSError] = []
    for folder, subfolders, names in os.walk(directory, onerror=closed.append):
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and name not in _IGNORED_DIRECTORIES and not name.endswith(".egg-info")
        )
        for name in sorted(names):
            path = Path(folder, name)
            leads_nowhere = path.is_symlink() and not path.exists()  # to be told, when it is read
            if path.suffix.lower() in PYTHON_SUFFIXES | CPP_SUFFIXES and (path.is_file() or leads_nowhere):
                yield path
    yield from (Path(error.filename) for error in closed)


def read_file(path: Path, seconds: float = SECONDS_PER_FILE) -> Unit:
    """Return the model of a file. What cannot be read says why in `unread`; nothing is raised for what a file holds."""
    language = Language.PYTHON if path.suffix.lower() in PYTHON_SUFFIXES else Language.CPP
    unread = Unit(str(path), language)
    try:
        data = load(path)
        if language is Language.PYTHON:
            return read_python(str(path), _decode_python(data), seconds)
        return read_cpp(str(path), data.removeprefix(_BYTE_ORDER_MARK), seconds)
    except Unreadable as error:
        unread.unread = str(error)
        return unread
    except (RecursionError, MemoryError):
        unread.unread = "nested too deeply"
        return unread
    except Exception as error:
        unread.unread = f"the reader failed ({described(error)}): {HOW_TO_REPORT}"
        unread.trace = whole_trace(error)
        return unread


def load(path: Path) -> bytes:
    """Return what is in a file. Raises Unreadable."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            is_directory = stat.S_ISDIR(status.st_mode)
            raise Unreadable("a directory that could not be listed" if is_directory else "not a regular file")
        if status.st_size > MAX_FILE_BYTES:
            raise Unreadable(f"larger than {MAX_FILE_BYTES // 1024 // 1024} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    if b"\0" in data[:8192]:
        raise Unreadable("not text")
    return data


def source_of(path: Path) -> str:
    """Return a file's text as its reader sees it. Raises Unreadable."""
    data = load(path)
    if path.suffix.lower() in PYTHON_SUFFIXES:
        return _decode_python(data)
    return data.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "replace")


def _decode_python(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return data.decode("utf-8", "replace")
