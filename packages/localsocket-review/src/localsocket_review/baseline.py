"""A baseline: the findings that a team knows of, in a file that is kept with the code.

It holds no line numbers, so that it changes when findings come and go, and not with every edit.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from localsocket_review.findings import Finding
from localsocket_review.narrowing import Known, KnownFinding

_FORMAT = "localsocket-review-baseline"
_VERSION = 1


class BadBaseline(ValueError):
    """A baseline cannot be read; the message tells the file, and what to do."""


def baseline_of(findings: Iterable[Finding], file: Path) -> str:
    """Return the text of a baseline that stands in `file`; paths in it are relative to the folder of that file."""
    counts = Counter(
        (_relative(finding.place.file, file), finding.rule, finding.fingerprint, finding.message)
        for finding in findings
    )
    entries = [
        {"file": path, "rule": rule, "fingerprint": fingerprint, "count": count, "message": message}
        for (path, rule, fingerprint, message), count in sorted(counts.items())
    ]
    return json.dumps({"format": _FORMAT, "version": _VERSION, "findings": entries}, indent=1) + "\n"


def read_baseline(file: Path) -> Known:
    """Return what a baseline knows. Raises BadBaseline."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise BadBaseline(f"{file} is not a baseline; --write-baseline {file} makes one")
        if document["version"] != _VERSION:
            raise BadBaseline(f"{file} has version {document['version']!r}, but this reviewer reads {_VERSION}")
        known = [one for entry in document["findings"] for one in _known(entry, file)]
    except OSError as error:
        raise BadBaseline(f"cannot read {file}: {error.strerror}; --write-baseline {file} makes it") from error
    except BadBaseline:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        fault = type(error).__name__
        raise BadBaseline(f"{file} is damaged ({fault}); --write-baseline {file} makes a new one") from error
    return Known(tuple(known), f"known to {file.name}", f"{file.name} was written")


def _known(entry: dict[str, Any], file: Path) -> list[KnownFinding]:
    rule, fingerprint, path, message = (str(entry[key]) for key in ("rule", "fingerprint", "file", "message"))
    one = KnownFinding(rule, fingerprint, os.path.relpath(file.parent / path), message)
    return [one] * int(entry["count"])


def _relative(path: str, file: Path) -> str:
    return Path(os.path.relpath(path, file.parent)).as_posix()
