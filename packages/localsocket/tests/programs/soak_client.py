"""Call, stream, subscribe, notify and reconnect at random until the standard input ends, and tell what came of it.

Takes "blocking" or "aio", the address, a seed, a name and a directory. There NAME.delivered has the notes of which it
was said that they are sent, and NAME.marked the marks that were answered. SIGUSR1 interrupts whatever is being done.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import select
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from common import tell

from localsocket import Client, Gap, aio
from localsocket.errors import CallCancelled, ClosedByPeer, LocalSocketError
from localsocket.services.client_core import ClientOptions

_TIMEOUT = 20.0
_MESSAGES = 20
_LONGEST_NAP = 0.01
_FAR = 30_000
_SELDOM = 0.3
_KEPT = 4  # descriptors, by which the next ones that wait are woken
_OPTIONS: ClientOptions = {
    "reconnect": True,
    "wait_for_server": True,
    "call_timeout": _TIMEOUT,
    "timeout": _TIMEOUT,
}


class Interrupted(Exception):
    """Raised by the handler of the signal."""


class Ledger:
    """What was begun and how it ended; what is promised goes into files at once, since the process may be killed."""

    def __init__(self, name: str, directory: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.begun: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.faults: list[str] = []
        self.accepted: list[str] = []  # notes of this connection
        self._numbers = itertools.count()
        self._name = name
        self._delivered = os.open(directory / f"{name}.delivered", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._marked = os.open(directory / f"{name}.marked", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def new_id(self) -> str:
        return f"{self._name}-{next(self._numbers)}"

    def end(self, kind: str, how: str) -> None:
        self.ended[f"{kind} {how}"] += 1

    def choose(self, steps: list[Any], seldom: Any) -> Any:
        return self.random.choice([*steps, seldom] if self.random.random() < _SELDOM else steps)

    def pause(self) -> float:
        return random.random() * _LONGEST_NAP

    def marked(self, what: str) -> None:
        os.write(self._marked, f"{what}\n".encode())

    def closed(self, client: Client | aio.Client) -> None:
        """The client has closed without a complaint: unless its connection was lost before, all notes are sent."""
        accepted, self.accepted = self.accepted, []
        if client.stats().connections == 1 and accepted:
            os.write(self._delivered, "".join(f"{each}\n" for each in accepted).encode())

    def check(self, condition: bool, what: str) -> None:
        if not condition:
            self.faults.append(what)

    def check_nothing_is_left(self, before: Counter[str]) -> None:
        """Check that this process holds what it held before, once its clients are closed."""
        left = descriptors() - before
        self.check(left.total() <= _KEPT, f"descriptors are left: {left}")
        self.check(threading.active_count() == 1, f"threads are left: {threading.enumerate()}")

    def check_topic(self, seen: list[int | Gap]) -> None:
        """Each message is the one after the last, unless it was told that some are missing between them."""
        following: int | None = None
        for each in seen:
            if isinstance(each, Gap):
                following = None if following is None or each.missing is None else following + each.missing
                self.begun["gap"] += 1
                self.end("gap", "unknown" if each.missing is None else "known")
            else:
                self.check(following in (None, each), f"a topic out of order: {seen}")
                following = each + 1


def descriptors() -> Counter[str]:
    """Return the kinds of descriptors that this process has, and how many of each."""
    kinds: Counter[str] = Counter()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that reads the directory
            kinds[os.readlink(each).split(":")[0]] += 1
    return kinds


def is_to_end() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


# --- blocking -------------------------------------------------------------------------------------------------------


class BlockingSoak:
    def __init__(self, address: str, ledger: Ledger) -> None:
        self._address = address
        self._ledger = ledger
        self._client: Client | None = None
        self._may_be_interrupted = False
        self._ends = threading.Event()

    def run(self) -> None:
        signal.signal(signal.SIGUSR1, self._interrupt)
        others = [threading.Thread(target=self._call_beside), threading.Thread(target=self._call_with_it)]
        for each in others:
            each.start()
        while not is_to_end():
            self._step()
        self._ends.set()
        for each in others:
            each.join()
        self._close()

    def _interrupt(self, *_: object) -> None:
        if self._may_be_interrupted:
            self._may_be_interrupted = False
            raise Interrupted

    def _step(self) -> None:
        step = self._ledger.choose(self._steps(), self._close)
        kind, how = step.__name__, "Interrupted"
        self._ledger.begun[kind] += 1
        with contextlib.suppress(Interrupted):
            try:
                self._may_be_interrupted = True
                if self._client is None:
                    self._client = Client(self._address, **_OPTIONS)
                step()
                how = "ok"
            except LocalSocketError as error:
                how = type(error).__name__
            self._may_be_interrupted = False
        self._ledger.end(kind, how)

    def _steps(self) -> list[Callable[[], None]]:
        return [self._echo, self._mark, *[self._note] * 3, self._stream, self._subscribe, self._cancel]

    def _echo(self) -> None:
        data = bytes(self._ledger.random.randrange(_FAR))
        assert self._client is not None
        self._ledger.check(self._client.call("echo", data) == data, "an echo that is none")

    def _mark(self) -> None:
        assert self._client is not None
        what = self._ledger.new_id()
        self._ledger.check(self._client.call("mark", what) == what, "the answer of another call")
        self._ledger.marked(what)

    def _note(self) -> None:
        assert self._client is not None
        what = self._ledger.new_id()
        self._client.notify("note", what)
        self._ledger.accepted.append(what)

    def _stream(self) -> None:
        assert self._client is not None
        count, taken = self._ledger.random.randrange(1, 300), self._ledger.random.randrange(1, 400)
        with self._client.stream(self._ledger.random.choice(["count", "count_in_thread"]), count) as stream:
            numbers = list(itertools.islice(stream, taken))
        self._ledger.check(numbers == list(range(min(count, taken))), f"a stream out of order: {numbers[:50]}")

    def _subscribe(self) -> None:
        assert self._client is not None
        seen: list[int | Gap] = []
        with self._client.subscribe("ticks", int, resume=True, on_gap=seen.append, timeout=_TIMEOUT) as ticks:
            for _ in range(_MESSAGES):
                message = ticks.receive(timeout=_TIMEOUT)
                seen.append(message)
        self._ledger.check_topic(seen)

    def _cancel(self) -> None:
        """Whoever waits meanwhile, and whenever this is, what cancel() says is what came of the call."""
        assert self._client is not None
        random = self._ledger.random
        pending = self._client.start(random.choice(["nap", "nap_again"]), random.random() * _LONGEST_NAP)
        time.sleep(random.random() * _LONGEST_NAP)
        was_under_way = pending.cancel()
        for _ in range(2):
            try:
                pending.result()
            except CallCancelled:
                self._ledger.check(was_under_way, "a call was cancelled that was over")
            except ClosedByPeer:
                self._ledger.check(not was_under_way, "a cancelled call was lost")
                raise
            else:
                self._ledger.check(not was_under_way, "a cancelled call gave something")
        self._ledger.end("cancel()", str(was_under_way))
        self._ledger.begun["cancel()"] += 1

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.close(timeout=_TIMEOUT)
        except BaseException:
            self._ledger.accepted.clear()
            client.close()
            raise
        self._ledger.check(client.stats().active_calls == 0, "calls without an end")
        self._ledger.closed(client)

    def _call_beside(self) -> None:
        """Calls of a thread of their own, on a connection of their own, in which no signal's handler runs."""
        with Client(self._address, **_OPTIONS) as client:
            while not self._ends.is_set():
                self._echo_in_thread(client, "beside")

    def _call_with_it(self) -> None:
        """Calls of another thread on the same connection: who is interrupted may be receiving for both."""
        while not self._ends.wait(self._ledger.pause()):
            if (client := self._client) is not None:
                self._echo_in_thread(client, "with it")

    def _echo_in_thread(self, client: Client, kind: str) -> None:
        self._ledger.begun[kind] += 1
        data = os.urandom(20)
        try:
            self._ledger.check(client.call("echo", data) == data, "the answer of another call")
        except LocalSocketError as error:
            self._ledger.end(kind, type(error).__name__)
        else:
            self._ledger.end(kind, "ok")


