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


def run(*arguments: str, columns: int = 300) -> Done:
    """Run the command; a line of what it tells is as long as `columns`."""
    output, complaints = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, COLUMNS=str(columns)),
        redirect_stdout(output),
        redirect_stderr(complaints),
        pytest.raises(SystemExit) as ended,
    ):
        app([*arguments], prog_name="localsocket-review")
    return Done(ended.value.code, output.getvalue(), complaints.getvalue())
