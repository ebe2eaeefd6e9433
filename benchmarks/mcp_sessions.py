"""What sessions of AI assistants cost: many `localsocket mcp` on one daemon, and as many servers written with the SDK.

    python benchmarks/mcp_sessions.py --sessions 100

Sessions are begun one after another, or --at-once so many, and stay open. Each is asked to initialize, to list its
tools and to call one; what it takes is read from /proc once all are there. Memory is told as proportional set size
(PSS), in which pages that processes share count once, and as resident set size (RSS). Prints a table in Markdown.
Needs the package `mcp`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

NAME = "bench.mcp"

SERVICE = """
import localsocket

service = localsocket.Service("bench.mcp")


@service.method(read_only=True)
def add(a: int, b: int) -> int:
    return a + b
"""

SERVER = """
from mcp.server.mcpserver import MCPServer

server = MCPServer("bench")


@server.tool()
def add(a: int, b: int) -> int:
    return a + b


server.run("stdio")
"""


class Session:
    """One program, and what it took to be of use."""

    def __init__(self, command: list[str], directory: str) -> None:
        began = time.monotonic()
        self._process = subprocess.Popen(command, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        self._ask(1, "initialize", client)
        self.initialized = time.monotonic() - began
        self._say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self._ask(2, "tools/list", {})
        called = self._ask(3, "tools/call", {"name": "add", "arguments": {"a": 2, "b": 3}})
        assert called["result"]["content"][0]["text"] == "5", called
        self.called = time.monotonic() - began

    @property
    def pid(self) -> int:
        return self._process.pid

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _ask(self, number: int, method: str, params: dict[str, Any]) -> Any:
        assert self._process.stdout is not None
        self._say({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Cost(NamedTuple):
    """Kilobytes, and seconds of processor time."""

    pss: int
    rss: int
    processor: float

    @classmethod
    def of(cls, pid: int) -> Cost:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        sizes = {name: int(size.split()[0]) for name, _, size in (line.partition(":") for line in rollup[1:])}
        spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return cls(sizes["Pss"], sizes["Rss"], sum(map(int, spent)) / os.sysconf("SC_CLK_TCK"))


@contextmanager
def sessions(command: list[str], count: int, at_once: int, directory: str) -> Iterator[list[Session]]:
    begun: list[Session] = []
    try:
        with ThreadPoolExecutor(at_once) as pool:
            begun.extend(pool.map(lambda _: Session(command, directory), range(count)))
        yield begun
    finally:
        for session in begun:
            session.close()


def row(title: str, begun: list[Session], others: list[int]) -> str:
    costs = [Cost.of(session.pid) for session in begun]
    beside = [Cost.of(pid) for pid in others]
    pss = sum(cost.pss for cost in [*costs, *beside]) / 1024
    rss = statistics.median(cost.rss for cost in costs) / 1024
    processor = statistics.median(cost.processor for cost in costs) * 1000
    initialized, called = sorted(each.initialized for each in begun), sorted(each.called for each in begun)
    cells = [f"{pss:.0f} MiB", f"{rss:.1f} MiB", f"{processor:.0f} ms", _spread(initialized), _spread(called)]
    return f"| {title} | {' | '.join(cells)} |"


def _spread(seconds: list[float]) -> str:
    median, least, most = (each * 1000 for each in (statistics.median(seconds), seconds[0], seconds[-1]))
    return f"{median:.0f} ms ({least:.0f} to {most:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=1)
    options = parser.parse_args()
    count, at_once = options.sessions, options.at_once
    with tempfile.TemporaryDirectory() as directory:
        os.environ["XDG_RUNTIME_DIR"] = directory
        Path(directory, "bench_service.py").write_text(SERVICE)
        Path(directory, "bench_server.py").write_text(SERVER)
        print(
            f"{count} sessions, {at_once} begun at once; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        )
        print("| | memory of all (PSS) | RSS of one | processor time of one | until initialized | until called |")
        print("|---|---:|---:|---:|---:|---:|")
        shim = [sys.executable, "-m", "localsocket", "mcp", NAME, "--start", "bench_service:service"]
        with sessions([*shim, "--idle-timeout", "1"], count, at_once, directory) as begun:
            daemon = int(Path(directory, "localsocket", f".{NAME}.lock").read_text())
            print(row("`localsocket mcp`, with the daemon", begun, [daemon]), flush=True)
        while Path(directory, "localsocket", NAME).exists():
            time.sleep(0.1)
        with sessions([sys.executable, "bench_server.py"], count, at_once, directory) as begun:
            print(row("servers written with the SDK", begun, []), flush=True)


if __name__ == "__main__":
    main()
