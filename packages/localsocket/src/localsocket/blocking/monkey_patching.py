"""Programs whose standard library was patched to switch between greenlets: what cannot work there says so.

Blocking sockets do work, since what they call is patched along with everything else. An event loop waits with epoll,
which gevent and eventlet take away, in a thread that is none any more.
"""

from __future__ import annotations

import sys

from localsocket.errors import Unsupported

_PATCHED = ("select", "thread")


def check_not_patched(what: str) -> None:
    """Raise Unsupported where gevent or eventlet has patched what `what` needs, whenever it was imported."""
    for patcher, module_name, question in (
        ("gevent", "gevent.monkey", "is_module_patched"),
        ("eventlet", "eventlet.patcher", "is_monkey_patched"),
    ):
        is_patched = getattr(sys.modules.get(module_name), question, None)
        if is_patched is not None and any(map(is_patched, _PATCHED)):
            raise patched(what, patcher)


def patched(what: str, patcher: str = "something") -> Unsupported:
    """Return the error for what has been taken away."""
    patch = {"gevent": "gevent.monkey.patch_all", "eventlet": "eventlet.monkey_patch"}.get(patcher)
    leave = f", or leave out what it needs: {patch}(select=False, thread=False)" if patch else ""
    return Unsupported(
        f"{patcher} has patched this process, but {what} needs real threads and select.epoll(), which that replaces: "
        f"serve from an unpatched process{leave}"
    )
