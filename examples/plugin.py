"""A plug-in: started by plugin_host.py with a socket that it inherits. It serves the host, and calls it."""

from __future__ import annotations

from typing import Protocol

import localsocket


class Host(Protocol):
    def log(self, line: str) -> None: ...
    def ready(self) -> None: ...


plugin = localsocket.Service("demo.plugin")


@plugin.method
def shout(text: str) -> str:
    """Return the text in capitals, and tell the host about it meanwhile, on the same connection."""
    localsocket.current_call().caller.typed(Host).log(f"shouting {len(text)} letters")
    return text.upper()


if __name__ == "__main__":
    with localsocket.inherited(serves=plugin) as host:
        host.typed(Host).ready()  # whenever it likes, not only within a call
        host.wait_closed()
