"""Many sessions of assistants on one daemon, each with the client of the official SDK; it is killed amid calls.

    python examples/many_assistants.py --sessions 24 --kills 3

Every session starts `localsocket mcp` at the same instant. Exactly one daemon is started; when it is killed, calls that
are under way fail with the reason, and the next call of each session is answered by one new daemon. Prints what came of
it as JSON, and ends with 1 if anything was otherwise. Needs the package `mcp`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import anyio
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

HERE = str(Path(__file__).parent)
NAME = "many.assistants"
_PATIENCE = 120.0


class Sessions:
    """So many sessions, each with a program of its own."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.clients: list[Client] = []

    async def __aenter__(self) -> Sessions:
        self._exit = contextlib.AsyncExitStack()
        arguments = ["-m", "localsocket", "mcp", NAME, "--start", "one_daemon:service", "--directory", HERE]
        for number in range(self._count):
            parameters = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
            # Either era of the protocol.
            client = Client(stdio_client(parameters), mode="legacy" if number % 2 else "auto")
            self.clients.append(await self._exit.enter_async_context(client))
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._exit.__aexit__(*error)

    async def call(self, tool: str, arguments: dict[str, Any] | None = None) -> list[Any]:
        """Call a tool in all sessions at once, and return the results."""
        results: list[Any] = []

        async def call(client: Client) -> None:
            results.append(await client.call_tool(tool, arguments or {}))

        async with anyio.create_task_group() as calls:
            for client in self.clients:
                calls.start_soon(call, client)
        return results


async def served_by(sessions: Sessions) -> set[int]:
    """Return which processes serve the sessions."""
    return {int(result.content[0].text) for result in await sessions.call("process")}


async def kill_amid_calls(sessions: Sessions, daemon: int) -> list[str]:
    """Kill the daemon while each session works, and return what the sessions were told."""
    told: list[str] = []
    working = [anyio.Event() for _ in sessions.clients]

    async def work(client: Client, begun: anyio.Event) -> None:
        async def note_progress(done: float, total: float | None, message: str | None) -> None:
            begun.set()

        result = await client.call_tool("work", {"seconds": _PATIENCE}, progress_callback=note_progress)
        told.append(result.content[0].text if result.is_error else "it was not told that it failed")

    async with anyio.create_task_group() as calls:
        for client, begun in zip(sessions.clients, working, strict=True):
            calls.start_soon(work, client, begun)
        for begun in working:  # a call that comes after the kill is answered by the next daemon
            await begun.wait()
        os.kill(daemon, signal.SIGKILL)
    return told


async def run(count: int, kills: int) -> dict[str, Any]:
    rounds = []
    async with Sessions(count) as sessions:
        for number in range(kills + 1):
            began = time.monotonic()
            daemons = await served_by(sessions)
            seconds = time.monotonic() - began
            counted = sorted(int(each.content[0].text) for each in await sessions.call("count"))
            told: list[str] = []
            if number < kills:
                told = await kill_amid_calls(sessions, *daemons)
            rounds.append(
                {
                    "daemons": len(daemons),
                    "all_answered_in": round(seconds, 3),
                    "counted": counted == list(range(1, count + 1)),
                    "told": sorted(set(told)),
                    "failed_calls": len(told),
                }
            )
            if number == kills:
                os.kill(*daemons, signal.SIGTERM)
    return {"sessions": count, "kills": kills, "rounds": rounds}


def as_it_should_be(done: dict[str, Any]) -> bool:
    *killed, _ = done["rounds"]
    return all(each["daemons"] == 1 and each["counted"] for each in done["rounds"]) and all(
        each["failed_calls"] == done["sessions"] and all("closed the connection" in text for text in each["told"])
        for each in killed
    )


async def bounded(count: int, kills: int) -> dict[str, Any]:
    with anyio.fail_after(_PATIENCE):
        return await run(count, kills)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=24)
    parser.add_argument("--kills", type=int, default=1)
    options = parser.parse_args()
    done = anyio.run(bounded, options.sessions, options.kills)
    print(json.dumps(done, indent=2))
    return 0 if as_it_should_be(done) else 1


if __name__ == "__main__":
    sys.exit(main())
