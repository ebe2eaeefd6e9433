"""Readiness of many descriptors: epoll on Linux, kqueue under the same few methods on macOS and the BSDs."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING

from localsocket.blocking.monkey_patching import patched

if sys.platform == "linux":
    from select import EPOLLERR as FAILED
    from select import EPOLLHUP as HUNG_UP
    from select import EPOLLIN as READABLE
    from select import EPOLLOUT as WRITABLE

    if TYPE_CHECKING or hasattr(select, "epoll"):
        Poller = select.epoll
    else:

        class Poller:
            """Stands for what gevent has taken away."""

            def __init__(self) -> None:
                raise patched("an event loop")
else:  # pragma: no cover - macOS and the BSDs, never run
    READABLE, WRITABLE, FAILED, HUNG_UP = 1, 4, 8, 16

    class Poller:
        """kqueue(2) in the manner of select.epoll; the end of the stream comes as READABLE."""

        def __init__(self) -> None:
            self._kqueue = select.kqueue()

        def register(self, descriptor: int, mask: int) -> None:
            for bit, kind in ((READABLE, select.KQ_FILTER_READ), (WRITABLE, select.KQ_FILTER_WRITE)):
                switch = select.KQ_EV_ENABLE if mask & bit else select.KQ_EV_DISABLE
                self._kqueue.control([select.kevent(descriptor, kind, select.KQ_EV_ADD | switch)], 0)

        modify = register

        def unregister(self, descriptor: int) -> None:
            for kind in (select.KQ_FILTER_READ, select.KQ_FILTER_WRITE):
                self._kqueue.control([select.kevent(descriptor, kind, select.KQ_EV_DELETE)], 0)

        def poll(self, timeout: float | None = None, maxevents: int = 1024) -> list[tuple[int, int]]:
            wait = None if timeout is None or timeout < 0 else timeout
            masks: dict[int, int] = {}
            for event in self._kqueue.control(None, maxevents, wait):
                bit = READABLE if event.filter == select.KQ_FILTER_READ else WRITABLE
                masks[event.ident] = masks.get(event.ident, 0) | bit
            return list(masks.items())

        def close(self) -> None:
            self._kqueue.close()


__all__ = ["FAILED", "HUNG_UP", "READABLE", "WRITABLE", "Poller"]
