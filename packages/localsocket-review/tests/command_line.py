"""`localsocket review` as its user types it, in this process: one of its own takes most of a second to begin."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest import mock

import pytest

from localsocket_review.cli.app import app


class Done(NamedTuple):
    status: object
    output: str
    complaints: str


def run(*arguments: object, columns: int = 300, encoding: str = "utf-8") -> Done:
    """Run the command; a line of what it tells is as long as `columns`, and written to a terminal of that encoding."""
    output, complaints = (io.TextIOWrapper(io.BytesIO(), encoding, newline="") for _ in range(2))
    with (
        mock.patch.dict(os.environ, COLUMNS=str(columns)),
        redirect_stdout(output),
        redirect_stderr(complaints),
        pytest.raises(SystemExit) as ended,
    ):
        app([*map(str, arguments)], prog_name="localsocket-review")
    return Done(ended.value.code, *(written(each) for each in (output, complaints)))


def written(file: io.TextIOWrapper) -> str:
    """Return what was written, whatever encoding that was changed to on the way."""
    file.seek(0)
    return file.read()
