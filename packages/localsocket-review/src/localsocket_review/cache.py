"""Reports that were made before, found by what was reviewed: the content of every file, and the reviewer itself.

The whole report is kept, and nothing of single files: what a file means depends on the others, and reading it again
takes no longer than decoding what would have been kept of it.

A cache is private to its user. A directory or file that anyone else could have written is not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from localsocket_review.findings import Category, Confidence, Evidence, Finding, Severity, Silenced
from localsocket_review.model.place import Place
from localsocket_review.reading.files import Unreadable, load
from localsocket_review.report.report import NotReviewed, Report
from localsocket_review.rules.rule import Rule

_KEPT = 100
_NOT_THE_OWNER = 0o077


def default_directory() -> Path:
    """Return the directory for reports under the user's cache directory."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "localsocket" / "review"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "localsocket" / "review"


def key_of(
    files: Sequence[Path], rules: Sequence[Rule], settings: Sequence[Path] = (), content: Sequence[str] = ()
) -> str:
    """Return what a report depends on as one short text: `settings` are files that tell how to review.

    `content` stands for what is not read from files here, such as the name that git has for a whole tree.
    """
    digest = hashlib.sha256(_reviewer_itself())
    for part in (*_parts(files, rules, settings), *map(os.fsencode, content)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(files: Sequence[Path], rules: Sequence[Rule], settings: Sequence[Path]) -> Iterator[bytes]:
    yield " ".join(rule.id for rule in rules).encode()
    yield len(settings).to_bytes(4, "big")
    for path in (*settings, *files):
        yield os.fsencode(path)
        try:
            yield load(path)
        except Unreadable as error:
            yield str(error).encode()


@cache
def _reviewer_itself() -> bytes:
    digest = hashlib.sha256(f"{platform.python_version()} {version('tree-sitter')}".encode())
    for grammar in ("tree-sitter-cpp", "tree-sitter-python"):
        digest.update(version(grammar).encode())
    for path in sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".toml")):
        digest.update(path.read_bytes())
    return digest.digest()


class ReportCache:
    """Reports in a directory. What goes wrong with it costs the saved time and nothing else."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, key: str) -> Report | None:
        if not self._is_ours():
            return None
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            with open(descriptor, "rb") as file:
                if not _is_private(os.fstat(descriptor), stat.S_ISREG):
                    return None
                kept = json.load(file)
                # With its key: a file which somebody has given another name is no answer.
                return _report_of(kept["report"]) if kept["key"] == key else None
        except (OSError, KeyError, RecursionError, TypeError, ValueError):
            return None

    def put(self, key: str, report: Report) -> None:
        """Keep a report. Another process that reads at the same time sees the whole of it or nothing."""
        with contextlib.suppress(OSError, UnicodeEncodeError):  # a file may have a name that is no text
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours():
                return
            with tempfile.NamedTemporaryFile(dir=self._directory, delete=False) as file:
                file.write(json.dumps({"key": key, "report": asdict(report)}).encode())
            os.replace(file.name, self._path(key))
            self._forget_old()

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.json"

    def _is_ours(self) -> bool:
        try:
            return _is_private(os.lstat(self._directory), stat.S_ISDIR)
        except OSError:
            return False

    def _forget_old(self) -> None:
        newest_first = sorted(self._directory.iterdir(), key=lambda path: path.lstat().st_mtime, reverse=True)
        for path in newest_first[_KEPT:]:
            path.unlink()


def _is_private(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    is_ours = status.st_uid == os.geteuid() and not status.st_mode & _NOT_THE_OWNER
    return is_ours and is_kind(status.st_mode)


def _report_of(parts: dict[str, Any]) -> Report:
    """Return the report that asdict() and JSON have taken apart."""
    silenced = (Silenced(**each | {"finding": _finding_of(each["finding"])}) for each in parts["silenced"])
    return Report(
        **parts
        | {
            "findings": tuple(map(_finding_of, parts["findings"])),
            "not_checked": tuple(parts["not_checked"]),
            "silenced": tuple(silenced),
            "unused": tuple(map(_finding_of, parts["unused"])),
            "not_reviewed": tuple(NotReviewed(**each) for each in parts["not_reviewed"]),
            "failed_rules": (),  # a review that did not come to its end is not kept
            "left_out": (),  # which is found anew
            "rules_left_out": (),
            "untold": (),
            "gone": (),
        }
    )


def _finding_of(parts: dict[str, Any]) -> Finding:
    evidence = (Evidence(Place(*each["place"]), each["note"]) for each in parts["evidence"])
    return Finding(
        **parts
        | {
            "category": Category(parts["category"]),
            "severity": Severity(parts["severity"]),
            "confidence": Confidence(parts["confidence"]),
            "place": Place(*parts["place"]),
            "evidence": tuple(evidence),
        }
    )
