"""Three hosts, each a network namespace with a NATS server of one cluster, and an instance of a service beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bridges.broker import find_server
from localsocket.testing import wait_until

_NET = "10.213.97"
_BRIDGE = "lsbus0"
_PORT = 4222
HOSTS = (1, 2, 3)

# Writes the number of each call before it answers: from that it is counted how often each has run, on any host.
_INSTANCE = """
import asyncio, os, sys
from localsocket import Service
from localsocket.bridges import nats

service = Service("demo.counting")
runs = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

@service.method
async def double(number: int) -> int:
    os.write(runs, b"%d\\n" % number)
    return 2 * number

async def main():
    async with nats.serve(service, sys.argv[1]) as serving:
        print("ready", flush=True)
        await serving.wait_stopped()

asyncio.run(main())
"""


def why_no_hosts() -> str | None:
    """Return why there can be no network namespaces here, or None."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "needs root, and the program ip, for network namespaces"
    tried = subprocess.run(["ip", "netns", "add", "lsbus-try"], capture_output=True)
    if tried.returncode:
        return f"no network namespace can be made here: {tried.stderr.decode().strip()}"
    _ip("netns", "del", "lsbus-try")
    return None


class Cluster:
    """The hosts, with what runs on them; made by `cluster()`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._processes: list[subprocess.Popen[bytes]] = []

    def url(self, *hosts: int) -> str:
        return "nats://" + ",".join(f"{_NET}.{host}:{_PORT}" for host in hosts)

    def cut_off(self, host: int) -> None:
        """Nothing reaches the host any more, and nothing leaves it."""
        _ip("link", "set", _outside(host), "down")

    def bring_back(self, host: int) -> None:
        _ip("link", "set", _outside(host), "up")

    def runs(self) -> Counter[int]:
        """Return how often each call has run, on all hosts together."""
        files = [self._directory / f"runs-{host}" for host in HOSTS]
        return Counter(int(line) for file in files for line in file.read_text(encoding="ascii").split())

    def _start(self) -> None:
        routes = ", ".join(f'"nats://{_NET}.{host}:6222"' for host in HOSTS)
        for host in HOSTS:
            configuration = self._directory / f"nats-{host}.conf"
            configuration.write_text(
                f"listen: {_NET}.{host}:{_PORT}\nserver_name: host{host}\nping_interval: 1s\nping_max: 2\n"
                f"cluster {{ name: hosts, listen: {_NET}.{host}:6222, routes: [{routes}] }}\n",
                encoding="ascii",
            )
            server = find_server()
            assert server is not None
            self._run(host, server, "-c", str(configuration))
        wait_until(lambda: all(self._answers(host) for host in HOSTS), "the NATS servers to listen")
        for host in HOSTS:
            runs = str(self._directory / f"runs-{host}")
            started = self._run(host, sys.executable, "-c", _INSTANCE, f"{self.url(host)}/demo.counting", runs)
            assert started.stdout is not None
            assert started.stdout.readline() == b"ready\n"

    def _run(self, host: int, *command: str) -> subprocess.Popen[bytes]:
        inside = ["ip", "netns", "exec", _inside(host), *command]
        process = subprocess.Popen(inside, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._processes.append(process)
        return process

    def _answers(self, host: int) -> bool:

        try:
            with socket.create_connection((f"{_NET}.{host}", _PORT), timeout=1) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False

    def _stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@contextlib.contextmanager
def cluster(directory: Path) -> Iterator[Cluster]:
    """Give three hosts on a bridge of this machine, which itself is .254."""
    with contextlib.ExitStack() as stack:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        stack.callback(_ip, "link", "del", _BRIDGE)
        _ip("addr", "add", f"{_NET}.254/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        for host in HOSTS:
            _ip("netns", "add", _inside(host))
            stack.callback(_ip, "netns", "del", _inside(host))
            _ip("link", "add", _outside(host), "type", "veth", "peer", "name", "eth0", "netns", _inside(host))
            # A namespace goes with its last connection, maybe minutes after: its link is not to wait for that.
            stack.callback(_ip, "link", "del", _outside(host))
            _ip("link", "set", _outside(host), "master", _BRIDGE, "up")
            _ip("-n", _inside(host), "addr", "add", f"{_NET}.{host}/24", "dev", "eth0")
            _ip("-n", _inside(host), "link", "set", "eth0", "up")
            _ip("-n", _inside(host), "link", "set", "lo", "up")
        hosts = Cluster(directory)
        stack.callback(hosts._stop)
        hosts._start()
        yield hosts


def _inside(host: int) -> str:
    return f"lsbus-host{host}"


def _outside(host: int) -> str:
    return f"lsbus-h{host}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
