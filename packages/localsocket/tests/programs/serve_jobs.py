"""Serve a queue of jobs until the standard input ends: that of docs/jobs.md, or one of plain functions.

Takes "page" or "plain", the address, the seconds of a lease, and the file of the page's program.
"""

from __future__ import annotations

import importlib.util
import itertools
import queue
import sys
import threading
from collections.abc import Iterator
from typing import Any

from common import tell, wait_for_end

from localsocket import ServerThread, Service, current_call

_LOOK_AGAIN = 0.01


def service_of_page(program: str, lease: float) -> Service:
    spec = importlib.util.spec_from_file_location("jobs_of_page", program)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    service: Service = module.job_service(lease)
    return service


def plain_service(lease: float) -> Service:
    """Return the same as the page's, for threads."""
    service = Service("demo.jobs")
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    leased: dict[int, str] = {}
    tickets = itertools.count(1)

    def give_back(ticket: int) -> None:
        if (text := leased.pop(ticket, None)) is not None:
            waiting.put(text)

    @service.method
    def put(text: str) -> None:
        waiting.put(text)

    @service.method
    def jobs() -> Iterator[dict[str, Any]]:
        call, ticket = current_call(), 0
        try:
            while not call.is_cancelled:
                try:
                    text = waiting.get(timeout=_LOOK_AGAIN)
                except queue.Empty:
                    continue
                ticket = next(tickets)
                leased[ticket] = text
                end = threading.Timer(lease, give_back, [ticket])
                end.daemon = True
                end.start()
                yield {"ticket": ticket, "text": text}
        finally:
            give_back(ticket)

    @service.method
    def done(ticket: int) -> bool:
        return leased.pop(ticket, None) is not None

    @service.method
    def left() -> int:
        return waiting.qsize() + len(leased)

    return service


if __name__ == "__main__":
    kind, address, lease, program = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
    with ServerThread(address, plain_service(lease) if kind == "plain" else service_of_page(program, lease)):
        tell({"serving": address})
        wait_for_end()
