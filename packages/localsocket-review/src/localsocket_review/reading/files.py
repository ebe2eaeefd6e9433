"""One file: read from the disk and lowered to the model, or told why not."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import tokenize
from io import BytesIO
from pathlib import Path

from localsocket_review.breakdown import HOW_TO_REPORT, described, whole_trace
from localsocket_review.model.unit import Language, Unit
from localsocket_review.reading.clock import SECONDS_PER_FILE
from localsocket_review.reading.cpp_reader import read_cpp
from localsocket_review.reading.languages import LONGEST_FIRST_LINE, language_by_first_line, language_by_suffix
from localsocket_review.reading.python_reader import read_python

_REPLACED = "\ufffd"  # what a decoder puts in the place of bytes that it does not know
MAX_FILE_BYTES = 4 * 1024 * 1024
_KINDS = (
    (stat.S_ISDIR, "a directory that could not be listed"),
    (stat.S_ISFIFO, "not a regular file, but a pipe"),
    (stat.S_ISSOCK, "not a regular file, but a socket"),
    (stat.S_ISCHR, "not a regular file, but a device"),
    (stat.S_ISBLK, "not a regular file, but a device"),
)
# The longer ones first: that of UTF-32 begins as that of UTF-16 does.
_WIDE = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


class Unreadable(Exception):
    """A file is no source, or cannot be opened."""


def read_file(path: Path, seconds: float = SECONDS_PER_FILE, *, draft: bytes | None = None) -> Unit:
    """Return the model of a file, or of a draft of it that is not written yet.

    What cannot be read says why in `unread`; nothing is raised for what a file holds.
    """
    unread = Unit(str(path), language_by_suffix(path) or Language.PYTHON)
    try:
        language, data = language_of(path), load(path) if draft is None else draft
        if language is Language.PYTHON:
            unit = read_python(str(path), _decode_python(data), seconds)
        else:
            unit = read_cpp(str(path), data.removeprefix(codecs.BOM_UTF8), seconds)
        unit.is_in_unknown_encoding = _REPLACED in unit.source and _REPLACED.encode() not in data
        return unit
    except Unreadable as error:
        unread.unread = str(error)
    except (RecursionError, MemoryError):
        unread.unread = "nested too deeply"
    except Exception as error:
        unread.unread = f"the reader failed ({described(error)}): {HOW_TO_REPORT}"
        unread.trace = whole_trace(error)
    return unread


def language_of(path: Path) -> Language:
    """Return the language of a file, by its first line or by its suffix. Raises Unreadable where neither tells."""
    language = language_by_suffix(path) or language_by_first_line(first_bytes(path))
    if language is None:
        raise Unreadable("not a language that is reviewed")
    return language


def first_bytes(path: Path) -> bytes:
    """Return the beginning of a file. Raises Unreadable."""
    _regular(path)
    try:
        # Without waiting, should it have become a pipe meanwhile.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        try:
            return os.read(descriptor, LONGEST_FIRST_LINE)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Unreadable(_reason(path, error)) from error


def load(path: Path) -> bytes:
    """Return what is in a file. Raises Unreadable."""
    if _regular(path).st_size > MAX_FILE_BYTES:
        raise Unreadable(f"larger than {MAX_FILE_BYTES // 1024 // 1024} MiB")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(_reason(path, error)) from error
    wide = next((name for mark, name in _WIDE if data.startswith(mark)), "")
    if wide:
        raise Unreadable(f"not text that is read: it is in {wide}")
    if b"\0" in data:
        raise Unreadable("not text: it holds NUL bytes")
    return data


def _regular(path: Path) -> os.stat_result:
    try:
        status = path.stat()
    except OSError as error:
        raise Unreadable(_reason(path, error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable(next((words for is_kind, words in _KINDS if is_kind(status.st_mode)), "not a regular file"))
    return status


def _reason(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT and path.is_symlink():
        return "a link that leads nowhere"
    if error.errno == errno.ELOOP:
        return "a link that leads in a circle"
    return error.strerror or str(error)


def source_of(path: Path) -> str:
    """Return a file's text as its reader sees it. Raises Unreadable."""
    language, data = language_of(path), load(path)
    if language is Language.PYTHON:
        return _decode_python(data)
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")


def _decode_python(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        return data.decode("utf-8", "replace")
