"""Programs that a test waits for at its end, and that do not keep it from failing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import AnyStr


@contextmanager
def attended(program: subprocess.Popen[AnyStr]) -> Iterator[subprocess.Popen[AnyStr]]:
    """Wait until the program ends, as Popen does; where the test has failed kill it, as nobody else would end it."""
    with program:
        try:
            yield program
        except BaseException:
            program.kill()
            raise
