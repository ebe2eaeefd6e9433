"""Shims of assistants that begin at one instant where nobody serves yet, and what they are told when their daemon dies.

    python benchmarks/mcp_starts.py --shims 24 --rounds 1000

A round: so many `localsocket mcp` with `--start` are let go together, each as a process. Each is asked at once to
initialize and to call a tool, so that all of them want the daemon to be started. Then it is killed in the middle of a
call of each, and the first that has been told so calls again. They are forked from one process that has loaded the
modules, so that a thousand rounds take minutes, and all come to the lock within a few milliseconds; what loading
takes is told by mcp_sessions.py.

A round is right when one daemon was started, and has answered each shim; when each call that was under way failed with
the reason; and when the next call was answered by one new daemon. Prints JSON, and ends with 1 if a round was
not right. Ctrl-C ends it with the rounds that are over.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import importlib
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from localsocket.cli import main as command_line

NAME = "bench.starts"
LOADED = ["blocking.client", "cli.app", "cli.daemons", "cli.mcp_command", "endpoint.detached", "mcp.answers"]

SERVICE = """
import os
import time
from collections.abc import Iterator

import localsocket

service = localsocket.Service("bench.starts")
with open("started", "a") as file:
    file.write(f"{os.getpid()}\\n")


@service.method
def process() -> int:
    return os.getpid()


@service.method
def work() -> Iterator[int]:
    yield 1
    time.sleep(600)
"""


class Shim:
    """The assistant's end of one, which begins when the other end of `gate` is closed."""

    def __init__(self, gate: int, others: list[int]) -> None:
        from_assistant, self._writing = os.pipe()
        reading, to_assistant = os.pipe()
        others += [self._writing, reading]
        self._lines = os.fdopen(reading, "rb", closefd=False)
        self._reading = reading
        self.pid = os.fork()
        if not self.pid:
            os.dup2(from_assistant, 0)
            os.dup2(to_assistant, 1)
            for each in (*others, from_assistant, to_assistant):
                os.close(each)
            atexit._clear()  # what is to be done at this program's end is not for the shim to do
            os.read(gate, 1)
            sys.argv = ["localsocket", "mcp", NAME, "--start", "bench_starts:service"]
            command_line()
            os._exit(0)
        os.close(from_assistant)
        os.close(to_assistant)

    def ask(self, number: int, method: str, **params: Any) -> None:
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        os.write(self._writing, json.dumps(message).encode() + b"\n")

    def call(self, number: int, tool: str) -> None:
        self.ask(number, "tools/call", name=tool, arguments={}, _meta={"progressToken": number})

    def read(self) -> Any:
        return json.loads(self._lines.readline())

    def close(self) -> None:
        os.close(self._writing)
        os.waitpid(self.pid, 0)
        self._lines.close()
        os.close(self._reading)


class Round(NamedTuple):
    """What came of one; the times are in seconds."""

    is_right: bool
    all_answered: float
    answered_again: float | None


def text_of(answer: Any) -> str:
    return str(answer["result"]["content"][0]["text"])


def started() -> list[str]:
    return Path("started").read_text().split()


def begin_together(count: int) -> list[Shim]:
    """Return shims that have been asked for their first call, and let go."""
    gate, opening = os.pipe()
    others = [opening]
    shims = [Shim(gate, others) for _ in range(count)]
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    for shim in shims:
        shim.ask(1, "initialize", **client)
        shim.call(2, "process")
    os.close(gate)
    os.close(opening)
    return shims


def one_round(count: int, *, kills: bool) -> Round:
    Path("started").write_text("")
    shims = begin_together(count)
    try:
        began = time.monotonic()
        answers = [[shim.read(), shim.read()] for shim in shims]
        all_answered = time.monotonic() - began
        daemon, *more = started()
        is_right = not more and {text_of(answer) for _, answer in answers} == {daemon}
        answered_again = None
        if kills and is_right:
            is_right, answered_again = kill_amid_calls(int(daemon), shims)
    finally:
        for shim in shims:
            shim.close()
        end(started())
    return Round(is_right, all_answered, answered_again)


def kill_amid_calls(daemon: int, shims: list[Shim]) -> tuple[bool, float]:
    """Return whether each was told, and one new daemon answered the first of them, and after how long it did."""
    for shim in shims:
        shim.call(3, "work")
    for shim in shims:
        shim.read()  # that it is under way
    os.kill(daemon, signal.SIGKILL)
    first, *rest = shims
    told = [first.read()]
    began = time.monotonic()
    first.call(4, "process")
    again = first.read()
    answered_again = time.monotonic() - began
    told += [shim.read() for shim in rest]
    is_told = all(each["id"] == 3 and each["result"]["isError"] and "closed" in text_of(each) for each in told)
    return is_told and started() == [str(daemon), text_of(again)], answered_again


def end(daemons: list[str]) -> None:
    """Have them leave, and wait until their name is free."""
    for daemon in daemons:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(daemon), signal.SIGTERM)
    while Path(os.environ["XDG_RUNTIME_DIR"], "localsocket", NAME).exists():
        time.sleep(0.001)


def milliseconds(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    shown = {"median": statistics.median(seconds), "least": min(seconds), "most": max(seconds)}
    return {name: round(1000 * value, 1) for name, value in shown.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shims", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--no-kill", action="store_true", help="have them started, and leave it at that")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        os.environ["XDG_RUNTIME_DIR"] = directory
        os.chdir(directory)
        for module in LOADED:
            importlib.import_module(f"localsocket.{module}")
        gc.freeze()  # what is loaded is shared by all, and copied by none
        Path("bench_starts.py").write_text(SERVICE)
        rounds: list[Round] = []
        with contextlib.suppress(KeyboardInterrupt):
            while len(rounds) < options.rounds:
                rounds.append(one_round(options.shims, kills=not options.no_kill))
        os.chdir("/")
    result = {
        "shims": options.shims,
        "rounds": len(rounds),
        "right": sum(each.is_right for each in rounds),
        "all_answered_ms": milliseconds([each.all_answered for each in rounds]),
        "answered_after_kill_ms": milliseconds(
            [each.answered_again for each in rounds if each.answered_again is not None]
        ),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(result, indent=2))
    return 0 if result["right"] == len(rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
