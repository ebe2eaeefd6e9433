"""The processes that a measurement starts end with it, and not by the Ctrl-C that ends it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from localsocket.tools.bare_exchange import BareExchange
from localsocket.tools.echo_server import server_process

READY = [sys.executable, "-c", "import sys; print('ready', flush=True); sys.stdin.read()"]


def test_a_terminals_interrupt_does_not_reach_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal sends it to the whole group of who measures, and theirs would show tracebacks beside the table."""
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    with server_process(READY), BareExchange(chunk_bytes=1):
        groups = [os.getpgid(process.pid) for process in started]
    assert groups == [process.pid for process in started]
    assert [process.returncode for process in started] == [0, 0]