# --- asyncio --------------------------------------------------------------------------------------------------------


class AioSoak:
    def __init__(self, address: str, ledger: Ledger) -> None:
        self._address = address
        self._ledger = ledger
        self._client: aio.Client | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._interrupt)
        while not is_to_end():
            await self._step()
        await self._close()

    def _interrupt(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _steps(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return [self._echo, self._mark, *[self._note] * 3, self._stream, self._subscribe, self._cancel]

    async def _step(self) -> None:
        ledger = self._ledger
        step = ledger.choose(self._steps(), self._close)
        kind = step.__name__
        ledger.begun[kind] += 1
        if self._client is None:
            self._client = aio.Client(self._address, **_OPTIONS)
        self._task = asyncio.create_task(step())
        [ended], _ = await asyncio.wait([self._task])
        self._task = None
        if ended.cancelled():
            ledger.end(kind, "Interrupted")
        elif (error := ended.exception()) is None:
            ledger.end(kind, "ok")
        elif isinstance(error, LocalSocketError):
            ledger.end(kind, type(error).__name__)
        else:
            raise error

    async def _echo(self) -> None:
        assert self._client is not None
        data = [bytes(self._ledger.random.randrange(_FAR)) for _ in range(5)]
        answers = await asyncio.gather(*(self._client.call("echo", each) for each in data))
        self._ledger.check(answers == data, "an echo that is none")

    async def _mark(self) -> None:
        assert self._client is not None
        what = self._ledger.new_id()
        self._ledger.check(await self._client.call("mark", what) == what, "the answer of another call")
        self._ledger.marked(what)

    async def _note(self) -> None:
        assert self._client is not None
        what = self._ledger.new_id()
        await self._client.notify("note", what)
        self._ledger.accepted.append(what)

    async def _stream(self) -> None:
        assert self._client is not None
        count, taken = self._ledger.random.randrange(1, 300), self._ledger.random.randrange(1, 400)
        numbers: list[int] = []
        async with self._client.stream(self._ledger.random.choice(["count", "count_in_thread"]), count) as stream:
            async for number in stream:
                numbers.append(number)
                if len(numbers) == taken:
                    break
        self._ledger.check(numbers == list(range(min(count, taken))), f"a stream out of order: {numbers[:50]}")

    async def _subscribe(self) -> None:
        assert self._client is not None
        seen: list[int | Gap] = []
        async with self._client.subscribe("ticks", int, resume=True, on_gap=seen.append) as ticks:
            for _ in range(_MESSAGES):
                message = await ticks.receive(timeout=_TIMEOUT)
                seen.append(message)
        self._ledger.check_topic(seen)

    async def _cancel(self) -> None:
        """Whenever that is, what cancel() says is what came of the call."""
        assert self._client is not None
        random = self._ledger.random
        pending = self._client.start(random.choice(["nap", "nap_again"]), random.random() * _LONGEST_NAP)
        await asyncio.sleep(random.choice([0, random.random() * _LONGEST_NAP]))
        was_under_way = pending.cancel()
        await asyncio.wait([pending])
        self._ledger.check(pending.cancelled() == was_under_way, "what cancel() said is not so")
        self._ledger.end("cancel()", str(was_under_way))
        self._ledger.begun["cancel()"] += 1
        if not was_under_way:
            pending.result()

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            await client.close(timeout=_TIMEOUT)
        except BaseException:
            self._ledger.accepted.clear()
            raise
        self._ledger.check(client.stats().active_calls == 0, "calls without an end")
        self._ledger.closed(client)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("api", choices=["blocking", "aio"])
    parser.add_argument("address")
    parser.add_argument("seed", type=int)
    parser.add_argument("name")
    parser.add_argument("directory", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until somebody is to be interrupted
    ledger = Ledger(options.name, options.directory, options.seed)
    before = descriptors()
    tell({"calling": options.address})
    if options.api == "blocking":
        BlockingSoak(options.address, ledger).run()
    else:
        asyncio.run(AioSoak(options.address, ledger).run())
    ledger.check_nothing_is_left(before)
    tell({"begun": ledger.begun, "ended": ledger.ended, "faults": ledger.faults})
