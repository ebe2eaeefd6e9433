"""A process is known by a descriptor of the kernel's and never by its number, which another may have: lesson S12."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import localsocket
from attended_programs import attended
from localsocket import Client, Fd, PeerCredentials, ServerThread, Service, current_call
from localsocket.endpoint import credentials
from localsocket.errors import ClosedByUs, PeerGone, Unsupported
from localsocket.testing import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is Linux that has descriptors of processes")

CONNECT_AND_STAY = """
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _kernel_tells() -> None:
    one, other = socket.socketpair()
    with one, other:
        try:
            os.close(one.getsockopt(socket.SOL_SOCKET, credentials._SO_PEERPIDFD))
        except OSError:
            pytest.skip("this kernel is older than 6.5")


@pytest.fixture
def child(runtime_directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], localsocket.LocalSocket]]:
    """A process that has connected, and this end of its connection."""
    path = runtime_directory / "x.sock"
    with localsocket.listen(path) as server:
        command = [sys.executable, "-S", "-E", "-c", CONNECT_AND_STAY, str(path)]
        with attended(subprocess.Popen(command, stdin=subprocess.PIPE)) as process:
            try:
                with server.accept(timeout=PATIENCE) as sock:
                    yield process, sock
            finally:
                process.kill()


def is_over(process: Fd, timeout: float) -> bool:
    poll = select.poll()
    poll.register(process.fileno(), select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def test_s12_it_stands_for_the_process_that_connected_and_tells_of_its_end(
    child: tuple[subprocess.Popen[bytes], localsocket.LocalSocket],
) -> None:
    process, sock = child
    with sock.peer.pidfd() as pidfd:
        assert not os.get_inheritable(pidfd.fileno())
        assert credentials._pid_behind(pidfd.fileno()) == process.pid == sock.peer.pid
        assert not is_over(pidfd, 0)
        signal.pidfd_send_signal(pidfd.fileno(), signal.SIGKILL)
        assert is_over(pidfd, PATIENCE)
        process.wait(PATIENCE)
        with pytest.raises(ProcessLookupError):
            signal.pidfd_send_signal(pidfd.fileno(), 0)
    with pytest.raises(PeerGone) as caught:  # its number may be anybody's now
        sock.peer.pidfd()
    assert caught.value.pid == process.pid


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ESRCH])
def test_s12_an_older_kernel_tells_the_end_otherwise(number: int) -> None:
    class Reaped(socket.socket):
        def getsockopt(self, *_: Any) -> Any:
            raise OSError(number, os.strerror(number))

    with Reaped(socket.AF_UNIX) as sock, pytest.raises(PeerGone):
        PeerCredentials(1, 2, 3)._of(sock).pidfd()


def test_s12_where_the_kernel_has_no_such_thing_nothing_stands_in_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_SO_PEERPIDFD", 9999)
    one, other = localsocket.pair()
    with one, other, pytest.raises(Unsupported):
        one.peer.pidfd()
    with pytest.raises(Unsupported):
        PeerCredentials(os.getpid(), os.geteuid(), os.getegid()).pidfd()


def test_a_closed_connection_tells_nothing_any_more() -> None:
    one, other = localsocket.pair()
    with other:
        one.close()
        with pytest.raises(ClosedByUs):
            one.peer.pidfd()
    assert one.peer == PeerCredentials(os.getpid(), os.geteuid(), os.getegid()), "who it was stays known"


def test_a_method_and_a_task_may_ask_for_it() -> None:
    service = Service("asked")

    def pid_of_caller() -> int:
        with current_call().peer.pidfd() as pidfd:
            return credentials._pid_behind(pidfd.fileno())

    service.method(pid_of_caller)

    @service.method
    async def later() -> int:
        return pid_of_caller()

    async def main() -> int:
        async with localsocket.aio.Client("asked.test") as client:
            asked: int = await client.call("later")
        async with localsocket.aio.connect("asked.test") as sock:
            with sock.peer.pidfd() as pidfd:
                assert credentials._pid_behind(pidfd.fileno()) == os.getpid()
        return asked

    with ServerThread("asked.test", service), Client("asked.test") as client:
        assert client.call("pid_of_caller") == client.call("later") == asyncio.run(main()) == os.getpid()
