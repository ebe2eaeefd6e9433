"""Call a service at random while a timer's signal interrupts most of it, and tell what came of that.

Takes the address, whether to reconnect (yes or no), how often, and a seed. Another thread calls on the same connection.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable

from common import tell

from localsocket import Client
from localsocket.errors import ClosedByPeer, ClosedByUs

_PATIENCE = 60.0
_SHORTEST = 1e-5
_LONGEST = 2e-3


class Interrupted(BaseException):
    """Raised by the handler of the signal."""


class Calling:
    """A client that is interrupted, and its successors where it does not reconnect."""

    def __init__(self, address: str, seed: int, *, reconnect: bool) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._address = address
        self._reconnect = reconnect
        self._random = random.Random(seed)
        self._is_armed = False
        self._is_over = False
        self._ways: list[Callable[[], object]] = [
            self._call, self._call_with_much, self._notify, self._take_a_stream, self._subscribe, self._start_some,
        ]  # fmt: skip
        self._client = self._connect()
        self._load_everything()
        signal.signal(signal.SIGALRM, self._interrupt)

    def go_on(self, times: int) -> None:
        beside = threading.Thread(target=self._call_beside, daemon=True)
        beside.start()
        for _ in range(times):
            self._try(self._random.choice(self._ways))
        self._is_over = True
        beside.join(_PATIENCE)
        if beside.is_alive():
            self.faults.append("the other thread waits for ever")

    def end(self) -> None:
        """Close, once no call is under way."""
        until = time.monotonic() + _PATIENCE
        while self._client.stats().active_calls and time.monotonic() < until:
            self._try_to_call()
        if left := self._client.stats().active_calls:
            self.faults.append(f"{left} calls are under way that nobody waits for")
        self._client.close()

    def _load_everything(self) -> None:
        """Import what calls need: CPython keeps the lock of all imports where one is interrupted at a wrong moment."""
        for way in self._ways:
            way()
        for _ in range(2):
            self._client.call("echo", bytes(200_000))

    def _connect(self) -> Client:
        client = Client(self._address, reconnect=self._reconnect, timeout=_PATIENCE, call_timeout=_PATIENCE)
        client.open()
        return client

    def _interrupt(self, *_: object) -> None:
        if self._is_armed:
            self._is_armed = False
            raise Interrupted

    def _try(self, way: Callable[[], object]) -> None:
        try:
            try:
                self._is_armed = True
                signal.setitimer(signal.ITIMER_REAL, self._random.uniform(_SHORTEST, _LONGEST) * self._random.random())
                way()
                self.counts["done"] += 1
            finally:
                self._is_armed = False
                signal.setitimer(signal.ITIMER_REAL, 0)
        except Interrupted:
            self.counts["interrupted"] += 1
        except (ClosedByUs, ClosedByPeer):
            self.counts["closed"] += 1
            if not self._reconnect:
                self._client.close()
                self._client = self._connect()
        except Exception as error:
            self.faults.append(repr(error))

    def _try_to_call(self) -> None:
        try:
            if self._client.call("add", 7, 8) != 15:
                self.faults.append("a wrong sum")
            self.counts["beside"] += 1
        except (ClosedByUs, ClosedByPeer):
            time.sleep(_LONGEST)
        except Exception as error:
            self.faults.append(repr(error))

    def _call_beside(self) -> None:
        while not self._is_over:
            self._try_to_call()

    # --- what is interrupted ------------------------------------------------------------------------------------------

    def _call(self) -> None:
        self._check(self._client.call("add", 20, 3), 23)

    def _call_with_much(self) -> None:
        data = bytes([self._random.randrange(256)]) * self._random.choice([10, 3000, 200_000])
        self._check(self._client.call("echo", data), data)

    def _notify(self) -> None:
        self._client.notify("note", "said")

    def _take_a_stream(self) -> None:
        self._check(list(self._client.stream("count", 20)), list(range(20)))

    def _subscribe(self) -> None:
        self._client.subscribe("ticks").close()

    def _start_some(self) -> None:
        started = [self._client.start("add", number, 1) for number in range(5)]
        self._check([call.result() for call in started], [1, 2, 3, 4, 5])

    def _check(self, given: object, wanted: object) -> None:
        if given != wanted:
            self.faults.append(f"{str(given)[:100]} instead of {str(wanted)[:100]}")


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def main() -> None:
    address, reconnect, times, seed = sys.argv[1:]
    # What an interrupt has cut off from its owner is closed by the garbage collector, which says so.
    warnings.simplefilter("ignore", ResourceWarning)
    sys.unraisablehook = lambda _: None  # of destructors that were interrupted
    faulthandler.dump_traceback_later(2 * _PATIENCE, exit=True)
    calling = Calling(address, int(seed), reconnect=reconnect == "yes")
    before = descriptors()
    calling.go_on(int(times))
    calling.end()
    left = descriptors() - before
    tell({"counts": calling.counts, "faults": calling.faults, "descriptors": left})


main()
