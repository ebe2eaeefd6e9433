"""Processes that outlive the one that starts them, and are asked for their end nevertheless."""

from __future__ import annotations

import os
import subprocess

from localsocket.endpoint.daemon import Daemon


class DetachedProcess(subprocess.Popen[bytes]):
    """A process that goes on when this one ends, and whose end is nobody's business but its starter's."""

    def __del__(self) -> None:
        """Say nothing: it is meant to go on."""


_started: list[DetachedProcess] = []
"""Those whose end has not been seen; the system keeps a word on each that has ended until it is asked for."""


def start_detached(daemon: Daemon, log: int, lock: int) -> DetachedProcess:
    """Start the program in a session of its own, with `log` for its output; of all other descriptors it gets `lock`."""
    _reap()
    process = DetachedProcess(
        daemon.command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=daemon.directory,
        env={**os.environ, **daemon.environment},
        start_new_session=True,
        pass_fds=(lock,),
    )
    _started.append(process)
    return process


def _reap() -> None:
    _started[:] = [process for process in _started if process.poll() is None]
